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

/** Verifies one mutant for each byte of `bytes` and each mask of `flips`. */
export function flipAll(bytes: Uint8Array, flips: readonly number[], verify: (mutant: Uint8Array) => Verification): FlipCount {
  const before = canonicalText(verify(bytes).statement);
  const count: FlipCount = { refused: 0, same: 0, different: 0 };
  const mutant = bytes.slice();
  for (let i = 0; i < bytes.length; i++) {
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
