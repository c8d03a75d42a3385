/** `maestrod`: takes the state folder, opens it, serves the socket, and ends in order. */
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import pino from "pino";
import { EXIT, MaestroError } from "../proto/errors.ts";
import { API_VERSION } from "../proto/routes.ts";
import type { Locations } from "../proto/locations.ts";
import { toHex } from "../proto/encoding.ts";
import type { HostConfig } from "../proto/config.ts";
import type { StatusReply } from "../proto/api.ts";
import { VERSION } from "../proto/version.ts";
import { baseRoutes, serveApi, withOpenApi, type Log } from "./api/index.ts";
import { gateRoutes } from "./api/gates.ts";
import { composeCore, type Core } from "./compose.ts";
import { inheritedSocket, ownLocations } from "./config/environment.ts";
import { explainConfig } from "./config/explain.ts";
import { EMBEDDED_CONFIG, parseHostConfig, resolveHost } from "./config/host.ts";
import { Idle } from "./idle.ts";
import { systemClock } from "./platform/clock.ts";
import { systemRandom } from "./platform/random.ts";
import { takeLock, type SocketServer, type StateLock } from "./platform/socket/index.ts";
import { strayFailure } from "./store/failure.ts";

/** Check processes are let go this long after the last work; warming them again takes about 60 ms. */
const POOL_COOL_MS = 30_000;

interface Arguments {
  readonly locations: Locations;
  readonly embedded: boolean;
}

const HELP = `maestrod: the daemon of Maestro

usage: bun daemon/main.ts [--embedded] [--config FILE] [--state DIR] [--socket PATH]

  --embedded     no host configuration: the built-in default, mode local
  --config FILE  host configuration (default: MAESTRO_CONFIG, else /etc/maestro/maestrod.yaml)
  --state DIR    state folder (default: MAESTRO_STATE, else XDG_STATE_HOME/maestro)
  --socket PATH  Unix socket (default: MAESTRO_SOCKET, else in XDG_RUNTIME_DIR or the state folder)

It logs one JSON line per request to standard output and ends in order on SIGTERM.
`;

function argumentsOf(argv: readonly string[]): Arguments {
  const text = { type: "string" } as const;
  try {
    const { values } = parseArgs({ args: [...argv], options: { help: { type: "boolean" }, embedded: { type: "boolean" }, state: text, socket: text, config: text }, strict: true });
    if (values.help === true) {
      process.stdout.write(HELP);
      process.exit(0);
    }
    return { embedded: values.embedded === true, locations: ownLocations({ state_dir: values.state, socket_path: values.socket, host_config_path: values.config }) };
  } catch (error) {
    if (error instanceof TypeError) throw new MaestroError("cli.usage", `maestrod: ${error.message}`, { cause: error });
    throw error;
  }
}

/** The embedded default, or the operator's file; a daemon without either does not guess. */
async function hostConfig({ locations, embedded }: Arguments): Promise<HostConfig> {
  if (embedded) return EMBEDDED_CONFIG;
  try {
    return parseHostConfig(new Uint8Array(await readFile(locations.host_config_path)), locations.host_config_path);
  } catch (error) {
    if (error instanceof MaestroError) throw error;
    throw new MaestroError("config.malformed", `${locations.host_config_path} cannot be read; give --config FILE, or --embedded for a private daemon`, { cause: error });
  }
}

function statusOf(core: Core, started_ms: number, draining: () => boolean): StatusReply {
  const { evidence, keeper, pool, options } = core;
  const log = evidence.logState();
  return {
    daemon: { version: VERSION, pid: process.pid, uptime_s: Math.floor((options.clock.monotonic_ms() - started_ms) / 1000), state: draining() ? "draining" : "ready" },
    mode: [...options.host.modes],
    trust: { domain: evidence.trust_domain, self_made: evidence.self_made_trust, log_origin: log.origin },
    log: { size: log.size, root: toHex(log.root) },
    gates: keeper.counts,
    workers: pool.counts,
    memory_bytes: process.memoryUsage.rss(),
    state_dir: options.state_dir,
    trust_path: evidence.trust_path,
  };
}

class Daemon {
  private server: SocketServer | null = null;
  private ending: Promise<void> | null = null;
  private readonly started_ms = systemClock.monotonic_ms();

  constructor(
    private readonly core: Core,
    private readonly log: Log,
    private readonly release: () => void,
  ) {}

  async serve(args: Arguments, given: HostConfig): Promise<void> {
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
    const inherited = inheritedSocket();
    this.server = await serveApi({
      routes: withOpenApi([...base, ...gating], VERSION),
      listen: { path: args.locations.socket_path, ...(inherited === null ? {} : { inherited }) },
      limits: server_limits,
      log: { ...log, info: (fields, message) => (leave?.touch(), log.info(fields, message)) },
      clock,
      random,
      own_uid: process.getuid?.() ?? -1,
    });
    leave?.touch();
    log.info({ socket: args.locations.socket_path, state: core.options.state_dir, version: VERSION }, "ready");
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

/** State on disk may be wrong, or something threw where nothing may: end, and let the next start read what is durable. */
function guardProcess(log: Log): (reason: unknown) => void {
  const fatal = (reason: unknown) => {
    log.error({ err: reason }, "fatal");
    process.exit(EXIT.internal);
  };
  process.on("uncaughtException", fatal);
  process.on("unhandledRejection", (reason) => {
    const failure = strayFailure(reason);
    if (failure?.code === "store.no_space") log.warn({ code: failure.code, detail: failure.detail }, "a write failed; its request was told");
    else fatal(reason);
  });
  return fatal;
}

/** Makes the two folders and takes the state folder for this process. Throws `store.folder` and `daemon.another_instance`. */
async function takeFolders(state_dir: string, socket_dir: string): Promise<StateLock> {
  try {
    for (const folder of [state_dir, socket_dir]) await mkdir(folder, { recursive: true, mode: 0o700 });
    return takeLock(join(state_dir, "lock"));
  } catch (error) {
    if (error instanceof MaestroError) throw error;
    throw new MaestroError("store.folder", error instanceof Error ? error.message : state_dir, { cause: error });
  }
}

async function main(): Promise<void> {
  const args = argumentsOf(Bun.argv.slice(2));
  const { state_dir, socket_path } = args.locations;
  const log = pino({ base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ fd: 1, sync: true }));
  const given = await hostConfig(args);
  const lock = await takeFolders(state_dir, dirname(socket_path));
  const fatal = guardProcess(log);
  const core = await composeCore({ state_dir, host: resolveHost(given), clock: systemClock, random: systemRandom, fatal, warn: (what, error) => log.warn({ err: error }, what) });
  const daemon = new Daemon(core, { info: log.info.bind(log), warn: log.warn.bind(log), error: log.error.bind(log) }, () => lock.release());
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => daemon.stop(signal));
  await daemon.serve(args, given);
}

try {
  await main();
} catch (error) {
  const known = error instanceof MaestroError;
  process.stderr.write(known ? `maestrod: ${error.row.sentence} ${error.detail} (${error.code})\n` : `maestrod: ${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(known ? error.row.exit : EXIT.internal);
}
