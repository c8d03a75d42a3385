/** A release over real gates, signed by the right key, whose words are wrong in one place each: what the evidence says decides, not what the release says of it. */
import { expect, test } from "bun:test";
import { sha256 } from "@noble/hashes/sha2.js";
import { STATEMENT_TYPE, type SigstoreBundle } from "../../../proto/attestation.ts";
import { PROVENANCE_PREDICATE } from "../../../proto/build.ts";
import type { Bundle } from "../../../proto/bundle.ts";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { gateId } from "../../../proto/change.ts";
import { fromBase64, toHex, utf8 } from "../../../proto/encoding.ts";
import { verifierId } from "../../../proto/predicates/derived.ts";
import { BUILD_TYPE, builderId, type ProvenanceStatement } from "../../../proto/predicates/provenance.ts";
import { packageReleaseOf, type ShipmentPredicate, type ShipmentStatement, type ShippedStep } from "../../../proto/predicates/shipping.ts";
import { SHIPMENT_PREDICATE } from "../../../proto/predicates/shipping-types.ts";
import { RELEASE_PREDICATE, type Release } from "../../../proto/release.ts";
import { SBOM_DOCUMENT } from "../../../proto/sbom.ts";
import { signStatement, sigstoreBundle } from "../../evidence/attest/index.ts";
import { makeBundle, newRing, NOW, receiptFor } from "../../testing/evidence.ts";
import { openTrust, verifyBundle, verifyRelease } from "../index.ts";
import { gateStatement, judgeShipped, type ShippedParts } from "./index.ts";

const ring = newRing();
const opened = openTrust(ring.trust);
const trust = opened.ok ? opened.value : expect.unreachable();
const SBOM = '{"bomFormat":"CycloneDX"}';
const FILE = "ab".repeat(32);
const [FROM, FIRST, SECOND] = ["a", "b", "c"].map((letter) => letter.repeat(40)) as [string, string, string];
const REPOSITORY = "local:7:demo";

function gate(base: string, head: string, documents: Readonly<Record<string, string>> = {}) {
  const bytes = makeBundle(ring, { verdict: "admit", identity: { repo_id: REPOSITORY, target_ref: "refs/heads/main", trust_domain: trust.trust_domain, base, head, merge_tree: head.replaceAll(/./g, "d"), tree_sha256: toHex(sha256(utf8(head))) }, documents });
  const verified = verifyBundle(bytes, ring.trust, { now: NOW });
  const { statement, log, signer } = verified;
  if (statement === null || log === null || signer === null) throw new Error(JSON.stringify(verified.reasons));
  const bundle = JSON.parse(new TextDecoder().decode(bytes)) as Bundle;
  const { attempt: { attempt, issued_at, valid_until }, identity } = statement.predicate;
  const step: ShippedStep = { from: base, to: head, how: "fast_forward", commits: 1, head, gate_id: gateId(identity), attempt, log_index: log.index, statement_sha256: gateStatement(bundle), bundle_sha256: toHex(sha256(bytes)), issued_at, valid_until, landed_by: null, releases: [], record: "node", signer: signer.fingerprint };
  return { bundle, step, identity };
}

const first = gate(FROM, FIRST);
const second = gate(FIRST, SECOND, { [SBOM_DOCUMENT]: SBOM });
/** Of the same repository, and of nobody's release. */
const other = gate(FROM, SECOND);

function signed(statement: object): SigstoreBundle {
  const envelope = signStatement(statement as ShipmentStatement, ring.gate);
  return sigstoreBundle(envelope, receiptFor(ring, envelope.entry));
}

const provenanceOf = (commit: string): SigstoreBundle =>
  signed({
    _type: STATEMENT_TYPE, subject: [{ name: "app", digest: { sha256: FILE } }], predicateType: PROVENANCE_PREDICATE,
    predicate: {
      buildDefinition: { buildType: BUILD_TYPE, externalParameters: { build: "app", repository: REPOSITORY, commit, ref: "refs/heads/main" }, internalParameters: { mode: "local", recipe: { run: ["make"], outputs: ["app"] }, configuration: { source: "base", ref: "refs/heads/main", commit }, sandbox: "bwrap", network: "none", source_date_epoch: 1, limits: { wall_ms: 1, cpu_s: 1, memory_bytes_max: 1 } }, resolvedDependencies: [{ name: "source", uri: `urn:maestro:repository:${REPOSITORY}`, digest: { gitCommit: commit } }] },
      runDetails: { builder: { id: builderId(trust.trust_domain, "local"), version: { maestro: "0.1.0" } }, metadata: { invocationId: `urn:maestro:build-run:${"0".repeat(32)}`, startedOn: "2026-11-22T09:58:00Z", finishedOn: "2026-11-22T09:59:00Z" }, byproducts: [] },
    },
  } satisfies ProvenanceStatement);
const provenance = provenanceOf(SECOND);
const digestOf = ({ dsseEnvelope }: SigstoreBundle): string => toHex(sha256(fromBase64(dsseEnvelope.payload) ?? new Uint8Array()));

const PREDICATE: ShipmentPredicate = {
  verifier: { id: verifierId(trust.trust_domain, "local"), version: "0.1.0" }, mode: "local", trust_domain: trust.trust_domain, repository: REPOSITORY, target_ref: "refs/heads/main", on_target: "claimed",
  range: { from: FROM, to: SECOND, tree: second.identity.merge_tree ?? "", tree_sha256: second.identity.tree_sha256 ?? "", commits: 2 },
  purl: `pkg:generic/app@${SECOND}`, steps: [first.step, second.step],
  provenance: { build_id: `build-${"0".repeat(32)}`, statement_sha256: digestOf(provenance), log_index: 3 },
  sbom: { gate_id: second.step.gate_id, attempt: second.step.attempt, sha256: toHex(sha256(utf8(SBOM))) },
  at: second.step.issued_at,
};

const statementOf = (change: Partial<ShipmentPredicate>): ShipmentStatement => ({ _type: STATEMENT_TYPE, subject: [{ name: "app", digest: { sha256: FILE } }], predicateType: SHIPMENT_PREDICATE, predicate: { ...PREDICATE, ...change } });

function judged(change: Partial<ShipmentPredicate> = {}, parts: Partial<ShippedParts> = {}, bundles = [first, second]) {
  const statement = statementOf(change);
  const gates = new Map(bundles.map(({ bundle }) => [gateStatement(bundle), { bundle, releases: [] }]));
  return judgeShipped({ shipment: canonicalBytes(signed(statement)), package_release: canonicalBytes(signed(packageReleaseOf(statement))), gates, provenance, sbom: utf8(SBOM), ...parts }, trust, { now: NOW, artifact_sha256: null });
}
const codeOf = (...args: Parameters<typeof judged>): string => judged(...args).reasons.map(({ code, detail }) => `${code}: ${detail}`)[0] ?? "verified";
const steps = (of: 0 | 1, change: Partial<ShippedStep>): Partial<ShipmentPredicate> => ({ steps: PREDICATE.steps.map((step, at) => (at === of ? { ...step, ...change } : step)) });

test("a release, its gates, provenance and bill of materials verify together", () => {
  expect(judged()).toMatchObject({ result: "verified", reasons: [], left_out: [], changes: [{ head: FIRST }, { head: SECOND }], provenance: { build: "app", level: 1 }, sbom: { bytes: SBOM.length }, package_release: { predicate: { purl: PREDICATE.purl } } });
});

test("attack: the release says of a gate what the gate's own evidence does not say", () => {
  const wrong: readonly (readonly [Partial<ShippedStep>, string])[] = [
    [{ gate_id: other.step.gate_id }, "gate"], [{ attempt: 9 }, "attempt"], [{ head: FROM }, "head"], [{ log_index: 99 }, "place in the log"], [{ signer: `SHA256:${"A".repeat(43)}` }, "signer"],
    [{ issued_at: "2026-11-01T00:00:00Z" }, "time"], [{ valid_until: "2027-11-22T10:00:00Z" }, "validity"], [{ releases: ["override"] }, "releases by people"],
  ];
  for (const [change, what] of wrong) for (const of of [0, 1] as const) expect(codeOf(steps(of, change))).toMatch(new RegExp(`^release\\.mismatch: change ${of + 1} .*: its ${what} is `));
});

test("attack: another gate's evidence under the name of one that was released; a step on another base; other content; nothing that shows when it landed", () => {
  expect(codeOf(steps(1, { statement_sha256: other.step.statement_sha256 }), {}, [first, other])).toContain("release.mismatch: change 2");
  // Head and content are the released ones; it was judged on top of something else.
  expect(codeOf({ steps: [{ ...other.step, from: FIRST }], range: { ...PREDICATE.range, from: FIRST, commits: 1 }, sbom: null }, { sbom: null }, [other])).toContain("its base is");
  expect(codeOf({ range: { ...PREDICATE.range, tree: FROM } })).toContain("other content");
  expect(codeOf({ range: { ...PREDICATE.range, tree_sha256: "0".repeat(64) } })).toContain("other content");
  expect(codeOf(steps(0, { landed_by: "2026-11-22T09:00:00Z" }))).toStartWith("release.mismatch: nothing in the release shows");
  expect(codeOf({ repository: "local:7:other" })).toContain("its repository is");
  expect(codeOf({ target_ref: "refs/heads/other" })).toContain("it was admitted into refs/heads/main");
});

test("a gate that is not there is no verdict, and a gate that held is none either", () => {
  for (const left of [[], [first], [second]]) expect([judged({}, {}, left).result, judged({}, {}, left).missing.length]).toEqual(["failed", 2 - left.length]);
  const held = makeBundle(ring, { verdict: "hold", identity: first.identity });
  const bundle = JSON.parse(new TextDecoder().decode(held)) as Bundle;
  expect(codeOf(steps(0, { statement_sha256: gateStatement(bundle) }), {}, [{ ...first, bundle }, second])).toContain("its verdict is hold");
});

test("attack: provenance of another commit, of another file, or other than is named; another bill of materials", () => {
  expect(codeOf({}, { provenance: provenanceOf(FIRST) })).toStartWith("attestation.mismatch");
  expect(codeOf({ provenance: { ...PREDICATE.provenance!, statement_sha256: digestOf(provenanceOf(FIRST)) } }, { provenance: provenanceOf(FIRST) })).toStartWith("attestation.mismatch");
  expect(codeOf({ provenance: { ...PREDICATE.provenance!, statement_sha256: "0".repeat(64) } })).toStartWith("attestation.mismatch");
  expect(codeOf({}, { sbom: utf8("{}") })).toStartWith("document.mismatch: the bill of materials is not the one");
  expect(codeOf({ sbom: { ...PREDICATE.sbom!, gate_id: first.step.gate_id } })).toStartWith("document.mismatch: the gate that the release names");
  // What is named and absent is said, and proves nothing.
  const { result, left_out, provenance: none, sbom } = judged({}, { provenance: null, sbom: null, package_release: null });
  expect([result, none, sbom, left_out.map(({ what }) => what.split(" ")[0])]).toEqual(["verified", null, null, ["provenance", "bill", "in-toto's"]]);
});

test("attack: a sound approval of something else is laid beside a change", () => {
  const request: Release["request"] = {
    type: "maestro.release-request", v: 1, kind: "approve", trust_domain: trust.trust_domain, mode: "local", repo_id: REPOSITORY, target_ref: "refs/heads/main", head: FIRST, gate_id: first.step.gate_id, attempt: 1,
    reasons: [{ rule: "ci.changed", effect: "hold", fingerprints: [FILE] }], person: "carol", reason: "read it", expires: null, second_of: null, nonce: "b".repeat(26), answer_until: "2026-11-22T10:10:00Z",
  };
  const approval = signed({ _type: STATEMENT_TYPE, subject: [{ name: "git:head", digest: { gitCommit: FIRST } }], predicateType: RELEASE_PREDICATE, predicate: { request, proof: { by: "uid", uid: 7 }, at: "2026-11-22T09:59:00Z" } });
  expect(verifyRelease(canonicalBytes(approval), trust, NOW).result).toBe("verified");
  const gates = new Map([first, second].map(({ bundle }) => [gateStatement(bundle), { bundle, releases: [approval] }]));
  expect(codeOf({}, { gates })).toMatch(/^release\.mismatch: change 1 .*, a release is none that the gate's statement names/);
});
