import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { Compared } from "../../proto/card.ts";
import type { Waiver } from "../../proto/waiver.ts";
import { comparisonOf, validFor } from "./comparison.ts";
import { finding, outcome } from "./testing/decide-input.ts";

const waiver = (until: string, state: Waiver["state"] = "accepted"): Waiver => ({ kind: "config", state, rule: "ci.changed", reason: "x", owner: "Ada", until, path: { u: "maestro.yaml" }, line: null, because: null });
const NOW_MS = Date.parse("2026-12-01T23:00:00Z");

test("findings are counted once: a waived one of the base is waived", () => {
  const outcomes = [
    outcome("ci", { findings: [{ ...finding("ci.changed", 1), baseline: "new" }, { ...finding("ci.changed", 2), baseline: "existing" }, { ...finding("ci.changed", 3), baseline: "existing", waiver: waiver("2026-12-01") }], comparison: { fixed: [{ rule: "ci.changed", count: 2 }], not_compared: null } }),
    outcome("text", { comparison: { fixed: [{ rule: "code.debugger", count: 1 }], not_compared: null } }),
  ];
  const said = comparisonOf(outcomes, "known");
  expect(said).toEqual({ baseline: "compared", compared: { new: 1, existing: 1, waived: 1, fixed: [{ rule: "ci.changed", count: 2 }, { rule: "code.debugger", count: 1 }], not_compared: [] } });
  expect(Value.Check(Compared, said.compared)).toBeTrue();
});

test("what could not be compared is named, and a change of unknown history was not compared at all", () => {
  const blind = [outcome("command.lint", { findings: [finding("command.lint.x")], comparison: { fixed: [], not_compared: "the base's tree has no such program" } })];
  expect(comparisonOf(blind, "known")).toMatchObject({ baseline: "partly", compared: { new: 1, not_compared: [{ check: "command.lint", because: "the base's tree has no such program" }] } });
  expect(comparisonOf(blind, "unknown").baseline).toBe("not_compared");
  expect(comparisonOf([outcome("ci")], "known")).toEqual({ baseline: "compared" });
});

test("attack: an admit does not outlast the waiver it rests on", () => {
  const resting = (...waivers: Waiver[]) => validFor(86_400, [outcome("ci", { findings: waivers.map((one, i) => ({ ...finding("ci.changed", i), waiver: one })) })], NOW_MS);
  expect(resting(waiver("2026-12-01"), waiver("2027-01-01"))).toBe(3600);
  expect(resting(waiver("2027-01-01"))).toBe(86_400);
  expect(resting(waiver("2020-01-01", "expired"))).toBe(86_400);
});
