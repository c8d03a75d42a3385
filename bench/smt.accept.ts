/** Z3 two ways: the native program and the npm package give the same answers, to the last bit, and the package outlives what kills it. */
import { afterAll, expect } from "bun:test";
import { join } from "node:path";
import { createSolver } from "../daemon/analysis/smt/index.ts";
import { findZ3, nativeBackend } from "../daemon/analysis/smt/native.ts";
import { CORPUS, HARD } from "../daemon/analysis/smt/testing/corpus.ts";
import { wasmBackend } from "../daemon/analysis/smt/wasm.ts";
import { accepts } from "./rig/accepts.ts";

const OPTIONS = { deadline_ms: 60_000, memory_bytes_max: 1536 * 1024 * 1024 };
const now_ms = () => performance.now();
const QUESTIONS = 600;

const path = findZ3([join(import.meta.dir, "../.toolchain/bin/z3")]);
const native = createSolver({ backends: path === null ? [] : [nativeBackend(path)], now_ms });
const worker = wasmBackend();
const wasm = createSolver({ backends: [worker], now_ms });
afterAll(() => wasm.close());
const first = CORPUS[0]?.smt2 ?? "";
const tool = { name: "z3", version: `${(await native.check(first, OPTIONS)).version ?? "missing"} native, ${(await wasm.check(first, OPTIONS)).version ?? "missing"} npm` };

accepts(tool, `the same answers and values to ${CORPUS.length} questions, two ways`, async () => {
  for (const { name, smt2, result, model } of CORPUS) {
    const [one, other] = [await native.check(smt2, OPTIONS), await wasm.check(smt2, OPTIONS)];
    expect([name, one.result, one.model]).toEqual([name, result, model ?? null]);
    expect([name, other.result, other.model, other.smt2_sha256]).toEqual([name, result, model ?? null, one.smt2_sha256]);
  }
});

accepts(tool, "what cannot be decided in time is unknown, two ways, and the next question is answered", async () => {
  for (const solver of [native, wasm]) {
    expect((await solver.check(HARD, { ...OPTIONS, deadline_ms: 200 })).result).toBe("unknown");
    expect((await solver.check(first, OPTIONS)).result).toBe("sat");
  }
});

accepts(tool, `${QUESTIONS} questions to the npm package, which a solver for each would have killed, and its memory stays`, async () => {
  const seen = new Set<number>();
  for (let i = 0; i < QUESTIONS; i++) {
    const { result, model } = await wasm.check(`(declare-const x (_ BitVec 32))(assert (= (bvadd x #x00000003) (_ bv${i + 3} 32)))(check-sat)(get-value (x))`, OPTIONS);
    expect([result, model?.[0]?.[1]]).toEqual(["sat", { "#bits": i.toString(2).padStart(32, "0") }]);
    const pid = worker.pid();
    if (pid !== null) seen.add(pid);
  }
  // Recycled on the way: no one process answered them all.
  expect(seen.size).toBeGreaterThanOrEqual(QUESTIONS / 200);
});
