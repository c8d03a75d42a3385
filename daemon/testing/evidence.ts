/** Bundles for tests, made by the real builders with keys of the test's own; every stage can be tampered with before it is signed. */
import { sha256 } from "@noble/hashes/sha2.js";
import { chosenHasher, growTree } from "../../kernels/merkle/index.ts";
import type { SigstoreBundle, Statement } from "../../proto/attestation.ts";
import type { Card } from "../../proto/card.ts";
import { gateId, type Attempt, type Identity, type Mode } from "../../proto/change.ts";
import type { Decision } from "../../proto/decision.ts";
import { documentMediaType, type TravellingDocument } from "../../proto/document.ts";
import { toBase64, toHex, utf8 } from "../../proto/encoding.ts";
import type { Manifest } from "../../proto/manifest.ts";
import type { Outcome } from "../../proto/outcome.ts";
import type { TrustBody } from "../../proto/trust.ts";
import { buildStatement, bundleBytes, signStatement, sigstoreBundle, type SignedEnvelope } from "../evidence/attest/index.ts";
import { generatePrivateKey, signerFromPem, type Signer } from "../evidence/keys/signer.ts";
import { selfMadeTrust, signTrust, trustFileBytes } from "../evidence/keys/trust.ts";
import { logged, signBeside, type Judged } from "../evidence/attest/further.ts";
import type { RecordInput } from "../evidence/index.ts";
import type { LogReceipt } from "../evidence/log/index.ts";
import { buildManifest } from "../evidence/manifest/index.ts";
import { cardDigest } from "../verifier/card.ts";
import { checkpointText } from "../verifier/checkpoint.ts";
import { noteKey, signatureLine } from "../verifier/note.ts";
import { openTrust, type Trust } from "../verifier/trust.ts";

export const NOW = new Date("2026-11-22T10:00:00Z");
const TRUST_DOMAIN = "sample.local.maestro.internal";
const recordName = (type: string, letter: string): string => `${type}:${letter.repeat(51)}a`;

export const SAMPLE_IDENTITY: Identity = {
  repo_id: "local:1000:demo",
  target_ref: "refs/heads/main",
  base: "1".repeat(40),
  head: "2".repeat(40),
  merge_tree: "3".repeat(40),
  object_format: "sha1",
  tree_sha256: "4".repeat(64),
  policy: recordName("policy", "a"),
  config: recordName("config", "b"),
  checks: recordName("checks", "c"),
  trust_domain: TRUST_DOMAIN,
};

export const SAMPLE_ATTEMPT: Attempt = { attempt: 2, supersedes: 1, issued_at: "2026-11-22T09:59:00Z", valid_until: "2026-11-23T09:59:00Z" };

export const SAMPLE_DECISION: Decision = {
  verdict: "hold",
  reasons: [
    { rule: "tests.focused", check: "tests", effect: "hold", observed: false, because: "a test is focused", ranges: [], excerpt: null, fingerprints: ["5".repeat(64)] },
    { rule: "size.lines", check: "size", effect: "note", observed: true, because: "large", ranges: [], excerpt: null, fingerprints: [] },
  ],
  next: [{ action: "fix_finding", text: "Remove .only", command: null, rule: "tests.focused", cost: "seconds", risk: "none" }],
};

function outcome(check: string, result: Outcome["result"]): Outcome {
  return { check, result, because: result === "unavailable" ? "deadline" : null, observer: "daemon", findings: [], findings_cut: 0, gaps: [] };
}

export const SAMPLE_OUTCOMES: readonly Outcome[] = [outcome("secrets", "pass"), outcome("tests", "fail"), outcome("ci", "not_applicable"), outcome("size", "unavailable")];

export function sampleCard(identity: Identity, decision: Decision, attempt: number, mode: Mode): Card {
  return {
    v: 1,
    gate_id: gateId(identity),
    attempt,
    mode,
    verdict: decision.verdict,
    repository: identity.repo_id,
    target_ref: identity.target_ref,
    base: identity.base,
    head: identity.head,
    title: "Speed up the parser",
    actor: { class: "human", authenticated: false, name: "A. Person", agent: null, signs: [] },
    files: 3,
    added_lines: 40,
    removed_lines: 2,
    policy: { name: "default", id: identity.policy },
    reasons: decision.reasons,
    checks: [],
    gaps: [],
    next: decision.next,
    baseline: "not_compared",
    cost: { reported: false, micro_usd: null },
    warnings: ["self-made trust"],
  };
}

export interface Ring {
  readonly gate: Signer;
  readonly log: Signer;
  readonly root: Signer;
  readonly origin: string;
  readonly trust: Uint8Array;
}

export const newSigner = (algorithm: Signer["key"]["algorithm"]): Signer => signerFromPem(algorithm, generatePrivateKey(algorithm), "test key");

/** Fresh keys and the self-made trust file over them. */
export function newRing(origin = "log.sample.local.maestro.internal"): Ring {
  const [gate, log, root] = [newSigner("ecdsa-p256-sha256"), newSigner("ed25519"), newSigner("ed25519")];
  const file = selfMadeTrust({ trust_domain: TRUST_DOMAIN, log_origin: origin, gate, log, root, now: new Date("2026-11-01T00:00:00Z") });
  return { gate, log, root, origin, trust: trustFileBytes(file) };
}

function trustOf(bytes: Uint8Array): Trust {
  const opened = openTrust(bytes);
  if (!opened.ok) throw new Error(opened.reason.detail);
  return opened.value;
}

/** The ring's trust file with another body, properly signed by its root. */
export function trustWith(ring: Ring, change: (body: TrustBody) => TrustBody): Uint8Array {
  const { body } = JSON.parse(new TextDecoder().decode(ring.trust)) as { body: TrustBody };
  return trustFileBytes(signTrust(change(body), ring.root));
}

/** Each stage may be changed before the next one signs or hashes it. */
export interface Tampering {
  readonly outcomes?: readonly Outcome[];
  readonly identity?: Partial<Identity>;
  readonly attempt?: Partial<Attempt>;
  readonly mode?: Mode;
  readonly manifest?: (manifest: Manifest) => Manifest;
  readonly statement?: (statement: Statement) => Statement;
  readonly envelope?: (signed: SignedEnvelope) => SignedEnvelope;
  readonly receipt?: (receipt: LogReceipt) => LogReceipt;
  readonly attestation?: (attestation: SigstoreBundle) => SigstoreBundle;
  readonly card?: (card: Card) => Card | null;
  readonly verdict?: Decision["verdict"];
  /** Attestations beside the obligations, before they are signed; without it there are none. */
  readonly beside?: (statements: SignedEnvelope[], judged: Judged) => SignedEnvelope[];
  /** Documents that travel, by name, and what is done to them once their leaves are made. */
  readonly documents?: Readonly<Record<string, string>>;
  readonly carried?: (documents: TravellingDocument[]) => TravellingDocument[];
}

const same = <T>(value: T): T => value;

/** A receipt from a log of `neighbours` other entries with this one in their midst. */
export function receiptFor(ring: Pick<Ring, "log" | "origin">, entry: Uint8Array, neighbours = 6): LogReceipt {
  const [receipt] = receiptsFor(ring, [entry], neighbours);
  if (receipt === undefined) throw new RangeError("one entry has one receipt");
  return receipt;
}

/** As `receiptFor`, for entries that were appended together. */
function receiptsFor(ring: Pick<Ring, "log" | "origin">, batch: readonly Uint8Array[], neighbours = 6): LogReceipt[] {
  const entries = Array.from({ length: neighbours }, (_, i) => utf8(`neighbour ${i}`));
  const first = Math.floor(neighbours / 2);
  entries.splice(first, 0, ...batch);
  const tree = growTree(chosenHasher().leafHashes(entries));
  const key = noteKey(ring.origin, ring.log.key);
  const text = checkpointText({ origin: ring.origin, size: tree.size, root: tree.root() });
  const checkpoint = `${text}\n${signatureLine(key, ring.log.sign(utf8(text)))}`;
  return batch.map((_, i) => ({ origin: ring.origin, log_id: key.hash, index: first + i, size: tree.size, root: tree.root(), proof: tree.inclusionProof(first + i), checkpoint }));
}

export function makeBundle(ring: Ring, tampering: Tampering = {}): Uint8Array {
  const identity = { ...SAMPLE_IDENTITY, ...tampering.identity };
  const attempt = { ...SAMPLE_ATTEMPT, ...tampering.attempt };
  const mode = tampering.mode ?? "local";
  const decision = { ...SAMPLE_DECISION, verdict: tampering.verdict ?? SAMPLE_DECISION.verdict };
  const card = sampleCard(identity, decision, attempt.attempt, mode);
  const texts = Object.entries(tampering.documents ?? {});
  const built = buildManifest({
    identity,
    attempt,
    decision,
    outcomes: tampering.outcomes ?? SAMPLE_OUTCOMES,
    obligations: [{ name: "coverage", kind: "numeric", required: true, result: "pass", observer: "daemon", value: "8125", unit: "percent", scale: 2, min: "8000", max: null, because: null, source_sha256: "7".repeat(64) }],
    documents: [
      { name: "card", sha256: cardDigest(card), travels: true },
      { name: "facts", sha256: "6".repeat(64), travels: false },
      ...texts.map(([name, text]) => ({ name, sha256: toHex(sha256(utf8(text))), travels: true })),
    ],
    tool: "maestro/0.0.0",
    salt_secret: utf8("an unchanging secret of a test.."),
  });
  const manifest = (tampering.manifest ?? same)(built.manifest);
  const statement = buildStatement({ identity, attempt, mode, decision, manifest, verifier: { id: "maestro", version: "0.0.0" } });
  const signed = (tampering.envelope ?? same)(signStatement((tampering.statement ?? same)(statement), ring.gate));
  const { beside } = tampering;
  const judged: Judged = { statement, signed, manifest, outcomes: tampering.outcomes ?? SAMPLE_OUTCOMES };
  const keys = { gate: ring.gate, trust: trustOf(ring.trust) };
  const further = beside === undefined ? [] : beside(signBeside(judged, keys, NOW.getTime() / 1000), judged);
  const [receipt, ...others] = receiptsFor(ring, [signed, ...further].map(({ entry }) => entry)).map(tampering.receipt ?? same);
  if (receipt === undefined) throw new RangeError("no receipt");
  const carried = texts.map(([name, text]) => ({ name, media_type: documentMediaType(name) ?? "", content: toBase64(utf8(text)) }));
  return bundleBytes([(tampering.attestation ?? same)(sigstoreBundle(signed, receipt)), ...logged(further, others)], manifest, (tampering.card ?? same)(card), (tampering.carried ?? same)(carried));
}

/**
 * What a gate hands to `Evidence.record`; another attempt of the same gate each time. A hold with a check that is unavailable and none that
 * failed, so that nothing is said beside its obligations: one entry in the log each.
 */
export function recordInput(trust_domain: string, attempt: number, change: Partial<Identity> = {}): RecordInput {
  const identity = { ...SAMPLE_IDENTITY, trust_domain, ...change };
  return {
    identity,
    mode: "local",
    attempt,
    supersedes: attempt === 1 ? null : attempt - 1,
    valid_for_s: 86_400,
    decision: SAMPLE_DECISION,
    outcomes: SAMPLE_OUTCOMES.filter(({ result }) => result !== "fail"),
    obligations: [],
    documents: [{ name: "facts", sha256: "6".repeat(64) }],
    card: sampleCard(identity, SAMPLE_DECISION, attempt, "local"),
  };
}
