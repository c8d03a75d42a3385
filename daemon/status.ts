/** What the daemon says of itself: `maestro status`, and the gauges of its metrics. */
import { readdirSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { StatusReply } from "../proto/api.ts";
import type { IntegrityStatus } from "../proto/damage.ts";
import { toHex } from "../proto/encoding.ts";
import { VERSION } from "../proto/version.ts";
import { clockReply } from "./api/clock.ts";
import type { Core } from "./compose.ts";
import type { Reading } from "./metrics/index.ts";
import { unwritable } from "./impaired.ts";
import type { Reload } from "./systemd/reload.ts";

/** What is known of the daemon beyond its core. */
export interface Running {
  /** Monotonic. */
  readonly started_ms: number;
  readonly draining: boolean;
  readonly reload: Reload | null;
  readonly connections: number;
  readonly loop_turn_ms: number | null;
}

export function statusOf(core: Core, { started_ms, draining, reload }: Running): StatusReply {
  const { evidence, keeper, pool, options } = core;
  const log = evidence.logState();
  const time = clockReply({ evidence, clock: options.clock });
  const integrity = core.integrity.status();
  const damaged = integrity.state === "damaged" ? `${integrity.damage_total} things kept are damaged; see maestro fsck` : undefined;
  const routers = core.routed.status(null).map(({ id, problem, fallback }) => (problem !== null ? `router ${id} decides without its policy: ${problem}` : fallback === null ? undefined : `router ${id} falls back to its baseline: ${fallback}`));
  const degraded = [unwritable(core)?.message, damaged, ...routers, time.frozen === null ? undefined : "log time stands still; see maestro clock"].filter((reason) => reason !== undefined).map(cut);
  return {
    daemon: { version: VERSION, pid: process.pid, uptime_s: Math.floor((options.clock.monotonic_ms() - started_ms) / 1000), state: draining ? "draining" : degraded.length === 0 ? "ready" : "degraded", degraded },
    mode: [...options.host.modes],
    trust: { domain: evidence.trust_domain, self_made: evidence.self_made_trust, log_origin: log.origin },
    log: { size: log.size, root: toHex(log.root) },
    gates: keeper.counts,
    workers: workersOf(pool),
    memory_bytes: process.memoryUsage.rss(),
    reload: reload === null ? null : { ...reload, needs_restart: [...reload.needs_restart], detail: cut(reload.detail) },
    integrity,
    state_dir: options.state_dir,
    trust_path: evidence.trust_path,
    clock: time,
    ...modelsOf(core),
  };
}

function workersOf(pool: Core["pool"]): StatusReply["workers"] {
  const { waiting, starts, tenants, deaths, memory_cap } = pool.health;
  return { ...pool.counts, waiting, starts, suspended_tenants: tenants.open + tenants.half_open, deaths, memory_cap };
}

/** Nothing where no model is configured. */
function modelsOf({ modelled, options }: Core): Pick<StatusReply, "models"> {
  if (options.host.models === null) return {};
  const { workers, served } = modelled.reading();
  const tokens = (read: (row: (typeof served)[number]) => number): number => served.reduce((sum, row) => sum + read(row), 0);
  return { models: { workers: workers.map((one) => ({ ...one })), prompt_tokens: tokens((row) => row.prompt_tokens), cached_tokens: tokens((row) => row.cached_tokens), completion_tokens: tokens((row) => row.completion_tokens) } };
}

/** `ShortText` holds this much. */
const DETAIL_CHARACTERS_MAX = 1_000;
const cut = (text: string): string => text.slice(0, DETAIL_CHARACTERS_MAX);

const keptReading = ({ damage_total, passes, scrubbed_bytes, last_pass }: IntegrityStatus): Reading["kept"] => ({
  damage: damage_total, passes, scrubbed_bytes, last_pass_s: last_pass === null ? null : Date.parse(last_pass) / 1000,
});

export function readingOf(core: Core, { started_ms, draining, reload, connections, loop_turn_ms }: Running): Reading {
  const { evidence, keeper, pool, options } = core;
  const { clock, state_dir } = options;
  const { bavail, bsize } = statfsSync(state_dir);
  const { size, time_s } = evidence.logState();
  const { user, system } = process.cpuUsage();
  return {
    version: VERSION,
    bun: Bun.version,
    started_at_s: (clock.now_ms() - (clock.monotonic_ms() - started_ms)) / 1000,
    draining,
    gates: keeper.counts,
    workers: workersOf(pool),
    connections,
    log: { size, last_append_s: time_s, time_frozen: evidence.frozen() !== null },
    store_bytes: statSync(join(state_dir, "db/data.mdb")).size,
    state_free_bytes: bavail * bsize,
    memory_bytes: process.memoryUsage.rss(),
    cpu_s: (user + system) / 1e6,
    open_descriptors: readdirSync("/proc/self/fd").length,
    kept: keptReading(core.integrity.status()),
    retention: core.integrity.keeping.counts(),
    witnesses: core.witnessing.reading(),
    guards: core.guarding.guards.counts,
    watching: { ...core.watching.breakers.counts, findings: core.watching.events.counts },
    market: core.money.market?.reading() ?? null,
    models: core.modelled.reading(),
    routing: { counts: core.routed.counts(), routers: core.routed.status(null) },
    loop_turn_s: loop_turn_ms === null ? null : loop_turn_ms / 1000,
    reload: reload === null ? null : { at_s: reload.at_s, applied: reload.result === "applied" },
  };
}
