/** A gate's report for tests: the card of a real change, and findings beside it. */
import type { RuleDoc } from "../../../../proto/api.ts";
import { counterexampleBytes } from "../../../../proto/counterexample.ts";
import type { CheckFinding } from "../../../../proto/findings.ts";
import type { Finding } from "../../../../proto/outcome.ts";
import { card, hostileCard, PROOF, TIMINGS } from "../../card/testing/card.ts";
import type { Report } from "../report.ts";

export function finding(change: Partial<Finding> = {}): Finding {
  return {
    rule: "ci.changed", message: "the workflow runs other commands", range: { path: { u: ".github/workflows/test.yml" }, start_line: 57, end_line: 58 }, severity: "warning",
    fingerprint: "a".repeat(64), baseline: "new", tags: [], excerpt: "+ - run: pnpm check:comments", counterexample: null, fix: { description: "Move it into a change of its own.", replacement: null }, ...change,
  };
}

export const found = (change: Partial<Finding> = {}, check = "ci"): CheckFinding => ({ check, finding: finding(change) });

export const DOC: RuleDoc = {
  rule: "ci.changed", check: "ci", title: "CI configuration changed", why: "What runs in CI decides what is known.", passes: "no workflow is touched", fails: "a workflow runs other commands",
  cannot_see: "actions that change behind their tag", replay: null, effects: { human: "note", agent: "hold", bot: "hold", unknown: "hold" }, mode: "enforce",
};

export function report(change: Partial<Report> = {}): Report {
  return { card: card(), proof: PROOF, timings: TIMINGS, found: { findings: [found(), found({ rule: "guard.self-edit", message: "tells agents what to do", fingerprint: "b".repeat(64), range: null, fix: null }, "guards")], cut: 0 }, rules: [DOC], ...change };
}

const encoder = new TextEncoder();

/** `text` in every place of card and findings that a change can reach: as message, advice, excerpt, waiver, and as the path itself, in valid UTF-8 and not. */
export function hostileReport(text: string): Report {
  const waiver = { kind: "inline" as const, state: "accepted" as const, rule: "ci.changed", reason: text, owner: text, until: text, path: { u: text.toWellFormed() }, line: 3, because: null };
  const step = { action: text.slice(0, 1_000).toWellFormed(), location: { path: { u: text.slice(0, 500).toWellFormed() }, start_line: 3, end_line: 3 }, state: { x: text.slice(0, 1_000).toWellFormed() } };
  const cex = new TextDecoder().decode(counterexampleBytes({ type: "maestro.cex/v1", invariant: "a.b", engine: "tlc", message: step.action, inputs: null, trace: [step, step], loop_at: 0, stutter: false, seed: null, path: null, smt2_sha256: null, spec_sha256: null, replay: { command: ["maestro", step.action], verdict: "reproduced" } }));
  const said: Partial<Finding> = { cex, message: text, excerpt: text, counterexample: text, fix: { description: text, replacement: null }, waiver };
  const bytes = new Uint8Array([0xff, ...encoder.encode(text)]).toBase64();
  const findings = [found({ ...said, range: { path: { u: text.toWellFormed() }, start_line: 7, end_line: 7 } }), found({ ...said, fingerprint: "b".repeat(64), rule: "guard.self-edit", range: { path: { b64: bytes }, start_line: 1, end_line: 1 } }), found({ ...said, range: null })];
  return report({ card: hostileCard(text), found: { findings, cut: 3 } });
}
