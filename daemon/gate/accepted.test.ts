import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Effect } from "../../proto/decision.ts";
import type { Finding } from "../../proto/outcome.ts";
import type { Waiver } from "../../proto/waiver.ts";
import { decide } from "./decide.ts";
import { anyInput, answer, CHECKS, clean, effect, finding, outcome } from "./testing/decide-input.ts";

const WAIVER: Waiver = { kind: "inline", state: "accepted", rule: "ci.changed", reason: "reviewed by hand", owner: "Ada", until: "2026-12-01", path: { u: "src/a.ts" }, line: 3, because: null };
const found = (...findings: Finding[]) => [...CHECKS.filter((name) => name !== "ci").map((name) => outcome(name)), outcome("ci", { findings })];
const decided = (word: Effect, ...findings: Finding[]) => decide(clean({ outcomes: found(...findings), policy: { result: "decided", answers: [answer(findings.map((_, i) => effect(i, word)))] } }));

describe("what is accepted leads to a note, and the card says why", () => {
  test("a finding of the base", () => {
    const { verdict, reasons } = decided("refuse", { ...finding("ci.changed"), baseline: "existing" });
    expect([verdict, reasons.map(({ effect: word, because, accepted }) => [word, because, accepted])]).toEqual(["admit", [["note", "already at the base: rule says refuse: ci.changed at 1", "existing"]]]);
  });

  test("a waiver, with who and until when", () => {
    const { verdict, reasons } = decided("refuse", { ...finding("ci.changed"), waiver: WAIVER });
    expect([verdict, reasons[0]?.accepted, reasons[0]?.because]).toEqual(["admit", "waived", "accepted by Ada until 2026-12-01 (reviewed by hand): rule says refuse: ci.changed at 1"]);
  });

  test("a new finding beside accepted ones of its rule decides, and is not mixed with them", () => {
    const { verdict, reasons } = decided("refuse", { ...finding("ci.changed", 1), baseline: "existing" }, { ...finding("ci.changed", 2), waiver: WAIVER }, { ...finding("ci.changed", 3), baseline: "new" });
    expect([verdict, reasons.map(({ effect: word, fingerprints, accepted }) => [word, fingerprints.length, accepted ?? null])]).toEqual(["refuse", [["refuse", 1, null], ["note", 1, "waived"], ["note", 1, "existing"]]]);
  });
});

describe("attacks", () => {
  test.each(["expired", "refused"] as const)("a waiver that is %s accepts nothing, and is said", (state) => {
    const { verdict, reasons } = decided("hold", { ...finding("ci.changed"), waiver: { ...WAIVER, state, because: "it ended with 2026-12-01" } });
    expect([verdict, reasons.map(({ rule, effect: word }) => `${rule} ${word}`)]).toEqual(["hold", ["ci.changed hold", `waiver.${state} note`]]);
    expect(reasons[1]?.ranges).toEqual([{ path: { u: "src/a.ts" }, start_line: 3, end_line: 3 }]);
  });

  test("nothing that is accepted stands for what is not known", () => {
    const blind = outcome("ci", { result: "unavailable", because: "killed", findings: [{ ...finding("ci.changed"), waiver: WAIVER, baseline: "existing" }] });
    const { verdict } = decide(clean({ outcomes: [...CHECKS.filter((name) => name !== "ci").map((name) => outcome(name)), blind], policy: { result: "decided", answers: [answer([effect(0, "refuse")])] } }));
    expect(verdict).toBe("hold");
    expect(decide(clean({ outcomes: found({ ...finding("ci.changed"), baseline: "existing" }).map((one) => ({ ...one, findings_cut: one.check === "ci" ? 1 : 0 })), policy: { result: "decided", answers: [answer([effect(0, "note")])] } })).verdict).toBe("hold");
  });
});

test("accepting every finding never makes a decision stricter, and never hides one that leads to something", () => {
  const rank = ["admit", "hold", "refuse"];
  fc.assert(
    fc.property(anyInput, (input) => {
      const before = decide(input);
      const after = decide({ ...input, outcomes: input.outcomes.map((one) => ({ ...one, findings: one.findings.map((each) => ({ ...each, waiver: WAIVER })) })) });
      expect(rank.indexOf(after.verdict)).toBeLessThanOrEqual(rank.indexOf(before.verdict));
      const named = (decision: typeof before) => new Set(decision.reasons.flatMap(({ fingerprints }) => fingerprints));
      expect(named(after)).toEqual(named(before));
      expect(after.reasons.filter(({ check, effect: word, fingerprints }) => check !== null && fingerprints.length > 0 && word !== "note")).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
