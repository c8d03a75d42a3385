/** One question to the native z3, a process each, against the same one to its WebAssembly in a warm worker. Answers are compared first. */
import { join } from "node:path";
import { createSolver, type Solver } from "../daemon/analysis/smt/index.ts";
import { findZ3, nativeBackend } from "../daemon/analysis/smt/native.ts";
import { CORPUS } from "../daemon/analysis/smt/testing/corpus.ts";
import { wasmBackend } from "../daemon/analysis/smt/wasm.ts";
import { type Bench, percentiles } from "./figure.ts";

const OPTIONS = { deadline_ms: 120_000, memory_bytes_max: 1536 * 1024 * 1024 };
const RUNS = 20;

/** A guard and its policy over integers; doubles that round; a product that factors nothing. */
const QUESTIONS: readonly (readonly [figure: string, smt2: string, runs: number])[] = [
  ["a guard that implies its policy, integers", "(declare-const s Int)(declare-const b Int)(declare-const c Int)(assert (>= c 0))(assert (<= (+ s c) b))(assert (not (<= s b)))(check-sat)", RUNS],
  ["a sum of doubles that does not undo", "(declare-const a (_ FloatingPoint 11 53))(declare-const b (_ FloatingPoint 11 53))(assert (fp.leq (fp #b0 #b00000000000 #x0000000000000) a))(assert (fp.leq a ((_ to_fp 11 53) RNE 1000.0)))(assert (fp.leq (fp #b0 #b00000000000 #x0000000000000) b))(assert (fp.leq b ((_ to_fp 11 53) RNE 1000.0)))(assert (not (fp.eq (fp.sub RNE (fp.add RNE a b) b) a)))(check-sat)", 5],
  ["a 32-bit product of two factors, none", "(declare-const x (_ BitVec 32))(declare-const y (_ BitVec 32))(assert (= (bvmul x y) #x000f4243))(assert (bvult x #x00010000))(assert (bvult y #x00010000))(assert (bvugt x #x00000001))(assert (bvugt y #x00000001))(check-sat)", 5],
];

async function sameAnswers(a: Solver, b: Solver): Promise<void> {
  for (const { name, smt2, result } of CORPUS.slice(0, 12)) {
    const [one, other] = [await a.check(smt2, OPTIONS), await b.check(smt2, OPTIONS)];
    if (one.result !== result || other.result !== result || JSON.stringify(one.model) !== JSON.stringify(other.model)) throw new Error(`${name}: ${one.result} and ${other.result}, or other values`);
  }
}

export const bench: Bench = async (figure) => {
  const path = findZ3([join(import.meta.dir, "../.toolchain/bin/z3")]);
  if (path === null) {
    process.stderr.write("smt: SKIPPED, no native z3; `npm run tools` installs it\n");
    return;
  }
  const now_ms = (): number => performance.now();
  const native = createSolver({ backends: [nativeBackend(path)], now_ms });
  const wasm = createSolver({ backends: [wasmBackend()], now_ms });
  try {
    await sameAnswers(native, wasm);
    for (const [name, smt2, runs] of QUESTIONS) {
      const [ours, theirs] = [await percentiles(runs, () => native.check(smt2, OPTIONS)), await percentiles(runs, () => wasm.check(smt2, OPTIONS))];
      figure({ figure: `${name}: native z3, p50 of ${runs}`, value: ours.p50, unit: "ms", better: "less", peer: { name: "z3-solver (WebAssembly) in a warm worker", value: theirs.p50 }, note: "the native one starts a process for each question" });
    }
  } finally {
    await wasm.close();
  }
};
