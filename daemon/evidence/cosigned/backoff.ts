/** Pauses after failures, for each witness its own: doubling, bounded, and not all at the same moment. */
import type { WitnessLimits } from "../../../proto/limits.ts";
import type { Random } from "../../platform/random.ts";

const UINT32 = 2 ** 32;

export class Backoff {
  /** In a row. */
  failures = 0;
  because: string | null = null;
  private until_ms = 0;

  constructor(
    private readonly limits: Pick<WitnessLimits, "cosign_backoff_ms" | "cosign_backoff_ms_max">,
    private readonly monotonic_ms: () => number,
    private readonly random: Random,
  ) {}

  get wait_ms(): number {
    return Math.max(0, this.until_ms - this.monotonic_ms());
  }

  good(): void {
    this.failures = 0;
    this.because = null;
    this.until_ms = 0;
  }

  bad(because: string): void {
    const { cosign_backoff_ms, cosign_backoff_ms_max } = this.limits;
    const longest_ms = Math.min(cosign_backoff_ms_max, cosign_backoff_ms * 2 ** this.failures);
    const fraction = new DataView(this.random.bytes(4).buffer).getUint32(0) / UINT32;
    this.failures += 1;
    this.because = because;
    this.until_ms = this.monotonic_ms() + longest_ms * (0.5 + fraction / 2);
  }
}
