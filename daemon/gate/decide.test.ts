import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { Decision, type PolicyAnswer, type PolicyResult } from "../../proto/decision.ts";
import { decide, type DecideInput } from "./decide.ts";
import { answer, CHECKS, clean, effect, finding, outcome } from "./testing/decide-input.ts";

const rest = (check: string) => CHECKS.filter((name) => name !== check).map((name) => outcome(name));
const rules = (input: DecideInput) => decide(input).reasons.map(({ rule, effect: word, observed }) => `${rule} ${word}${observed ? " observed" : ""}`);
const found = (...names: string[]) => [...rest("ci"), outcome("ci", { findings: names.map((name, i) => finding(name, i + 1)) })];
const said = (...effects: ReturnType<typeof effect>[]): PolicyResult => ({ result: "decided", answers: [answer(effects)] });

test("the clean change is admitted, and the next step is to merge", () => {
  const decision = decide(clean());
  expect(decision).toEqual({ verdict: "admit", reasons: [], next: [{ action: "merge", text: "merge it while the target stays where it is", command: null, rule: null, cost: "none", risk: "none" }] });
  expect(Value.Check(Decision, decision)).toBeTrue();
});

describe("whatever is not known holds", () => {
  const cases: readonly (readonly [string, Partial<DecideInput>, string, string])[] = [
    ["a required check is unavailable", { outcomes: [...rest("ci"), outcome("ci", { result: "unavailable", because: "killed at its deadline" })] }, "gate.check-unavailable", "retry"],
    ["a required check has no outcome", { outcomes: rest("ci") }, "gate.check-missing", "repair_check"],
    ["a required check was seen by the job alone", { outcomes: [...rest("ci"), outcome("ci", { observer: "job" })] }, "gate.check-claimed", "repair_check"],
    ["a required check was seen by somebody outside", { outcomes: [...rest("ci"), outcome("ci", { observer: "external" })] }, "gate.check-claimed", "repair_check"],
    ["a check failed without a finding", { outcomes: [...rest("ci"), outcome("ci", { result: "fail" })] }, "gate.check-failed", "repair_check"],
    ["a check left findings out", { outcomes: [...rest("ci"), outcome("ci", { findings_cut: 1 })] }, "gate.findings-cut", "split_change"],
    ["policy gave no answer", { policy: { result: "unavailable", because: "undefined" } }, "gate.policy-unavailable", "repair_policy"],
    ["policy judged what it was not asked", { policy: said(effect(0, "pass")) }, "gate.policy-unavailable", "repair_policy"],
    ["history is unknown", { history: "unknown" }, "gate.history-unknown", "fetch_history"],
    ["the merge conflicts", { conflicts: [{ u: "a.ts" }] }, "gate.conflict", "rebase"],
    ["the change is empty", { empty: true }, "gate.empty", "retry"],
    ["maestro.yaml at the base is broken", { base_config: { state: "broken", because: "unknown key /ruls" } }, "gate.config-broken", "repair_policy"],
  ];
  test.each(cases)("%s", (_name, change, rule, action) => {
    const decision = decide(clean(change));
    expect(decision.verdict).toBe("hold");
    expect(decision.reasons.map((reason) => reason.rule)).toEqual([rule]);
    expect(decision.next.map((step) => step.action as string)).toEqual([action]);
    expect(Value.Check(Decision, decision)).toBeTrue();
  });

  test("no check answers and none is required", () => {
    const silent = CHECKS.map((check) => outcome(check, { result: "unavailable", because: "no worker" }));
    expect(rules(clean({ outcomes: silent, config: { rules: {}, base_rules: {}, required: [] } }))).toContain("gate.nothing-checked hold");
  });

  test("an optional check that is unavailable is said and does not hold", () => {
    const input = clean({ outcomes: [...rest("ci"), outcome("ci", { result: "unavailable", because: "x" })], config: { rules: {}, base_rules: {}, required: ["text"] } });
    expect(rules(input)).toEqual(["gate.check-unavailable note"]);
    expect(decide(input).verdict).toBe("admit");
  });

  test("two outcomes of one check are a bug, not a choice", () => {
    expect(() => decide(clean({ outcomes: [...CHECKS.map((c) => outcome(c)), outcome("ci")] }))).toThrow("two outcomes of check ci");
  });
});

describe("findings", () => {
  test("attack: what a job says of its own tests is a note, whatever policy and settings make of it; another check's finding of that name is not", () => {
    const rule = "report.test-failed";
    const strict = { [rule]: { human: "refuse", agent: "refuse" } } as const;
    const input = (observer: "job" | "daemon") => clean({ outcomes: [...CHECKS.map((name) => outcome(name)), outcome("report.tests", { observer, findings: [finding(rule)] })], config: { rules: strict, base_rules: strict, required: [...CHECKS] }, policy: said(effect(0, "refuse")) });
    expect([decide(input("job")).verdict, rules(input("job"))]).toEqual(["admit", [`${rule} note`]]);
    expect(decide(input("daemon")).verdict).toBe("refuse");
    // Nor does its word stand in for the answer of a check.
    const alone = clean({ outcomes: [outcome("report.tests", { observer: "job" })], config: { rules: {}, base_rules: {}, required: [] } });
    expect(rules(alone)).toEqual(["gate.nothing-checked hold"]);
    expect(rules({ ...alone, config: { ...alone.config, required: ["report.tests"] } })).toContain("gate.check-claimed hold");
  });

  test("policy's word decides", () => {
    expect(rules(clean({ outcomes: found("ci.changed"), policy: said(effect(0, "note")) }))).toEqual(["ci.changed note"]);
    expect(decide(clean({ outcomes: found("ci.changed"), policy: said(effect(0, "note")) })).verdict).toBe("admit");
    expect(decide(clean({ outcomes: found("ci.changed"), policy: said(effect(0, "hold")) })).verdict).toBe("hold");
    expect(decide(clean({ outcomes: found("ci.changed"), policy: said(effect(0, "refuse")) })).verdict).toBe("refuse");
  });

  test("one that policy says nothing of does not vanish", () => {
    const decision = decide(clean({ outcomes: found("made.up") }));
    expect(decision).toMatchObject({ verdict: "hold", reasons: [{ rule: "made.up", because: "the policy says nothing of this rule: made.up at 1" }] });
  });

  test("of an unavailable check still count", () => {
    const outcomes = [...rest("ci"), outcome("ci", { result: "unavailable", because: "half read", findings: [finding("secret.token")] })];
    expect(decide(clean({ outcomes, policy: said(effect(0, "refuse")) })).verdict).toBe("refuse");
  });

  test("of one rule are one reason with every place", () => {
    const policy = said(effect(0, "hold"), effect(1, "hold"), effect(2, "refuse"));
    const [first, second] = decide(clean({ outcomes: found("ci.changed", "ci.changed", "ci.changed"), policy })).reasons;
    expect(first).toMatchObject({ effect: "refuse", ranges: [{ start_line: 3 }] });
    expect(second).toMatchObject({ effect: "hold", ranges: [{ start_line: 1 }, { start_line: 2 }], because: "rule says hold: ci.changed at 1" });
    expect(second?.fingerprints).toHaveLength(2);
  });

  test("an observing rule is shown and decides nothing", () => {
    const input = clean({ outcomes: found("ci.changed"), policy: said(effect(0, "refuse", "observe")) });
    expect(rules(input)).toEqual(["ci.changed refuse observed"]);
    expect(decide(input).verdict).toBe("admit");
  });

  test("the strictest of several bundles counts, and a stricter observer beside it is shown", () => {
    const answers = [answer([effect(0, "note")]), answer([effect(0, "hold")]), answer([effect(0, "refuse", "observe")])];
    expect(rules(clean({ outcomes: found("ci.changed"), policy: { result: "decided", answers } }))).toEqual(["ci.changed hold", "ci.changed refuse observed"]);
  });

  test("the base's bundle cannot speak for a host's that is silent", () => {
    const answers = [answer(), answer([effect(0, "pass")])];
    expect(rules(clean({ outcomes: found("ci.changed"), policy: { result: "decided", answers } }))).toEqual(["ci.changed hold"]);
  });

  test("a policy's own reason hangs on no finding", () => {
    const answers = [answer([], { reasons: [{ rule: "team.freeze", effect: "hold", mode: "enforce", because: "no merges on friday" }] })];
    expect(decide(clean({ policy: { result: "decided", answers } }))).toMatchObject({ verdict: "hold", reasons: [{ rule: "team.freeze", check: null, because: "no merges on friday" }] });
  });
});

describe("settings of rules", () => {
  const held = (config: Partial<DecideInput["config"]>, actor: "human" | "agent" | "unknown" = "agent") =>
    clean({ outcomes: found("ci.changed"), policy: { result: "decided", answers: [answer([effect(0, "hold")], { actor })] }, config: { rules: {}, base_rules: {}, required: [], ...config } });

  test("the host's word replaces the policy's, for the class it names", () => {
    expect(rules(held({ rules: { "ci.changed": { agent: "note" } } }))).toEqual(["ci.changed note"]);
    expect(rules(held({ rules: { "ci.changed": { agent: "note" } } }, "human"))).toEqual(["ci.changed hold"]);
    expect(rules(held({ rules: { "ci.changed": { agent: "refuse" } } }))).toEqual(["ci.changed refuse"]);
  });

  test("the host's word does not reach what the base's bundle raises", () => {
    const raised = { rule: "team.freeze", effect: "hold", mode: "enforce", because: "friday" } as const;
    const config = { rules: { "team.freeze": { human: "note" } }, base_rules: {}, required: [] } as const;
    const input = (answers: PolicyAnswer[]) => clean({ policy: { result: "decided", answers }, config: { ...config, required: [] } });
    expect(rules(input([answer([], { reasons: [raised] }), answer()]))).toEqual(["team.freeze note"]);
    expect(rules(input([answer(), answer([], { reasons: [raised] })]))).toEqual(["team.freeze hold"]);
  });

  test("who is unknown is judged as an agent", () => {
    expect(rules(held({ rules: { "ci.changed": { agent: "refuse" } } }, "unknown"))).toEqual(["ci.changed refuse"]);
    expect(rules(held({ rules: { "ci.changed": { agent: "refuse", unknown: "note" } } }, "unknown"))).toEqual(["ci.changed note"]);
  });

  test("the base can tighten and cannot loosen", () => {
    expect(rules(held({ base_rules: { "ci.changed": { agent: "refuse" } } }))).toEqual(["ci.changed refuse"]);
    expect(rules(held({ base_rules: { "ci.changed": { agent: "pass" } } }))).toEqual(["ci.changed hold"]);
    expect(rules(held({ base_rules: { "ci.changed": { mode: "observe" } } }))).toEqual(["ci.changed hold"]);
  });

  test("the host lets a rule observe, the base may enforce it again", () => {
    const rule = { "ci.changed": { mode: "observe" } } as const;
    expect(rules(held({ rules: rule }))).toEqual(["ci.changed hold observed"]);
    expect(rules(held({ rules: rule, base_rules: { "ci.changed": { mode: "enforce" } } }))).toEqual(["ci.changed hold"]);
  });

  test("a rule named like a built-in property has no setting", () => {
    expect(rules(clean({ outcomes: found("constructor"), policy: said(effect(0, "note")) }))).toEqual(["constructor note"]);
  });

  test("no setting reaches the rules of the house", () => {
    const off = { human: "pass", agent: "pass", bot: "pass", unknown: "pass", mode: "observe" } as const;
    expect(rules(clean({ empty: true, config: { rules: { "gate.empty": off }, base_rules: {}, required: [] } }))).toEqual(["gate.empty hold"]);
  });
});

describe("order", () => {
  test("refuse, hold, observed, note", () => {
    const policy = said(effect(0, "note"), effect(1, "refuse", "observe"), effect(2, "hold"), effect(3, "refuse"));
    expect(rules(clean({ outcomes: found("a.a", "b.b", "c.c", "d.d"), policy }))).toEqual(["d.d refuse", "c.c hold", "b.b refuse observed", "a.a note"]);
  });

  test("what a refusal needs comes before what a hold needs, however small that is", () => {
    const policy = said(effect(0, "refuse"), effect(1, "hold"));
    const { next } = decide(clean({ outcomes: found("merge.conflict-marker", "path.case-collision"), policy }));
    expect(next.map(({ cost, rule }) => [cost, rule])).toEqual([
      ["minutes", "merge.conflict-marker"],
      ["seconds", "path.case-collision"],
    ]);
  });

  test("among steps of one kind the smallest comes first", () => {
    const policy = said(effect(0, "hold"), effect(1, "refuse"));
    const { next } = decide(clean({ outcomes: found("ci.changed", "test.focused"), policy }));
    expect(next.map(({ action, cost, rule }) => [action, cost, rule])).toEqual([
      ["fix_finding", "seconds", "test.focused"],
      ["split_change", "minutes", "ci.changed"],
      ["ask_person", "a person", "ci.changed"],
    ]);
  });

  test("a step for what refuses is never cut in favour of one for what holds", () => {
    const names = ["ci.changed", "guard.self-edit", "size.unreviewable", "path.case-collision", "file.large-binary", "secret.token"];
    const policy = said(...names.map((_, i) => effect(i, i === 5 ? "refuse" : "hold")));
    expect(decide(clean({ outcomes: found(...names), policy })).next.map(({ rule }) => rule)).toContain("secret.token");
  });

  test("commands hold nothing a change could have written", () => {
    const policy = said(effect(0, "hold"));
    const hostile = { ...finding("made.up"), message: "$(reboot)", excerpt: "$(reboot)", range: { path: { u: "$(reboot)" }, start_line: 1, end_line: 1 } };
    const { next } = decide(clean({ outcomes: [...rest("ci"), outcome("ci", { findings: [hostile] })], policy }));
    expect(JSON.stringify(next)).not.toContain("reboot");
  });
});
