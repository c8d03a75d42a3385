/** SHA-256 by the platform: Bun's builtin, or @noble/hashes where there is no Bun. */
import { sha256 as noble } from "@noble/hashes/sha2.js";
import { HASH_BYTES, type Hasher, LEAF_PREFIX, NODE_PREFIX, pairCount } from "./hasher.ts";

/** Writes the SHA-256 of `message` into `out`, 32 bytes. */
export type HashInto = (message: Uint8Array, out: Uint8Array) => void;

const bunHashInto: HashInto | undefined =
  typeof Bun === "undefined" ? undefined : (message, out) => void Bun.SHA256.hash(message, out);

export const nobleHashInto: HashInto = (message, out) => out.set(noble(message));

/** Whether the builtin is there; without it the WASM engine is the faster one at every size. */
export const hasBuiltin: boolean = bunHashInto !== undefined;

/** Leaves up to this many bytes share one scratch view per length. */
const SCRATCH_BYTES_MAX = 4096;
/** Nodes copied at once beside the scratch of `nodeHashes`. */
const NODES_PER_COPY = 1024;

/**
 * A hasher over a one-shot hash. A call costs more than its bytes (72 ns of
 * which 33 are the block), and a fresh view of a buffer costs another 30 ns,
 * so the prefix, the message and the digest go through views made once.
 */
export function createNativeHasher(hashInto: HashInto = bunHashInto ?? nobleHashInto): Hasher {
  const digest = new Uint8Array(HASH_BYTES);
  const digestWords = new Uint32Array(digest.buffer);
  const scratch = new Uint8Array(SCRATCH_BYTES_MAX + 1);
  const views = new Map<number, Uint8Array>();
  const pairs = new Uint8Array(1 + 2 * HASH_BYTES + NODES_PER_COPY * 2 * HASH_BYTES);
  const pair = pairs.subarray(0, 1 + 2 * HASH_BYTES);

  /** Word by word is 10 ns cheaper than `set` for 32 bytes. */
  const putDigest = (out: Uint32Array, at: number): void => {
    for (let word = 0; word < 8; word++) out[8 * at + word] = digestWords[word] ?? 0;
  };

  const view = (length: number): Uint8Array => {
    let made = views.get(length);
    if (made === undefined) views.set(length, (made = scratch.subarray(0, length)));
    return made;
  };

  const withLeafPrefix = (leaf: Uint8Array): Uint8Array => {
    const into = leaf.length > SCRATCH_BYTES_MAX ? new Uint8Array(1 + leaf.length) : view(1 + leaf.length);
    into[0] = LEAF_PREFIX;
    into.set(leaf, 1);
    return into;
  };

  const one = (message: Uint8Array): Uint8Array => {
    const out = new Uint8Array(HASH_BYTES);
    hashInto(message, out);
    return out;
  };

  return {
    name: "native",
    sha256: one,
    leafHashes: (leaves) => {
      const [first] = leaves;
      // Words need the result's ArrayBuffer, which costs a single hash as much again.
      if (first !== undefined && leaves.length === 1) return one(withLeafPrefix(first));
      const out = new Uint32Array(leaves.length * 8);
      leaves.forEach((leaf, i) => {
        hashInto(withLeafPrefix(leaf), digest);
        putDigest(out, i);
      });
      return new Uint8Array(out.buffer);
    },
    nodeHashes: (children) => {
      const count = pairCount(children);
      const bytes = 2 * HASH_BYTES;
      if (count === 1) {
        pairs[0] = NODE_PREFIX;
        pairs.set(children, 1);
        return one(pair);
      }
      const out = new Uint32Array(count * 8);
      for (let at = 0; at < count; at += NODES_PER_COPY) {
        const here = Math.min(NODES_PER_COPY, count - at);
        pairs.set(children.subarray(at * bytes, (at + here) * bytes), pair.length);
        for (let i = 0; i < here; i++) {
          pairs[0] = NODE_PREFIX;
          pairs.copyWithin(1, pair.length + i * bytes, pair.length + (i + 1) * bytes);
          hashInto(pair, digest);
          putDigest(out, at + i);
        }
      }
      return new Uint8Array(out.buffer);
    },
  };
}
