/**
 * The beginnings of the next jails, made while there is no job: a shell in a control group of its own, with everything a jail is handed.
 * To change its group a process waits until every processor has passed a quiet moment: 9 ms on a machine with little to do, 20 ms on a busy
 * one, and a jail that stood by has that behind it.
 */
import type { Group } from "../../cgroup/group.ts";
import { errno } from "../../kernel/errno.ts";
import { hasEnded, statOf } from "../../kernel/proc.ts";
import { type Ground, type Handed, handOver } from "./begin.ts";
import { Descriptors } from "./descriptors.ts";
import { standBy, type Standing } from "./start.ts";

/** The second command of a gate follows the first within two milliseconds, which is too soon for what is begun after the first. */
const READY_MAX = 2;
/** Less than a launcher is kept without work, so that one that is ended has left no group behind. */
const IDLE_MS = 25_000;

export interface Ready extends Handed {
  readonly fds: Descriptors;
  readonly cage: Group;
  readonly standing: Standing;
}

/** At most `READY_MAX` at a time, the oldest taken first. */
export class Standby {
  private waiting: Promise<Ready | null>[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** After a job, beside nothing. Without control groups there is nothing to gain. */
  prepare(ground: Ground): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.rest(ground), IDLE_MS);
    this.timer.unref();
    while (this.waiting.length < READY_MAX) this.waiting.push(ready(ground));
  }

  /** null where nothing stands by, or what did has died. */
  async take(ground: Ground): Promise<Ready | null> {
    const taken = (await this.waiting.shift()) ?? null;
    if (taken === null || !hasDied(taken)) return taken;
    await dismiss(taken, ground);
    return null;
  }

  private async rest(ground: Ground): Promise<void> {
    const waiting = this.waiting;
    this.waiting = [];
    for (const one of waiting) {
      const taken = await one;
      if (taken !== null) await dismiss(taken, ground);
    }
  }
}

/** As the kernel sees it: this process may not have been told yet. */
const hasDied = ({ standing }: Ready): boolean => hasEnded(statOf(standing.process.pid));

async function ready(ground: Ground): Promise<Ready | null> {
  const { cages } = ground;
  if (cages === null) return null;
  const fds = new Descriptors();
  const handed = handOver(ground, null, fds);
  const standing = standBy(handed.parts, fds);
  if (standing === null) return fds[Symbol.dispose](), null;
  const made: Ready = { ...handed, fds, standing, cage: cages.make() };
  try {
    await made.cage.addSoon(standing.process.pid);
    return made;
  } catch (error) {
    // The kernel will not have it there: the next job is put there itself, and says so.
    if (errno(error) === undefined) throw error;
    await dismiss(made, ground);
    return null;
  }
}

async function dismiss({ standing, cage, fds }: Ready, { cages }: Ground): Promise<void> {
  standing.process.kill("SIGKILL");
  await standing.process.exited;
  fds[Symbol.dispose]();
  cages?.remove(cage);
}
