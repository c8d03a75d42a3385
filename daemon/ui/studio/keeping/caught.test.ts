import { expect, test } from "bun:test";
import { changeDecided } from "../../../../proto/change-decided.ts";
import { knownEvents, look } from "../../../invariants/index.ts";
import { manyRows } from "../../testing/rows.ts";
import { exampleRows } from "../running/examples.ts";
import { ruleThatCaught } from "./caught.ts";

const { events } = knownEvents([]);
const rows = manyRows(60, Date.parse("2026-11-22T08:30:00Z"));

test("whatever the card, the rule is whole, its examples show what they say, and the card's own event breaks it", () => {
  for (const row of rows) {
    const seen = look(ruleThatCaught(row), { events });
    const examples = seen.compiled?.document.examples;
    if (seen.compiled === null || examples === undefined) throw new Error(JSON.stringify(seen.problems));
    expect([seen.problems, exampleRows(seen, examples).map(({ declared, state, missing }) => [declared, state, missing.length])]).toEqual([[], [["holds", "as declared", 0], ["breaks", "as declared", 0]]]);
    expect(seen.compiled.assert.map((one) => one.check(changeDecided(row)).ok)).toEqual([false]);
  }
});

test("the example is the card's event: nothing of it is left out but what strangers wrote, and a cost is in dollars", () => {
  const [first] = rows;
  if (first === undefined) throw new Error("no row");
  const row = { ...first, cost: { ...first.cost, whole_micro_usd: "9007199254740993000001" }, title: "a stranger's: title" };
  const text = ruleThatCaught(row);
  const seen = look(text.replaceAll("9007199254740993.000001", "9007199254.000001"), { events });
  const breaks = Reflect.get(seen.compiled?.document.examples ?? {}, "breaks") as { readonly with: object };
  expect(Reflect.get(seen.compiled?.document.examples ?? {}, "holds")).toEqual({ with: { ...breaks.with, decision: row.verdict === "admit" ? "hold" : "admit" } });
  expect(Object.keys(breaks.with)).toEqual(Object.keys(changeDecided(row)).filter((name) => !["title", "author", "agent"].includes(name)));
  expect([text.includes("stranger"), text.includes('$9007199254740993.000001')]).toEqual([false, true]);
});
