import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { readYaml } from "../document/yaml.ts";
import { rewritten, same, written } from "./write.ts";

type Held = Readonly<Record<string, unknown>>;
const FOLDER = join(import.meta.dir, "../../../invariants");
const SHIPPED = readdirSync(FOLDER).filter((name) => name.endsWith(".yaml") && !["events.yaml", "targets.yaml"].includes(name)).map((name) => readFileSync(join(FOLDER, name), "utf8"));

function valueOf(text: string): Held {
  const yaml = readYaml(text);
  if ("problem" in yaml) throw new Error(`${yaml.problem.message} in\n${text}`);
  return yaml.value as Held;
}

const shipped = (name: string): string => readFileSync(join(FOLDER, name), "utf8");
const linesChanged = (a: string, b: string): number => {
  const [x, y] = [a.split("\n"), b.split("\n")];
  let [head, tail] = [0, 0];
  while (head < Math.min(x.length, y.length) && x[head] === y[head]) head += 1;
  while (tail < Math.min(x.length, y.length) - head && x.at(-1 - tail) === y.at(-1 - tail)) tail += 1;
  return Math.max(x.length, y.length) - head - tail;
};

describe("a text of YAML brought to say something else", () => {
  test("every shipped rule written without a change is the same byte for byte", () => {
    expect(SHIPPED.length).toBeGreaterThan(50);
    for (const text of SHIPPED) expect(rewritten(text, valueOf(text), valueOf(text))).toBe(text);
  });

  test("a changed value changes its line and no other, whatever rule it is in", () => {
    for (const text of SHIPPED.filter((_, i) => i % 6 === 0)) {
      const before = valueOf(text);
      for (const after of [{ ...before, owner: "somebody else: # or 'so'" }, { ...before, severity: "low" }, { ...before, rationale: "two\nlines" }, { ...before, id: "A.B" }]) {
        const made = rewritten(text, before, after) ?? "";
        expect(valueOf(made)).toEqual(after);
        expect(linesChanged(text, made)).toBe(1);
      }
      const clauses = (["assert", "post", "temporal"] as const).find((name) => before[name] !== undefined)!;
      const items = before[clauses] as readonly Held[];
      const more = { ...before, [clauses]: [...items, { expr: "a: 'b' # \"c\"" }] };
      const grown = rewritten(text, before, more) ?? "";
      expect([valueOf(grown), linesChanged(text, grown)]).toEqual([more, 1]);
      expect(rewritten(grown, more, before)).toBe(text);
    }
  }, 60_000);

  test("comments, order and quotes of everything else stay", () => {
    const text = '# mine\nscope: x # first\nid: "A.B"\n\nwhen:\n- event: a\n# between\n- {event: b}\nassert:\n  - expr: a > 1 # why\n    message: |\n      long\n      words\n  # the second\n  - expr: \'b\'\nexamples: {holds: {with: {a: 1}}, breaks: {with: {a: 2}}}\n# end';
    const before = valueOf(text);
    const say = (after: Held): string => rewritten(text, before, after) ?? "";
    expect(say({ ...before, id: "C" })).toBe(text.replace('"A.B"', '"C"'));
    expect(say({ ...before, assert: [{ expr: "a > 12", message: "long\nwords\n" }, { expr: "b" }] })).toBe(text.replace("a > 1 #", "a > 12 #"));
    expect(say({ ...before, when: [{ event: "a" }] })).toBe(text.replace("- {event: b}\n", ""));
    expect(say({ ...before, when: [{ event: "a" }, { event: "b" }, { event: "c" }] })).toBe(text.replace("- {event: b}\n", "- {event: b}\n- event: c\n"));
    expect(say({ ...before, per: "a" })).toBe(text.replace("assert:", "per: a\nassert:"));
    expect(say({ ...before, examples: { holds: { with: { a: 5 } }, breaks: { with: { a: 2 } } } })).toBe(text.replace("a: 1}", "a: 5}"));
    const { scope: _, ...rest } = before;
    expect(say(rest)).toBe(text.replace("scope: x # first\n", ""));
    expect(say({ ...before, assert: [{ expr: "a > 1", message: "short" }, { expr: "b" }] })).toBe(text.replace("|\n      long\n      words\n", "short\n"));
  });

  test("a field that is called otherwise keeps its place", () => {
    const text = "id: A\nfields:\n  a: int # counted\n  b: string\n";
    expect(rewritten(text, valueOf(text), { id: "A", fields: { c: "int", b: "string" } })).toBe(text.replace("a: int", "c: int"));
  });

  test("what has lines of its own is written as the shipped rules are", () => {
    for (const name of ["agent-budget.yaml", "every-gate-is-decided.yaml", "retry-backoff.yaml"]) {
      const value = valueOf(shipped(name));
      expect(valueOf(written(value))).toEqual(value);
      expect(linesChanged(shipped(name).replaceAll('"', "'"), written(value))).toBeLessThanOrEqual(6);
    }
  });
});

const word = fc.stringMatching(/^[a-z][a-z_]{0,6}$/);
const string = fc.oneof(word, fc.string({ maxLength: 12 }), fc.string({ unit: "grapheme", maxLength: 6 }), fc.constantFrom("", " ", "true", "null", "~", "- a", "a: b", "a #b", "'", '"', "12", "1e3", "$10", "a\nb", "\t", "{a}", "[b", "*x", "&y", "!z", "|", ">", "%", "@", "`", "a:", "0x1F", ".inf", "=", "<<", "5m", "\u2028", "\u0085", "\ufeff"));
const scalar = fc.oneof(string, fc.integer(), fc.boolean());
const held = fc.dictionary(word, fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })), { maxKeys: 3, noNullPrototype: true });
const clause = fc.record({ expr: string, message: string }, { requiredKeys: ["expr"], noNullPrototype: true });
const example = fc.oneof(fc.record({ with: held }, { noNullPrototype: true }), fc.record({ trace: fc.array(fc.record({ at: string, event: word, with: held }, { requiredKeys: ["at"], noNullPrototype: true }), { minLength: 1, maxLength: 3 }) }, { noNullPrototype: true }));
const examples = fc.oneof(example, fc.array(example, { maxLength: 3 }));
const document = fc.record(
  { id: string, scope: string, severity: string, owner: string, rationale: string, when: fc.array(fc.record({ event: word }, { noNullPrototype: true }), { maxLength: 3 }), fields: fc.dictionary(word, fc.oneof(string, fc.record({ type: string, tainted: fc.boolean(), about: string }, { requiredKeys: ["type"], noNullPrototype: true })), { maxKeys: 4, noNullPrototype: true }), per: fc.oneof(word, fc.array(word, { maxLength: 2 })), keys_max: fc.integer(), assert: fc.array(clause, { maxLength: 3 }), pre: fc.array(clause, { maxLength: 2 }), post: fc.array(clause, { maxLength: 2 }), temporal: fc.array(fc.record({ formula: string }, { noNullPrototype: true }), { maxLength: 2 }), examples: fc.record({ holds: examples, breaks: examples }, { requiredKeys: [], noNullPrototype: true }) },
  { requiredKeys: [], noNullPrototype: true },
);

describe("law: a text says what it was brought to say", () => {
  test("from any document to any other, and back to a third", () => {
    fc.assert(
      fc.property(document, document, document, (a, b, c) => {
        const text = written(a);
        expect(same(valueOf(text), a)).toBe(true);
        const second = rewritten(text, a, b);
        expect(second !== null && same(valueOf(second), b)).toBe(true);
        const third = rewritten(second ?? text, second === null ? a : b, c);
        expect(third === null ? null : same(valueOf(third), c)).toBe(true);
        expect(second).not.toBeNull();
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  test("from any shipped rule to one with any part replaced", () => {
    fc.assert(
      fc.property(fc.constantFrom(...SHIPPED), document, fc.subarray(["id", "owner", "when", "fields", "assert", "post", "examples", "per"] as const), (text, other, parts) => {
        const before = valueOf(text);
        const after: Record<string, unknown> = { ...before };
        for (const part of parts) after[part] = other[part];
        const made = rewritten(text, before, after);
        expect(made === null ? null : same(valueOf(made), after)).toBe(true);
      }),
      { numRuns: 25 },
    );
  }, 60_000);
});
