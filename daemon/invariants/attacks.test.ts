/** What was found by attacking the language: each test is named after what was tried. */
import { describe, expect, test } from "bun:test";
import { compile, emitJs, type Problem } from "./index.ts";
import { cpuMs } from "../testing/cpu.ts";

const HEAD = "id: A.B\nscope: s\nwhen: [{event: e}, {event: f}]\nfields: {i: int, j: int, m: money, s: string, z: string, l: list<int>, ls: list<string>, ll: 'list<list<int>>', e1: 'enum[on, off]', secret: {type: string, tainted: true}}\n";
const rule = (expr: string, message = "no", section = "assert"): string => `${HEAD}${section}:\n  - expr: ${JSON.stringify(expr)}\n    message: ${JSON.stringify(message)}\n`;
const problem = (text: string): Problem | null => {
  const result = compile(text);
  return "ok" in result ? null : result.errors[0]!;
};
function check(expr: string, event: Record<string, unknown>, message = "no") {
  const result = compile(rule(expr, message));
  if ("errors" in result) throw new Error(result.errors[0]?.message);
  return result.ok.assert[0]!.check(event);
}

describe("types", () => {
  test("attack: a product of literals beside money was two ints, and refused", () => {
    for (const expr of ["m == 2 * 3", "2 * 3 == m", "m == 12 / 2", "m == (1 + 2) * 2", "m == 1 * 2 * 3", "m + 2 * 3 == 12", "m in [2 * 3]"]) expect([expr, check(expr, { m: 6_000_000 })]).toEqual([expr, { ok: true }]);
    expect(problem(rule(`m == ${"(1 + 1.5 * ".repeat(60)}1${")".repeat(60)}`))?.message).toContain("money and double");
  });

  test("attack: what is joined to an enum's word had to be one of its words", () => {
    for (const expr of ["s == e1 + '!'", "s == e1 + '' + '!'", "'on!'.startsWith(e1 + '!')"]) expect([expr, check(expr, { s: "on!", e1: "on" })]).toEqual([expr, { ok: true }]);
    expect(problem(rule("e1 == 'onn'"))?.fix).toContain('"on"');
  });
});

describe("JavaScript text", () => {
  test("attack: the negation of what was before negated its left side alone", () => {
    const result = compile(rule("!old(i > 1)", "no", "post"));
    const emitted = "ok" in result ? emitJs(result.ok.post[0]!.node) : null;
    expect(emitted).toMatchObject({ ok: { text: "!(old.i > 1n)" } });
  });
});

describe("work", () => {
  const long = "a".repeat(65_000);
  const many = Array.from({ length: 1_000 }, (_, i) => i);

  // With steps over lists alone counted, these took from half a second to 87 seconds each.
  test.each<[string, string, Record<string, unknown>]>([
    ["long texts put in order by two macros", "l.exists(a, l.exists(c, s > z && c < 0))", { l: many, s: `${long}x`, z: `${long}y` }],
    ["long texts counted", "l.exists(a, l.exists(c, size(s) < 0))", { l: many, s: long }],
    ["long texts joined", "l.exists(a, l.exists(c, s + z == ''))", { l: many, s: long.slice(1_000, 32_000), z: long.slice(1_000, 33_000) }],
    ["lists compared", "l.exists(a, l.exists(c, l != l))", { l: many }],
    ["lists looked through", "l.all(a, l.all(c, !(-1 in l)))", { l: many }],
    ["a list of long lists read in a macro", "ll.exists(a, size(ll) == 3)", { ll: Array.from({ length: 1_000 }, () => many) }],
    ["a list that is none read in a macro", "l.exists(a, l.exists(c, size(ls) == 3 || c < 0))", { l: many, ls: [...many.map(String), 7] }],
    ["a long list written out", `l.exists(a, l.exists(c, [${many.slice(0, 400).join(", ")}] == l))`, { l: many }],
    ["a pattern of many places", `ls.exists(x, x.matches('${"(a|a|a|a|a)".repeat(60)}z'))`, { ls: Array.from({ length: 6 }, () => "a".repeat(8_000)) }],
  ])("attack: %s ends", (_name, expr, event) => {
    const begun = cpuMs();
    expect(check(expr, event)).toMatchObject({ ok: false, because: "error", message: expect.stringContaining("steps over lists and long texts") });
    // 10 to 100 ms on a quiet machine.
    expect(cpuMs() - begun).toBeLessThan(3_000);
  });

  test("every one of 1,000 items may be looked for among 1,000 others", () => {
    expect(check("l.all(x, x in l)", { l: many })).toEqual({ ok: true });
    expect(check("ls.all(x, x in ls) && ls.exists(x, x == '999')", { ls: many.map(String) })).toEqual({ ok: true });
  });

  test("a list is read anew of each event, and nothing of an event stays", () => {
    const result = compile(rule("size(l) == 2 && l.all(x, x in l)"));
    if ("errors" in result) throw new Error(result.errors[0]?.message);
    const asked = result.ok.assert[0]!;
    const event: { l: unknown } = { l: [1, 2] };
    expect(asked.check(event).ok).toBe(true);
    event.l = [1, 2, 3];
    expect(asked.check(event).ok).toBe(false);
    event.l = "none";
    expect(asked.check(event)).toMatchObject({ because: "error" });
    event.l = [3, 4];
    expect(asked.check(event).ok).toBe(true);
  });
});

describe("documents", () => {
  const temporal = (formula: string, more = ""): string => `${HEAD}${more}temporal: [{formula: ${JSON.stringify(formula)}}]\n`;
  const examples = (clauses: string, holds: string, breaks: string): string => `${HEAD}${clauses}examples:\n  holds: ${holds}\n  breaks: ${breaks}\n`;

  test.each<[string, string, string, string]>([
    ["a bound that is none: 2.7 billion years", temporal("eventually within 999999999999999d f"), "more than 366 days", "366d"],
    ["a count over all time", temporal("count(e) in 367d < 3"), "more than 366 days", "in 366d"],
    ["a key twice", temporal("e leads_to f within 5s", "per: [s, s]\nkeys_max: 5\n"), "twice", "take one out"],
    ["an outermost form in parentheses", temporal("(e leads_to f within 5s)"), ") is expected", "leads_to stands outermost"],
    ["another language's and", rule("i > 1 and j > 1"), '"and"', "write && for and"],
    ["another language's not", rule("not (i > 1)"), "no function not", "there are"],
    ["a stray {{ before a hole", rule("i > 1", "{{ {{i}} }}"), "has no end", "close it"],
    ["a line separator in a message", rule("i > 1", "a\u2028b"), "control character", "one line"],
    ["an object's own past as a field's name", HEAD.replace("i: int", "__proto__: int"), "__proto__", "call it otherwise"],
    ["a trace that shows nothing of a rule without a formula", examples('assert: [{expr: i > 0}]\n', "{trace: [{at: 0s, event: e, with: {i: -1}}]}", "{with: {i: 0}}"), "no formula", "with:"],
    ["an event that shows nothing of a rule that has formulas alone", examples("temporal: [{formula: never i > 5}]\n", "{with: {i: 9}}", "{trace: [{at: 0s, event: e, with: {i: 9}}]}"), "formulas alone", "trace:"],
  ])("attack: %s is refused with what to write", (_name, text, message, fix) => {
    expect(problem(text)?.message).toContain(message);
    expect(problem(text)?.fix).toContain(fix);
  });

  test("a year is no bound too long", () => {
    expect(problem(temporal("eventually within 366d f"))).toBeNull();
  });
});

test("attack: two texts from right to left changed places in a message, and letters that nobody sees stood in it", () => {
  const said = check("i > 1", { i: 0, s: "\u05d0\u05d1", z: "a\u3164\u115f" }, "{{s}} > {{z}}");
  expect(said).toMatchObject({ message: '"\\u{5d0}\\u{5d1}" > "a\\u{3164}\\u{115f}"' });
});

test("attack: emphasis within a text reached Markdown", () => {
  const said = check("i > 1", { i: 0, s: "x _evil_ y a_b _ *c*" }, "{{s}}");
  expect(said).toMatchObject({ message: '"x \\u{5f}evil\\u{5f} y a_b \\u{5f} \\u{2a}c\\u{2a}"' });
});
