/**
 * Which engine hashes a batch. Both give the same bytes, so a wrong guess costs
 * time and nothing else. The constants are nanoseconds per message and per
 * 64-byte block from the crossover table of `bench/merkle.ts` on an AMD EPYC at
 * 3.5 GHz; what matters is their ratio. With SHA instructions the builtin wins
 * at every length and batch size (90 ns for one block where WASM needs 125, 130
 * for two where WASM needs 230); with those instructions masked, WASM wins from
 * three messages up (125 to 185, 230 to 315).
 */
import { HASH_BYTES, type Hasher, pairCount } from "./hasher.ts";
import { createNativeHasher, hasBuiltin } from "./native.ts";
import { createWasmHasher } from "./wasm.ts";

interface Cost {
  readonly message_ns: number;
  readonly block_ns: number;
}

/** A block of four lanes costs the same however many of them are filled. */
const WASM_LANES = 4;
const WASM: Cost = { message_ns: 32, block_ns: 98 };
const NATIVE_WITHOUT_SHA: Cost = { message_ns: 52, block_ns: 131 };

/** Whether the builtin runs on the processor's SHA instructions. */
export type ShaBy = "hardware" | "software";

/** Long runs take 42 ns a block with SHA instructions and 170 without; the middle of the two on a log scale. */
const HARDWARE_BLOCK_NS_MAX = 85;
const PROBE_BYTES = 4096;
const PROBE_RUNS = 16;

/** Blocks of a message of `bytes` bytes with its one prefix byte and its padding. */
const blocksOf = (bytes: number): number => Math.ceil((bytes + 10) / 64);

/** Whether WASM is the cheaper engine for `count` messages of the given lengths in bytes. */
export function wasmIsCheaper(count: number, lengthOf: (i: number) => number, sha: ShaBy): boolean {
  // Even with every lane filled, a block costs more than the builtin's whole call with SHA instructions.
  if (sha === "hardware") return false;
  const native = NATIVE_WITHOUT_SHA;
  let saved_ns = 0;
  for (let i = 0; i < count; i += WASM_LANES) {
    const lanes = Math.min(WASM_LANES, count - i);
    let most = 0;
    for (let lane = 0; lane < lanes; lane++) {
      const blocks = blocksOf(lengthOf(i + lane));
      most = Math.max(most, blocks);
      saved_ns += native.message_ns - WASM.message_ns + blocks * native.block_ns;
    }
    saved_ns -= most * WASM_LANES * WASM.block_ns;
  }
  return saved_ns > 0;
}

/**
 * Tells by the speed of long runs whether the builtin has SHA instructions. Takes 50 us; the least of several runs, so that a busy machine
 * does not look like an old one.
 */
export function probeSha(now_ns: () => number, native: Hasher): ShaBy {
  const bytes = new Uint8Array(PROBE_BYTES);
  let least_ns = Infinity;
  for (let run = 0; run < PROBE_RUNS; run++) {
    const start = now_ns();
    native.sha256(bytes);
    least_ns = Math.min(least_ns, now_ns() - start);
  }
  return least_ns / blocksOf(PROBE_BYTES) <= HARDWARE_BLOCK_NS_MAX ? "hardware" : "software";
}

/** Hands each batch to the cheaper of two engines; `sha` is asked once, at the first batch. */
export function createChosenHasher(native: Hasher, wasm: () => Hasher, sha: () => ShaBy): Hasher {
  let known: ShaBy | undefined;
  const engine = (count: number, lengthOf: (i: number) => number): Hasher =>
    wasmIsCheaper(count, lengthOf, (known ??= sha())) ? wasm() : native;
  return {
    name: "chosen",
    sha256: (bytes) => native.sha256(bytes),
    leafHashes: (leaves) => engine(leaves.length, (i) => leaves[i]?.length ?? 0).leafHashes(leaves),
    nodeHashes: (children) => engine(pairCount(children), () => 2 * HASH_BYTES).nodeHashes(children),
  };
}

const once = <T>(make: () => T): (() => T) => {
  let made: T | undefined;
  return () => (made ??= make());
};

/** The process's native engine, and its WASM engine, compiled at first use. */
export const nativeHasher: Hasher = createNativeHasher();
export const wasmHasher: () => Hasher = once(() => createWasmHasher());

/** What everything but a test or a bench should use. Without Bun's builtin (in a page) that is always WASM. */
export const chosenHasher: () => Hasher = once(() =>
  hasBuiltin ? createChosenHasher(nativeHasher, wasmHasher, () => probeSha(() => Bun.nanoseconds(), nativeHasher)) : wasmHasher(),
);
