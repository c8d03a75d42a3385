import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Decision } from "../../../proto/decision.ts";
import { fromUtf8, utf8 } from "../../../proto/encoding.ts";
import { Manifest } from "../../../proto/manifest.ts";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { SAMPLE_ATTEMPT, SAMPLE_DECISION, SAMPLE_IDENTITY, SAMPLE_OUTCOMES } from "../../testing/evidence.ts";
import { leafLabel } from "../../verifier/leaves.ts";
import { readDocument } from "../../verifier/schema.ts";
import { BUNDLE_LIMITS } from "../../verifier/limits.ts";
import { buildManifest, type ManifestInput } from "./index.ts";

const input: ManifestInput = {
  identity: SAMPLE_IDENTITY,
  attempt: SAMPLE_ATTEMPT,
  decision: SAMPLE_DECISION,
  outcomes: SAMPLE_OUTCOMES,
  obligations: [],
  documents: [{ name: "card", sha256: "a".repeat(64), travels: true }, { name: "facts", sha256: "b".repeat(64), travels: false }],
  tool: "maestro/0.0.0",
  salt_secret: utf8("secret"),
};
const build = (change: Partial<ManifestInput> = {}) => buildManifest({ ...input, ...change });
const leavesOf = (change: Partial<ManifestInput> = {}) => build(change).manifest.leaves.flatMap((slot) => ("leaf" in slot ? [slot.leaf] : []));

test("has the shape of the contract and one leaf for every fact, sorted, identity first", () => {
  const { manifest } = build();
  expect(readDocument(Manifest, canonicalBytes(manifest), BUNDLE_LIMITS)).toEqual({ value: manifest });
  expect(leavesOf().map(leafLabel)).toEqual([
    "identity",
    "check/ci",
    "check/secrets",
    "check/size",
    "check/tests",
    "rule/size.lines/note/observed",
    "rule/tests.focused/hold",
    "rule/verdict",
    "document/card",
    "document/facts",
  ]);
});

test("an unavailable check says so and why: it can be nothing else", () => {
  const leaf = leavesOf().find((found) => leafLabel(found) === "check/size");
  expect(leaf).toMatchObject({ outcome: "unavailable", coverage_gap: "deadline" });
});

test("an observed rule is recorded, not counted as the verdict's cause", () => {
  expect(leavesOf().find((found) => leafLabel(found) === "rule/size.lines/note/observed")).toMatchObject({ outcome: "recorded", value: "1", unit: "reasons" });
});

test("a document that stays here is named by a MAC that its digest does not give away", () => {
  const text = fromUtf8(canonicalBytes(build().manifest)) ?? "";
  expect(text).toContain("a".repeat(64));
  expect(text).not.toContain("b".repeat(64));
});

test("two obligations of one name are refused", () => {
  const obligation = { name: "coverage", kind: "boolean", required: true, result: "pass", observer: "daemon", value: null, unit: null, scale: 0, min: null, max: null, because: null, source_sha256: null } as const;
  expect(() => build({ obligations: [obligation, obligation] })).toThrow("two leaves are called obligations/boolean/coverage");
});

test("a text of gaps that is too long is cut and says how many there were", () => {
  const gaps = Array.from({ length: 200 }, (_, i) => ({ what: `file ${i}`, because: "too large to read" }));
  const [first] = SAMPLE_OUTCOMES;
  if (first === undefined) throw new Error("no sample outcome");
  const leaf = leavesOf({ outcomes: [{ ...first, gaps, findings_cut: 7 }] })[1];
  const gap = leaf !== undefined && leaf.kind !== "identity" ? (leaf.coverage_gap ?? "") : "";
  expect(gap.length).toBeLessThanOrEqual(2000);
  expect(gap).toEndWith("(201 gaps in all)");
});

describe("determinism", () => {
  test("the same input gives the same bytes", () => {
    expect(canonicalBytes(build().manifest)).toEqual(canonicalBytes(build().manifest));
  });
  test("another secret or attempt changes every salt and the root, and leaves the core alone", () => {
    const plain = build();
    for (const change of [{ salt_secret: utf8("other") }, { attempt: { ...SAMPLE_ATTEMPT, attempt: 3 } }]) {
      const other = build(change);
      const salts = leavesOf(change).map((leaf) => leaf.salt);
      expect(leavesOf().filter((leaf) => salts.includes(leaf.salt))).toEqual([]);
      expect(other.manifest.root).not.toBe(plain.manifest.root);
      expect(other.core_sha256).toBe(plain.core_sha256);
    }
  });
  test("issued at another time: same core", () => {
    expect(build({ attempt: { ...SAMPLE_ATTEMPT, issued_at: "2026-11-22T09:59:30Z" } }).core_sha256).toBe(build().core_sha256);
  });
  test("outcomes in any order give the same root; another verdict gives another core", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...SAMPLE_OUTCOMES], { minLength: SAMPLE_OUTCOMES.length }), (outcomes) => {
        expect(build({ outcomes }).manifest.root).toBe(build().manifest.root);
      }),
    );
    const admit: Decision = { ...SAMPLE_DECISION, verdict: "admit" };
    expect(build({ decision: admit }).core_sha256).not.toBe(build().core_sha256);
  });
});

test("every leaf has a salt of its own", () => {
  const salts = leavesOf().map((leaf) => leaf.salt);
  expect(new Set(salts).size).toBe(salts.length);
});
