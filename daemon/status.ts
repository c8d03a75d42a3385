/** What `maestro status` says. */
import type { StatusReply } from "../proto/api.ts";
import { toHex } from "../proto/encoding.ts";
import { VERSION } from "../proto/version.ts";
import { clockReply } from "./api/clock.ts";
import type { Core } from "./compose.ts";

export function statusOf(core: Core, started_ms: number, draining: () => boolean): StatusReply {
  const { evidence, keeper, pool, options } = core;
  const log = evidence.logState();
  const time = clockReply({ evidence, clock: options.clock });
  return {
    daemon: { version: VERSION, pid: process.pid, uptime_s: Math.floor((options.clock.monotonic_ms() - started_ms) / 1000), state: draining() ? "draining" : time.frozen === null ? "ready" : "degraded" },
    mode: [...options.host.modes],
    trust: { domain: evidence.trust_domain, self_made: evidence.self_made_trust, log_origin: log.origin },
    log: { size: log.size, root: toHex(log.root) },
    gates: keeper.counts,
    workers: pool.counts,
    memory_bytes: process.memoryUsage.rss(),
    state_dir: options.state_dir,
    trust_path: evidence.trust_path,
    clock: time,
  };
}
