/** A Decision Card for tests, after a real change: zod 92f4798. */
import type { Card, CardProof, Timings } from "../../../../proto/card.ts";
import type { Reason } from "../../../../proto/decision.ts";

export const REASONS: readonly Reason[] = [
  {
    rule: "ci.changed",
    check: "ci",
    effect: "hold",
    observed: false,
    because: "CI configuration changed by an agent: .github/workflows/test.yml runs other commands",
    ranges: [{ path: { u: ".github/workflows/test.yml" }, start_line: 57, end_line: 57 }],
    excerpt: "+ - run: pnpm check:comments",
    fingerprints: ["a".repeat(64)],
  },
  {
    rule: "guard.self-edit",
    check: "guards",
    effect: "hold",
    observed: false,
    because: "rules that guard this repository changed by an agent: AGENTS.md tells agents what to do",
    ranges: [20, 36, 39].map((line) => ({ path: { u: "AGENTS.md" }, start_line: line, end_line: line })).concat([{ path: { u: ".husky/pre-commit" }, start_line: 1, end_line: 1 }]),
    excerpt: null,
    fingerprints: ["b".repeat(64)],
  },
];

export function card(change: Partial<Card> = {}): Card {
  return {
    v: 1,
    gate_id: `gate:${"a".repeat(52)}`,
    attempt: 1,
    mode: "local",
    verdict: "hold",
    repository: "colinhacks/zod",
    target_ref: "refs/heads/main",
    base: "436b5da87".padEnd(40, "0"),
    head: "92f47984b".padEnd(40, "0"),
    title: "chore: fail on stacked line comments",
    actor: {
      class: "agent",
      authenticated: false,
      name: "Colin McDonnell",
      agent: "Claude Opus 5",
      signs: [{ source: "trailer", text: "Co-Authored-By: Claude", says: "agent", observer: "daemon" }],
    },
    files: 63,
    added_lines: 425,
    removed_lines: 438,
    policy: { name: "default@1", id: `policy:${"b".repeat(52)}` },
    reasons: [...REASONS],
    checks: [
      { check: "ci", result: "fail", required: true, because: null, findings: 1 },
      { check: "guards", result: "fail", required: true, because: null, findings: 4 },
      ...["paths", "secrets", "size", "tests", "text"].map((check) => ({ check, result: "pass" as const, required: true, because: null, findings: 0 })),
      { check: "dependencies", result: "not_applicable", required: true, because: "no manifest changed", findings: 0 },
    ],
    gaps: [],
    next: [
      { action: "split_change", text: "move these files into a change of their own", command: null, rule: "ci.changed", cost: "minutes", risk: "none" },
      { action: "ask_person", text: "ask a person who is not the author to look at it", command: null, rule: "ci.changed", cost: "a person", risk: "none" },
    ],
    baseline: "not_compared",
    cost: { reported: false, micro_usd: null },
    warnings: [],
    ...change,
  };
}

export const PROOF: CardProof = {
  log_origin: "demo.maestro.invalid",
  log_index: 4182,
  manifest_root: "c".repeat(64),
  bundle_sha256: "6c1e9a0f".padEnd(64, "0"),
  signer: `SHA256:${"A".repeat(43)}`,
  self_made_trust: true,
};

export const TIMINGS: Timings = { total_us: 1_100_000, facts_us: 200_000, checks_us: 700_000, policy_us: 20_000, evidence_us: 180_000, by_check: [] };

/** An admit, with nothing to add. */
export function admitted(change: Partial<Card> = {}): Card {
  const { checks } = card();
  return card({
    verdict: "admit",
    reasons: [],
    checks: checks.map((one) => ({ ...one, result: "pass", findings: 0 })),
    next: [{ action: "merge", text: "merge it while the target stays where it is", command: null, rule: null, cost: "none", risk: "none" }],
    ...change,
  });
}

/** `text` in every place of a card that a change, or what a check says of it, can reach. */
export function hostileCard(text: string): Card {
  const path = { u: text.toWellFormed() };
  return card({
    title: text,
    repository: text,
    target_ref: text,
    actor: { class: "agent", authenticated: false, name: text, agent: text, signs: [] },
    reasons: REASONS.map((reason) => ({ ...reason, because: text, excerpt: text, ranges: [{ path, start_line: 7, end_line: 7 }] })),
    checks: card().checks.map((check, i) => ({ ...check, because: text, result: i === 0 ? "unavailable" : check.result })),
    obligations: [
      { name: "coverage.line", kind: "numeric", required: true, result: "unavailable", observer: "sandbox", value: null, unit: text, scale: 2, min: "8000", max: null, because: text },
      { name: "bundle.bytes", kind: "numeric", required: false, result: "fail", observer: "job", value: "9", unit: text, scale: 0, min: null, max: "8", because: null },
    ],
    gaps: [{ what: text, because: text }],
    next: [{ ...card().next[0]!, text }],
    policy: { name: text, id: "policy:x" },
    warnings: [text],
  });
}
