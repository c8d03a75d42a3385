import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { emitSmt } from "../../invariants/emit/smt.ts";
import { compile } from "../../invariants/index.ts";
import { skipWithout } from "../../testing/skip.ts";
import { createSolver, type Solver } from "./index.ts";
import { findZ3, nativeBackend } from "./native.ts";
import { candidateOf, compare, type Conditions, consistent, implies, reachable } from "./questions.ts";

const native = findZ3([join(import.meta.dir, "../../../.toolchain/bin/z3")]);
const without = skipWithout(native !== null, "no native z3 here: no invariant was compared; `npm run tools` installs it");
const solver = createSolver({ backends: native === null ? [] : [nativeBackend(native)], now_ms: () => performance.now() });
const OPTIONS = { deadline_ms: 60_000, memory_bytes_max: 1024 ** 3 };

/** Conditions written in the language itself, over fields of a ledger. */
function conditions(...expressions: readonly string[]): Conditions {
  const yaml = `id: ledger.test
owner: tests
rationale: It is compared with itself.
scope: ledger
severity: high
when: [{ event: spent }]
fields:
  spent: int
  budget: int
  kind: string
  rate: double
assert:
${expressions.map((expr) => `  - expr: ${JSON.stringify(expr)}\n    message: "broken"`).join("\n")}
`;
  const compiled = compile(yaml, { examples_required: false });
  if (!("ok" in compiled)) throw new Error(JSON.stringify(compiled.errors));
  const emitted = emitSmt(compiled.ok.assert.map(({ node }) => node));
  if (!("ok" in emitted)) throw new Error(emitted.not_expressible);
  return emitted.ok;
}

describe.skipIf(without)("questions about invariants", () => {
  test("conditions that can hold together have an example, and those that cannot have none", async () => {
    const both = await consistent(solver, conditions("spent <= budget", "budget < 10", "spent > 7"), OPTIONS);
    expect(both.answer).toBe("yes");
    const values = Object.fromEntries(both.values ?? []);
    expect([values["spent"], values["budget"]].every((value) => value === 8 || value === 9)).toBe(true);
    expect((await consistent(solver, conditions("spent <= budget", "budget < 5", "spent > 7"), OPTIONS)).answer).toBe("no");
  });

  test("a guard that implies its policy, and one that does not, with values that show it", async () => {
    expect((await implies(solver, conditions("spent + 10 <= budget", "spent < 100", "spent <= budget"), [0, 1], 2, OPTIONS)).answer).toBe("yes");
    const gap = await implies(solver, conditions("spent - 1 <= budget", "spent <= budget"), [0], 1, OPTIONS);
    expect(gap.answer).toBe("no");
    const cex = candidateOf(gap, { invariant: "ledger.test", message: "m", replay: { command: ["maestro"] } });
    const { spent, budget } = cex.inputs ?? {};
    const exact = (value: unknown): bigint => BigInt(typeof value === "number" ? value : (value as { "#bigint": string })["#bigint"]);
    expect(exact(spent)).toBe(exact(budget) + 1n);
    expect(cex.smt2_sha256).toBe(gap.evidence.smt2_sha256);
  });

  test("a message that nobody will ever read, and a condition that stops everything", async () => {
    const asked = conditions('kind == "a" || kind != "a"', "spent > budget && spent < budget", 'kind.startsWith("re")');
    expect((await reachable(solver, asked, 0, "fails", OPTIONS)).answer).toBe("no");
    expect((await reachable(solver, asked, 1, "holds", OPTIONS)).answer).toBe("no");
    const there = await reachable(solver, asked, 2, "holds", OPTIONS);
    expect([there.answer, String(Object.fromEntries(there.values ?? [])["kind"]).startsWith("re")]).toEqual(["yes", true]);
  });

  test.each([
    ["same", "spent <= budget", "!(budget < spent)"],
    ["stronger", "spent <= budget", "spent < budget"],
    ["weaker", "spent <= budget", "spent <= budget || spent < 10"],
    ["different", "spent <= budget", "spent <= 10"],
    // Over the reals both say the same; doubles know a number that is none.
    ["weaker", "rate <= 1.0", "!(rate > 1.0)"],
  ] as const)("the new one is %s: %s, now %s", async (comparison, old, now) => {
    expect((await compare(solver, conditions(old, now), OPTIONS)).comparison).toBe(comparison);
  });
});

describe("a solver that cannot tell", () => {
  const answering = (...results: readonly ("sat" | "unsat" | "unknown" | "unavailable")[]): Solver => {
    const left = [...results];
    return { check: async (smt2) => ({ result: left.shift() ?? "unknown", because: "it gave up", model: null, smt2, smt2_sha256: "0".repeat(64), solver: "z3-native", version: "1", ms: 1 }), close: async () => undefined };
  };
  const two: Conditions = { lines: ["(declare-const a Bool)"], conditions: [{ holds: "a", fails: "(not a)", error: "false" }, { holds: "a", fails: "(not a)", error: "false" }], bounds: [], complete: true };

  test("attack: unknown or unavailable is never read as proof, in any question", async () => {
    for (const result of ["unknown", "unavailable"] as const) {
      expect((await consistent(answering(result), two, OPTIONS)).answer).toBe("cannot-tell");
      expect((await implies(answering(result), two, [0], 1, OPTIONS)).answer).toBe("cannot-tell");
      expect((await reachable(answering(result), two, 0, "fails", OPTIONS)).answer).toBe("cannot-tell");
      expect((await compare(answering(result, "unsat"), two, OPTIONS)).comparison).toBe("cannot-tell");
      expect((await compare(answering("unsat", result), two, OPTIONS)).comparison).toBe("cannot-tell");
    }
  });

  test("something that gets through is known although the other question was not answered", async () => {
    expect((await compare(answering("sat", "unknown"), two, OPTIONS)).comparison).toBe("different");
  });

  test("an answer without values is no counterexample", async () => {
    const found = await consistent(answering("unknown"), two, OPTIONS);
    expect(() => candidateOf(found, { invariant: "i", message: "m", replay: { command: ["x"] } })).toThrow("without values");
  });
});
