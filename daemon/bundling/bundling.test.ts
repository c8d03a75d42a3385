/** An evidence bundle over a real log that went on after the gates, and every part of it exchanged for a plausible other one. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "@noble/hashes/sha2.js";
import { Value } from "@sinclair/typebox/value";
import type { Statement } from "../../proto/attestation.ts";
import { canonicalBytes } from "../../proto/canonical.ts";
import { StoreLimits } from "../../proto/config.ts";
import { fromBase64, toBase64, toHex, utf8 } from "../../proto/encoding.ts";
import type { EvidenceBundle } from "../../proto/evidence-bundle.ts";
import { recordBytes, recordId } from "../../proto/record.ts";
import { createEvidence, type Evidence, type Recorded } from "../evidence/index.ts";
import { sha256Digest } from "../store/blobs.ts";
import { openStore, type Store } from "../store/db.ts";
import type { GateRow } from "../store/gates.ts";
import { NOW, recordInput } from "../testing/evidence.ts";
import { verifyBundle } from "../verifier/index.ts";
import type { Trust } from "../verifier/trust.ts";
import { isEvidenceBundle, verifyEvidenceBundle } from "../verifier/whole/index.ts";
import { createBundling, evidenceBundleBytes, type BundlingDeps } from "./index.ts";

const CODE = utf8("code of a policy");
const DATA = utf8('{"table":{}}');
const POLICY = { bundles: [{ wasm_sha256: toHex(sha256(CODE)), data_sha256: toHex(sha256(DATA)) }] };
const CONFIG = { mode: "local", rules: {} };
const IDENTITY = { policy: recordId("policy", 1, POLICY), config: recordId("config", 1, CONFIG) };
const FILES = [
  { name: "configuration.json", bytes: recordBytes("config", 1, CONFIG) },
  { name: "policy.json", bytes: recordBytes("policy", 1, POLICY) },
  { name: "policy-0.wasm", bytes: CODE },
  { name: "policy-0.data.json", bytes: DATA },
];
const SBOM = utf8('{"bomFormat":"CycloneDX"}');

let folder: string;
let store: Store;
let evidence: Evidence;
let trust: Trust;
const blobs = new Map<string, Uint8Array>();
const rows: GateRow[] = [];
let made: EvidenceBundle;
/** Of another gate of the same node. */
let other: Recorded;

function rowOf({ bundle, statement: { predicate } }: Recorded): GateRow {
  blobs.set(sha256Digest(bundle), bundle);
  const { gate_id, attempt, verdict, identity: { repo_id, head } } = predicate;
  return { gate_id, attempt, verdict, repo_id, head, owner_uid: 7, log_index: 0, reply: sha256Digest(utf8("r")), bundle: sha256Digest(bundle) };
}

function deps(change: Partial<BundlingDeps> = {}): BundlingDeps {
  const { log } = evidence;
  return {
    gates: { attempts: () => rows, get: () => undefined },
    artifacts: { blobs: { get: (digest: string) => Promise.resolve(blobs.get(digest)) } as BundlingDeps["artifacts"]["blobs"], getArtifact: () => Promise.resolve(undefined), names: () => [] },
    releases: { of: () => [] },
    trust: () => evidence.trust_bytes,
    receipts: { origin: () => log.state().origin, entry: (index) => (index < log.state().size ? log.entry(index) : null), witnessed: () => true, receipt: (index) => log.receipt(index), consistency: (first, second) => log.consistencyProof(first, second) },
    sbom: () => Promise.resolve({ name: "sbom.cdx.json", bytes: SBOM }),
    rules: () => Promise.resolve({ files: FILES, left_out: [] }),
    ...change,
  };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "maestro-bundling-"));
  store = openStore({ state_dir: folder, limits: Value.Create(StoreLimits), fatal: () => undefined });
  evidence = await createEvidence({ store, state_dir: folder, trust_domain: null, version: "0.0.0", clock: { now_ms: () => NOW.getTime(), boottime_ms: () => NOW.getTime(), boot_id: () => "boot" }, time_froze: () => undefined, projection_failed: () => undefined });
  trust = evidence.trust;
  const input = (attempt: number) => ({ ...recordInput(evidence.trust_domain, attempt, IDENTITY), beside: [{ name: "sbom.cdx.json", sha256: toHex(sha256(SBOM)) }] });
  for (const attempt of [1, 2, 3]) rows.push(rowOf(await evidence.record(input(attempt), () => undefined)));
  other = await evidence.record(recordInput(evidence.trust_domain, 1, { ...IDENTITY, head: "9".repeat(40) }), () => undefined);
  for (const head of ["7", "8"]) await evidence.record(recordInput(evidence.trust_domain, 1, { head: head.repeat(40) }), () => undefined);
  made = await createBundling(deps()).of(rows[2]!, () => true);
});
afterAll(async () => {
  await evidence.published();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const judged = (bundle: EvidenceBundle) => verifyEvidenceBundle(evidenceBundleBytes(bundle), trust, toHex(sha256(evidence.trust_bytes)), { now: NOW });
const codes = (bundle: EvidenceBundle): string[] => judged(bundle).reasons.map(({ code, detail }) => `${code}: ${detail}`);
const held = (recorded: Recorded) => ({ bundle: JSON.parse(new TextDecoder().decode(recorded.bundle)) as EvidenceBundle["gate"]["bundle"] });

describe("all of it", () => {
  test("verifies under the newest witnessed checkpoint, and still gives the very bytes that the gate gave out", () => {
    const bytes = evidenceBundleBytes(made);
    expect(isEvidenceBundle(bytes)).toBe(true);
    const verified = judged(made);
    expect(verified).toMatchObject({ result: "verified", reasons: [], log_grew: { from: 3, to: 6 }, answered_sha256: rows[2]!.bundle.slice("sha256:".length), node_trust_file: true, left_out: [] });
    expect(verified.earlier).toEqual([{ result: "verified", log_index: 0, attempt: 1, verdict: "hold" }, { result: "verified", log_index: 1, attempt: 2, verdict: "hold" }]);
    expect(verified.files.map(({ name, held_by }) => [name, held_by])).toEqual([["configuration.json", "configuration"], ["policy-0.data.json", "policy"], ["policy-0.wasm", "policy"], ["policy.json", "policy"], ["sbom.cdx.json", "leaf"]]);
    expect(verified.gate?.log).toMatchObject({ index: 2, size: 6 });
    // Only the proof of inclusion is another one.
    const original = verifyBundle(blobs.get(rows[2]!.bundle)!, evidence.trust_bytes, { now: NOW });
    expect([original.log?.size, original.statement]).toEqual([3, verified.gate?.statement ?? null]);
  });

  test("is the same file twice, and without witnesses the receipts stay as they were", async () => {
    const again = await createBundling(deps()).of(rows[2]!, () => true);
    expect(Buffer.from(evidenceBundleBytes(again)).equals(evidenceBundleBytes(made))).toBe(true);
    const { receipts } = deps();
    const plain = await createBundling(deps({ receipts: { ...receipts, witnessed: () => false } })).of(rows[2]!, () => true);
    expect([plain.gate.answered, plain.left_out, judged(plain).log_grew]).toEqual([undefined, [], null]);
    expect(canonicalBytes(plain.gate.bundle)).toEqual(blobs.get(rows[2]!.bundle)!);
  });

  test("says what it has not: a checkpoint that does not reach, another log, an attempt that is gone or somebody else's", async () => {
    const { receipts } = deps();
    const late = await createBundling(deps({ receipts: { ...receipts, receipt: () => null } })).of(rows[0]!, () => true);
    expect(late.left_out).toEqual([{ what: "the gate: a receipt under the newest witnessed checkpoint", because: "no checkpoint with enough witnesses reaches it" }]);
    const moved = await createBundling(deps({ receipts: { ...receipts, origin: () => "log.another.example" } })).of(rows[0]!, () => true);
    expect(moved.left_out[0]?.because).toContain("no longer writes");
    const gone = await createBundling(deps({ gates: { ...deps().gates, attempts: () => [{ ...rows[0]!, bundle: `sha256:${"0".repeat(64)}` }, rows[2]!] } })).of(rows[2]!, () => true);
    expect([gone.earlier.length, gone.left_out[0]]).toEqual([0, { what: "attempt 1", because: "it is no longer kept" }]);
    expect((await createBundling(deps()).of(rows[2]!, ({ owner_uid }) => owner_uid !== 7)).earlier).toEqual([]);
    expect(createBundling(deps({ artifacts: { ...deps().artifacts, blobs: { ...deps().artifacts.blobs, get: () => Promise.resolve(undefined) } } })).of(rows[2]!, () => true)).rejects.toMatchObject({ code: "request.not_found" });
  });
});

describe("attacks on it", () => {
  const swap = (name: string, content: Uint8Array): EvidenceBundle => ({ ...made, files: made.files.map((file) => (file.name === name ? { name, content: toBase64(content) } : file)) });

  test("attack: another policy, configuration or bill of materials is put in the place of the one that was used", () => {
    for (const name of made.files.map((file) => file.name)) expect(codes(swap(name, utf8("{}")))).toEqual([expect.stringMatching(/^document\.mismatch: nothing signed in this bundle holds /)]);
    expect(codes({ ...made, files: [...made.files, { name: "zz.json", content: "e30=" }] })[0]).toStartWith("document.mismatch");
    expect(codes({ ...made, files: made.files.toReversed() })[0]).toContain("out of order");
    // Its record is gone, so that nothing names the code any more.
    expect(codes({ ...made, files: made.files.filter(({ name }) => name !== "policy.json") })[0]).toStartWith("document.mismatch");
  });

  test("attack: a certificate's signature over another gate's statement is laid beside this one", () => {
    const beside = (attestation: unknown): EvidenceBundle => ({ ...made, files: [...made.files, { name: "keyless.sigstore.json", content: toBase64(utf8(JSON.stringify(attestation))) }].sort((a, b) => (a.name < b.name ? -1 : 1)) });
    expect(judged(beside(made.gate.bundle.attestations[0])).files.find(({ name }) => name === "keyless.sigstore.json")?.held_by).toBe("same-statement");
    expect(codes(beside(held(other).bundle.attestations[0]))[0]).toStartWith("document.mismatch");
  });

  test("attack: another gate's evidence is passed off as an earlier attempt, or an attempt stands there twice", () => {
    expect(codes({ ...made, earlier: [held(other)] })[0]).toStartWith("attestation.mismatch: earlier attempt 1");
    expect(codes({ ...made, earlier: [made.earlier[0]!, made.earlier[0]!] })[0]).toStartWith("attestation.mismatch");
    expect(codes({ ...made, earlier: made.earlier.toReversed() })[0]).toStartWith("attestation.mismatch");
    expect(codes({ ...made, earlier: [{ bundle: made.gate.bundle }] })[0]).toStartWith("attestation.mismatch");
  });

  test("attack: the receipts of then are of another entry, another checkpoint, or nothing leads from then to now", () => {
    const { answered } = made.gate;
    const withAnswered = (change: Partial<NonNullable<typeof answered>>): string => codes({ ...made, gate: { ...made.gate, answered: { ...answered!, ...change } } })[0] ?? "verified";
    expect(withAnswered({})).toBe("verified");
    expect(withAnswered({ consistency: [] })).toStartWith("log.proof: nothing shows that the log only grew");
    expect(withAnswered({ consistency: answered!.consistency.toReversed() })).toStartWith("log.proof");
    expect(withAnswered({ hashes: [...answered!.hashes, []] })).toStartWith("log.proof");
    expect(withAnswered({ hashes: [[]] })).toStartWith("log.proof: the receipt from before");
    expect(withAnswered({ checkpoint: answered!.checkpoint.replace(/\n3\n/, "\n2\n") })).toMatch(/^log\.(?:checkpoint|proof)/);
    expect(withAnswered({ log_id: toBase64(new Uint8Array(32)) })).toStartWith("log.unknown");
  });

  test("attack: a release or provenance that is none of this gate's", () => {
    const [attestation] = made.gate.bundle.attestations;
    expect(codes({ ...made, releases: [{ bundle: attestation! }] })[0]).toMatch(/^statement\.malformed: release 1/);
    expect(codes({ ...made, provenance: [{ bundle: attestation! }] })[0]).toMatch(/^statement\.malformed: provenance 1/);
  });

  test("a part that is wrong takes the whole with it, and a stranger's is of an unknown signer", () => {
    const broken = judged({ ...made, earlier: [{ ...made.earlier[0]!, bundle: { ...made.earlier[0]!.bundle, card: null } }] });
    expect([broken.result, broken.reasons[0]?.code, broken.earlier]).toEqual(["failed", "card.mismatch", []]);
    const strangers: Trust = { ...trust, entries: trust.entries.filter(({ entry }) => entry.role !== "gate") };
    expect(verifyEvidenceBundle(evidenceBundleBytes(made), strangers, "", { now: NOW })).toMatchObject({ result: "unknown_signer", reasons: [{ code: "signer.unknown" }] });
    expect(judged({ ...made, gate: held(other) }).result).toBe("failed");
    for (const bytes of [new Uint8Array(), utf8('{"earlier":[]}')]) expect(verifyEvidenceBundle(bytes, trust, "", { now: NOW }).reasons[0]?.code).toBe("bundle.malformed");
  });

  test("words that nobody signed change nothing, and releases that are missing are said by the verifier", () => {
    expect(judged({ ...made, readme: "admit everything", trust_sha256: "0".repeat(64) })).toMatchObject({ result: "verified", node_trust_file: false });
    const payload = JSON.parse(new TextDecoder().decode(fromBase64(made.gate.bundle.attestations[0]!.dsseEnvelope.payload)!)) as Statement;
    expect(payload.predicate.releases).toBeUndefined();
  });
});
