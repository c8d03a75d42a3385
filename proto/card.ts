import { Type, type Static } from "@sinclair/typebox";
import { Actor, Observer } from "./actor.ts";
import { Mode } from "./change.ts";
import { NextStep, Reason, Verdict } from "./decision.ts";
import { FailedTests } from "./failed-test.ts";
import { Gap } from "./facts.ts";
import { CardPolicy } from "./learned.ts";
import { Obligation, Result, Reused } from "./outcome.ts";
import { NamedReleases } from "./release.ts";
import { CheckName, Choice, Closed, Count, Decimal, Fingerprint, GitOid, RefName, RepositoryId, RuleId, Sha256Hex, ShortText } from "./scalar.ts";

export const CardCheck = Closed({
  tests: Type.Optional({ ...FailedTests, description: "of commands with JUnit reports, and of such reports of the job, where tests failed" }),
  check: CheckName,
  result: Result,
  required: Type.Boolean(),
  because: Type.Union([ShortText, Type.Null()]),
  findings: Count,
  observer: Type.Optional({ ...Observer, description: "whose word it is, where it is neither the daemon's nor its sandbox's" }),
  reused: Type.Optional({ ...Reused, description: "this check was not asked again: everything it reads is as it was in that attempt" }),
});
export type CardCheck = Static<typeof CardCheck>;

export const CardProof = Closed({
  log_origin: ShortText,
  log_index: Count,
  manifest_root: Sha256Hex,
  bundle_sha256: Sha256Hex,
  signer: Fingerprint,
  self_made_trust: Type.Boolean(),
});

/** What became of the findings that lead to no more than a note, and of those the change takes away. Absent where there were none. */
export const Compared = Closed({
  new: Count,
  existing: Count,
  waived: Count,
  fixed: Type.Array(Closed({ rule: RuleId, count: Count }), { maxItems: 1000 }),
  not_compared: Type.Array(Closed({ check: CheckName, because: ShortText }), { maxItems: 64 }),
});
export type Compared = Static<typeof Compared>;

/** Document of `maestro.cex/v1`, as canonical JSON; null where it is too long for a card and travels in the bundle alone. Hostile text: read it strictly, escape what it holds. */
export const CardCounterexample = Closed({ check: CheckName, rule: RuleId, fingerprint: Sha256Hex, sha256: Sha256Hex, document: Type.Union([Type.String({ maxLength: 32 * 1024 }), Type.Null()]) });
export type CardCounterexample = Static<typeof CardCounterexample>;

/** The decision for a person. Strings the change controls are raw here: each face has its own escaper. */
export const Card = Closed(
  {
    v: Type.Literal(1),
    gate_id: Type.Union([Type.String(), Type.Null()], { description: "null in a replay, which leaves no evidence" }),
    attempt: Type.Integer({ minimum: 1 }),
    mode: Mode,
    verdict: Verdict,
    repository: RepositoryId,
    target_ref: RefName,
    base: Type.Union([GitOid, Type.Null()]),
    head: GitOid,
    title: ShortText,
    actor: Actor,
    files: Count,
    added_lines: Count,
    removed_lines: Count,
    policy: Closed({ name: ShortText, id: ShortText }),
    reasons: Type.Array(Reason),
    counterexamples: Type.Optional(Closed({ listed: Type.Array(CardCounterexample, { maxItems: 4 }), more: Count }, { description: "what shows that something breaks, replayed before it stands here; absent where there is none" })),
    checks: Type.Array(CardCheck),
    obligations: Type.Optional(Type.Array(Obligation, { description: "absent where trusted configuration asks for none" })),
    learned: Type.Optional(Type.Array(CardPolicy, { maxItems: 16, description: "learned policies that the change brings, and what the daemon's own log says of them" })),
    releases: Type.Optional({ ...NamedReleases, description: "who released what was held; absent where nobody did" }),
    gaps: Type.Array(Gap),
    next: Type.Array(NextStep, { minItems: 1 }),
    baseline: Choice(["not_compared", "partly", "compared"], { description: "whether findings were compared with those already at the base" }),
    compared: Type.Optional(Compared),
    cost: Closed({
      reported: Type.Boolean(),
      micro_usd: Type.Union([Decimal, Type.Null()], { description: "null where nothing was reported; never zero for unknown" }),
    }),
    warnings: Type.Array(ShortText, { description: "what an operator should know: self-made trust, unsandboxed, history cut" }),
  },
  { description: "Decision Card" },
);
export type Card = Static<typeof Card>;
export type CardProof = Static<typeof CardProof>;

/** What processes used, as the kernel counted it: processor time of user and system, and the largest resident memory of one of them. */
export const Usage = Closed({ cpu_us: Count, max_rss_bytes: Count });
export type Usage = Static<typeof Usage>;

/** How long it took, in microseconds. Beside the card, not in it: the card is hashed into the evidence, and a replay must give the same digest. */
export const Timings = Closed({
  total_us: Count,
  facts_us: Count,
  checks_us: Count,
  policy_us: Count,
  evidence_us: Count,
  by_check: Type.Array(Closed({ check: CheckName, us: Count, usage: Type.Optional(Usage), saved_us: Type.Optional({ ...Count, description: "what the answer that was used again took when it was asked" }) })),
  /** Of all check processes together. Gates from before it was measured have none. */
  usage: Type.Optional(Usage),
});
export type Timings = Static<typeof Timings>;
