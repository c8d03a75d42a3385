/** Hidden numbers of one manifest: their commitments, their proofs, and the sealed openings that stay here. */
import { randomBytes } from "node:crypto";
import { shake256 } from "@noble/hashes/sha3.js";
import { concatBytes, toBase64, toHex, utf8 } from "../../../proto/encoding.ts";
import type { ObligationLeaf } from "../../../proto/manifest.ts";
import { RANGE_PARTIES_MAX, type RangeBits, type RangeProofEntry } from "../../../proto/range.ts";
import { hashLeaf, leafBytes } from "../../verifier/leaves.ts";
import { checkProof, seenAs } from "../../verifier/range/check.ts";
import { rangeGroup } from "../../verifier/range/engine.ts";
import type { Opening } from "../../verifier/range/opening.ts";
import { fromBytesLe, mod, toBytesLe } from "../../verifier/range/scalars.ts";
import { beginStatement, paddedParties, partiesOf, type RangeClaim, type RangeSubject } from "../../verifier/range/statement.ts";
import { proveRange, type Secrets } from "./prove.ts";

/** A leaf that holds a commitment, and what opens it. */
export interface HiddenLeafOpening {
  readonly index: number;
  readonly leaf: ObligationLeaf;
  readonly opening: Opening;
}

export const openingsByName = (hidden: readonly HiddenLeafOpening[]): ReadonlyMap<string, Opening> => new Map(hidden.map(({ leaf, opening }) => [leaf.name, opening]));

const WIDE_BYTES = 64;
const SEED_BYTES = 32;
const ZERO: Opening = { value: 0n, blinding: 0n };

/** As many as fit into one proof, in the order of the tree; all of one proof have the same size. */
function groups(hidden: readonly HiddenLeafOpening[]): HiddenLeafOpening[][] {
  const out: HiddenLeafOpening[][] = [];
  for (const sized of Map.groupBy(hidden, ({ leaf }) => leaf.hidden?.bits).values()) {
    let room = 0;
    for (const one of sized) {
      const parties = partiesOf(one.leaf);
      if (parties > room) {
        out.push([]);
        room = RANGE_PARTIES_MAX;
      }
      out.at(-1)?.push(one);
      room -= parties;
    }
  }
  return out;
}

/** The shifted numbers in the order of `rangeCommitments`, padded as it pads. */
function shifted(group: readonly HiddenLeafOpening[]): Opening[] {
  const out = group.flatMap(({ leaf: { min, max }, opening: { value, blinding } }) => [
    ...(min === null ? [] : [{ value: value - BigInt(min), blinding }]),
    ...(max === null ? [] : [{ value: BigInt(max) - value, blinding: mod(-blinding) }]),
  ]);
  const wanted = paddedParties(out.length);
  while (out.length < wanted) out.push(ZERO);
  return out;
}

/**
 * The prover's own randomness: fresh, and bound to the numbers and to everything the transcript has said, so that a weak source of randomness
 * alone neither repeats it nor gives it away.
 */
function secretsFor(bound: Uint8Array, openings: readonly Opening[], fresh: Uint8Array): Secrets {
  const known = concatBytes(...openings.flatMap(({ value, blinding }) => [toBytesLe(mod(value)), toBytesLe(blinding)]));
  return (what, count) => {
    const stream = shake256.create({}).update(concatBytes(utf8(`maestro/v1/range-secrets/${what}\0`), fresh, bound, known));
    return Array.from({ length: count }, () => mod(fromBytesLe(stream.xof(WIDE_BYTES))));
  };
}

/** Whoever else waits is served. */
const othersFirst = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function inSlices<T>(work: Generator<void, T>): Promise<T> {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    await othersFirst();
  }
}

const claimOf = ({ index, leaf }: HiddenLeafOpening): RangeClaim => ({ index, leaf, leaf_hash: toHex(hashLeaf(leafBytes(leaf))) });

/**
 * The proofs that hold, one at a time and before the log's transaction, in which nobody else is served: the verifier need not compute those
 * again. One that does not hold is left to it.
 */
export async function holdingRanges(subject: RangeSubject, hidden: readonly HiddenLeafOpening[], proofs: readonly RangeProofEntry[]): Promise<ReadonlySet<string>> {
  const holding = new Set<string>();
  for (const entry of proofs) {
    const claims = hidden.filter(({ index }) => entry.leaves.includes(index)).map(claimOf);
    const name = seenAs(entry, claims, subject);
    if (name !== null && checkProof(entry, claims, subject).ok) holding.add(name);
    await othersFirst();
  }
  return holding;
}

/** One proof for each few numbers that passed; none for what failed. `fresh` gives random bytes. */
export async function proveRanges(subject: RangeSubject, hidden: readonly HiddenLeafOpening[], fresh: (count: number) => Uint8Array = randomBytes): Promise<RangeProofEntry[]> {
  const entries: RangeProofEntry[] = [];
  for (const group of groups(hidden.filter(({ leaf }) => leaf.outcome === "pass"))) {
    const bits = group[0]?.leaf.hidden?.bits;
    if (bits === undefined) continue;
    const claims = group.map(claimOf);
    const transcript = beginStatement(subject, claims, bits satisfies RangeBits);
    const openings = shifted(group);
    const secrets = secretsFor(transcript.fork().challengeBytes("bound", SEED_BYTES), openings, new Uint8Array(fresh(SEED_BYTES)));
    const proof = await inSlices(proveRange(rangeGroup(), transcript, { bits, openings }, secrets));
    entries.push({ leaves: group.map(({ index }) => index), proof: toBase64(proof) });
  }
  return entries;
}
