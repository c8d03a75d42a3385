/** Changes every byte of evidence in turn, and counts what became of it. */
import { canonicalText } from "../../proto/canonical.ts";
import type { Verification } from "../../proto/verification.ts";

export interface FlipCount {
  refused: number;
  /** Verified with the identical statement. */
  same: number;
  /** Verified with another statement: there must be none. */
  different: number;
}

/** Every so manyth byte, beginning with `nth`. */
export interface Share {
  readonly nth: number;
  readonly of: number;
}

/** Verifies one mutant for each byte of this share of `bytes` and each mask of `flips`. */
export function flipAll(bytes: Uint8Array, flips: readonly number[], verify: (mutant: Uint8Array) => Verification, { nth, of }: Share = { nth: 0, of: 1 }): FlipCount {
  const before = canonicalText(verify(bytes).statement);
  const count: FlipCount = { refused: 0, same: 0, different: 0 };
  const mutant = bytes.slice();
  for (let i = nth; i < bytes.length; i += of) {
    const original = bytes[i] ?? 0;
    for (const flip of flips) {
      mutant[i] = original ^ flip;
      const { result, statement } = verify(mutant);
      count[result !== "verified" ? "refused" : canonicalText(statement) === before ? "same" : "different"] += 1;
    }
    mutant[i] = original;
  }
  return count;
}
