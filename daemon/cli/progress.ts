import type { Static } from "@sinclair/typebox";
import type { ProgressEvent } from "../../proto/api.ts";
import { note } from "./output.ts";

/** Milliseconds with one decimal, or seconds once they say more. */
export function duration(us: number): string {
  // What rounds up to the next unit is said in it.
  return us >= 999_500 ? `${(us / 1_000_000).toFixed(1)} s` : `${(us / 1000).toFixed(us >= 99_950 ? 0 : 1)} ms`;
}

/** Progress of one gate on stderr: a line per step, with what it took. */
export class Progress {
  private readonly started = performance.now();

  step(name: string): void {
    note(`  ${name.padEnd(14)} ${duration((performance.now() - this.started) * 1000)}`);
  }

  total(): void {
    this.step("total");
  }

  show(event: Static<typeof ProgressEvent>): void {
    const name = event.check ?? event.stage;
    const result = event.result === null ? "" : ` ${event.result}`;
    note(`  ${name.padEnd(14)} ${duration(event.duration_us)}${result}`);
  }
}
