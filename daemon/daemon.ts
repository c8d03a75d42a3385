/** A composed core on its socket: serves, and ends in order. */
import type { HostConfig } from "../proto/config.ts";
import { EXIT } from "../proto/errors.ts";
import { API_VERSION } from "../proto/routes.ts";
import { VERSION } from "../proto/version.ts";
import { clockRoutes } from "./api/clock.ts";
import { gateRoutes } from "./api/gates.ts";
import { baseRoutes, serveApi, withOpenApi, type Log } from "./api/index.ts";
import type { Core } from "./compose.ts";
import { inheritedSockets } from "./config/environment.ts";
import { explainConfig } from "./config/explain.ts";
import { Idle } from "./idle.ts";
import { systemClock } from "./platform/clock.ts";
import type { SocketServer } from "./platform/socket/index.ts";
import { statusOf } from "./status.ts";

/** Check processes are let go this long after the last work; warming them again takes about 60 ms. */
const POOL_COOL_MS = 30_000;

export class Daemon {
  private server: SocketServer | null = null;
  private ending: Promise<void> | null = null;
  private readonly started_ms = systemClock.monotonic_ms();

  constructor(
    private readonly core: Core,
    private readonly log: Log,
    private readonly release: () => void,
  ) {}

  async serve(socket_path: string, given: HostConfig): Promise<void> {
    const { core, log } = this;
    const { host, clock, random } = core.options;
    const busy = () => core.keeper.counts.running + core.keeper.counts.waiting > 0 || core.pool.counts.busy > 0;
    const cool = new Idle(POOL_COOL_MS, busy, () => void core.pool.cool());
    const leave = host.idle_exit_ms > 0 ? new Idle(host.idle_exit_ms, busy, () => this.stop("idle")) : null;
    const expectWork = () => {
      core.pool.warm();
      cool.touch();
    };
    const { server: server_limits, intake, gate } = host.limits;
    const gating = gateRoutes({ ...core, rules: [...core.rules], clock, config: explainConfig(given, host), limits: { server: server_limits, intake, gate }, expectWork });
    const version = { version: VERSION, api: API_VERSION, bun: Bun.version, git: core.tools.version };
    const base = baseRoutes({ version, pid: process.pid, status: () => statusOf(core, this.started_ms, () => this.ending !== null), ready: () => void core.evidence.logState(), stop: () => this.stop("asked to") });
    const [inherited] = inheritedSockets();
    this.server = await serveApi({
      routes: withOpenApi([...base, ...gating, ...clockRoutes({ ...core, clock, body_bytes_max: server_limits.json_bytes_max })], VERSION),
      listen: { path: socket_path, ...(inherited === undefined ? {} : { inherited }) },
      limits: server_limits,
      log: { ...log, info: (fields, message) => (leave?.touch(), log.info(fields, message)) },
      clock,
      random,
      own_uid: process.getuid?.() ?? -1,
    });
    leave?.touch();
    log.info({ socket: socket_path, state: core.options.state_dir, version: VERSION }, "ready");
  }

  /** Once: finish what is in flight, then state, then the lock. A second call ends at once. */
  stop(why: string): void {
    if (this.ending !== null) process.exit(EXIT.unavailable);
    this.log.info({ why }, "stopping");
    this.ending = this.end().then(
      () => process.exit(0),
      (error: unknown) => {
        this.log.error({ err: error }, "the stop was not orderly");
        process.exit(EXIT.internal);
      },
    );
  }

  private async end(): Promise<void> {
    await this.server?.stop(this.core.options.host.limits.server.drain_deadline_ms);
    await this.core.close();
    this.release();
  }
}
