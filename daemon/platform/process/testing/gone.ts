import { MaestroError } from "../../../../proto/errors.ts";
import { aliveInGroup, statOf } from "../../kernel/proc.ts";

/** True once nothing runs in the group any more; read from /proc, not from what the parent believes. */
export async function goneWithin(pgid: number, ms: number): Promise<boolean> {
  return within(ms, () => aliveInGroup(pgid).length === 0);
}

/** The same for one process, whatever its group. */
export async function processGoneWithin(pid: number, ms: number): Promise<boolean> {
  return within(ms, () => ["Z", "X", undefined].includes(statOf(pid)?.state));
}

/** The MaestroError that `work` must end with. */
export async function failureOf(work: Promise<unknown>): Promise<MaestroError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof MaestroError) return error;
    throw error;
  }
  throw new Error("it was expected to fail");
}

async function within(ms: number, holds: () => boolean): Promise<boolean> {
  const until_ms = performance.now() + ms;
  while (performance.now() < until_ms) {
    if (holds()) return true;
    await Bun.sleep(5);
  }
  // Once more: on a busy machine the time may be over before the first look.
  return holds();
}
