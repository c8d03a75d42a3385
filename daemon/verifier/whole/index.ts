/** Everything an auditor was handed of one gate: every part is judged for itself, and that it belongs to this gate. Pure, as everything here. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { SigstoreBundle, Statement } from "../../../proto/attestation.ts";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { fromBase64, toHex } from "../../../proto/encoding.ts";
import { EvidenceBundle, EVIDENCE_BUNDLE_TYPE, type AnsweredReceipts, type EvidenceVerification, type HeldGate, type HeldSignature } from "../../../proto/evidence-bundle.ts";
import type { VerifyReason } from "../../../proto/verification.ts";
import { verifyWithTrust, type VerifyOptions } from "../bundle.ts";
import { verifyDraft } from "../draft.ts";
import { EVIDENCE_LIMITS } from "../limits.ts";
import { verifyProvenance } from "../provenance.ts";
import { verifyRelease } from "../release.ts";
import { readDocument } from "../schema.ts";
import { pass, stop, type Step } from "../step.ts";
import type { Trust } from "../trust.ts";
import { asAnswered, checkAnswered } from "./answered.ts";
import { checkFiles } from "./files.ts";

export { EVIDENCE_LIMITS };

/** Keys of canonical JSON are sorted, so the first one tells the kind without reading the rest. */
export const isEvidenceBundle = (bytes: Uint8Array): boolean => /^\{"(?:drafts|earlier)":\[/.test(new TextDecoder().decode(bytes.subarray(0, 16)));

type Options = Pick<VerifyOptions, "now" | "leaf" | "witnesses" | "bounds" | "opening">;
type Result = EvidenceVerification["result"];

/** What the parts are held against. */
interface About {
  readonly statement: Statement;
  readonly trust: Trust;
  readonly options: Options;
}

const payloadDigest = ({ dsseEnvelope }: SigstoreBundle): string => toHex(sha256(fromBase64(dsseEnvelope.payload) ?? new Uint8Array()));
const isUnknown = ({ code }: VerifyReason): boolean => code === "signer.unknown" || code === "log.unknown";
const inPart = (part: string, { code, detail }: VerifyReason) => stop(code, `${part}: ${detail}`);

function grown(attestations: readonly SigstoreBundle[], answered: AnsweredReceipts | undefined, trust: Trust): Step<EvidenceVerification["log_grew"]> {
  return answered === undefined ? pass(null) : checkAnswered(attestations, answered, trust);
}

function checkEarlier(earlier: readonly HeldGate[], { statement, trust, options: { now, witnesses } }: About): Step<EvidenceVerification["earlier"]> {
  const judged: EvidenceVerification["earlier"] = [];
  for (const [i, { bundle, answered }] of earlier.entries()) {
    const part = `earlier attempt ${i + 1}`;
    const verified = verifyWithTrust(canonicalBytes(bundle), trust, { now, ...(witnesses === undefined ? {} : { witnesses }) });
    const [reason] = verified.reasons;
    if (reason !== undefined || verified.statement === null) return inPart(part, reason ?? { code: "bundle.malformed", detail: "it says nothing" });
    const { gate_id, attempt: { attempt }, verdict } = verified.statement.predicate;
    if (gate_id !== statement.predicate.gate_id || attempt >= statement.predicate.attempt.attempt || attempt <= (judged.at(-1)?.attempt ?? 0)) return stop("attestation.mismatch", `${part} is not an earlier one of this gate, or out of order`);
    const log = grown(bundle.attestations, answered, trust);
    if (!log.ok) return inPart(part, log.reason);
    judged.push({ result: "verified", log_index: verified.log?.index ?? null, attempt, verdict });
  }
  return pass(judged);
}

function checkReleases(releases: readonly HeldSignature[], { statement, trust, options: { now, witnesses } }: About): Step<EvidenceVerification["releases"]> {
  const named = new Set((statement.predicate.releases ?? []).map(({ statement_sha256 }) => statement_sha256));
  const judged: EvidenceVerification["releases"] = [];
  for (const [i, { bundle, answered }] of releases.entries()) {
    const part = `release ${i + 1}`;
    const verified = verifyRelease(canonicalBytes(bundle), trust, now, witnesses);
    if (verified.result !== "verified") return inPart(part, verified.reason);
    const digest = payloadDigest(bundle);
    // Taken out, so that one release cannot stand for two.
    if (!named.delete(digest)) return stop("release.mismatch", `${part} is none that the gate's statement names, or there twice`);
    const log = grown([bundle], answered, trust);
    if (!log.ok) return inPart(part, log.reason);
    const { kind, person } = verified.release.request;
    judged.push({ result: "verified", log_index: verified.log.index, kind, person, statement_sha256: digest });
  }
  return pass(judged);
}

function checkProvenance(held: readonly HeldSignature[], { statement, trust, options: { now, witnesses } }: About): Step<EvidenceVerification["provenance"]> {
  const { head, repo_id } = statement.predicate.identity;
  const judged: EvidenceVerification["provenance"] = [];
  for (const [i, { bundle, answered }] of held.entries()) {
    const part = `provenance ${i + 1}`;
    const verified = verifyProvenance(canonicalBytes(bundle), trust, { artifact_sha256: null, now, ...(witnesses === undefined ? {} : { witnesses }) });
    if (verified.result !== "verified") return inPart(part, verified.reason);
    const { build, repository, commit } = verified.statement.predicate.buildDefinition.externalParameters;
    if (commit !== head || repository !== repo_id) return stop("attestation.mismatch", `${part} is of another commit or repository than the gate`);
    const log = grown([bundle], answered, trust);
    if (!log.ok) return inPart(part, log.reason);
    judged.push({ result: "verified", log_index: verified.log.index, build, level: verified.level, subjects: verified.statement.subject.map(({ name, digest }) => `${name} sha256:${digest.sha256}`.slice(0, 2000)) });
  }
  return pass(judged);
}

/** Said after the gate was answered, so its statement names none of them: each says itself which attempt it is about. */
function checkDrafts(held: readonly HeldSignature[], { statement: { predicate }, trust, options: { now, witnesses } }: About): Step<EvidenceVerification["drafts"]> {
  const judged: EvidenceVerification["drafts"] = [];
  for (const [i, { bundle, answered }] of held.entries()) {
    const part = `drafts ${i + 1}`;
    const verified = verifyDraft(canonicalBytes(bundle), trust, { now, ...(witnesses === undefined ? {} : { witnesses }) });
    if (verified.result !== "verified") return inPart(part, verified.reason);
    const { subject: [subject], predicate: { gate_id, attempt, repository, drafts } } = verified.statement;
    const about = gate_id === predicate.gate_id && attempt === predicate.attempt.attempt && repository === predicate.identity.repo_id;
    if (!about || subject?.digest.sha256 !== predicate.manifest.root) return stop("attestation.mismatch", `${part} are of another attempt or gate than this one`);
    const digest = payloadDigest(bundle);
    if (judged.some(({ statement_sha256 }) => statement_sha256 === digest)) return stop("attestation.mismatch", `${part} stand there twice`);
    const log = grown([bundle], answered, trust);
    if (!log.ok) return inPart(part, log.reason);
    judged.push({ result: "verified", log_index: verified.log.index, statement_sha256: digest, wrote: drafts.map(({ task, path }) => ({ task, path })) });
  }
  return pass(judged);
}

type Parts = Pick<EvidenceVerification, "log_grew" | "answered_sha256" | "earlier" | "releases" | "provenance" | "drafts" | "files">;
const NO_PARTS: Parts = { log_grew: null, answered_sha256: null, earlier: [], releases: [], provenance: [], drafts: [], files: [] };

function checkParts({ gate: { bundle, answered }, earlier, releases, provenance, drafts, files }: EvidenceBundle, about: About): Step<Parts> {
  const log_grew = grown(bundle.attestations, answered, about.trust);
  if (!log_grew.ok) return log_grew;
  const then = answered === undefined ? bundle.attestations : asAnswered(bundle.attestations, answered);
  const before = checkEarlier(earlier, about);
  if (!before.ok) return before;
  const released = checkReleases(releases, about);
  if (!released.ok) return released;
  const built = checkProvenance(provenance, about);
  if (!built.ok) return built;
  const drafted = checkDrafts(drafts ?? [], about);
  if (!drafted.ok) return drafted;
  const held = checkFiles(files, bundle, about.statement.predicate.identity);
  if (!held.ok) return held;
  const answered_sha256 = then === null ? null : toHex(sha256(canonicalBytes({ ...bundle, attestations: then })));
  return pass({ log_grew: log_grew.value, answered_sha256, earlier: before.value, releases: released.value, provenance: built.value, drafts: drafted.value, files: held.value });
}

/** Releases that the statement names and the file does not hold are said by the verifier, whatever the node said of them. */
function missing({ predicate }: Statement, releases: Parts["releases"]): EvidenceVerification["left_out"] {
  const absent = (predicate.releases ?? []).filter(({ statement_sha256 }) => !releases.some((one) => one.statement_sha256 === statement_sha256));
  return absent.map(({ kind, person }) => ({ what: `${kind} by ${person}`, because: "the signed statement names it, and this file does not hold it" }));
}

/** Never throws on any input. The gate's own verdict stands in `gate`; a part that is wrong makes the whole of it fail, and is named. */
export function verifyEvidenceBundle(bytes: Uint8Array, trust: Trust, trust_sha256: string, options: Options): EvidenceVerification {
  const document = readDocument(EvidenceBundle, bytes, EVIDENCE_LIMITS);
  const refused = (result: Result, reason: VerifyReason, gate: EvidenceVerification["gate"]): EvidenceVerification => ({ result, reasons: [reason], gate, ...NO_PARTS, node_trust_file: false, left_out: [] });
  if ("because" in document) return refused("failed", { code: "bundle.malformed", detail: `${EVIDENCE_BUNDLE_TYPE}: ${document.because}`.slice(0, 2000) }, null);
  const { value } = document;
  const gate = verifyWithTrust(canonicalBytes(value.gate.bundle), trust, options);
  const { statement } = gate;
  if (statement === null) return refused(gate.result, gate.reasons[0] ?? { code: "bundle.malformed", detail: "it says nothing" }, gate);
  const parts = checkParts(value, { statement, trust, options });
  if (!parts.ok) return refused(isUnknown(parts.reason) ? "unknown_signer" : "failed", parts.reason, gate);
  return { result: "verified", reasons: [], gate, ...parts.value, node_trust_file: value.trust_sha256 === trust_sha256, left_out: [...value.left_out, ...missing(statement, parts.value.releases)].slice(0, 128) };
}
