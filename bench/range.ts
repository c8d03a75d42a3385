/** Proving and verifying ranges of hidden numbers, against the Rust crate of the same wire form and Solana's SDK, in one run. */
import { BatchedRangeProofU64Data, PedersenCommitment, PedersenOpening } from "@solana/zk-sdk/node";
import { createWasmGroup, type RangeGroup } from "../kernels/ristretto/index.ts";
import { createReferenceGroup } from "../kernels/ristretto/reference.ts";
import { proveRange } from "../daemon/evidence/range/prove.ts";
import { commit } from "../daemon/verifier/range/opening.ts";
import { decodeProof } from "../daemon/verifier/range/proof.ts";
import { fromBytesLe, mod } from "../daemon/verifier/range/scalars.ts";
import { Transcript } from "../daemon/verifier/range/transcript.ts";
import { verifyRange } from "../daemon/verifier/range/verify.ts";
import type { Bench, PrintFigure } from "./figure.ts";
import { output } from "./rig/accepts.ts";
import { rangecheck } from "./rig/tools.ts";

const BITS = 32;
const RUNS = 8;

interface Cost {
  readonly prove_ms: number;
  readonly verify_ms: number;
  readonly bytes: number;
  /** The longest that the prover went on without looking away. */
  readonly turn_ms: number;
}

const scalar = (): bigint => mod(fromBytesLe(crypto.getRandomValues(new Uint8Array(64))));

/** Each step's time; the last one is the proof. */
function stepped<T>(work: Generator<void, T>): { readonly value: T; readonly turn_ms: number } {
  let turn_ms = 0;
  for (;;) {
    const start = performance.now();
    const step = work.next();
    turn_ms = Math.max(turn_ms, performance.now() - start);
    if (step.done === true) return { value: step.value, turn_ms };
  }
}

function costOf(group: RangeGroup, parties: number, runs: number): Cost {
  const least = { prove_ms: Infinity, verify_ms: Infinity, bytes: 0, turn_ms: Infinity };
  for (let run = 0; run < runs; run++) {
    const openings = Array.from({ length: parties }, (_, i) => ({ value: BigInt(i * 37 + 5), blinding: scalar() }));
    const start = performance.now();
    const { value, turn_ms } = stepped(proveRange(group, Transcript.begin("bench"), { bits: BITS, openings }, (_what, count) => Array.from({ length: count }, scalar)));
    const proved = performance.now();
    const commitments = openings.map((opening) => commit(group, opening));
    const verifying = performance.now();
    const proof = decodeProof(value);
    if (proof === null || !verifyRange(group, Transcript.begin("bench"), BITS, commitments, proof)) throw new Error("a proof of ours does not verify");
    least.verify_ms = Math.min(least.verify_ms, performance.now() - verifying);
    least.prove_ms = Math.min(least.prove_ms, proved - start);
    least.turn_ms = Math.min(least.turn_ms, turn_ms);
    least.bytes = value.length;
  }
  return least;
}

/** Its openings are used up by a proof, so each run makes its own. */
function solana(): { readonly prove_ms: number; readonly verify_ms: number } {
  const least = { prove_ms: Infinity, verify_ms: Infinity };
  for (let run = 0; run < RUNS; run++) {
    const openings = [new PedersenOpening(), new PedersenOpening()];
    const commitments = openings.map((opening, i) => PedersenCommitment.from(BigInt(i * 37 + 5), opening));
    const start = performance.now();
    const data = new BatchedRangeProofU64Data(commitments, BigUint64Array.of(5n, 42n), Uint8Array.of(BITS, BITS), openings);
    const proved = performance.now();
    data.verify();
    least.verify_ms = Math.min(least.verify_ms, performance.now() - proved);
    least.prove_ms = Math.min(least.prove_ms, proved - start);
  }
  return least;
}

async function crate(parties: readonly number[]): Promise<readonly { readonly prove_ms: number; readonly verify_ms: number }[]> {
  const told = await output([(await rangecheck()).path()], { stdin: parties.map((m) => `time ${BITS} ${m}\n`).join("") });
  return told.trimEnd().split("\n").map((line) => {
    const [prove = 0, verify = 0] = line.split(" ").map(Number);
    return { prove_ms: prove / 1000, verify_ms: verify / 1000 };
  });
}

function print(figure: PrintFigure, what: string, ours: number, peer: { readonly name: string; readonly value: number }, goal?: number): void {
  figure({ figure: what, value: ours, unit: "ms", better: "less", peer, ...(goal === undefined ? {} : { goal: { value: goal }, hard: true }) });
}

export const bench: Bench = async (figure) => {
  const parties = [1, 2, 8] as const;
  const group = createWasmGroup();
  const rust = await crate(parties);
  for (const [i, m] of parties.entries()) {
    const ours = costOf(group, m, RUNS);
    const name = "bulletproofs 5.0.0 (Rust)";
    const of = `${m === 1 ? "one bound" : `${m} bounds`} of ${BITS} bits`;
    print(figure, `prove ${of}`, ours.prove_ms, { name, value: rust[i]?.prove_ms ?? 0 }, m === 1 ? 250 : undefined);
    print(figure, `verify ${of}`, ours.verify_ms, { name, value: rust[i]?.verify_ms ?? 0 }, m === 1 ? 30 : undefined);
    figure({ figure: `proof of ${of}`, value: ours.bytes, unit: "bytes", better: "less", ...(m === 8 ? { goal: { value: 800 }, hard: true } : {}) });
    figure({ figure: `longest turn of the event loop while proving ${of}`, value: ours.turn_ms, unit: "ms", better: "less" });
  }
  const two = costOf(group, 2, RUNS);
  const sdk = solana();
  print(figure, "prove 2 bounds of 32 bits, beside the SDK", two.prove_ms, { name: "@solana/zk-sdk 0.4.1", value: sdk.prove_ms });
  print(figure, "verify 2 bounds of 32 bits, beside the SDK", two.verify_ms, { name: "@solana/zk-sdk 0.4.1", value: sdk.verify_ms });
  const plain = costOf(createReferenceGroup(), 1, 1);
  const kernel = costOf(group, 1, RUNS);
  print(figure, "prove one bound of 32 bits, kernel against bigints", kernel.prove_ms, { name: "the plain reference on @noble/curves", value: plain.prove_ms });
  print(figure, "verify one bound of 32 bits, kernel against bigints", kernel.verify_ms, { name: "the plain reference on @noble/curves", value: plain.verify_ms });
};
