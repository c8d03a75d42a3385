/** What was decided, as files: opened with the log of episodes, so that a daemon nobody asks has none of it in memory. */
import { join } from "node:path";
import type { Host } from "./config/host.ts";
import type { Exporter } from "./learning/exporting/exporter.ts";
import type { Partitions } from "./learning/exporting/partitions.ts";
import type { EpisodeSource } from "./learning/exporting/source.ts";
import type { WorkerPool } from "./platform/pool/pool.ts";
import type { Store } from "./store/db.ts";

export interface ExportedDeps {
  readonly state_dir: string;
  readonly store: Pick<Store, "table" | "atomic">;
  readonly pool: WorkerPool;
  readonly host: Pick<Host, "limits">;
  readonly warn: (what: string, error: unknown) => void;
}

export interface Exported {
  readonly partitions: Partitions;
  readonly exporter: Exporter;
}

export type OpenExported = (source: EpisodeSource, now_ms: () => number) => Promise<Exported>;

export function openExportedBy({ state_dir, store, pool, host, warn }: ExportedDeps): OpenExported {
  return async (source, now_ms) => {
    const [{ Partitions: Files }, { Exporter: ForAskers }] = await Promise.all([import("./learning/exporting/partitions.ts"), import("./learning/exporting/exporter.ts")]);
    const shared = { scratch_dir: join(state_dir, "scratch"), source, pool, deadline_ms: host.limits.worker.check_deadline_ms };
    return { partitions: new Files({ ...shared, state_dir, store, now_ms, warn }), exporter: new ForAskers(shared) };
  };
}
