/** Inputs of `decide` for tests: one that admits, and generators of any. */
import fc from "fast-check";
import type { ActorClass } from "../../../proto/actor.ts";
import type { Effect, PolicyAnswer, PolicyResult, RuleMode } from "../../../proto/decision.ts";
import type { Finding, Outcome } from "../../../proto/outcome.ts";
import type { DecideInput } from "../decide.ts";

export const CHECKS = ["ci", "secrets", "tests", "text"] as const;
export const RULES = ["ci.changed", "secret.token", "test.focused", "size.unreviewable"] as const;
export const EFFECTS: readonly Effect[] = ["pass", "note", "hold", "refuse"];
const MODES: readonly RuleMode[] = ["observe", "enforce"];
const CLASSES: readonly ActorClass[] = ["human", "agent", "bot", "unknown"];

export function finding(rule: string, line = 1): Finding {
  return {
    rule,
    message: `${rule} at ${line}`,
    range: { path: { u: "src/a.ts" }, start_line: line, end_line: line },
    severity: "warning",
    fingerprint: Bun.SHA256.hash(`${rule} ${line}`, "hex"),
    baseline: "not_compared",
    tags: [],
    excerpt: null,
    counterexample: null,
    fix: null,
  };
}

export function outcome(check: string, change: Partial<Outcome> = {}): Outcome {
  const findings = change.findings ?? [];
  return { check, result: findings.length > 0 ? "fail" : "pass", because: null, observer: "daemon", findings, findings_cut: 0, gaps: [], ...change };
}

export function answer(effects: PolicyAnswer["effects"] = [], change: Partial<PolicyAnswer> = {}): PolicyAnswer {
  return { actor: "human", effects, reasons: [], ...change };
}

export function effect(index: number, name: Effect, mode: RuleMode = "enforce"): PolicyAnswer["effects"][number] {
  return { finding: index, effect: name, mode, because: `rule says ${name}` };
}

/** Everything required answered, nothing found, policy decided: the one input that admits. */
export function clean(change: Partial<DecideInput> = {}): DecideInput {
  return {
    outcomes: CHECKS.map((check) => outcome(check)),
    policy: { result: "decided", answers: [answer()] },
    config: { rules: {}, base_rules: {}, required: [...CHECKS] },
    base_config: { state: "absent" },
    history: "known",
    conflicts: [],
    empty: false,
    ...change,
  };
}

const anyFinding = fc.tuple(fc.constantFrom(...RULES), fc.integer({ min: 1, max: 99 })).map(([rule, line]) => finding(rule, line));

/** `value` most of the time: an input where everything is odd never admits, and then a law about admitting says nothing. */
const mostly = <T>(value: T, other: fc.Arbitrary<T>) => fc.oneof({ weight: 30, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: other });

const anyOutcome = (check: string): fc.Arbitrary<Outcome> =>
  fc.record({
    check: fc.constant(check),
    result: mostly<Outcome["result"]>("pass", fc.constantFrom("fail", "not_applicable", "unavailable")),
    because: fc.constantFrom(null, "why"),
    observer: mostly<Outcome["observer"]>("daemon", fc.constantFrom("sandbox", "job", "external")),
    findings: fc.array(anyFinding, { maxLength: 2 }),
    findings_cut: mostly(0, fc.constant(7)),
    gaps: fc.constant([]),
  });

/** Outcomes of the four checks, now and then without one of them. */
export const anyOutcomes: fc.Arbitrary<Outcome[]> = mostly<readonly string[]>(CHECKS, fc.subarray([...CHECKS]))
  .chain((names) => fc.tuple(...names.map(anyOutcome)))
  .map((list) => [...list]);

const anyEffect = fc.oneof({ weight: 6, arbitrary: fc.constantFrom<Effect>("pass", "note") }, { weight: 1, arbitrary: fc.constantFrom<Effect>("hold", "refuse") });
const anyWord = fc.record({ effect: anyEffect, mode: fc.constantFrom(...MODES), because: fc.constantFrom("a", "b") });
const anyReasons = mostly<PolicyAnswer["reasons"]>(
  [],
  fc.array(fc.tuple(anyWord, fc.constantFrom("team.a", ...RULES)).map(([word, rule]) => ({ ...word, rule })), { maxLength: 3 }),
);

/** An answer on `findings` findings: now and then silent on one, or speaking of one that is not there. */
export function anyAnswer(findings: number): fc.Arbitrary<PolicyAnswer> {
  const places = Array.from({ length: findings }, (_, i) => i);
  const spoken = mostly<readonly number[]>(places, fc.array(fc.nat(findings + 1), { maxLength: findings + 2 }));
  const effects = spoken.chain((list) => fc.tuple(...list.map((at) => anyWord.map((word) => ({ ...word, finding: at }))))).map((list) => [...list]);
  return fc.record({ actor: fc.constantFrom(...CLASSES), effects, reasons: anyReasons });
}

const anySetting = fc.record({ mode: fc.constantFrom(...MODES), human: anyEffect, agent: anyEffect, bot: anyEffect, unknown: anyEffect }, { requiredKeys: [] });
export const anyRules = fc.dictionary(fc.constantFrom(...RULES), anySetting, { maxKeys: 2, noNullPrototype: true });

const anyPolicy = (outcomes: readonly Outcome[]): fc.Arbitrary<PolicyResult> => {
  const findings = outcomes.reduce((sum, one) => sum + one.findings.length, 0);
  return fc.oneof(
    { weight: 20, arbitrary: fc.record({ result: fc.constant("decided" as const), answers: fc.array(anyAnswer(findings), { minLength: 1, maxLength: 3 }) }) },
    { weight: 1, arbitrary: fc.constant({ result: "unavailable" as const, because: "no bundle" }) },
  );
};

export const anyInput: fc.Arbitrary<DecideInput> = anyOutcomes.chain((outcomes) =>
  fc.record({
    outcomes: fc.constant(outcomes),
    policy: anyPolicy(outcomes),
    config: fc.record({ rules: anyRules, base_rules: anyRules, required: mostly<string[]>([...CHECKS], fc.subarray([...CHECKS, "licence"])) }),
    base_config: mostly<DecideInput["base_config"]>({ state: "absent" }, fc.constant({ state: "broken", because: "unknown key" })),
    history: mostly<DecideInput["history"]>("known", fc.constant("unknown")),
    conflicts: mostly<DecideInput["conflicts"]>([], fc.constant([{ u: "a" }])),
    empty: mostly(false, fc.constant(true)),
  }),
);
