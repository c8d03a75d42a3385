/** States that no document can hold are told in words, and what a rule hangs on is named where it never came up. */
import { expect, test } from "bun:test";
import { counterexampleBytes } from "../../../proto/counterexample.ts";
import { compileAll, planOf } from "../../invariants/index.ts";
import { candidateOf, conditional, judged } from "./judge.ts";
import { vacuous } from "./run.ts";

function planWith(assert: string) {
  const invariant = `id: INV.A\nscope: s\nwhen: [{event: e}]\nfields: {n: int, s: string, xs: list<int>}\nassert:\n${assert}\n`;
  const targets = "targets: {t: {invariants: [INV.A], model: {module: t.ts, export: t}, actions: {go: {}}}}\n";
  const events = "events: {e: {fields: {n: int, s: string, xs: list<int>}}}\n";
  const { compiled: [rule], targets: all, errors } = compileAll([{ name: "a.yaml", text: invariant }, { name: "events.yaml", text: events }, { name: "targets.yaml", text: targets }]);
  const plan = planOf("t", all.get("t")!, rule!);
  if (errors.length > 0 || "because" in plan) throw new Error(JSON.stringify([errors, plan]));
  return plan;
}

test("attack: a state that breaks the rule and cannot be written down as it is still makes a counterexample", () => {
  const plan = planWith("  - expr: n >= 0");
  const state = { n: -1, s: "\ud800", xs: Array.from({ length: 1_001 }, () => 1) };
  const shown = (states: readonly Record<string, unknown>[]) => {
    const candidate = candidateOf(plan, [], { states, failed: null }, { clause: "assert.0", message: "m", at: 0 }, null);
    expect(() => counterexampleBytes({ ...candidate, replay: { command: candidate.replay.command, verdict: "reproduced" } })).not.toThrow();
    return candidate.trace?.[0]?.state;
  };
  expect(shown([state])).toEqual({ n: -1, s: { "#unserializable": "a text with half a character" }, xs: { "#unserializable": "a list of 1001 items" } });
  expect(shown([{ n: 10n ** 2_000n, s: "x".repeat(100_000), xs: [] }])).toEqual({ n: { "#unserializable": "an integer of more than 1024 bits" }, s: { "#unserializable": "a text of 100000 characters" }, xs: [] });
});

test("`a || b`, `a ? b : true` and `a ? true : b` hang on a: whether b was ever needed is counted alike", () => {
  const plan = planWith("  - expr: 'n < 5 || size(xs) == 0'\n  - expr: 'n >= 5 ? size(xs) == 0 : true'\n  - expr: 'n < 5 ? true : size(xs) == 0'\n  - expr: n >= 0");
  expect(conditional(plan.invariant).map(({ path }) => path.join("."))).toEqual(["assert.0", "assert.1", "assert.2"]);
  const needed = (n: number) => [...judged(plan, [], { states: [{ n, s: "", xs: [] }], failed: null }).needed].sort();
  expect([needed(1), needed(7)]).toEqual([[], ["assert.0", "assert.1", "assert.2"]]);
});

test("attack: a rule that was all but never tried is no pass; one whose `pre` leaves out half of the cases is", () => {
  const counts = (calls: number) => ({ cases: 200, calls, asked: calls, changed: 1, skipped: 200 - calls, actions: { go: calls } });
  const plan = planWith("  - expr: n >= 0");
  expect([vacuous(plan, counts(19), 200), vacuous(plan, counts(20), 200), vacuous(plan, counts(99), 200)]).toEqual(["19 call(s) in 200 case(s) of 200; pre left 181 out", null, null]);
  expect(vacuous(plan, { ...counts(200), asked: 0 }, 200)).toContain("the rule was asked of no state");
  expect(vacuous(plan, { ...counts(200), changed: 0 }, 200)).toContain("the target swallows them");
});
