/** Documents that are wrong, each with the place and what to write instead; and what a violation says. */
import { describe, expect, test } from "bun:test";
import { compile, compileAll, type CompileResult, type Problem } from "./index.ts";

const HEAD = "id: A.B\nscope: s\nwhen: [{event: e}]\nfields: {n: int, d: double, text: {type: string, tainted: true}, name: string, m: money, mode: 'enum[on, off]'}\n";
const problems = (result: CompileResult): readonly Problem[] => ("errors" in result ? result.errors : []);
const first = (text: string): Problem => problems(compile(text))[0] ?? { path: "whole", line: 0, column: 0, message: "whole", fix: "" };
const rule = (expr: string, message = "no"): string => `${HEAD}assert:\n  - expr: ${JSON.stringify(expr)}\n    message: ${JSON.stringify(message)}\n`;

describe("hostile and mistaken YAML", () => {
  const bomb = `a: &a [x, x, x, x, x, x, x, x, x]\n${"bcdefghi".split("").map((name, i) => `${name}: &${name} [${Array(9).fill(`*${"abcdefgh"[i]}`).join(", ")}]`).join("\n")}\n`;
  test.each<[string, string, string]>([
    ["billion laughs", bomb, "anchors"],
    ["a cycle", "id: &x\n  y: *x\n", "anchors"],
    ["an alias alone", "id: *nowhere\n", "lias"],
    ["a tag", "id: !!js/function 'x'\n", "tag"],
    ["a merge key", `${HEAD}<<: {assert: []}\n`, "merge keys"],
    ["a key twice", `${HEAD}id: C.D\n`, "twice"],
    ["two documents", `${rule("n > 0")}---\nid: C.D\n`, "second document"],
    ["a directive", `%YAML 1.1\n---\n${HEAD}`, "directives"],
    ["nesting without end", `id: ${"[".repeat(5_000)}${"]".repeat(5_000)}\n`, "nested deeper"],
    ["too large", `id: A.B # ${"x".repeat(70_000)}\n`, "limit"],
    ["nothing", "", "empty"],
    ["a number that is not exact", `${HEAD}keys_max: 9007199254740993\n`, "not exact"],
  ])("%s is refused", (_name, text, message) => {
    const problem = first(text);
    expect(problem.message).toContain(message);
    expect(problem.fix).not.toBe("");
  });
});

describe("each mistake has its line, its column and a remedy", () => {
  test.each<[string, string, Partial<Problem>, string]>([
    ["unknown field", `${HEAD}asert: []\n`, { path: "asert", line: 5, column: 1 }, "did you mean assert?"],
    ["a type error", rule("n + 1 <= d * 2.0"), { path: "assert[0].expr", line: 6, column: 12 }, "double(x)"],
    ["a type error further on", rule("n > 0 && name > 3"), { line: 6, column: 21 }, "compare strings with strings"],
    ["an unknown name", rule("n > 0 && naame == 'x'"), { line: 6, column: 21 }, "did you mean name?"],
    ["a word the enum lacks", rule("mode == 'offf'"), { line: 6, column: 20 }, 'did you mean "off"'],
    ["a word of the enum without quotes", rule("mode != off"), { line: 6, column: 20 }, "write 'off' in quotes"],
    ["such a word on the left", rule("off == mode"), { line: 6, column: 12 }, "write 'off' in quotes"],
    ["such a word in a list", rule("mode in [on, 'off']"), { line: 6, column: 21 }, "write 'on' in quotes"],
    ["such a word beside another enum's field", rule("name == off"), { line: 6, column: 20 }, "declare it under fields"],
    ["a field that is near one", rule("mode == nam"), { line: 6, column: 20 }, "did you mean name?"],
    ["an amount with a comma", rule("m <= 10,50"), { line: 6, column: 19 }, "write 10.50"],
    ["an amount with a comma in parentheses", rule("(m <= 10,50) && n > 0"), { line: 6, column: 20 }, "write 10.50"],
    ["thousands with a comma", rule("m <= 1,000"), { line: 6, column: 18 }, "write 1000"],
    ["millions with commas and cents", rule("m <= 1,000,000.25"), { line: 6, column: 18 }, "write 1000000.25"],
    ["dollars", rule("m <= $10"), { line: 6, column: 17 }, "write 10.00"],
    ["dollars and cents", rule("m <= $12.5"), { line: 6, column: 17 }, "write 12.50"],
    ["thousands of dollars", rule("m <= $1,000,000.25"), { line: 6, column: 17 }, "write 1000000.25"],
    ["conditions with a comma", rule("m <= 10.00, n > 0"), { line: 6 }, "join two conditions"],
    ["a part of a micro-dollar", rule("m < 0.0000001"), { line: 6, column: 16 }, "six digits"],
    ["money times money", rule("m * m > 0"), { line: 6, column: 12 }, "a * 10 <= b"],
    ["chained relations", rule("0 < n < 5"), { line: 6, column: 12 }, "a < b && b < c"],
    ["one = alone", rule("n = 5"), { line: 6, column: 14 }, "=="],
    ["old before an action", rule("n > old(n)"), { line: 6, column: 16 }, "under post"],
    ["a backreference", rule("name.matches('(a)\\\\1')"), { line: 6 }, "taken are"],
    ["a hole that names nothing", rule("n > 0", "is {{nn}}"), { path: "assert[0].message", line: 7, column: 18 }, "{{n}}"],
    ["unbounded eventually", `${HEAD}temporal:\n  - formula: eventually n > 5\n`, { path: "temporal[0].formula", line: 6, column: 14 }, "eventually within 5m p"],
    ["unbounded leads_to", `${HEAD}temporal:\n  - formula: n > 5 leads_to n < 5\n`, { line: 6, column: 14 }, "within 30s"],
    ["an event nobody declared", `${HEAD}temporal:\n  - formula: e leads_to f within 5s\n`, { line: 6, column: 25 }, "add - event: f under when"],
    ["per without a cap", `${HEAD}per: name\ntemporal: [{formula: n > 0}]\n`, { path: "per", line: 5 }, "keys_max"],
    ["a number of 65 bits", rule("n < 9223372036854775808"), { line: 6, column: 16 }, "9223372036854775807"],
    ["a type there is not", HEAD.replace("int", "'list<itn>'"), { line: 4 }, "write"],
    ["an example that breaks a rule it should hold", `${rule("n > 0")}examples:\n  holds: {with: {n: 0}}\n  breaks: {with: {n: -1}}\n`, { path: "examples.holds", line: 9 }, "mend"],
    ["an example that holds a rule it should break", `${rule("n > 0")}examples:\n  holds: {with: {n: 1}}\n  breaks: {with: {n: 2}}\n`, { path: "examples.breaks", line: 10 }, "mend"],
  ])("%s", (_name, text, place, fix) => {
    const problem = first(text);
    expect(problem).toMatchObject(place);
    expect(problem.fix).toContain(fix);
  });

  test("columns are right inside a block scalar, and for a rule of the model checker no bound is asked", () => {
    expect(first(`${HEAD}assert:\n  - expr: |\n      n > 0 &&\n        nmae == 'x'\n`)).toMatchObject({ line: 8, column: 9 });
    expect(compile(`${HEAD}temporal:\n  - {formula: eventually n > 5, only: model}\n`)).toHaveProperty("ok.id", "A.B");
  });

  test("a message without examples is refused where it ships", () => {
    expect(problems(compile(rule("n > 0"), { examples_required: true }))[0]?.fix).toContain("examples");
  });
});

describe("a folder", () => {
  const events = { name: "events.yaml", text: "events:\n  model_call:\n    fields: {total_spend_usd: money, budget_usd: money}\n" };
  const shortest = "id: INV.BUDGET.CAP\nscope: agent_call\nwhen:\n  - event: model_call\nassert:\n  - expr: total_spend_usd <= budget_usd\n    message: 'Budget exceeded: spent {{total_spend_usd}} > {{budget_usd}}'\n";

  test("the shortest form is typed by the catalogue, wherever that stands in the list", () => {
    const { compiled, errors } = compileAll([{ name: "a.yaml", text: shortest }, events]);
    expect(errors).toEqual([]);
    const check = compiled[0]!.assert[0]!.check;
    expect(check({ total_spend_usd: 10_000_000, budget_usd: 10_000_000 })).toEqual({ ok: true });
    expect(check({ total_spend_usd: 12_500_000, budget_usd: 10_000_000 })).toEqual({ ok: false, because: "false", message: "Budget exceeded: spent 12.50 > 10.00", detail: "" });
  });

  test("what is missing or of another type is said once, where the message shows it, and after it else", () => {
    const { compiled } = compileAll([{ name: "a.yaml", text: shortest.replace("spent {{total_spend_usd}} > {{budget_usd}}", "spent ${{total_spend_usd}} of US${{ budget_usd }}, to the cent") }, { name: "b.yaml", text: shortest.replace(/message:.*/, "message: too much").replace("CAP", "B") }, events]);
    const of = (with_: object): unknown[] => compiled.flatMap(({ assert }) => assert.map(({ check }) => check(with_ as Readonly<Record<string, unknown>>))).map((judged) => (judged.ok ? null : [judged.because, judged.message, judged.detail]));
    expect(of({ budget_usd: 10_000_000 })).toEqual([["missing", "Budget exceeded: spent (total_spend_usd is missing) of US$10.00, to the cent", "total_spend_usd is missing"], ["missing", "too much (total_spend_usd is missing)", "total_spend_usd is missing"]]);
    expect(of({ total_spend_usd: 1, budget_usd: "10" })).toEqual([["error", "Budget exceeded: spent $0.000001 of US(budget_usd is not of type money (whole micro-dollars)), to the cent", "budget_usd is not of type money (whole micro-dollars)"], ["error", "too much (budget_usd is not of type money (whole micro-dollars))", "budget_usd is not of type money (whole micro-dollars)"]]);
  });

  test("an id twice, and an event nobody declared", () => {
    const { errors } = compileAll([events, { name: "a.yaml", text: shortest }, { name: "b.yaml", text: shortest }, { name: "c.yaml", text: shortest.replace("model_call", "model_cal").replace("CAP", "C") }]);
    expect(errors.map(({ file, line, message }) => ({ file, line, message }))).toEqual([
      { file: "b.yaml", line: 1, message: "the id INV.BUDGET.CAP is that of a.yaml already" },
      { file: "c.yaml", line: 4, message: "there is no event model_cal" },
    ]);
    expect(errors[1]?.fix).toContain("did you mean model_call?");
  });

  test("a rule cannot take the taint off a field that the catalogue calls tainted", () => {
    const tainted = { name: "events.yaml", text: "events:\n  e:\n    fields: {text: {type: string, tainted: true}}\n" };
    const { compiled } = compileAll([tainted, { name: "a.yaml", text: "id: A.B\nscope: s\nwhen: [{event: e}]\nfields: {text: string}\nassert: [{expr: text == '', message: 'was {{text}}'}]\n" }]);
    expect(compiled[0]!.assert[0]!.check({ text: "secret" })).toMatchObject({ message: "was (withheld)" });
  });
});

describe("what breaks a rule without being false", () => {
  const check = (expr: string, event: Record<string, unknown>, message = "no") => {
    const result = compile(rule(expr, message));
    if ("errors" in result) throw new Error(result.errors[0]?.message);
    return result.ok.assert[0]!.check(event);
  };

  test.each<[string, string, Record<string, unknown>, string]>([
    ["a missing field", "n <= 5", {}, "missing"],
    ["a null", "n <= 5", { n: null }, "missing"],
    ["a number in a string", "n <= 5", { n: "3" }, "error"],
    ["a fraction", "n <= 5", { n: 1.5 }, "error"],
    ["a number that was rounded", "n >= 5", { n: 2 ** 53 }, "error"],
    ["NaN", "n <= 5 || n > 5", { n: Number.NaN }, "error"],
    ["what an object inherits", "name != 'x'", Object.create({ name: "y" }) as Record<string, unknown>, "missing"],
    ["a word the enum lacks", "mode != 'on'", { mode: "offf" }, "error"],
    ["overflow", "n + 1 > 0", { n: 2n ** 63n - 1n }, "error"],
    ["half a character", "name != ''", { name: "\ud800" }, "error"],
    ["the negation of what is missing", "!(n > 5)", {}, "missing"],
  ])("%s", (_name, expr, event, because) => {
    expect(check(expr, event)).toMatchObject({ ok: false, because });
  });

  test("a pattern made to explode takes no time, and steps over lists end", () => {
    expect(check("name.matches('^(a|a)*$')", { name: `${"a".repeat(4_000)}b` })).toMatchObject({ because: "false" });
    const deep = compile(`${HEAD.replace("n: int", "l: list<int>")}assert: [{expr: "l.all(a, l.all(b, l.all(c, a + b + c >= 0)))"}]\n`);
    const rules = "ok" in deep ? deep.ok.assert : [];
    expect(rules[0]!.check({ l: Array(1_000).fill(1) })).toMatchObject({ ok: false, because: "error", message: expect.stringContaining("steps over lists") });
    expect(rules[0]!.check({ l: [1, 2] })).toEqual({ ok: true });
  });

  test("a message shows nothing that a terminal, Markdown or HTML obeys, and nothing tainted", () => {
    const said = check("n > 5", { n: 1, name: "\u001b[31m*x*<b>@all](http://e)\u202e\n__x__ www.e", text: "hunter2" }, "{{name}} and {{text}} and {{n}}");
    const message = "message" in said ? said.message : "";
    expect(message.replaceAll("(withheld)", "")).not.toMatch(/[\u001b\n\u202e*<>@[\]()`]/);
    expect(message).not.toContain("hunter2");
    expect(message).toContain('"\\u{1b}\\u{5b}31m\\u{2a}x');
    expect(message).toContain("(withheld) and 1");
    expect(message).not.toMatch(/https?:|www\.|__/);
  });
});
