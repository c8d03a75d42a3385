import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import fc from "fast-check";
import { Decision, type Verdict } from "../../proto/decision.ts";
import type { Outcome } from "../../proto/outcome.ts";
import { placeFindings } from "../policy/input.ts";
import { decide, type DecideInput } from "./decide.ts";
import { stricterThan } from "./effects.ts";
import { anyAnswer, anyInput, anyRules, CHECKS, EFFECTS, finding, outcome, RULES } from "./testing/decide-input.ts";
import { times } from "../testing/scale.ts";

const RUNS = { numRuns: times(300), verbose: 1 } as const;
const RANK: Readonly<Record<Verdict, number>> = { admit: 0, hold: 1, refuse: 2 };
const rank = (input: DecideInput): number => RANK[decide(input).verdict];

/** A verdict that admits, checked against a second, plain reading of what admitting takes. */
function mayAdmit({ outcomes, policy, config, base_config, history, conflicts, empty }: DecideInput): boolean {
  const named = (check: string): Outcome | undefined => outcomes.find((one) => one.check === check);
  const seen = (one: Outcome | undefined) => one !== undefined && one.result !== "unavailable" && (one.observer === "daemon" || one.observer === "sandbox");
  const spoken = policy.result === "decided" && placeFindings(outcomes).every(({ finding: { rule } }, index) => policy.answers[0]!.effects.some((word) => word.finding === index) || Object.hasOwn(config.rules, rule));
  return (
    config.required.every((check) => seen(named(check))) &&
    outcomes.some(seen) &&
    outcomes.every(({ result, findings, findings_cut }) => findings_cut === 0 && (result !== "fail" || findings.length > 0)) &&
    spoken &&
    base_config.state !== "broken" &&
    history === "known" &&
    conflicts.length === 0 &&
    !empty
  );
}

describe("closed on failure", () => {
  test("nothing unknown is ever admitted", () => {
    let admitted = 0;
    fc.assert(
      fc.property(anyInput, (input) => {
        if (decide(input).verdict !== "admit") return;
        admitted++;
        expect(mayAdmit(input)).toBeTrue();
      }),
      { ...RUNS, numRuns: times(1000) },
    );
    expect(admitted).toBeGreaterThan(100);
  });

  test("no set of outcomes with a required check unavailable is ever admitted", () => {
    fc.assert(
      fc.property(anyInput, fc.constantFrom(...CHECKS), (input, check) => {
        const outcomes = [...input.outcomes.filter((one) => one.check !== check), outcome(check, { result: "unavailable" })];
        expect(decide({ ...input, outcomes, config: { ...input.config, required: [...input.config.required, check] } }).verdict).not.toBe("admit");
      }),
      RUNS,
    );
  });

  test("the decision has the shape of the contract, and says why it does not admit", () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const decision = decide(input);
        expect(Value.Check(Decision, decision)).toBeTrue();
        expect(decision.verdict === "admit").toBe(!decision.reasons.some((reason) => !reason.observed && reason.effect !== "note"));
      }),
      RUNS,
    );
  });

  test("no finding vanishes: a fingerprint is missing only where somebody said pass", () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const shown = new Set(decide(input).reasons.flatMap(({ fingerprints }) => fingerprints));
        const words = JSON.stringify([input.policy, input.config]);
        for (const { finding: one } of placeFindings(input.outcomes)) expect(shown.has(one.fingerprint) || words.includes('"pass"')).toBeTrue();
      }),
      RUNS,
    );
  });
});

describe("never looser", () => {
  const WORSE: readonly ((input: DecideInput) => DecideInput)[] = [
    (input) => ({ ...input, history: "unknown" }),
    (input) => ({ ...input, empty: true }),
    (input) => ({ ...input, conflicts: [{ u: "x" }] }),
    (input) => ({ ...input, base_config: { state: "broken", because: "x" } }),
    (input) => ({ ...input, config: { ...input.config, required: [...input.config.required, "another"] } }),
  ];
  test("when something becomes unknown", () => {
    fc.assert(
      fc.property(anyInput, fc.constantFrom(...WORSE), (input, worsen) => {
        expect(rank(worsen(input))).toBeGreaterThanOrEqual(rank(input));
      }),
      RUNS,
    );
  });

  test("when a check fails instead of passing, or stops answering", () => {
    fc.assert(
      fc.property(anyInput, fc.nat(3), fc.constantFrom("unavailable", "fail"), (input, at, result) => {
        const outcomes = input.outcomes.map((one, i) => (i === at && (result === "unavailable" || one.result !== "unavailable") ? { ...one, result } : one));
        const required = CHECKS.filter((check) => input.outcomes.some((one) => one.check === check));
        const config = { ...input.config, required: [...required] };
        expect(rank({ ...input, config, outcomes })).toBeGreaterThanOrEqual(rank({ ...input, config }));
      }),
      RUNS,
    );
  });

  test("when one more finding turns up that nobody judges", () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const outcomes = [...input.outcomes, outcome("zeta", { findings: [finding("made.up", 500)] })];
        const judged = placeFindings(input.outcomes).length;
        const policy = input.policy.result === "unavailable" ? input.policy : { ...input.policy, answers: input.policy.answers.map((one) => ({ ...one, effects: one.effects.filter(({ finding: at }) => at < judged) })) };
        const before = { ...input, policy };
        expect(rank({ ...before, outcomes })).toBeGreaterThanOrEqual(Math.max(rank(before), RANK.hold));
      }),
      RUNS,
    );
  });

  test("when one word of the policy gets stricter", () => {
    fc.assert(
      fc.property(anyInput, fc.nat(13), fc.constantFrom(...EFFECTS), (input, at, effect) => {
        if (input.policy.result === "unavailable") return expect(rank(input)).toBeGreaterThan(0);
        const [first, ...others] = input.policy.answers;
        const effects = first!.effects.map((word, i) => (i === at && stricterThan(effect, word.effect) ? { ...word, effect } : word));
        const policy = { ...input.policy, answers: [{ ...first!, effects }, ...others] };
        expect(rank({ ...input, policy })).toBeGreaterThanOrEqual(rank(input));
      }),
      RUNS,
    );
  });

  test("when a further bundle joins", () => {
    fc.assert(
      fc.property(anyInput.chain((input) => fc.tuple(fc.constant(input), anyAnswer(placeFindings(input.outcomes).length))), ([input, answer]) => {
        if (input.policy.result === "unavailable") return expect(rank(input)).toBeGreaterThan(0);
        const policy = { ...input.policy, answers: [...input.policy.answers, answer] };
        expect(rank({ ...input, policy })).toBeGreaterThanOrEqual(rank(input));
      }),
      RUNS,
    );
  });

  test("whatever the base's maestro.yaml sets", () => {
    fc.assert(
      fc.property(anyInput, anyRules, (input, base_rules) => {
        const without = { ...input, config: { ...input.config, base_rules: {} } };
        expect(rank({ ...input, config: { ...input.config, base_rules } })).toBeGreaterThanOrEqual(rank(without));
      }),
      RUNS,
    );
  });

  test("when the host's setting for a rule gets stricter for every class", () => {
    fc.assert(
      fc.property(anyInput, fc.constantFrom(...RULES), fc.constantFrom(...EFFECTS), fc.constantFrom(...EFFECTS), (input, rule, a, b) => {
        const [looser, stricter] = stricterThan(a, b) ? [b, a] : [a, b];
        const set = (word: typeof a) => ({ ...input, config: { ...input.config, rules: { ...input.config.rules, [rule]: { human: word, agent: word, bot: word, unknown: word } } } });
        expect(rank(set(stricter))).toBeGreaterThanOrEqual(rank(set(looser)));
      }),
      RUNS,
    );
  });
});

test("the order in which checks answer does not show", () => {
  fc.assert(
    fc.property(anyInput.chain((input) => fc.tuple(fc.constant(input), fc.shuffledSubarray([...input.outcomes], { minLength: input.outcomes.length }))), ([input, outcomes]) => {
      expect(decide({ ...input, outcomes })).toEqual(decide(input));
    }),
    RUNS,
  );
});
