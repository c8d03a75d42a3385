import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { canonicalBytes } from "../../proto/canonical.ts";
import { FINDINGS_BYTES_MAX, FINDINGS_MAX, KeptFindings } from "../../proto/findings.ts";
import type { Finding, Outcome } from "../../proto/outcome.ts";
import { keepFindings } from "./findings.ts";

const finding = (n: number, change: Partial<Finding> = {}): Finding => ({
  rule: "text.bidi", message: `finding ${n}`, range: null, severity: "note", fingerprint: n.toString(16).padStart(64, "0"), baseline: "not_compared", tags: [], excerpt: null, counterexample: null, fix: null, ...change,
});
const outcome = (check: string, findings: readonly Finding[], findings_cut = 0): Outcome => ({ check, result: "fail", because: null, observer: "daemon", findings: [...findings], findings_cut, gaps: [] });
const messages = ({ findings }: KeptFindings): string[] => findings.map((one) => `${one.check} ${one.finding.message}`);

test("most severe first, then as policy saw them, whichever check answered first", () => {
  const text = outcome("text", [finding(1), finding(2, { severity: "error" })]);
  const ci = outcome("ci", [finding(3, { severity: "warning" }), finding(4, { severity: "error" })]);
  const expected = ["ci finding 4", "text finding 2", "ci finding 3", "text finding 1"];
  expect(messages(keepFindings([text, ci]))).toEqual(expected);
  expect(keepFindings([ci, text])).toEqual(keepFindings([text, ci]));
});

test("what a check did not report counts as cut", () => {
  expect(keepFindings([outcome("text", [finding(1)], 7), outcome("ci", [], 2)])).toMatchObject({ findings: [{ check: "text" }], cut: 9 });
  expect(keepFindings([])).toEqual({ findings: [], cut: 0 });
});

test("attack: thousands of notes do not push an error out", () => {
  const notes = Array.from({ length: FINDINGS_MAX }, (_, n) => finding(n));
  const kept = keepFindings([outcome("a", notes), outcome("b", [finding(1, { severity: "error", message: "the one that counts" })])]);
  expect(kept.findings).toHaveLength(FINDINGS_MAX);
  expect(kept.findings[0]?.finding.message).toBe("the one that counts");
  expect(kept.cut).toBe(1);
  expect(Value.Check(KeptFindings, kept)).toBe(true);
});

test("attack: findings of the largest size stop at the byte cap, counted, the most severe kept", () => {
  const large = (n: number) => finding(n, { message: "\u0001".repeat(2000), excerpt: "\u0001".repeat(2000), counterexample: "\u0001".repeat(2000) });
  const kept = keepFindings([outcome("a", [...Array.from({ length: 200 }, (_, n) => large(n)), finding(999, { severity: "error" })])]);
  expect(canonicalBytes(kept.findings).length).toBeLessThanOrEqual(FINDINGS_BYTES_MAX);
  expect(kept.findings.length + kept.cut).toBe(201);
  expect(kept.cut).toBeGreaterThan(0);
  expect(kept.findings[0]?.finding.severity).toBe("error");
});

test("nothing smaller slips in behind what did not fit", () => {
  const bytes_max = canonicalBytes([{ check: "a", finding: finding(1, { severity: "error" }) }]).length + 1;
  const kept = keepFindings([outcome("a", [finding(1, { severity: "error" }), finding(2, { severity: "error", message: "x".repeat(2000) }), finding(3)])], { findings_max: 10, bytes_max });
  expect(messages(kept)).toEqual(["a finding 1"]);
  expect(kept.cut).toBe(2);
});
