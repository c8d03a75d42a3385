import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { canonicalText } from "../../proto/canonical.ts";
import { Card } from "../../proto/card.ts";
import { makeCard, type CardInput } from "./card.ts";
import { decide } from "./decide.ts";
import { CHECKS, clean, finding, outcome } from "./testing/decide-input.ts";

const OUTCOMES = [
  outcome("text"),
  outcome("ci", { findings: [finding("ci.changed")], findings_cut: 2, gaps: [{ what: "b.yml", because: "too long" }] }),
  outcome("secrets", { result: "unavailable", because: "killed", gaps: [{ what: "a.bin", because: "binary" }] }),
];

function input(change: Partial<CardInput> = {}): CardInput {
  return {
    decision: decide(clean({ outcomes: OUTCOMES })),
    gate_id: null,
    attempt: 1,
    mode: "local",
    repository: "local:1000:demo",
    target_ref: "refs/heads/main",
    base: "1".repeat(40),
    head: "2".repeat(40),
    facts: {
      title: "add \u001b[31mcolour",
      actor: { class: "agent", authenticated: false, name: "Ada", agent: "Claude", signs: [] },
      files: 2,
      added_lines: 3,
      removed_lines: 1,
      gaps: [{ what: "a.bin", because: "binary" }],
    },
    outcomes: OUTCOMES,
    required: CHECKS,
    policy: { name: "default@1", id: "policy:x" },
    warnings: ["self-made trust"],
    ...change,
  };
}

test("has the shape of the contract, whatever the verdict, and one canonical form", () => {
  for (const decision of [decide(clean()), decide(clean({ outcomes: OUTCOMES }))]) {
    const card = makeCard(input({ decision }));
    expect(Value.Check(Card, card)).toBeTrue();
    expect(canonicalText(card)).toBe(canonicalText(makeCard(input({ decision }))));
  }
});

test("lists what is unavailable first, and a required check that never ran among it", () => {
  expect(makeCard(input()).checks).toEqual([
    { check: "secrets", result: "unavailable", required: true, because: "killed", findings: 0 },
    { check: "tests", result: "unavailable", required: true, because: "it did not run", findings: 0 },
    { check: "ci", result: "fail", required: true, because: null, findings: 3 },
    { check: "text", result: "pass", required: true, because: null, findings: 0 },
  ]);
});

test("does not depend on which check answered first", () => {
  expect(makeCard(input({ outcomes: [...OUTCOMES].reverse() }))).toEqual(makeCard(input()));
});

test("says every gap once, and what was cut", () => {
  expect(makeCard(input()).gaps.map(({ what }) => what)).toEqual(["a.bin", "b.yml", "2 finding(s) of ci"]);
});

test("a cost nobody reported is not zero", () => {
  expect(makeCard(input()).cost).toEqual({ reported: false, micro_usd: null });
  expect(makeCard(input({ cost_micro_usd: "0" })).cost).toEqual({ reported: true, micro_usd: "0" });
});

test("keeps the change's text raw: escaping belongs to the faces", () => {
  expect(makeCard(input()).title).toBe("add \u001b[31mcolour");
});
