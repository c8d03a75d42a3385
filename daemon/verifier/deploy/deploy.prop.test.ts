/** Deploy verdicts only fall: no evidence taken away and no fact weakened ever makes a refused artifact pass. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Bundle } from "../../../proto/bundle.ts";
import type { DeployPolicy } from "../../../proto/deploy.ts";
import type { ObligationLeaf } from "../../../proto/manifest.ts";
import { SVR_PREDICATE, TEST_RESULT_PREDICATE, VSA_PREDICATE } from "../../../proto/predicates/derived.ts";
import { makeBundle, newRing, NOW } from "../../testing/evidence.ts";
import { hideLeaves } from "../hide.ts";
import { verifyBundle } from "../bundle.ts";
import { gateRefusals, policyProblem, type GateEvidence } from "./gate.ts";
import { judgeDeploy } from "./release.ts";

const ring = newRing();

function evidenceOf(bytes: Uint8Array): GateEvidence {
  const verification = verifyBundle(bytes, ring.trust, { now: NOW });
  if (verification.result !== "verified") throw new Error(verification.reasons[0]?.detail);
  return { verification: { ...verification, result: "verified" }, bundle: JSON.parse(new TextDecoder().decode(bytes)) as Bundle };
}

const bytes = makeBundle(ring, { verdict: "admit" });
const whole = evidenceOf(bytes);
const { identity, mode } = whole.verification.statement?.predicate ?? expect.unreachable();
const now_s = NOW.getTime() / 1000;
const leaves = whole.bundle.manifest.leaves.flatMap((slot) => ("leaf" in slot && slot.leaf.kind !== "identity" ? [slot.leaf] : []));
const passed = leaves.filter(({ kind, outcome, observer }) => kind === "check" && outcome === "pass" && observer !== "job").map(({ name }) => name);

/** What this very evidence meets. */
const BASE: DeployPolicy = { version: 1, repositories: [identity.repo_id], modes: [mode], self_made_trust: true, overrides: true, carried: true };
const wanted = fc.record(
  {
    checks: fc.subarray([...passed, "no-such-check"], { minLength: 1 }).map((names) => names.map((check) => ({ check }))),
    attestations: fc.subarray([SVR_PREDICATE, VSA_PREDICATE, TEST_RESULT_PREDICATE, "urn:nobody"], { minLength: 1 }).map((types) => types.map((predicate_type) => ({ predicate_type }))),
    obligations: fc.record({ name: fc.constantFrom("coverage", "absent"), min: fc.integer({ min: 0, max: 100 }).map(String) }).map((one) => [one]),
    gate_age_s_max: fc.integer({ min: 1, max: 1_000_000 }),
    witnesses_min: fc.constantFrom(1, 2),
    target_refs: fc.constantFrom(identity.target_ref, "refs/heads/other").map((ref) => [ref]),
    verified_levels: fc.constantFrom("MAESTRO_GATE_HOST", "MAESTRO_GATE_LOCAL").map((level) => [level]),
  },
  { requiredKeys: [] },
);

/** Rules that this evidence meets, so that what is taken away is what decides. */
const met = fc.record({ checks: fc.subarray(passed, { minLength: 1 }).map((names) => names.map((check) => ({ check }))), obligations: fc.integer({ min: 0, max: 80 }).map((min) => [{ name: "coverage", min: String(min) }]) }, { requiredKeys: [] });
const rulesOf = fc.oneof(wanted, met);

const weaker: Record<string, (evidence: GateEvidence, pick: number) => GateEvidence> = {
  "an attestation less": ({ verification, bundle }, pick) => ({ verification: { ...verification, attestations: verification.attestations.toSpliced(pick % Math.max(1, verification.attestations.length), 1) }, bundle }),
  "a leaf less": ({ verification, bundle }, pick) => ({ verification, bundle: { ...bundle, manifest: { ...bundle.manifest, leaves: bundle.manifest.leaves.toSpliced(pick % bundle.manifest.leaves.length, 1) } } }),
  "a leaf that fails": (evidence, pick) => changed(evidence, pick, (leaf) => ({ ...leaf, outcome: "fail" })),
  "a leaf nobody could judge": (evidence, pick) => changed(evidence, pick, (leaf) => ({ ...leaf, outcome: "unavailable" })),
  "a leaf by the change's own job": (evidence, pick) => changed(evidence, pick, (leaf) => ({ ...leaf, observer: "job" })),
  "a number hidden without a proof": (evidence, pick) => changed(evidence, pick, (leaf) => ({ ...leaf, value: null, commitment: "A".repeat(43).concat("=") })),
  "witnesses fewer": ({ verification: { witnesses: _, ...verification }, bundle }) => ({ verification, bundle }),
};

function changed({ verification, bundle }: GateEvidence, pick: number, by: (leaf: ObligationLeaf) => ObligationLeaf): GateEvidence {
  const slots = bundle.manifest.leaves;
  return { verification, bundle: { ...bundle, manifest: { ...bundle.manifest, leaves: slots.map((slot, at) => ("leaf" in slot && slot.leaf.kind !== "identity" && at === pick % slots.length ? { leaf: by(slot.leaf) } : slot)) } } };
}

describe("a gate under a deploy policy", () => {
  test("what it has is enough, and each thing that it lacks is named", () => {
    expect(gateRefusals({ ...BASE, checks: passed.map((check) => ({ check })) }, whole, now_s)).toEqual([]);
    const codes = (policy: DeployPolicy) => gateRefusals(policy, whole, now_s).map(({ code }) => code);
    expect(codes({ ...BASE, repositories: ["other"] })).toEqual(["repository"]);
    expect(codes({ ...BASE, witnesses_min: 1 })).toEqual(["witnesses"]);
    expect(codes({ ...BASE, checks: [{ check: "no-such-check" }] })).toEqual(["check"]);
    expect(codes({ ...BASE, obligations: [{ name: "coverage", min: "99.5" }] })).toEqual(["obligation"]);
    expect(codes({ ...BASE, obligations: [{ name: "coverage", min: "50" }] })).toEqual([]);
    const at = whole.bundle.manifest.leaves.findIndex((slot) => "leaf" in slot && slot.leaf.kind === "check" && slot.leaf.name === passed[0]);
    const brought = changed(whole, at, (leaf) => ({ ...leaf, observer: "external" }));
    expect(gateRefusals(BASE, brought, now_s)).toEqual([]);
    expect(gateRefusals({ ...BASE, carried: false }, brought, now_s).map(({ code }) => code)).toEqual(["carried"]);
    const claimed = changed(whole, at, (leaf) => ({ ...leaf, observer: "job" }));
    expect(gateRefusals({ ...BASE, checks: [{ check: passed[0] ?? "" }] }, claimed, now_s).map(({ code }) => code)).toEqual(["check"]);
    expect(gateRefusals(BASE, evidenceOf(makeBundle(ring)), now_s).map(({ code }) => code)).toEqual(["gate.verdict"]);
  });

  test.each(Object.keys(weaker))("%s: never from refuse to pass", (name) => {
    const weaken = weaker[name] ?? expect.unreachable();
    const seen = { refused: 0, passed: 0 };
    fc.assert(
      fc.property(rulesOf, fc.nat(200), (rules, pick) => {
        const policy: DeployPolicy = { ...BASE, ...rules };
        const before = gateRefusals(policy, whole, now_s);
        const after = gateRefusals(policy, weaken(whole, pick), now_s);
        seen.refused += after.length;
        seen.passed += before.length === 0 ? 1 : 0;
        expect(before.length === 0 || after.length > 0).toBe(true);
        expect(after.length).toBeGreaterThanOrEqual(before.length);
      }),
      { numRuns: 100 },
    );
    expect([seen.refused > 0, seen.passed > 0]).toEqual([true, true]);
  });

  test("a hidden leaf was not shown, whatever it holds", () => {
    const policy: DeployPolicy = { ...BASE, checks: [{ check: passed[0] ?? "" }], obligations: [{ name: "coverage", min: "50" }] };
    expect(gateRefusals(policy, whole, now_s)).toEqual([]);
    expect(gateRefusals(policy, evidenceOf(hideLeaves(bytes, ["numeric/coverage"])), now_s).map(({ code }) => code)).toEqual(["obligation"]);
  });

  test("a stricter policy never passes what a looser one refuses; nonsense bounds are no policy", () => {
    fc.assert(fc.property(wanted, wanted, (one, more) => expect(gateRefusals({ ...BASE, ...one, ...more }, whole, now_s).length > 0 || gateRefusals({ ...BASE, ...more }, whole, now_s).length === 0).toBe(true)), { numRuns: 100 });
    expect(policyProblem({ ...BASE, obligations: [{ name: "coverage" }] })).toContain("neither min nor max");
  });

  test("no release, or one by nobody known, is never a pass", () => {
    const artifact = { name: "app", sha256: "0".repeat(64) };
    expect(judgeDeploy(BASE, { artifact, shipment: null, provenance: null, gates: new Map() }, NOW).reasons.map(({ code }) => code)).toEqual(["release.missing"]);
    expect(judgeDeploy(BASE, { artifact, shipment: { result: "unknown_signer", reason: { code: "signer.unknown", detail: "x" } }, provenance: null, gates: new Map() }, NOW).result).toBe("unknown_signer");
  });
});
