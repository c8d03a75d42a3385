import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compileRepository } from "../../../invariants/repository.ts";
import { look } from "../../../invariants/index.ts";
import { TEMPLATES } from "../keeping/templates.ts";
import { exampleRows } from "./examples.ts";

const FOLDER = join(import.meta.dir, "../../../../invariants");
const { events } = compileRepository([{ name: "events.yaml", text: readFileSync(join(FOLDER, "events.yaml"), "utf8") }]);

function rowsOf(text: string) {
  const seen = look(text, { events });
  const examples = seen.compiled?.document.examples;
  return examples === undefined ? [] : exampleRows(seen, examples);
}

describe("examples", () => {
  test("those of every shipped rule are tried and show what they are said to show", () => {
    const files = readdirSync(FOLDER).filter((name) => name.endsWith(".yaml") && !["events.yaml", "targets.yaml"].includes(name));
    expect(files.length).toBeGreaterThan(50);
    for (const name of files) {
      const rows = rowsOf(readFileSync(join(FOLDER, name), "utf8"));
      expect([name, rows.length > 1, rows.filter(({ state }) => state !== "as declared")]).toEqual([name, true, []]);
    }
  });

  test("templates are whole, show both sides, and turned round say where and why", () => {
    const blank = TEMPLATES.filter(({ text }) => text === "");
    expect(blank.map(({ title }) => title)).toEqual(["Blank rule"]);
    for (const { title: name, text } of TEMPLATES.filter((one) => !blank.includes(one))) {
      expect([name, look(text, { events }).problems]).toEqual([name, []]);
      const rows = rowsOf(text);
      expect([...new Set(rows.map(({ declared, state }) => `${declared} ${state}`))]).toEqual(["holds as declared", "breaks as declared"]);
      const turned = rowsOf(text.replace("  holds:", "  later:").replace("  breaks:", "  holds:").replace("  later:", "  breaks:"));
      expect([name, turned.filter(({ state }) => state === "as declared")]).toEqual([name, []]);
      expect(turned[0]?.said).toContain("the example that holds breaks the rule");
    }
  });

  test("a breach says the rule's own message with its values; money and times are read as an example writes them", () => {
    const rows = rowsOf(TEMPLATES[0]!.text);
    expect(rows.map(({ declared, said }) => [declared, said])).toEqual([["holds", ""], ["holds", ""], ["breaks", '"g1" cost $5.01']]);
  });

  test("an example that breaks only because a field is missing is told from one that breaks as it is meant to", () => {
    const text = TEMPLATES[0]!.text.replace("!has(cost) || cost <= 5.00", "size(rules) < 3 && files < 9").replace("cost ${{cost}}", "is too large").replace(/examples:[^]*/, "");
    const of = (breaks: string): unknown => rowsOf(`${text}examples:\n  holds: {with: {gate_id: g, rules: [], files: 1}}\n  breaks: {with: {gate_id: g${breaks}}}\n`).map(({ state, missing }) => [state, missing]);
    expect([of(", files: 3"), of(", rules: [a], files: 9"), of(", rules: [a, b, c]")]).toEqual([[["as declared", []], ["as declared", ["rules"]]], [["as declared", []], ["as declared", []]], [["as declared", []], ["as declared", []]]]);
  });

  test("one example with a mistake does not hide the others, and a rule with one tries none", () => {
    const text = TEMPLATES[1]!.text;
    const one = rowsOf(text.replace("{gate_id: g1, decision: hold", "{gate_idd: g1, decision: hold"));
    expect(one.map(({ path, state }) => [path, state])).toEqual([["examples.holds[0]", "otherwise"], ["examples.holds[1]", "as declared"], ["examples.breaks", "as declared"]]);
    expect([...new Set(rowsOf(text.replace("overridden &&", "overriden &&")).map(({ state }) => state))]).toEqual(["not tried"]);
  });
});
