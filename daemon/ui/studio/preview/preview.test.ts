import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { knownEvents, look, type Compiled } from "../../../invariants/index.ts";
import { givenValue } from "../../../invariants/document/examples.ts";
import { examplesIn } from "../form/examples.ts";
import { previewOf, TABS, type Tab } from "./preview.ts";

const FOLDER = join(import.meta.dir, "../../../../invariants");
const EVENTS = knownEvents([]).events;
const shown = (text: string, tab: Tab) => {
  const { compiled, problems } = look(text, { events: EVENTS });
  return previewOf(compiled, problems, tab);
};
const RULE = "id: A.B\nscope: s\nwhen:\n  - event: e\n  - event: f\nfields: {n: int, word: string, list: list<int>, d: double}\n";

type State = Readonly<Record<string, unknown>>;

/** Runs the text that a person reads. */
function loaded(text: string): (now: State, old: State) => boolean {
  const code = new Bun.Transpiler({ loader: "ts" }).transformSync(text).replace(/^export /gm, "").replace(/^export\s*\{[^}]*\};?/gm, "");
  const make = new Function(`${code}
    const given = (state) => (name) => Object.hasOwn(state, name);
    return (now, old) => RULE.every(({ path, holds }) => {
      try { return holds({ now: read(path.startsWith("pre") ? old : now), old: read(old), has: given(now), had: given(old) }) === true; }
      catch (error) { if (error instanceof Refused || error instanceof RangeError) return false; throw error; }
    });`);
  return make() as (now: State, old: State) => boolean;
}

const eventOf = (given: unknown, { fields }: Compiled): State => Object.fromEntries(Object.entries((given ?? {}) as State).map(([name, value]) => [name, givenValue(value, fields.get(name)?.type ?? { name: "string" })]));

describe("what a rule means to each engine", () => {
  test("the guard's text, run, says of every example of the shipped rules what the example says", () => {
    let tried = 0;
    for (const name of readdirSync(FOLDER).filter((one) => one.endsWith(".yaml") && !["events.yaml", "targets.yaml"].includes(one))) {
      const { compiled, problems } = look(readFileSync(join(FOLDER, name), "utf8"), { events: EVENTS });
      expect([name, problems]).toEqual([name, []]);
      const preview = previewOf(compiled, problems, "guard");
      if (compiled === null || compiled.temporal.length > 0 || preview.notes.some((note) => note.includes("is not here"))) continue;
      const holds = loaded(preview.text);
      for (const [kind, wanted] of [["holds", true], ["breaks", false]] as const) {
        for (const example of examplesIn(compiled.document.examples?.[kind]) as readonly { readonly with?: unknown; readonly old?: unknown }[]) {
          const now = eventOf(example.with, compiled);
          expect([name, kind, holds(now, example.old === undefined ? now : eventOf(example.old, compiled))]).toEqual([name, kind, wanted]);
          tried += 1;
        }
      }
    }
    expect(tried).toBeGreaterThan(80);
  });

  test("that there is no condition yet is said only where there is none", () => {
    const assert = "assert:\n  - expr: n > 1\n    message: is {{n}}\n";
    const notes = (text: string): readonly string[] => shown(`${RULE}${text}`, "guard").notes;
    expect(notes("")).toEqual(["There is no condition yet."]);
    expect(notes(assert.replace("n > 1", "n >"))).toEqual(["assert[0]: not shown before the mistake is mended."]);
    expect(notes("assert: n > 1\n")).toEqual(["assert: not shown before the mistake is mended."]);
    expect(notes("temporal:\n  - formula: always\n")).toEqual(["temporal[0]: not shown before the mistake is mended."]);
    for (const text of [assert.replace("{{n}}", "{{nn}}"), assert.replace("message: is", "messag: is"), `${assert}examples: {}\n`]) expect([text, notes(text).join(" ")]).toEqual([text, expect.not.stringContaining("no condition")]);
  });

  test("what cannot be said is said with its reason, and nothing stands in its place", () => {
    const text = `${RULE}assert:\n  - expr: n > 1\n  - expr: word.matches('^a')\n  - expr: d > 0.5\n`;
    expect(shown(text, "guard").notes.join(" ")).toContain("assert[1] is not here: matches");
    expect(shown(text, "property")).toMatchObject({ text: "", notes: [expect.stringContaining("assert.1: not expressible in a property test: matches")] });
    expect(shown(text, "tla").text).toContain("assert[2] is not expressible: a double");
    expect(shown(text, "smt").text).toContain("(define-fun holds () Bool");
    expect(shown(`${RULE}assert:\n  - expr: list.all(x, x > 0)\n`, "smt").notes.join(" ")).toContain("no proof");
  });

  test("the property test is the generated one, whole but for what writes values down", () => {
    const { text, notes } = shown(`${RULE}assert:\n  - expr: n > 1\n    message: small\n`, "property");
    expect(text).toContain('import { yours as target } from "./yours.ts";');
    expect(text).toContain("n: fc.oneof({ arbitrary: fc.maxSafeInteger(), weight: 3 }, fc.constantFrom(2))");
    expect(text).toContain('{ path: "assert.0", rule: "n > 1", holds: ({ now }) => now.n > 1n }');
    expect(notes[0]).toContain("maestro invariants generate");
    expect(() => new Bun.Transpiler({ loader: "ts" }).transformSync(text)).not.toThrow();
  });

  test("a clause with a mistake is not shown, and the others are", () => {
    const { text, notes } = shown(`${RULE}assert:\n  - expr: n > 1\n  - expr: n > nn\n  - expr: ''\n`, "guard");
    expect([text.includes("now.n > 1n"), text.includes("assert[1]"), text.includes("assert[2]")]).toEqual([true, false, false]);
    expect(notes.at(-1)).toContain("assert[1], assert[2]: not shown");
  });

  test("formulas are for the model checker alone, and a document without conditions has nothing to show", () => {
    const text = `${RULE}temporal:\n  - formula: e leads_to f within 5s\n    only: model\n`;
    expect(shown(text, "tla").text).toContain("temporal_0 == ");
    for (const tab of ["guard", "property", "smt"] as const) expect([tab, shown(text, tab).text]).toEqual([tab, ""]);
    for (const tab of Object.keys(TABS) as Tab[]) expect([shown(RULE, tab).text, shown("a: [", tab).text]).toEqual(["", ""]);
  });

  test("hostile names and texts stay within their comments", () => {
    const text = `${RULE.replace("A.B", "A.B")}assert:\n  - expr: "word != '*/ \\\\n globalThis.hurt = 1 //'"\n`;
    const code = shown(text, "guard").text;
    loaded(code)({ n: 1, word: "a", list: [], d: 1 }, {});
    expect(Reflect.get(globalThis, "hurt")).toBeUndefined();
    expect(shown(`${RULE}assert:\n  - expr: "n > 1\\n&& n < 5"\n`, "smt").text.split("\n")[0]).toBe("; assert[0]: n > 1 && n < 5");
  });
});
