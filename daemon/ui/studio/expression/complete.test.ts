import { describe, expect, test } from "bun:test";
import { compile, parseType, type Field, type Type } from "../../../invariants/index.ts";
import { chosen, complete, type Kind, type Speaks } from "./complete.ts";
import { FORMS, FUNCTIONS, METHODS, OLD, OPERATORS } from "./words.ts";

const field = (type: string, tainted = false): Field => ({ type: parseType(type) as Type, tainted });
const fieldsOf = (types: Readonly<Record<string, string>>) => new Map(Object.entries(types).map(([name, type]) => [name, field(type)]));
const SPEAKS: Speaks = {
  fields: new Map([...fieldsOf({ decision: "enum[admit, refuse, hold]", spent: "money", spender: "string", lines: "list<int>", took: "duration", ok: "bool", n: "int" }), ["prompt", field("string", true)]]),
  byEvent: new Map([["login", fieldsOf({ agent: "string" })], ["call", fieldsOf({ agent: "string", failed: "bool", how: "enum[paid, free]" })]]),
  keys: ["agent"],
  about: () => "",
};
const names = (text: string, kind: Kind = "expr", asked = false) => {
  const cursor = text.includes("|>") ? text.indexOf("|>") : text.length;
  return complete(text.replace("|>", ""), cursor, kind, SPEAKS, asked).items.map(({ name }) => name);
};
const choose = (written: string, name: string, kind: Kind = "expr") => {
  const cursor = written.includes("|>") ? written.indexOf("|>") : written.length;
  const text = written.replace("|>", "");
  const completion = complete(text, cursor, kind, SPEAKS, true);
  const item = completion.items.find((one) => one.name === name);
  if (item === undefined) throw new Error(`${name} is not among ${completion.items.map((one) => one.name).join(", ")}`);
  const made = chosen(text, completion, item);
  return `${made.text.slice(0, made.cursor)}|>${made.text.slice(made.cursor)}`;
};

describe("what may be written next", () => {
  test("fields by what was begun, best first; and nothing that is there already", () => {
    expect(names("sp")).toEqual(["spent", "spender"]);
    expect(names("spent")).toEqual([]);
    expect(names("pen")).toEqual(["spent", "spender"]);
    expect(names("n >|> 3")).toContain("spent");
    expect(names("")).toEqual(expect.arrayContaining(["decision", "has", "duration"]));
    expect(names("")).not.toContain("old");
    expect(names("", "post")).toContain("old");
  });

  test("words of an enum where it is compared, with and without a quote, and in a list", () => {
    expect(names("decision == ").slice(0, 3)).toEqual(["'admit'", "'refuse'", "'hold'"]);
    expect(names("decision == 're")).toEqual(["'refuse'"]);
    expect(names("decision in ['admit', 'h")).toEqual(["'hold'"]);
    expect(names("old(decision) != ", "post")[0]).toBe("'admit'");
    expect(choose("decision == '|>'", "'hold'")).toBe("decision == 'hold'|>");
    expect(names("spender == 're")).toEqual([]);
  });

  test("operators by the type before them, methods by the type before the dot", () => {
    expect(names("ok ", "expr", true)).toEqual(["==", "!=", "&&", "||", "in", "?"]);
    expect(names("spent ", "expr", true)).toEqual(["==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/"]);
    expect(names("decision ", "expr", true)).not.toContain("<");
    expect(names("lines.")).toEqual(["all", "exists", "exists_one", "map", "filter", "size"]);
    expect(names("spender.st")).toEqual(["startsWith"]);
    expect(names("n.")).toEqual([]);
    expect(names("1.")).toEqual([]);
    expect(names("lines.all(x, ")).toContain("x");
    expect(choose("n|>", "n")).toBe("n|>");
    expect(choose("spent |>", "<=")).toBe("spent <= |>");
    expect(choose("lines.al|>", "all")).toBe("lines.all(x, |>)");
  });

  test("of a formula: events, their own fields behind where, keys behind a dollar", () => {
    expect(names("", "formula")).toEqual(expect.arrayContaining(["login", "call", "always", "count"]));
    expect(names("never call where f", "formula")).toEqual(["failed", "false"]);
    expect(names("login ", "formula", true)).toEqual(expect.arrayContaining(["leads_to", "until", "where"]));
    expect(names("count(call where agent == $", "formula")).toEqual(["$agent"]);
    expect(names("$", "expr")).toEqual([]);
    // Words and methods, too, are those of the event's field.
    expect(names("never call where how == 'f", "formula")).toEqual(["'free'"]);
    expect(names("never call where how in ['paid', 'f", "formula")).toEqual(["'free'"]);
    expect(names("never call where agent.st", "formula")).toEqual(["startsWith"]);
    expect(names("never call where agent == 'f", "formula")).toEqual([]);
  });

  test("a message shows fields between its braces alone, and none that comes from outside", () => {
    expect(names("spent {{sp", "message")).toEqual(["spent", "spender"]);
    expect(names("spent sp", "message")).toEqual([]);
    expect(names("{{", "message")).not.toContain("prompt");
    expect(names("{{old.", "post_message")).toContain("old.spent");
    expect(choose("it was {{sp|>}} then", "spent", "message")).toBe("it was {{spent}}|> then");
    expect(choose("it was {{|>", "spent", "message")).toBe("it was {{spent}}|>");
  });
});

describe("the words", () => {
  const FIELDS = "fields: {i: int, d: double, s: string, l: list<int>, t: duration, m: money, b: bool}";
  test.each([...METHODS.text, ...METHODS.list, ...FUNCTIONS, ...OPERATORS].map((word) => [word.name, word.example]))("%s: its example is an expression, and holds", (name, example) => {
    expect(example).toContain(name);
    const text = `id: A\nscope: s\nwhen:\n  - event: e\n${FIELDS}\nassert:\n  - expr: ${JSON.stringify(example)}\nexamples:\n  holds: {with: {i: 3, d: 1.5, s: agent-7, l: [1, 2, 3], t: 90s, m: "$12.50", b: true}}\n  breaks: {with: {}}\n`;
    expect(compile(text)).toMatchObject({ ok: { id: "A" } });
  });

  test("old: its example is one of post", () => {
    expect(compile(`id: A\nscope: s\nwhen:\n  - event: e\n${FIELDS}\npost:\n  - expr: ${OLD.example}\n`)).toMatchObject({ ok: { id: "A" } });
  });

  test.each(FORMS.map((word) => [word.name, word.example]))("%s: its example is a formula", (name, example) => {
    expect(example).toContain(name);
    expect(compile(`id: A\nscope: s\nwhen:\n  - event: login\n  - event: call\n  - event: logout\nfields: {failed: bool, spend: int}\ntemporal:\n  - formula: ${JSON.stringify(example)}\n`)).toMatchObject({ ok: { id: "A" } });
  });

  test("every function that the language has is among them", () => {
    const result = compile(`id: A\nscope: s\nwhen:\n  - event: e\n${FIELDS}\nassert:\n  - expr: zzzzzzzzzzzz(i)\n`);
    const there = "errors" in result ? (/there are (.*)/.exec(result.errors[0]?.fix ?? "")?.[1] ?? "").split(", ") : [];
    expect(there.length).toBeGreaterThan(8);
    const known = [...METHODS.text, ...METHODS.list, ...FUNCTIONS, OLD].map(({ name }) => name);
    expect(there.filter((name) => !known.includes(name))).toEqual([]);
  });
});
