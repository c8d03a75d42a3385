import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { answerLook } from "./look.ts";

const SHIPPED = join(import.meta.dir, "../../../invariants");
const text = readFileSync(join(SHIPPED, "agent-budget.yaml"), "utf8");
const mistakes = (of: string, beside: readonly { readonly name: string; readonly text: string }[]) => answerLook({ ask: "look", id: 1, text: of, beside, tab: "guard" }, () => 0).looked.problems.map(({ path, message }) => [path, message]);

test("an id that ships is a mistake of a rule of one's own, and none beside the events of the rules that ship", () => {
  expect(mistakes(text, [])).toEqual([["id", "the id INV.BUDGET.CAP is that of a rule that ships"]]);
  expect(mistakes(text.replace("INV.BUDGET.CAP", "TEAM.BUDGET.CAP"), [])).toEqual([]);
  expect(mistakes(text, [{ name: "events.yaml", text: readFileSync(join(SHIPPED, "events.yaml"), "utf8") }])).toEqual([]);
});
