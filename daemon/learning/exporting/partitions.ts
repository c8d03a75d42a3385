/**
 * Hours as Parquet files below the state folder, for DuckDB and pandas: written once an hour is over, again where an outcome came late,
 * and by nobody's clock: whoever logs the first episode of a new hour, and each sweep, has what waits written. A file is moved into
 * place whole, so a crash leaves the old or the new.
 */
import { mkdir, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import { Lane } from "../../checking/lane.ts";
import { errno } from "../../platform/kernel/errno.ts";
import { lookAt, namesIn } from "../../platform/folders.ts";
import type { WorkerPool } from "../../platform/pool/pool.ts";
import { syncPath } from "../../platform/sync.ts";
import type { Store } from "../../store/db.ts";
import { letOthersRun } from "../episodes/turns.ts";
import { HOUR_MS, hourName, hourOf, hourStart } from "./hours.ts";
import { PartitionSink } from "./sink.ts";
import type { EpisodeSource } from "./source.ts";
import { type HourKey, openWaitingHours, type WaitingHours } from "./waiting.ts";

export interface PartitionDeps {
  readonly state_dir: string;
  readonly scratch_dir: string;
  readonly store: Pick<Store, "table" | "atomic">;
  readonly source: EpisodeSource;
  readonly pool: Pick<WorkerPool, "lease">;
  readonly now_ms: () => number;
  /** Of one piece of a file. */
  readonly deadline_ms: number;
  readonly warn: (what: string, error: unknown) => void;
  /** Of a test, which dies there. */
  readonly step?: (name: string) => void;
}

/** Below the state folder. */
export const PARTITIONS_FOLDER = "episodes";
/** In whose name processes are taken: nobody's change is read. */
const LANE = "episodes";
const FILE = "part-0.parquet";
/** Hours that fail in one pass before it is given up. */
const FAILURES_MAX = 3;
const ROUTER_PREFIX = "router=";
const HOUR_PREFIX = "hour=";

/** As DuckDB, Arrow and Spark find columns in the names of folders. */
export const partitionPath = (router: string, start_ms: number): string => join(`${ROUTER_PREFIX}${router}`, `${HOUR_PREFIX}${hourName(start_ms)}`, FILE);

export class Partitions {
  private readonly waiting: WaitingHours;
  private readonly folder: string;
  private running: Promise<void> = Promise.resolve();
  /** Files are put in place and removed one after the other; what fills them runs beside that. */
  private placing: Promise<unknown> = Promise.resolve();
  private expired_ms = 0;
  private readonly stop = new AbortController();
  /** The hour in which somebody last had the waiting ones written. */
  private nudged_ms = 0;

  constructor(private readonly deps: PartitionDeps) {
    this.waiting = openWaitingHours(deps.store);
    this.folder = join(deps.state_dir, PARTITIONS_FOLDER);
  }

  /** In the transaction that wrote an episode, its outcome or its removal. The first in a new hour has the past ones written, once the transaction is over. */
  touched(router: string, at_ms: number): void {
    const now_ms = this.deps.now_ms();
    this.waiting.touched(router, at_ms, now_ms);
    if (hourStart(now_ms) === this.nudged_ms) return;
    this.nudged_ms = hourStart(now_ms);
    void this.write();
  }

  /** All that waits and is over. What fails is said, and tried again with the next nudge or sweep. */
  write(): Promise<void> {
    const next = this.running.then(() => this.writeAll()).catch((error: unknown) => {
      if (!this.stop.signal.aborted) this.deps.warn("episodes were not exported to Parquet; they are still in the database", error);
    });
    this.running = next;
    return next;
  }

  /** Files of hours before then go; of the hour it lies in, what is left in the database stays. Called where those episodes were removed; waits for no file that is being made. */
  expire(before_ms: number): Promise<void> {
    this.expired_ms = before_ms;
    return this.alone(() => this.expireAll(before_ms));
  }

  private alone<T>(work: () => Promise<T>): Promise<T> {
    const next = this.placing.then(work);
    this.placing = next.catch(() => undefined);
    return next;
  }

  private async expireAll(before_ms: number): Promise<void> {
    for (const router of await namesIn(this.folder)) {
      for (const hour of await namesIn(join(this.folder, router))) {
        const start_ms = hourOf(hour.slice(HOUR_PREFIX.length));
        if (start_ms === null || start_ms >= before_ms) continue;
        if (start_ms + HOUR_MS <= before_ms) await this.remove(join(this.folder, router, hour));
        else this.deps.store.atomic(() => this.touched(router.slice(ROUTER_PREFIX.length), start_ms));
      }
    }
  }

  async close(): Promise<void> {
    this.stop.abort();
    await Promise.all([this.running, this.placing]);
  }

  private async writeAll(): Promise<void> {
    await this.recover();
    const due = this.waiting.due(this.deps.now_ms());
    if (due.length === 0 || this.stop.signal.aborted) return;
    await using lane = new Lane(this.deps.pool, this.stop.signal, LANE);
    const failed: unknown[] = [];
    for (const key of due) {
      try {
        await this.waiting.settle(key, () => this.writeHour(lane, key));
      } catch (error) {
        // One hour with a damaged row must not keep the others from being written; where none can be, it is said once.
        failed.push(error);
        // The process may hold half a file.
        await lane.rest();
        if (failed.length >= FAILURES_MAX || this.stop.signal.aborted) break;
      }
    }
    if (failed.length > 0) throw failed[0];
  }

  /** The folder is gone, or this is a backup, which holds none: it is made again from the database. */
  private async recover(): Promise<void> {
    if ((await lookAt(this.folder)) !== null) return;
    let last = "";
    for (const page of this.deps.source.pages({ router: null, from_ms: 0, to_ms: Number.MAX_SAFE_INTEGER, sees: null })) {
      this.deps.store.atomic(() => {
        for (const { router, at_ms } of page) {
          const place = `${router} ${hourStart(at_ms)}`;
          if (place !== last) this.touched(router, at_ms);
          last = place;
        }
      });
      await letOthersRun();
    }
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
  }

  private async writeHour(lane: Lane, [router, start_ms]: HourKey): Promise<void> {
    const { source, scratch_dir, deadline_ms } = this.deps;
    const target = join(this.folder, partitionPath(router, start_ms));
    await mkdir(scratch_dir, { recursive: true, mode: 0o700 });
    const fresh = join(scratch_dir, `partition-${crypto.randomUUID()}`);
    const sink = new PartitionSink(lane, fresh, { router, hour: hourName(start_ms) }, source.declared(router), deadline_ms);
    try {
      let rows = 0;
      for (const page of source.pages({ router, from_ms: start_ms, to_ms: start_ms + HOUR_MS, sees: null })) {
        await letOthersRun();
        for (const episode of page) await sink.add({ episode, learnable: source.learnable(episode) });
        rows += page.length;
      }
      if (rows === 0) return await this.alone(() => this.remove(dirname(target)));
      const written = await sink.end();
      if (written.rows !== rows) throw new MaestroError("worker.protocol", `${written.rows} rows were written of ${rows}`);
      this.deps.step?.("written");
      // Its time may have come since it was read.
      await this.alone(() => (start_ms + HOUR_MS <= this.expired_ms ? this.remove(dirname(target)) : this.place(fresh, target)));
      this.deps.step?.("placed");
    } finally {
      await sink.settled();
      await rm(fresh, { force: true });
    }
  }

  /** The file's bytes are on the disk already; its name is, when this resolves. */
  private async place(fresh: string, target: string): Promise<void> {
    const hour = dirname(target);
    await mkdir(hour, { recursive: true, mode: 0o700 });
    await rename(fresh, target);
    for (const folder of [hour, dirname(hour), this.folder]) await syncPath(folder);
  }

  private async remove(hour: string): Promise<void> {
    await rm(hour, { recursive: true, force: true });
    try {
      await rmdir(dirname(hour));
    } catch (error) {
      // Other hours of the router, or no folder at all.
      if (!["ENOTEMPTY", "EEXIST", "ENOENT"].includes(errno(error) ?? "")) throw error;
    }
  }
}
