import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fieldsRead, look, readYaml } from "../../../invariants/index.ts";
import { compileRepository } from "../../../invariants/repository.ts";
import { TEMPLATES } from "../keeping/templates.ts";
import { isHeld } from "../state.ts";
import { readBy } from "./reads.ts";

const FOLDER = join(import.meta.dir, "../../../../invariants");
const text = (name: string): string => readFileSync(join(FOLDER, name), "utf8");
const { events } = compileRepository([{ name: "events.yaml", text: text("events.yaml") }]);

function read(yaml: string): string[] {
  const found = readYaml(yaml);
  if ("problem" in found || !isHeld(found.value)) throw new Error(yaml);
  return [...readBy(found.value)];
}

describe("fields that a rule reads", () => {
  test("of every rule that ships they are those that its compiled conditions read and its messages show, and no other", () => {
    const names = readdirSync(FOLDER).filter((name) => name.endsWith(".yaml") && !["events.yaml", "targets.yaml"].includes(name));
    expect(names.length).toBeGreaterThan(50);
    for (const name of names) {
      const { compiled } = look(text(name), { events });
      if (compiled === null) throw new Error(name);
      const shown = [...compiled.assert, ...compiled.pre, ...compiled.post, ...compiled.temporal].flatMap(({ template }) => template.flatMap((piece) => ("name" in piece ? [piece.name] : [])));
      const exact = new Set([...fieldsRead({ ...compiled, file: name }), ...shown, ...(compiled.per?.keys ?? [])]);
      const known = new Set([...compiled.fieldsByEvent.values()].flatMap((fields) => [...fields.keys()]));
      // A formula's own conditions are of one event each, and are looked at below.
      const extra = compiled.temporal.length > 0 ? known : exact;
      const found = read(text(name)).filter((one) => known.has(one));
      expect([name, [...exact].filter((one) => !found.includes(one)), found.filter((one) => !extra.has(one))]).toEqual([name, [], []]);
    }
  });

  test("a cap reads two of the fields that its event carries", () => {
    const { compiled } = look(TEMPLATES[0]!.text, { events });
    expect([compiled?.fields.size, read(TEMPLATES[0]!.text)]).toEqual([expect.any(Number), ["cost", "gate_id"]]);
    expect(compiled?.fields.size).toBeGreaterThan(20);
  });

  test("neither texts, functions, methods nor prose are fields; a condition half written has what stands there already, a formula what is where", () => {
    const of = (expr: string, message = ""): string[] => read(JSON.stringify({ assert: [{ expr, message }] }));
    expect(of("size(rules) > 0 && title.contains('cost \\' files') && a.size() == b", "the cost of {{gate_id}} was {{ old.spent }}")).toEqual(["rules", "title", "a", "b", "gate_id", "spent"]);
    expect([of("cost <= 5 && files <"), of("cost == 'adm"), of("has(cost) && files.si")]).toEqual([["cost", "files"], ["cost"], ["cost", "files"]]);
    expect(read("temporal: [{formula: count(change_decided where decision == 'refuse') in 1h <= 20}]\nper: [repository, target]\n")).toContain("decision");
    expect(read("per: [repository, target]\n")).toEqual(["repository", "target"]);
    expect([read("assert: 3\n"), read("assert: [3, {expr: [a]}]\n")]).toEqual([[], []]);
  });
});
