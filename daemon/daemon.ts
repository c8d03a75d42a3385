/** A composed core on its socket: serves, tells the service manager, and ends in order. */
import type { GateResult } from "../proto/api.ts";
import { EXIT } from "../proto/errors.ts";
import type { ReleaseRequest } from "../proto/release.ts";
import { API_VERSION } from "../proto/routes.ts";
import { VERSION } from "../proto/version.ts";
import { buildRoutes } from "./api/builds.ts";
import { shipmentRoutes } from "./api/shipments.ts";
import { clockRoutes } from "./api/clock.ts";
import { cardRoutes } from "./api/cards.ts";
import { draftRoutes } from "./api/drafts.ts";
import { openAiRoutes } from "./api/openai.ts";
import { openingRoutes } from "./api/openings.ts";
import { gateRoutes } from "./api/gates.ts";
import { breakerRoutes, breaking } from "./api/breakers.ts";
import { episodeRoutes } from "./api/episodes.ts";
import { exportRoutes } from "./api/exports.ts";
import { marketRoutes } from "./api/market.ts";
import { modelRoutes } from "./api/models.ts";
import { monitorRoutes } from "./api/monitors.ts";
import { guardRoutes } from "./api/guards.ts";
import { keylessRoutes } from "./api/keyless.ts";
import { effectiveRoutes } from "./api/effective.ts";
import { evidenceBundleRoutes } from "./api/evidence-bundles.ts";
import { lineageRoutes } from "./api/lineage.ts";
import { bundlingOf, reissuedBy, reissuedGateBy } from "./bundles.ts";
import { createLineage } from "./lineage/index.ts";
import { planRoutes } from "./api/plans.ts";
import { integrityRoutes } from "./api/integrity.ts";
import { releaseRoutes } from "./api/releases.ts";
import { routingRoutes } from "./api/routing.ts";
import { rotationRoutes } from "./api/rotation.ts";
import { witnessRoutes } from "./api/witnesses.ts";
import { reportRoutes } from "./api/report.ts";
import { sbomRoutes } from "./api/sboms.ts";
import { usageRoutes } from "./api/usage.ts";
import { hostFor } from "./api/reader.ts";
import { learningRoutes } from "./api/learning.ts";
import { evaluationRoutes } from "./api/evaluations.ts";
import { baseRoutes, withOpenApi, type Log, type Route } from "./api/index.ts";
import { serveSockets, type Sockets } from "./api/sockets.ts";
import type { Core } from "./compose.ts";
import { inheritedSockets } from "./config/environment.ts";
import { explainConfig } from "./config/explain.ts";
import type { LiveHost } from "./config/live.ts";
import { ContextDesk } from "./gate/context-desk.ts";
import { readReply } from "./gate/reply.ts";
import { Idle } from "./idle.ts";
import { requireReady } from "./impaired.ts";
import { Metrics } from "./metrics/index.ts";
import { systemClock } from "./platform/clock.ts";
import { readingOf, statusOf, type Running } from "./status.ts";
import type { ServiceManager } from "./systemd/notify.ts";
import type { Reloader } from "./systemd/reload.ts";
import { Watchdog } from "./systemd/watchdog.ts";

/** Check processes are let go this long after the last work; warming them again takes about 60 ms. */
const POOL_COOL_MS = 30_000;
/** The engine keeps optimized code for a minute, and with it what that was made from: only a collection after that takes both. */
const CODE_KEPT_MS = 65_000;

export interface DaemonDeps {
  readonly core: Core;
  readonly live: LiveHost;
  readonly log: Log;
  readonly manager: ServiceManager;
  readonly reloader: Reloader;
  /** The service manager's patience; null where nobody watches. */
  readonly watchdog_ms: number | null;
  /** Gives the state folder back. */
  readonly release: () => void;
}

export class Daemon {
  private server: Sockets | null = null;
  private watchdog: Watchdog | null = null;
  private ending: Promise<void> | null = null;
  private readonly metrics = new Metrics(() => readingOf(this.deps.core, this.running));
  private readonly started_ms = systemClock.monotonic_ms();

  constructor(private readonly deps: DaemonDeps) {}

  private get running(): Running {
    return {
      started_ms: this.started_ms,
      draining: this.ending !== null,
      reload: this.deps.reloader.last,
      connections: this.server?.connectionCount ?? 0,
      loop_turn_ms: this.watchdog?.turn_ms ?? null,
    };
  }

  async serve(socket_path: string): Promise<void> {
    const { core, log, manager } = this.deps;
    const { host, clock, random } = core.options;
    const busy = () => core.keeper.counts.running + core.keeper.counts.waiting > 0 || core.desk.busy || core.pool.counts.busy > 0 || core.modelled.busy();
    // The engine would keep for a while what the last changes left; nobody waits now.
    const collect = () => Bun.gc(true);
    const quiet = [new Idle(POOL_COOL_MS, busy, () => (void core.pool.cool(), collect())), new Idle(CODE_KEPT_MS, busy, collect)];
    const leave = host.idle_exit_ms > 0 ? new Idle(host.idle_exit_ms, busy, () => this.stop("idle")) : null;
    const expectWork = () => {
      // Before anything is read or run: a verdict that cannot be kept is none.
      core.store.requireWritable();
      core.pool.warm();
      for (const each of quiet) each.touch();
    };
    const inherited = inheritedSockets();
    this.server = await serveSockets({
      routes: withOpenApi(breaking(this.routes(expectWork), core.watching.breakers), VERSION),
      log_files: core.evidence.site,
      path: socket_path,
      sockets: host.sockets,
      inherited,
      limits: host.limits.server,
      log: { ...log, count: this.metrics, info: (fields, message) => (leave?.touch(), log.info(fields, message)) },
      clock,
      random,
      own_uid: process.getuid?.() ?? -1,
      tenants: core.tenants,
      guard: core.guarding.requests,
    });
    leave?.touch();
    this.watch();
    manager.ready(`${VERSION}, ${core.evidence.logState().size} log entries`);
    log.info({ sockets: this.server.places, state: core.options.state_dir, version: VERSION }, "ready");
  }

  private routes(expectWork: () => void): Route[] {
    const { core, live } = this.deps;
    const { host, clock } = core.options;
    const { server, intake, gate, command } = host.limits;
    const keeper: Pick<Core["keeper"], "submit"> = {
      submit: async (...request) => {
        const [intake, asked] = request;
        core.exampled.gateBegins();
        let tip: string | null = null;
        try {
          const result = await core.keeper.submit(...request);
          if (result.verdict === "admit") tip = asked.target;
          this.metrics.gate(result);
          core.learned.decided(result);
          core.integrity.worked();
          return result;
        } finally {
          core.exampled.gateEnded(intake, tip);
        }
      },
    };
    const version = { version: VERSION, api: API_VERSION, bun: Bun.version, git: core.tools.version };
    return [
      ...baseRoutes({ version, pid: process.pid, trust: () => core.evidence.trust_bytes, status: () => statusOf(core, this.running), metrics: () => this.metrics.text(), ready: () => requireReady(core), stop: () => this.stop("asked to") }),
      ...gateRoutes({ ...core, keeper, rules: [...core.rules], clock, config: (reader) => explainConfig(live.given, hostFor(reader, host)), limits: { server, intake, gate, command }, expectWork }),
      ...cardRoutes({ ...core, contexts: new ContextDesk({ ...core, git: core.tools, limits: host.limits }) }),
      ...reportRoutes(core),
      ...keylessRoutes(core),
      ...witnessRoutes({ ...core.witnessing, limits: host.limits.witness }),
      ...usageRoutes({ ...core, body_bytes_max: server.json_bytes_max }),
      ...guardRoutes({ desk: core.guarding.desk, body_bytes_max: server.json_bytes_max }),
      ...buildRoutes({ ...core, reissued: reissuedBy(core), limits: { server }, expectWork }),
      ...shipmentRoutes({ ...core, reissued: reissuedBy(core), reissuedGate: reissuedGateBy(core), limits: { server }, expectWork }),
      ...sbomRoutes({ ...core, limits: { server } }),
      ...planRoutes({ ...core, limits: { server } }),
      ...effectiveRoutes({ ...core, host, limits: { server } }),
      ...releaseRoutes({ ...core, body_bytes_max: server.json_bytes_max, expectWork, released: (request, result) => this.released(request, result) }),
      ...openingRoutes({ ...core, log: this.deps.log }),
      ...learningRoutes(core),
      ...evaluationRoutes({ ...core, body_bytes_max: server.json_bytes_max }),
      ...episodeRoutes({ learned: core.learned, body_bytes_max: server.json_bytes_max }),
      ...exportRoutes({ learned: core.learned, body_bytes_max: server.json_bytes_max }),
      ...routingRoutes({ ...core, body_bytes_max: server.json_bytes_max }),
      ...marketRoutes({ ...core, mode: host.modes[0] ?? "local", asked: async (after) => (await import("./asked.ts")).askedPage(core, after) }),
      ...monitorRoutes({ ...core.watching, limits: host.limits.event }),
      ...breakerRoutes({ ...core, ...core.watching, roster: () => core.shelf.roster, config_owner: core.options.config_owner ?? (() => null), own_uid: process.getuid?.() ?? -1, inTenant: (peer) => core.tenants.isTenant(peer), body_bytes_max: server.json_bytes_max }),
      ...clockRoutes({ ...core, clock, body_bytes_max: server.json_bytes_max }),
      ...rotationRoutes({ ...core, body_bytes_max: server.json_bytes_max }),
      ...evidenceBundleRoutes({ ...core, bundling: bundlingOf(core) }),
      ...lineageRoutes({ ...core, lineage: createLineage({ ...core, holdsRules: async (row) => (await readReply(core.artifacts, row))?.reply.rules !== undefined, hasCommit: (...commit) => core.repositories.has(...commit), log_origin: () => core.evidence.logState().origin }), body_bytes_max: server.json_bytes_max }),
      ...modelRoutes({ library: core.modelled.library, engine_folder: () => host.models?.engine_folder, limits: host.limits.inference }),
      ...draftRoutes({ ...core, body_bytes_max: server.json_bytes_max }),
      ...openAiRoutes({ ...core, clock, body_bytes_max: server.json_bytes_max }),
      ...integrityRoutes({ ...core, clock, body_bytes_max: server.json_bytes_max }),
    ];
  }

  /** An override is somebody breaking the glass: it is said where an operator looks, whoever may read the log. */
  private released(request: ReleaseRequest, result: GateResult): void {
    const { log, core } = this.deps;
    const { kind, person, repo_id, head, reason, expires } = request;
    this.metrics.released(kind);
    this.metrics.gate(result);
    core.learned.decided(result);
    if (kind === "override") core.learned.overridden(request);
    core.integrity.worked();
    const fields = { kind, person, repo_id, head, reason, expires, gate_id: result.gate_id, attempt: result.attempt, verdict: result.verdict };
    if (kind === "override") log.error(fields, "override: a person broke the glass");
    else log.info(fields, "approved");
  }

  /** Goes on while a stop waits for what is in flight: that may take longer than the manager's patience. */
  private watch(): void {
    const { core, log, manager, watchdog_ms } = this.deps;
    if (watchdog_ms === null) return;
    this.watchdog = new Watchdog({
      watchdog_ms,
      turn_ms_max: core.options.host.limits.server.loop_turn_ms_max,
      clock: core.options.clock,
      probe: () => void core.evidence.logState(),
      alive: () => manager.alive(),
      withheld: (because, error) => {
        this.metrics.watchdogWithheld();
        log.error({ because, err: error }, "no sign of life was given");
      },
    });
    this.watchdog.start();
  }

  /** Once: finish what is in flight, then state, then the lock. A second call ends at once. */
  stop(why: string): void {
    const { log, manager } = this.deps;
    if (this.ending !== null) process.exit(EXIT.unavailable);
    log.info({ why }, "stopping");
    manager.stopping();
    this.ending = this.end().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, "the stop was not orderly");
        process.exit(EXIT.internal);
      },
    );
  }

  private async end(): Promise<void> {
    const { core, release } = this.deps;
    await this.server?.stop(core.options.host.limits.server.drain_deadline_ms);
    await core.close();
    release();
  }
}
