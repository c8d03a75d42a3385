/**
 * One evaluation at a time, in the order they were asked for: every generation comes in turn, token by token. Evaluated together the rows of several
 * would be summed in another order, and the text at temperature 0 would depend on what else is asked (measured; docs/models.md).
 */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** What one request took of the process. */
export interface Took {
  us: number;
  cpu_us: number;
}

export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` when everything before it is done. The time it takes and the processor time of the whole process meanwhile are that request's. */
  async take<T>(took: Took, work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const done = Promise.withResolvers<void>();
    this.#last = done.promise;
    await before;
    const [began, cpu] = [performance.now(), process.cpuUsage()];
    try {
      return await work();
    } finally {
      const { user, system } = process.cpuUsage(cpu);
      took.us += (performance.now() - began) * 1_000;
      took.cpu_us += user + system;
      done.resolve();
    }
  }
}

/** Cores that nobody else runs on now, of at most `most`: two threads that share a core wait for each other, and are 17 times slower than one. */
export function threadsNow(most: number, loadavg = readFileSync("/proc/loadavg", "latin1"), cores = availableParallelism()): number {
  // The fourth field is `running/all` (proc_loadavg(5)); this process is one of those that run.
  const running = Number(loadavg.split(" ")[3]?.split("/")[0]);
  const others = Number.isInteger(running) ? Math.max(0, running - 1) : cores;
  return Math.max(1, Math.min(most, cores - others));
}
