/** Partitions over a real database; the episodes come from a list that a test holds, and whoever is about times writes files with what a check process does, and starts none. */
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { Limits } from "../../../../proto/config.ts";
import type { Episode } from "../../../../proto/episode.ts";
import { MaestroError } from "../../../../proto/errors.ts";
import type { PartitionJob } from "../../../../proto/partition.ts";
import { type Lease, WorkerPool } from "../../../platform/pool/pool.ts";
import { NO_USAGE } from "../../../platform/process/usage.ts";
import { openStore, type Store } from "../../../store/db.ts";
import { WORKER } from "../../../testing/programs.ts";
import { Exporter } from "../exporter.ts";
import { partitionWriter } from "../job.ts";
import { Partitions } from "../partitions.ts";
import type { Wanted } from "../source.ts";
import { DECLARED } from "./episodes.ts";

export const limits = Value.Create(Limits);
const PAGE_ROWS = 500;

export interface World {
  readonly store: Store;
  readonly pool: WorkerPool;
  readonly partitions: Partitions;
  readonly exporter: Exporter;
  readonly scratch_dir: string;
  readonly episodes: Episode[];
  readonly warnings: unknown[];
  now_ms: number;
  /** No check process becomes free. */
  busy: boolean;
  /** The start of an hour whose last row cannot be read. */
  damaged_ms: number | null;
  /** Logs it, as whoever keeps episodes does. */
  log(...episodes: Episode[]): void;
  close(): Promise<void>;
}

/** What a check process answers, without one: a second of each file's time. */
async function leaseHere(): Promise<Lease> {
  const write = partitionWriter();
  const release = (): Promise<void> => Promise.resolve();
  return { pid: process.pid, run: async (job, { validate }) => validate(write(job as PartitionJob)), usage: () => NO_USAGE, release, [Symbol.asyncDispose]: release };
}

export function openWorld(state_dir: string, now_ms: number, { step, processes = false }: { readonly step?: (name: string) => void; readonly processes?: boolean } = {}): World {
  const store = openStore({ state_dir, limits: { ...limits.store, free_bytes_min: 1 }, fatal: (reason) => { throw reason; } });
  const pool = new WorkerPool({ argv: [process.execPath, "--smol", WORKER], cwd: "/", env: {}, limits: limits.worker, size: 1, backoff: limits.worker });
  const scratch_dir = join(state_dir, "scratch");
  const never = (signal?: AbortSignal): Promise<never> => new Promise((_, refuse) => signal?.addEventListener("abort", () => refuse(new MaestroError("request.cancelled", "no more"))));
  const writing = processes ? pool : { lease: (signal?: AbortSignal) => (world.busy ? never(signal) : leaseHere()) };
  const episodes: Episode[] = [];
  const warnings: unknown[] = [];
  function* pages({ router, from_ms, to_ms, sees }: Wanted) {
    const found = episodes.filter((each) => (router === null || each.router === router) && (sees === null || each.space === sees) && each.at_ms >= from_ms && each.at_ms < to_ms);
    for (let at = 0; at < found.length; at += PAGE_ROWS) yield found.slice(at, at + PAGE_ROWS);
    if (from_ms === world.damaged_ms) throw new Error("a part is gone");
  }
  const source = { pages, learnable: ({ forced, outcome }: Episode) => forced === null && outcome !== null && outcome.reward !== null, declared: () => DECLARED };
  const world: World = {
    store, pool, scratch_dir, episodes, warnings, now_ms, busy: false, damaged_ms: null,
    exporter: new Exporter({ scratch_dir, source, pool: writing, deadline_ms: 20_000 }),
    partitions: new Partitions({ state_dir, scratch_dir, store, source, pool: writing, now_ms: () => world.now_ms, deadline_ms: 20_000, warn: (_, error) => warnings.push(error), ...(step === undefined ? {} : { step }) }),
    log(...logged) {
      store.atomic(() => {
        for (const each of logged) world.partitions.touched(each.router, each.at_ms);
      });
      for (const each of logged) {
        const at = episodes.findIndex(({ id }) => id === each.id);
        if (at < 0) episodes.push(each);
        else episodes[at] = each;
      }
      episodes.sort((a, b) => a.at_ms - b.at_ms);
    },
    async close() {
      await world.partitions.close();
      await pool.drain(0);
      await store.close();
    },
  };
  return world;
}
