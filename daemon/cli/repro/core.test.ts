/** What counts as the same outcome, and what is said of one that is not. */
import { expect, test } from "bun:test";
import type { Bundle } from "../../../proto/bundle.ts";
import { makeBundle, newRing, SAMPLE_OUTCOMES, type Tampering } from "../../testing/evidence.ts";
import { comparable, coreDigest, differences, outcomeCore, type OutcomeCore } from "./core.ts";

const bundle = (tampering: Tampering = {}): Bundle => JSON.parse(new TextDecoder().decode(makeBundle(newRing(), tampering))) as Bundle;
const finding = (fingerprint: string, check = "ci") => ({ check, finding: { rule: "ci.changed", message: "m", range: null, severity: "note" as const, fingerprint: fingerprint.repeat(64), baseline: "new" as const, tags: [], excerpt: null, counterexample: null, fix: null } });
const core = (of: Bundle, check: string | null = null, findings = [finding("a"), finding("b")]): OutcomeCore => outcomeCore({ bundle: of, verdict: "hold", merge_tree: "3".repeat(40), findings: { findings, cut: 0 } }, check);
const outcomes = SAMPLE_OUTCOMES.map((one) => (one.check === "secrets" ? { ...one, result: "fail" as const } : one));

test("keys, salts, times and the order of findings are no part of an outcome", () => {
  const [a, b] = [bundle(), bundle({ attempt: { attempt: 5, supersedes: 4, issued_at: "2026-11-22T09:00:00Z" }, identity: { repo_id: "local:7:other" } })];
  expect(coreDigest(core(a))).toBe(coreDigest(core(b, null, [finding("b"), finding("a")])));
  expect(differences(core(a), core(b))).toEqual([]);
});

test("a check that answers otherwise, a finding more or less, another verdict or tree: each is named", () => {
  const [a, b] = [core(bundle()), core(bundle({ outcomes }), null, [finding("a"), finding("c")])];
  expect(coreDigest(a)).not.toBe(coreDigest(b));
  expect(differences(a, { ...b, verdict: "refuse", merge_tree: null })).toEqual([
    "verdict: hold, now refuse",
    `merged tree: ${"3".repeat(40)}, now none`,
    "leaf checks/check/secrets: pass 0 findings, now fail 0 findings",
    `finding ci.changed of ci ${"b".repeat(16)}: found, now is not there`,
    `finding ci.changed of ci ${"c".repeat(16)}: was not there, now found`,
  ]);
});

test("of one check alone, others have no say; findings that one side no longer has are compared on neither", () => {
  const [a, b] = [bundle(), bundle({ outcomes })];
  expect(coreDigest(core(a, "tests", []))).toBe(coreDigest(core(b, "tests", [])));
  expect(coreDigest(core(a, "secrets", []))).not.toBe(coreDigest(core(b, "secrets", [])));
  const without = outcomeCore({ bundle: a, verdict: "hold", merge_tree: "3".repeat(40), findings: null }, null);
  expect(comparable(without, core(a)).map(coreDigest)).toEqual([coreDigest(without), coreDigest(without)]);
  expect(comparable(core(a), core(a)).map(({ findings }) => findings?.length)).toEqual([2, 2]);
});
