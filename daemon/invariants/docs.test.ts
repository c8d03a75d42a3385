/** Every form that docs/invariants.md shows does what the page says. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { evaluate } from "./evaluate/predicate.ts";
import { Failure } from "./evaluate/failure.ts";
import { compile, compileAll, SCHEMA_FILES } from "./index.ts";
import { SourceError } from "./problem.ts";
import { parseExpression } from "./syntax/formula.ts";
import { check } from "./types/check.ts";
import { BOOL, DOUBLE, DURATION, INT, listOf, MONEY, STRING } from "./types/type.ts";

const ROOT = join(import.meta.dir, "../..");
const page = readFileSync(join(ROOT, "docs/invariants.md"), "utf8");
const blocks = (language: string): string[] => [...page.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, "g"))].map(([, body = ""]) => body);
const rows = (block: string): (readonly [string, string])[] => block.trim().split("\n").map((line) => line.split(/ {2,}/) as [string, string]);

test("the invariant it begins with is whole", () => {
  expect(compile(blocks("yaml")[0]!, { examples_required: true })).toHaveProperty("ok.id", "TEAM.BUDGET.CAP");
});

describe("expressions", () => {
  const fields = new Map(Object.entries({ i: INT, d: DOUBLE, s: STRING, l: listOf(INT), t: DURATION, m: MONEY, b: BOOL }).map(([name, type]) => [name, { type, tainted: false }]));
  const event = { i: 3, d: 1.5, s: "agent-7", l: [1, 2, 3], t: 90_000, m: 12_500_000, b: true };
  test.each(rows(blocks("text")[0]!))("%s", (text, answer) => {
    const result = (): string => {
      try {
        return String(evaluate(check(parseExpression(text), { fields, declare: "", old: false, keys: null, event: null, counts: [], locals: [] }), event));
      } catch (error) {
        if (error instanceof SourceError) return "refused";
        if (error instanceof Failure) return "error";
        throw error;
      }
    };
    expect(result()).toBe(answer);
  });
});

describe("formulas", () => {
  const document = (formula: string, holds: string, breaks: string): string => `
id: A.B
scope: session
when: [{event: login}, {event: call}, {event: logout}]
fields: {agent: string, failed: bool, spend: int}
per: agent
keys_max: 10
temporal: [{formula: ${JSON.stringify(formula)}}]
examples: {holds: {trace: [${holds}, {at: 3h}]}, breaks: {trace: [${breaks}, {at: 3h}]}}
`;
  const at = (minute: number, event: string, failed = false, spend = 0): string => `{at: ${minute}m, event: ${event}, with: {agent: x, failed: ${failed}, spend: ${spend}}}`;
  const failures = Array.from({ length: 21 }, (_, i) => at(i, "call", true)).join(", ");
  const examples: Readonly<Record<string, readonly [holds: string, breaks: string]>> = {
    always: [at(0, "call", true, 5), at(0, "call", true, 6)],
    never: [at(0, "call", true), at(0, "logout", true)],
    eventually: [`${at(0, "login")}, ${at(5, "logout")}`, `${at(0, "login")}, ${at(6, "logout")}`],
    login: [`${at(0, "login")}, ${at(10, "logout")}`, `${at(0, "login")}, ${at(1, "logout")}, ${at(20, "login")}`],
    "!(logout)": [`${at(0, "call")}, ${at(1, "login")}, ${at(2, "logout")}`, `${at(0, "call")}, ${at(1, "logout")}, ${at(2, "login")}`],
    "always !call": [`${at(0, "login")}, ${at(60, "call")}`, `${at(0, "login")}, ${at(61, "call")}`],
    "count(call where failed)": [failures.slice(0, failures.lastIndexOf(", {at")), failures],
    "count(call where agent": [failures.slice(0, failures.lastIndexOf(", {at")), failures],
  };
  test.each(rows(blocks("text")[1]!))("%s", (formula) => {
    const key = Object.keys(examples).filter((start) => formula.startsWith(start)).sort((a, b) => b.length - a.length)[0]!;
    const [holds, breaks] = examples[key]!;
    expect(compile(document(formula, holds, breaks))).toHaveProperty("ok.id", "A.B");
    // The other way round both examples are refused, so each was tried.
    expect(compile(document(formula, breaks, holds))).toHaveProperty("errors.length", 2);
  });
});

test("the invariants that ship are whole, each with examples, and their schemas are current", () => {
  const folder = join(ROOT, "invariants");
  const files = [...new Bun.Glob("*.yaml").scanSync({ cwd: folder })].map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
  const { errors, compiled } = compileAll(files, { examples_required: true });
  expect(errors).toEqual([]);
  expect(compiled.length).toBeGreaterThanOrEqual(5);
  for (const [name, text] of Object.entries(SCHEMA_FILES)) expect(readFileSync(join(folder, name), "utf8")).toBe(text);
});
