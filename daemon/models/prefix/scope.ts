/** What two evaluations must have in common before one may stand for the other, as one digest, and prompts as chains of digests below it. Pure. */
import { createHash } from "node:crypto";
import { canonicalNumbers } from "../../../proto/canonical.ts";
import type { PrefixScope } from "../text/slots.ts";

/** Counts up with every change of what the digest is over, so that no state of an older program is found. */
const SCOPE_VERSION = 1;

/** Hex SHA-256 over everything in the scope. A field that is added to it is part of the digest at once. */
export function scopeDigest(scope: PrefixScope): string {
  const { space, ...rest } = scope;
  // Absent and empty are one salt; everything else is told apart by its place.
  const said = { ...rest, space: { tenant: space.tenant, task: space.task, salt: space.salt ?? "" }, version: SCOPE_VERSION };
  return createHash("sha256").update(canonicalNumbers(said)).digest("hex");
}

/** Whole blocks of a prompt that may be used again: at least one token is left to evaluate, since only its evaluation tells what comes next. */
export const wholeBlocks = (tokens: number, block: number): number => Math.max(0, Math.floor((tokens - 1) / block));

/**
 * Hex digest of each prefix of whole blocks: of the one before it and its own tokens, from the scope's digest on
 * (the block key of vLLM's prefix caching). Equal digests are equal tokens in one scope; none is found from another scope.
 */
export function chainOf(scope_digest: string, tokens: readonly number[], block: number, blocks = wholeBlocks(tokens.length, block)): string[] {
  const chain: string[] = [];
  for (let i = 0, before = scope_digest; i < blocks; i++) {
    const words = Uint32Array.from(tokens.slice(i * block, (i + 1) * block));
    before = createHash("sha256").update(before).update(words).digest("hex");
    chain.push(before);
  }
  return chain;
}

/** First tokens that two have in common. */
export function commonPrefix(one: readonly number[], other: readonly number[]): number {
  const end = Math.min(one.length, other.length);
  let i = 0;
  while (i < end && one[i] === other[i]) i++;
  return i;
}
