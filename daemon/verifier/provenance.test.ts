/** Provenance of a build: the real signer over keys of the test, then each part exchanged for a plausible other one. */
import { expect, test } from "bun:test";
import { STATEMENT_TYPE } from "../../proto/attestation.ts";
import { PROVENANCE_PREDICATE } from "../../proto/build.ts";
import { canonicalBytes } from "../../proto/canonical.ts";
import { BUILD_TYPE, builderId, type Provenance, type ProvenanceStatement } from "../../proto/predicates/provenance.ts";
import { signStatement, sigstoreBundle } from "../evidence/attest/index.ts";
import { newRing, NOW, receiptFor, trustWith } from "../testing/evidence.ts";
import { openTrust, verifyProvenance } from "./index.ts";

const ring = newRing();

function trustOf(bytes: Uint8Array) {
  const opened = openTrust(bytes);
  if (!opened.ok) throw new Error(opened.reason.detail);
  return opened.value;
}
const trust = trustOf(ring.trust);

const ARTIFACT = "a".repeat(64);
const COMMIT = "2".repeat(40);
const PROVENANCE: Provenance = {
  buildDefinition: {
    buildType: BUILD_TYPE,
    externalParameters: { build: "app", repository: "local:7:demo", commit: COMMIT, ref: "refs/heads/main" },
    internalParameters: { mode: "local", recipe: { run: ["make"], outputs: ["app"] }, configuration: { source: "base", ref: "refs/heads/main", commit: COMMIT }, sandbox: "bwrap", network: "none", source_date_epoch: 1, limits: { wall_ms: 1, cpu_s: 1, memory_bytes_max: 1 } },
    resolvedDependencies: [{ name: "source", uri: "urn:maestro:repository:local:7:demo", digest: { gitCommit: COMMIT } }],
  },
  runDetails: { builder: { id: builderId(trust.trust_domain, "local"), version: { maestro: "0.1.0" } }, metadata: { invocationId: `urn:maestro:build-run:${"0".repeat(32)}`, startedOn: "2026-11-22T09:58:00Z", finishedOn: "2026-11-22T09:59:00Z" }, byproducts: [] },
};

type Change = (statement: ProvenanceStatement) => object;

function made(change: Change = (same) => same, signer = ring.gate): Uint8Array {
  const statement = { _type: STATEMENT_TYPE, predicateType: PROVENANCE_PREDICATE, ...change({ _type: STATEMENT_TYPE, subject: [{ name: "app", digest: { sha256: ARTIFACT } }], predicateType: PROVENANCE_PREDICATE, predicate: PROVENANCE }) } as ProvenanceStatement;
  const signed = signStatement(statement, signer);
  return canonicalBytes(sigstoreBundle(signed, receiptFor(ring, signed.entry)));
}

const codeOf = (bytes: Uint8Array, against = trust, artifact_sha256: string | null = ARTIFACT, now = NOW): string => {
  const verified = verifyProvenance(bytes, against, { artifact_sha256, now });
  return verified.result === "verified" ? "verified" : verified.reason.code;
};
const definition = (change: Partial<Provenance["buildDefinition"]>): Change => (statement) => ({ ...statement, predicate: { ...PROVENANCE, buildDefinition: { ...PROVENANCE.buildDefinition, ...change } } });
const details = (change: Partial<Provenance["runDetails"]>): Change => (statement) => ({ ...statement, predicate: { ...PROVENANCE, runDetails: { ...PROVENANCE.runDetails, ...change } } });

test("sound provenance verifies for its artifact alone; a self-made key is credited with level 1", () => {
  expect(verifyProvenance(made(), trust, { artifact_sha256: ARTIFACT, now: NOW })).toMatchObject({ result: "verified", artifact: "app", level: 1, self_made: true, statement: { predicate: PROVENANCE } });
  expect([codeOf(made(), trust, null), codeOf(made(), trust, "b".repeat(64))]).toEqual(["verified", "statement.subject"]);
});

test("level 2 takes the operator's word on the key and a mode that is not the caller's own", () => {
  const operator = trustOf(trustWith(ring, (body) => ({ ...body, self_made: false, keys: body.keys.map((line) => ({ ...line, modes: ["local", "host"] as const })).map(({ modes, ...line }) => ({ ...line, modes: [...modes] })) })));
  const host = (statement: ProvenanceStatement): object => ({ ...statement, predicate: { ...PROVENANCE, buildDefinition: { ...PROVENANCE.buildDefinition, internalParameters: { ...PROVENANCE.buildDefinition.internalParameters, mode: "host" } }, runDetails: { ...PROVENANCE.runDetails, builder: { ...PROVENANCE.runDetails.builder, id: builderId(trust.trust_domain, "host") } } } });
  const levels = [verifyProvenance(made(host), operator, { artifact_sha256: ARTIFACT, now: NOW }), verifyProvenance(made(), operator, { artifact_sha256: ARTIFACT, now: NOW })];
  expect(levels.map((one) => (one.result === "verified" ? one.level : one.reason.code))).toEqual([2, 1]);
  // A key that may sign in mode local says nothing of builds in mode host.
  expect(codeOf(made(host))).toBe("signer.mode");
});

test("attack: one commit was built and another is named; a builder of another mode or domain; a build type that means something else", () => {
  expect(codeOf(made(definition({ externalParameters: { ...PROVENANCE.buildDefinition.externalParameters, commit: "3".repeat(40) } })))).toBe("statement.identity");
  expect(codeOf(made(definition({ externalParameters: { ...PROVENANCE.buildDefinition.externalParameters, recipe_ref: "refs/heads/another" } })))).toBe("statement.identity");
  expect(codeOf(made(definition({ resolvedDependencies: [...PROVENANCE.buildDefinition.resolvedDependencies, ...PROVENANCE.buildDefinition.resolvedDependencies] })))).toBe("statement.identity");
  expect(codeOf(made(details({ builder: { ...PROVENANCE.runDetails.builder, id: builderId(trust.trust_domain, "host") } })))).toBe("signer.domain");
  expect(codeOf(made(), { ...trust, trust_domain: "other.example.org" })).toBe("signer.domain");
  expect(codeOf(made((statement) => ({ ...statement, predicate: { ...PROVENANCE, buildDefinition: { ...PROVENANCE.buildDefinition, buildType: "https://example.org/build/v1" } } })))).toBe("statement.malformed");
  expect(codeOf(made((statement) => ({ ...statement, predicateType: "https://slsa.dev/provenance/v0.2" })))).toBe("statement.malformed");
});

test("two subjects of one name, times the wrong way round or from the future, a key that may not say it, a stranger's key", () => {
  expect(codeOf(made((statement) => ({ ...statement, subject: [...statement.subject, { name: "app", digest: { sha256: "b".repeat(64) } }] })))).toBe("statement.subject");
  expect(codeOf(made(details({ metadata: { ...PROVENANCE.runDetails.metadata, startedOn: "2026-11-22T09:59:01Z" } })))).toBe("statement.time");
  expect(codeOf(made(), trust, ARTIFACT, new Date("2026-11-22T09:00:00Z"))).toBe("statement.time");
  expect(codeOf(made(), trust, ARTIFACT, new Date(Number.NaN))).toBe("statement.time");
  const without = trustOf(trustWith(ring, (body) => ({ ...body, keys: body.keys.map((line) => ({ ...line, predicate_types: line.predicate_types.filter((type) => type !== PROVENANCE_PREDICATE) })) })));
  expect(codeOf(made(), without)).toBe("signer.predicate");
  expect(verifyProvenance(made(), trustOf(newRing().trust), { artifact_sha256: ARTIFACT, now: NOW })).toMatchObject({ result: "unknown_signer" });
});

test("attack: somebody else's signature under this node's key, and logged as if it were its own", () => {
  expect(codeOf(made(undefined, { ...ring.gate, sign: newRing().gate.sign }))).toBe("signature.invalid");
});

test("no byte of it can be changed", () => {
  const bytes = made();
  let verified = 0;
  for (let at = 0; at < bytes.length; at += 7) {
    const flipped = Uint8Array.from(bytes);
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    if (codeOf(flipped) === "verified") verified += 1;
  }
  expect(verified).toBe(0);
});
