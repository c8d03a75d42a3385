/** The document being edited: whatever is done to it, form and text say the same, and nothing that was typed is lost. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { readYaml, type Path } from "../../invariants/index.ts";
import { exampleText, exampleValue, fieldsOfLine, lineOfFields } from "./form/examples.ts";
import { excerptOf } from "./form/excerpt.ts";
import { after, draftOf, valueAt, type Action, type Draft } from "./state.ts";

const FOLDER = join(import.meta.dir, "../../../invariants");
const SHIPPED = readdirSync(FOLDER).filter((name) => name.endsWith(".yaml") && !["events.yaml", "targets.yaml"].includes(name)).map((name) => readFileSync(join(FOLDER, name), "utf8"));

const said = ({ text }: Draft): unknown => {
  if (text.trim() === "") return {};
  const yaml = readYaml(text);
  return "problem" in yaml ? "unread" : yaml.value;
};

const text = fc.oneof(fc.constantFrom("n > 1", "a: b # c", "it's", '"', "", " x", "true", "12", "- y"), fc.string({ maxLength: 10 }));
const list = fc.constantFrom<Path[]>(["assert"], ["post"], ["when"], ["temporal"]);
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ do: fc.constant("set" as const), path: fc.constantFrom<Path[]>(["id"], ["owner"], ["rationale"], ["assert", 0, "expr"], ["assert", 1, "message"], ["when", 0, "event"], ["fields", "n"], ["fields", "n", "about"], ["examples", "holds", "with", "n"], ["temporal", 0, "formula"]), value: fc.oneof(text, fc.constant(undefined)) }),
  fc.record({ do: fc.constant("insert" as const), path: list, at: fc.nat({ max: 3 }), value: fc.record({ expr: text }, { noNullPrototype: true }) }),
  fc.record({ do: fc.constant("remove" as const), path: fc.constantFrom<Path[]>(["assert", 0], ["assert", 1], ["when", 1], ["fields"], ["examples"], ["examples", "breaks"]) }),
  fc.record({ do: fc.constant("move" as const), path: list, from: fc.nat({ max: 2 }), to: fc.nat({ max: 2 }) }),
  fc.record({ do: fc.constant("rename" as const), path: fc.constant<Path>(["fields"]), from: fc.constantFrom("n", "field1"), to: fc.constantFrom("n", "m", "field1") }),
);

describe("law: form and text say the same", () => {
  test("after any actions, from nothing and from any shipped rule", () => {
    fc.assert(
      fc.property(fc.constantFrom("", ...SHIPPED), fc.array(action, { maxLength: 6 }), (start, actions) => {
        let draft = draftOf(start);
        for (const one of actions) {
          const next = after(draft, one);
          expect(next.unread).toBeNull();
          // A change that was refused changed nothing.
          if (next.refused !== null) expect([next.text, next.value]).toEqual([draft.text, draft.value]);
          expect(said(next)).toEqual(next.value);
          draft = next;
        }
      }),
      { numRuns: 200 },
    );
  }, 60_000);

  test("what is not there is not moved", () => {
    for (const start of ["", "id: A\nassert:\n  - expr: a\n"]) expect(after(draftOf(start), { do: "move", path: ["assert"], from: 1, to: 0 })).toEqual(draftOf(start));
  });

  test("a field that is emptied leaves its place; what is removed takes along what becomes empty", () => {
    const draft = draftOf("id: A\nwhen:\n  - event: e\nassert:\n  - expr: a\nexamples:\n  holds: {with: {n: 1}}\n  breaks: {trace: [{at: 0s}]}\n");
    expect(after(draft, { do: "set", path: ["examples", "holds", "with", "n"], value: undefined }).value["examples"]).toEqual({ holds: { with: {} }, breaks: { trace: [{ at: "0s" }] } });
    expect(after(draft, { do: "set", path: ["examples", "breaks", "trace", 0, "at"], value: undefined }).value["examples"]).toEqual({ holds: { with: { n: 1 } }, breaks: { trace: [{}] } });
    expect(after(draft, { do: "remove", path: ["examples", "breaks", "trace", 0] }).value["examples"]).toEqual({ holds: { with: { n: 1 } } });
    expect(after(draft, { do: "remove", path: ["assert", 0] }).value).not.toHaveProperty("assert");
  });

  test("every shipped rule opens, and a value set to what it is changes no byte", () => {
    for (const start of SHIPPED) {
      const draft = draftOf(start);
      expect(draft.unread).toBeNull();
      for (const path of [["id"], ["owner"], ["when"], ["assert"], ["examples"], ["examples", "holds"]]) expect(after(draft, { do: "set", path, value: valueAt(draft.value, path) }).text).toBe(start);
    }
  });

  test("a text that cannot be read stays as it was typed, and the form changes nothing of it", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), action, (typed, one) => {
        const draft = after(draftOf(SHIPPED[0] ?? ""), { do: "type", text: typed });
        expect(draft.text).toBe(typed);
        if (draft.unread === null) return;
        const next = after(draft, one);
        expect([next.text, next.refused === null]).toEqual([typed, false]);
      }),
      { numRuns: 100 },
    );
  });
});

test("law: what an example says stays what it is, typed into a field or on a line", () => {
  const value = fc.oneof(fc.boolean(), fc.integer(), fc.constantFrom("$10", "5m", "true", "a b", "7", "1.5"), fc.string({ maxLength: 6 }).filter((one) => one !== ""));
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), value, { maxKeys: 4, noNullPrototype: true }), (fields) => {
      expect(fieldsOfLine(lineOfFields(fields))).toEqual(fields);
    }),
    { numRuns: 100 },
  );
  for (const [written, type, means] of [["5", { name: "int" }, 5], ["9223372036854775807", { name: "int" }, "9223372036854775807"], ["$5", { name: "money" }, "$5"], ["5m", { name: "duration" }, "5m"], ["true", { name: "bool" }, true], ["true", { name: "string" }, "true"], ["1.5", { name: "double" }, 1.5], ["[1, 2]", { name: "list", item: { name: "int" } }, [1, 2]], ["", { name: "int" }, undefined]] as const) {
    expect(exampleValue(written, type)).toEqual(means);
    expect(exampleValue(exampleText(means), type)).toEqual(means);
  }
});

test("the mark stands under the character, however long the text is", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 120 }), fc.nat({ max: 130 }), (written, offset) => {
      const { text: shown, mark } = excerptOf(written, offset);
      const at = mark.indexOf("^");
      expect(at).toBeGreaterThanOrEqual(0);
      const meant = written[offset];
      if (meant !== undefined && /[\x21-\x7e]/.test(meant)) expect(shown[at]).toBe(meant);
      expect(shown.length).toBeLessThanOrEqual(52);
    }),
    { numRuns: 200 },
  );
  expect(excerptOf("a <= bb", 5)).toEqual({ text: "a <= bb", mark: "     ^^" });
  expect(excerptOf("a &&\nb <= cc", 10).text).toBe("b <= cc");
});
