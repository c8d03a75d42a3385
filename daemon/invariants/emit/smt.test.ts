/** The encoding against a solver: what the evaluator says of an event is the only thing the query allows. */
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { skipWithout } from "../../testing/skip.ts";
import { smtCases } from "../testing/smt-cases.ts";
import { parseExpression } from "../syntax/formula.ts";
import { check } from "../types/check.ts";
import { SCOPE } from "../testing/plain.ts";
import { emitSmt } from "./smt.ts";
import { SEED } from "../../testing/seed.ts";

const OURS = join(import.meta.dir, "../../../.toolchain/bin/z3");
const Z3 = existsSync(OURS) ? OURS : Bun.which("z3");
const without = skipWithout(Z3 !== null, "no z3 here, so the SMT encoding of invariants is not tried against a solver; `npm run tools` installs one");

async function solve(queries: readonly string[]): Promise<string[]> {
  const child = Bun.spawn([Z3!, "-in", "-t:20000"], { stdin: new TextEncoder().encode(`${queries.join("\n")}\n`), stdout: "pipe", stderr: "ignore" });
  const out = await new Response(child.stdout).text();
  await child.exited;
  return out.trim().split("\n");
}

const smt = (...texts: readonly string[]) => {
  const emitted = emitSmt(texts.map((text) => check(parseExpression(text), SCOPE)));
  if ("not_expressible" in emitted) throw new Error(emitted.not_expressible);
  return emitted.ok;
};

test.skipIf(without)(`a solver agrees with the evaluator on random conditions and events, seed ${SEED}`, async () => {
  const { cases } = smtCases(SEED, 80);
  const answers = await solve(cases.map(({ query }) => query));
  const wrong = cases.flatMap(({ text, answer, query }, i) => (answers[i] === "unsat" ? [] : [{ text, answer, solver: answers[i], query }])).filter(({ solver }) => solver !== "unknown");
  expect({ seed: SEED, wrong: wrong.slice(0, 2) }).toEqual({ seed: SEED, wrong: [] });
  expect(answers.filter((one) => one === "unsat").length).toBeGreaterThan(60);
});

test.skipIf(without)("overflow and division by zero are errors to the solver too, not numbers", async () => {
  const ask = (text: string, which: "holds" | "fails" | "error") => {
    const { lines, conditions } = smt(text);
    return ["(push)", ...lines, `(assert ${conditions[0]![which]})`, "(check-sat)", "(pop)"].join("\n");
  };
  const queries = [ask("i1 + 1 > i1", "fails"), ask("i1 + 1 > i1", "error"), ask("i1 / 7 * 7 + i1 % 7 == i1", "fails"), ask("i1 / i2 == 0", "error"), ask("i2 > 0 && i1 / i2 == 0 || i2 <= 0", "error"), ask("0.1 + 0.2 != 0.3", "holds"), ask("li1.all(x, x > 0) || li1.exists(x, x <= 0)", "fails"), ask("s1.matches('^a$') && size(s1) > 1", "holds")];
  expect(await solve(queries)).toEqual(["unsat", "sat", "unsat", "sat", "unsat", "sat", "unsat", "unsat"]);
});

test("what a solver cannot say is refused with the reason", () => {
  const why = (text: string) => emitSmt([check(parseExpression(text), SCOPE)]);
  expect(why("int(d1) > 0")).toEqual({ not_expressible: expect.stringContaining("int(double)") });
  expect(why("li1.filter(x, x > 0)[0] == 1")).toEqual({ not_expressible: expect.stringContaining("filtered") });
  expect(why("s1.matches('a^b')")).toEqual({ not_expressible: expect.stringContaining("inside a pattern") });
  expect(smt("li1.all(x, x > 0)").bounds.join()).toContain("at most 4 items");
});

test("a query declares and asserts, and nothing else", () => {
  const lines = smtCases(7, 30).cases.flatMap(({ query }) => query.split("\n"));
  expect(lines.filter((line) => !/^\((?:declare-const|assert|check-sat|push|pop)\b/.test(line))).toEqual([]);
});
