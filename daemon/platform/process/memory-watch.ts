import { readFileSync } from "node:fs";
import { allProcesses } from "../kernel/proc.ts";
import { errno } from "../kernel/errno.ts";

/** A process can take about 1 GB a second, so a limit is overrun by some 20 MB at this pace; one look costs 7 µs. */
const LEADER_INTERVAL_MS = 20;
/** The whole group needs a walk over /proc (2 ms with 90 processes): at most this often, and at most 2 % of the time. */
const GROUP_INTERVAL_MS = 200;
const GROUP_INTERVAL_PER_SCAN = 50;
/** A walk that took long was a pause of the machine, and no reason to look away. */
const GROUP_INTERVAL_MS_MAX = 2_000;
/** Some arm64 kernels have pages of 16 or 64 KiB. */
const PAGE_BYTES = pageBytes();

/** How long after the beginning of a walk that took `scan_ms` the next one begins. */
export const groupIntervalMs = (scan_ms: number): number => Math.min(GROUP_INTERVAL_MS_MAX, Math.max(GROUP_INTERVAL_MS, scan_ms * GROUP_INTERVAL_PER_SCAN));

interface Watched {
  readonly bytes_max: number;
  readonly over: (resident_bytes: number) => void;
}

/**
 * Calls `over` once when the resident memory of a process group passes `bytes_max`. RSS counts shared pages in
 * every process, so a group may be judged a little too large, never too small. The clock ticks only while something is watched:
 * an idle daemon is not woken.
 */
export class MemoryWatch {
  readonly #watched = new Map<number, Watched>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #next_group_look_ms = 0;

  /** Watches the group `pgid`; the returned function ends it. */
  watch(pgid: number, bytes_max: number, over: (resident_bytes: number) => void): () => void {
    const entry: Watched = { bytes_max, over };
    this.#watched.set(pgid, entry);
    this.#timer ??= setInterval(() => this.#tick(), LEADER_INTERVAL_MS);
    return () => {
      if (this.#watched.get(pgid) === entry) this.#forget(pgid);
    };
  }

  get ticking(): boolean {
    return this.#timer !== undefined;
  }

  #tick(): void {
    const started_ms = performance.now();
    if (started_ms < this.#next_group_look_ms) {
      for (const pgid of [...this.#watched.keys()]) this.#judge(pgid, leaderBytes(pgid));
      return;
    }
    const sums = new Map<number, number>();
    for (const { pgid, resident_pages } of allProcesses()) {
      if (this.#watched.has(pgid)) sums.set(pgid, (sums.get(pgid) ?? 0) + resident_pages * PAGE_BYTES);
    }
    for (const [pgid, bytes] of sums) this.#judge(pgid, bytes);
    const scan_ms = performance.now() - started_ms;
    this.#next_group_look_ms = started_ms + groupIntervalMs(scan_ms);
  }

  #judge(pgid: number, resident_bytes: number): void {
    const entry = this.#watched.get(pgid);
    if (entry === undefined || resident_bytes <= entry.bytes_max) return;
    this.#forget(pgid);
    entry.over(resident_bytes);
  }

  #forget(pgid: number): void {
    this.#watched.delete(pgid);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Resident bytes of the group's first process (second field of statm, proc(5)); 0 once it is gone. */
function leaderBytes(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]) * PAGE_BYTES;
  } catch (error) {
    if (errno(error) === "ENOENT" || errno(error) === "ESRCH") return 0;
    throw error;
  }
}

/** AT_PAGESZ (6) of the auxiliary vector: pairs of machine words, key and value (getauxval(3)). */
function pageBytes(): number {
  const words = new BigUint64Array(new Uint8Array(readFileSync("/proc/self/auxv")).buffer);
  for (let at = 0; at + 1 < words.length; at += 2) if (words[at] === 6n) return Number(words[at + 1]);
  throw new Error("the kernel did not say how large a page is");
}
