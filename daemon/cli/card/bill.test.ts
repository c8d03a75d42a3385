import { expect, test } from "bun:test";
import { card } from "./testing/card.ts";
import { billTexts, costNowText } from "../../verifier/words/bill.ts";
import { renderTerminal } from "./terminal.ts";

const COST = { runs: 2, died: 0, wall_us: 4_200_000, cpu_us: 31_000_000, model_tokens: 0, reported: { runs_named: 1, runs_reported: 1, calls_made: 100, calls_reported: 98, tokens: null, micro_usd: "180000" } };

test("a bill says how much of the calls it knows, and never that unknown ones are none", () => {
  expect(billTexts(COST)).toEqual(["98 of 100 calls reported", "this change so far: 2 runs, 4.20 s of gates, 31 s of processors"]);
  const unknown = { ...COST, runs: 3, died: 1, reported: { ...COST.reported, runs_named: 2, calls_made: null, tokens: 7 } };
  expect(billTexts(unknown)).toEqual(["98 of an unknown number of calls reported, 1 of 2 runs, 7 tokens", "this change so far: 3 runs, 1 of them charged in full as their daemon died, 4.20 s of gates, 31 s of processors"]);
  expect(billTexts({ ...COST, reported: null })).toHaveLength(1);
});

test("whose part is whose is said where somebody else paid too", () => {
  const part = { payer: "web", runs: 1, died: 0, wall_us: 1_200_000, cpu_us: 11_000_000, model_tokens: 0, reported: null };
  expect(billTexts({ ...COST, paid: [part] }).at(-1)).toBe("of it web: 1 run, 1.20 s of gates, 11 s of processors");
  expect(billTexts({ ...COST, paid: [{ ...part, runs: 2 }] }).at(-1)).toStartWith("this change so far");
  expect(billTexts({ ...COST, runs: 12, paid: Array.from({ length: 12 }, () => part) }).at(-1)).toBe("and 4 more, in --json");
});

test("the card of a held change shows it beside its cost", () => {
  const text = renderTerminal(card({ verdict: "hold", cost: { reported: true, micro_usd: "180000" } }), { cost: COST });
  expect(text).toMatch(/Cost +\$0\.18[^]*98 of 100 calls reported[^]*this change so far: 2 runs/);
});

test("a cost that was reported after the decision is said, and that it came after", () => {
  const unknown = { reported: false, micro_usd: null };
  const since = (micro_usd: string | null) => ({ reported: { runs_named: 1, runs_reported: 1, calls_made: 3, calls_reported: 3, tokens: 20, micro_usd } });
  expect(costNowText({ cost: unknown }, since("6310000"))).toBe("$6.31, reported after the decision (then: agent usage not reported)");
  expect(costNowText({ cost: { reported: true, micro_usd: "180000" } }, since("180000"))).toBe("$0.18");
  expect([costNowText({ cost: unknown }, since(null)), costNowText({ cost: unknown }, { reported: null }), costNowText({ cost: unknown }, null)]).toEqual(Array(3).fill("agent usage not reported"));
});
