/**
 * Rules no policy can switch off: each says that something could not be told,
 * and what cannot be told is never admitted. Their texts are what
 * `maestro explain` prints.
 */
import type { RuleDoc } from "../../proto/api.ts";

interface HouseRule {
  readonly title: string;
  readonly why: string;
  readonly passes: string;
  readonly fails: string;
  readonly cannot_see: string;
  /** What it leads to; absent: a hold. */
  readonly effect?: "note";
}

const NOTHING_HIDDEN = "nothing: the daemon sees this of itself";

export const HOUSE_RULES = {
  "gate.check-unavailable": {
    title: "a check gave no answer",
    why: "A check that crashed, ran out of time or could not read the change has not passed.",
    passes: "every required check answers",
    fails: "a check process is killed at its deadline",
    cannot_see: "a check that answers although it looked at less than it says",
  },
  "gate.check-missing": {
    title: "a required check did not run",
    why: "A requirement nobody looked at is not met.",
    passes: "every name under `required` has an outcome",
    fails: "`required: [licence]` where no check has that name",
    cannot_see: NOTHING_HIDDEN,
  },
  "gate.check-claimed": {
    title: "a required check was not seen by the daemon",
    why: "What a job says about itself satisfies no requirement: the job is what is being judged.",
    passes: "the daemon or its sandbox ran the check",
    fails: "the only outcome for a required check came from the job",
    cannot_see: NOTHING_HIDDEN,
  },
  "gate.check-failed": {
    title: "a check failed without saying on what",
    why: "A failure without a finding gives policy nothing to judge.",
    passes: "a check that fails lists at least one finding",
    fails: "`fail` with an empty list",
    cannot_see: NOTHING_HIDDEN,
  },
  "gate.findings-cut": {
    title: "more findings than could be listed",
    why: "Findings beyond the limit were judged by nobody.",
    passes: "every finding of every check is in its list",
    fails: "a check counts 9000 findings and lists 5000",
    cannot_see: NOTHING_HIDDEN,
  },
  "gate.nothing-checked": {
    title: "no check answered",
    why: "An admit says that somebody looked.",
    passes: "at least one check of the daemon answers",
    fails: "every check is unavailable, and none is required",
    cannot_see: NOTHING_HIDDEN,
  },
  "gate.policy-unavailable": {
    title: "the policy gave no decision",
    why: "A policy that does not load, is undefined, or answers in another form has admitted nothing.",
    passes: "every bundle answers in the form {actor, effects, reasons}",
    fails: "a policy calls a built-in function that does not exist here",
    cannot_see: "a policy that answers wrongly in the right form",
  },
  "gate.config-broken": {
    title: "maestro.yaml at the base cannot be read",
    why: "It may have asked for more than the host does; what it asked for is unknown.",
    passes: "maestro.yaml is absent at the base, or reads",
    fails: "an unknown key in maestro.yaml on the target branch",
    cannot_see: "a key that is valid and not what its author meant",
  },
  "gate.history-unknown": {
    title: "the history needed to compare is not there",
    why: "Without the merge base nobody knows what this change changes.",
    passes: "the merge base is among the commits that were sent",
    fails: "a shallow clone that ends before the merge base",
    cannot_see: NOTHING_HIDDEN,
  },
  "gate.conflict": {
    title: "the change does not merge",
    why: "What would be merged does not exist yet, so it cannot be judged.",
    passes: "git merges the change without help",
    fails: "both sides changed the same lines",
    cannot_see: "conflicts of meaning between lines that merge",
  },
  "approval.required": {
    title: "people the paths belong to have not approved yet",
    why: "The host or the trusted base asks for the approval of certain people before these files change.",
    passes: "as many distinct people as asked for approved this head, none of them its author",
    fails: "`approvals: [{paths: [src/pay], from: [codeowners], count: 2}]` and one approval",
    cannot_see: "whether they read it",
  },
  "gate.empty": {
    title: "the change changes nothing",
    why: "An empty difference is more often a wrong base than a wish; nothing was judged.",
    passes: "at least one file differs",
    fails: "head and target have the same tree",
    cannot_see: NOTHING_HIDDEN,
  },
  "baseline.stale": {
    title: "the baseline file lists what is no longer found",
    why: "An entry for a finding that is gone would accept the next one like it; the file only shrinks when somebody takes such entries out.",
    passes: "every entry of .maestro-baseline.json accepts a finding, or speaks of a rule that was not looked for everywhere",
    fails: "the linter no longer reports what an entry lists",
    cannot_see: "entries of checks that read only what a change changes",
    effect: "note",
  },
  "waiver.expired": {
    title: "a waiver has ended",
    why: "What was accepted for a time is not accepted for ever: the finding counts again, and whoever wrote the waiver should hear why.",
    passes: "`until 2026-12-01` on the first of December, in UTC",
    fails: "the same on the second; or a waiver without a date, or with one that is no day",
    cannot_see: "waivers beside lines without a finding",
    effect: "note",
  },
  "report.test-failed": {
    title: "a report that the job handed in says that a test failed",
    why: "Whose the failure is helps whoever reads the card. It decides nothing: who pushes writes the report, so obligations say what a report must hold, and whose word counts.",
    passes: "a JUnit report in which no test failed",
    fails: "`maestro gate --report tests=junit.xml` for an obligation of format junit, with a failed test in it",
    cannot_see: "tests that the report leaves out; whether they ran at all, or over this tree",
    effect: "note",
  },
  "waiver.refused": {
    title: "a waiver speaks of a finding and does not count",
    why: "It gives no reason, the trusted base does not have it, or its rule may not be waived in that way; the finding counts as if it were not there.",
    passes: "a waiver with a reason that the base already holds",
    fails: "`// maestro-ignore secret.token -- test until 2027-01-01`: credentials are not waived by a comment",
    cannot_see: NOTHING_HIDDEN,
    effect: "note",
  },
} as const satisfies Readonly<Record<string, HouseRule>>;

export type HouseRuleId = keyof typeof HOUSE_RULES;

/** For `GET /v1/rules`, beside the rules of the checks. */
export function houseRuleDocs(): RuleDoc[] {
  return Object.entries<HouseRule>(HOUSE_RULES).map(([rule, { effect: word = "hold" as const, ...text }]): RuleDoc => ({ rule, check: "gate", ...text, replay: null, effects: { human: word, agent: word, bot: word, unknown: word }, mode: "enforce" }));
}
