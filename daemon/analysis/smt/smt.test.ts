import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync, chmodSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import { skipWithout } from "../../testing/skip.ts";
import type { Backend } from "./backend.ts";
import { createSolver, readAnswer, solverOf } from "./index.ts";
import { findZ3, nativeBackend } from "./native.ts";
import { CORPUS, HARD } from "./testing/corpus.ts";
import { readModel } from "./values.ts";
import { wasmBackend } from "./wasm.ts";

const ROOT = join(import.meta.dir, "../../..");
const OPTIONS = { deadline_ms: 60_000, memory_bytes_max: 1024 ** 3 };
const now_ms = () => performance.now();
const native = findZ3([join(ROOT, ".toolchain/bin/z3")]);
const without = skipWithout(native !== null, "no native z3 here: its answers were not looked at; `npm run tools` installs it");
const work = mkdtempSync(join(tmpdir(), "maestro-smt-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** A program that answers as told, in place of z3. */
function pretender(name: string, script: string, grace_ms?: number): Backend {
  const path = join(work, name);
  writeFileSync(path, `#!/bin/sh\n[ "$1" = --version ] && { echo 'Z3 version 4.99.0 - 64 bit'; exit 0; }\ncat >/dev/null\n${script}\n`);
  chmodSync(path, 0o755);
  return nativeBackend(path, grace_ms);
}
const ask = (backends: readonly Backend[], smt2 = "(assert true)(check-sat)", options = OPTIONS) => createSolver({ backends, now_ms }).check(smt2, options);

describe.skipIf(without)("native z3", () => {
  const solver = createSolver({ backends: [nativeBackend(native ?? "")], now_ms });

  test("gives each known answer, with each kind of value to the last bit", async () => {
    const answers = await Promise.all(CORPUS.map(({ smt2 }) => solver.check(smt2, OPTIONS)));
    expect(answers.map(({ result, model }, i) => [CORPUS[i]?.name, result, model])).toEqual(CORPUS.map(({ name, result, model }) => [name, result, model ?? null]));
    expect(new Set(answers.map((answer) => answer.solver))).toEqual(new Set(["z3-native"]));
  });

  test("what it cannot decide in its time is unknown, and says so", async () => {
    const answer = await solver.check(HARD, { ...OPTIONS, deadline_ms: 50 });
    expect(answer.result).toBe("unknown");
    expect(answer.because).not.toBeNull();
    expect(answer.model).toBeNull();
  });

  test("attack: an assertion the solver does not understand, with sat printed after the error, is no answer", async () => {
    await expect(solver.check("(declare-const x Int)(assert (nonsense x))(check-sat)", OPTIONS)).rejects.toThrow("refuses the text");
  });

  test("attack: text that asks to write a file writes none", async () => {
    const target = join(work, "written");
    await expect(solver.check(`(set-option :regular-output-channel "${target}")(check-sat)`, OPTIONS)).rejects.toThrow("not among what may be asked");
    expect(existsSync(target)).toBe(false);
    // The canary: z3 itself does write it, so the refusal above is what stands between.
    Bun.spawnSync([native ?? "", "-in"], { stdin: Buffer.from(`(set-option :regular-output-channel "${target}")(check-sat)`), stdout: "ignore", stderr: "ignore" });
    expect(readdirSync(work)).toContain("written");
  });
});

describe("a solver that does not answer well", () => {
  test("one that never ends is killed, and is unknown", async () => {
    const answer = await ask([pretender("hang", "exec sleep 600", 50)], undefined, { ...OPTIONS, deadline_ms: 50 });
    expect([answer.result, answer.because]).toEqual(["unknown", "the solver was killed at its deadline"]);
  });

  test.each([["dies", "kill -9 $$", "unavailable"], ["prints without end", "yes sat", "unavailable"], ["runs out of memory", `echo '(error "out of memory")'; exit 101`, "unknown"]] as const)("one that %s is never a pass", async (name, script, result) => {
    expect((await ask([pretender(name.replaceAll(" ", "-"), script)])).result).toBe(result);
  });

  test.each([["nothing", "true"], ["something else", "echo hello"], ["sat among other words", "echo 'unsat or sat'"]])("one that prints %s has not answered", async (name, script) => {
    await expect(ask([pretender(name.replaceAll(" ", "-"), script)])).rejects.toThrow("refuses the text");
  });

  test("where there is none it is unavailable, with what to do", async () => {
    const absent = nativeBackend(join(work, "absent"));
    const answer = await ask([absent]);
    expect([answer.result, answer.solver, answer.version]).toEqual(["unavailable", null, null]);
    expect(answer.because).toContain("npm run tools");
    expect((await ask([absent, pretender("there", "echo unsat")])).result).toBe("unsat");
  });

  test("errors, verdicts and models are told apart by the first line alone", () => {
    expect(readAnswer("unsat\n(error \"line 4: model is not available\")\n", true).result).toBe("unsat");
    expect(readAnswer("timeout\n", true).result).toBe("unknown");
    expect(() => readAnswer('(error "x")\nsat\n', false)).toThrow(MaestroError);
    expect(() => readAnswer('sat\n(error "no such constant")\n', true)).toThrow("not a list of pairs");
  });
});

describe("models", () => {
  test("subterms that the solver shares by let are written out, and not without end", () => {
    expect(readModel("((x (let ((a!1 (seq.unit 1))) (seq.++ a!1 a!1))))")).toEqual([["x", [1, 1]]]);
    const doubling = Array.from({ length: 40 }, (_, i) => `(let ((a${i + 1} (f a${i} a${i})))`).join(" ");
    expect(() => readModel(`((x ${doubling} a40${")".repeat(40)}))`)).toThrow("items");
  });

  test("an algebraic number and a half-size float have no form, so they come in words", () => {
    expect(readModel("((x (root-obj (+ (^ x 2) (- 2)) 2)) (y (fp #b0 #b01111 #b0000000000)))")).toEqual([["x", { "#unserializable": "(root-obj (+ (^ x 2) (- 2)) 2)" }], ["y", { "#unserializable": "(fp #b0 #b01111 #b0000000000)" }]]);
  });

  test("the newest store of an array is the one that counts", () => {
    expect(readModel("((x (store (store ((as const (Array Int Int)) 0) 1 10) 1 20)))")).toEqual([["x", { "#ctor": "array", args: [{ "#map": [[1, 20]] }, 0] }]]);
  });
});

test("z3 in its worker gives the same answers, is another process after its share of questions, and dies alone", async () => {
  const backend = wasmBackend(undefined, { questions_max: 8, resident_bytes_max: 2 * 1024 ** 3 });
  const solver = createSolver({ backends: [backend], now_ms });
  try {
    const wanted = CORPUS.filter(({ name }) => ["a negative integer", "a double, to the last bit", "a string with a quote, a backslash and a line", "a datatype with its fields", "values asked although there is no model"].includes(name));
    expect(wanted).toHaveLength(5);
    for (const { smt2, result, model } of wanted) {
      const answer = await solver.check(smt2, OPTIONS);
      expect([answer.result, answer.model, answer.solver]).toEqual([result, model ?? null, "z3-wasm"]);
    }
    const first = backend.pid();
    await expect(solver.check("(assert (nonsense))(check-sat)", OPTIONS)).rejects.toThrow("refuses the text");
    await solver.check("(assert true)(check-sat)", OPTIONS);
    // The eighth question was the last of that process (the version was the first); the next starts another.
    expect(backend.pid()).toBeNull();
    expect(first).not.toBeNull();
    expect(existsSync(`/proc/${first}`)).toBe(false);
  } finally {
    await solver.close();
  }
}, 120_000);

test("the solver of a tree takes the native z3 where there is one", () => {
  expect(findZ3([], "/nonexistent")).toBeNull();
  expect(findZ3([join(work, "no-such"), work])).toBe(work);
  expect(typeof solverOf(work, now_ms).check).toBe("function");
});

test("attack: a z3 in a folder that somebody put on the PATH is not the one that is asked", () => {
  const planted = mkdtempSync(join(work, "planted-"));
  writeFileSync(join(planted, "z3"), "#!/bin/sh\necho unsat\n", { mode: 0o755 });
  const script = `import { findZ3 } from ${JSON.stringify(join(import.meta.dir, "native.ts"))}; process.stdout.write(String(findZ3([])));`;
  const { stdout } = Bun.spawnSync([process.execPath, "-e", script], { cwd: planted, env: { PATH: `${planted}:.` } });
  expect(stdout.toString()).not.toContain(planted);
  // A check process has no PATH at all, and finds the host's all the same.
  expect(stdout.toString()).toMatch(/^(?:null|\/usr\/(?:local\/)?bin\/z3|\/bin\/z3)$/);
  expect(findZ3([], planted)).toBe(join(planted, "z3"));
});
