import { expect, test } from "bun:test";
import type { ReplayChange } from "../../proto/api.ts";
import { summarise } from "./replay-summary.ts";

const change = (parts: Partial<ReplayChange>): ReplayChange => ({ event: "change", head: "a".repeat(40), title: "t", actor: "human", verdict: "admit", effects: [], unavailable: [], because: null, ...parts });
const effect = (rule: string, kind: "pass" | "note" | "hold" | "refuse") => ({ rule, effect: kind, observed: false, where: null });

test("a rule counts once per change, with its strictest effect", () => {
  const summary = summarise([
    change({}),
    change({ effects: [effect("ci.changed", "note"), effect("ci.changed", "note")] }),
    change({ actor: "agent", verdict: "hold", effects: [effect("ci.changed", "note"), effect("ci.changed", "hold"), effect("size.unreviewable", "note")] }),
    change({ verdict: "refuse", effects: [effect("secret.token", "refuse")] }),
    change({ verdict: "hold", unavailable: ["secrets"] }),
  ]);
  expect(summary.verdicts).toEqual({ clean: 1, note: 1, hold: 2, refuse: 1 });
  expect(summary.actors).toEqual({ human: 4, agent: 1, bot: 0, unknown: 0 });
  const ci = summary.rules.find(({ rule }) => rule === "ci.changed");
  expect(ci).toEqual({ rule: "ci.changed", refuse: 0, hold: 1, note: 1, human: 1, bot: 0, agent: 1, unknown: 0 });
  expect(summary.rules[0]?.rule).toBe("secret.token");
});
