import type { Area } from "../../proto/damage.ts";
import { MaestroError } from "../../proto/errors.ts";

/** One thing looked at. */
export interface Step {
  readonly area: Area;
  readonly name: string;
  readonly bytes: number;
  /** What is wrong with it, in words; `null` where nothing is. */
  readonly problem: string | null;
}

/** Passes steps on; what is thrown in between is what is wrong with the area as a whole. */
export async function* within(area: Area, steps: AsyncIterable<Omit<Step, "area">> | Iterable<Omit<Step, "area">>): AsyncGenerator<Step, void> {
  try {
    for await (const step of steps) yield { area, ...step };
  } catch (error) {
    const problem = error instanceof MaestroError ? error.detail : fileFailure(error);
    if (problem === null) throw error;
    yield { area, name: area, bytes: 0, problem };
  }
}

/** A disk that cannot be read is damage, too; anything else thrown is a bug. */
const fileFailure = (error: unknown): string | null => (error instanceof Error && "syscall" in error ? error.message : null);
