/**
 * Other people's Sigstore bundles that were signed with a managed key: a
 * public key that the verifier was handed. Bundles with a certificate are said
 * to be not judged here, never verified. Pure, as everything in this room.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { STATEMENT_TYPE } from "../../proto/attestation.ts";
import { fromBase64, toHex } from "../../proto/encoding.ts";
import { ForeignBundle, ForeignStatement } from "../../proto/foreign-bundle.ts";
import type { VerifyReason } from "../../proto/verification.ts";
import { preAuthEncoding } from "./dsse.ts";
import type { PublicKey } from "./keys.ts";
import { readForeign } from "./schema.ts";
import { checkEntryBody, type Signed } from "./sigstore/entry.ts";
import { readPublicKey, verifyForeignDigest } from "./sigstore/key.ts";
import { checkReceipt, holdEntry } from "./sigstore/receipt.ts";
import { openTrustedRoot, type SigstoreLog } from "./sigstore/root.ts";
import { pass, stop, type Step } from "./step.ts";
import { timestampOf } from "./time.ts";

export interface SigstoreOptions {
  /** PEM of the key the caller trusts; without one nothing is verified. */
  readonly key_pem: Uint8Array | null;
  /** `trusted_root.json`; without one the log is not judged, and that is said. */
  readonly trusted_root: Uint8Array | null;
  /** SHA-256 of the artifact, where the caller has it. */
  readonly artifact_sha256: Uint8Array | null;
  readonly now: Date;
}

/** One log that stands behind the signature. */
export interface SigstoreReceipt {
  readonly origin: string;
  readonly index: number;
  readonly size: number;
  /** RFC 3339; `null` where the log signs no time. */
  readonly logged_at: string | null;
}

export interface SigstoreFacts {
  readonly kind: "statement" | "message";
  readonly predicate_type: string | null;
  /** SHA-256 digests of what was signed about, hex. */
  readonly subjects: readonly { readonly name: string | null; readonly sha256: string }[];
  readonly signer: string;
  /** Hex; `null` where no artifact was given. */
  readonly artifact_sha256: string | null;
  readonly receipts: readonly SigstoreReceipt[];
}

export type SigstoreVerification =
  | { readonly result: "verified"; readonly facts: SigstoreFacts; readonly not_proved: readonly string[] }
  /** `not_judged`: of a kind that this verifier does not read. It is no pass. */
  | { readonly result: "failed" | "not_judged"; readonly reason: VerifyReason };

const BUNDLE_LIMITS = { bytes_max: 32 * 1024 * 1024, depth_max: 32 } as const;
const MEDIA_TYPE = /^application\/vnd\.dev\.sigstore\.bundle(?:\+json;version=0\.[123]|\.v0\.3\+json)$/;
export const SIGSTORE_BYTES_MAX = BUNDLE_LIMITS.bytes_max;
const CERTIFICATE_ANSWER = "signed with a certificate: not judged here, use maestro verify-bundle";

/** Whether foreign bytes look like a Sigstore bundle; what they are is the verifier's to say. */
export const looksLikeSigstore = (head: string): boolean => /"mediaType"\s*:\s*"application\/vnd\.dev\.sigstore\.bundle/.test(head);

/** The signature with everything it is about. */
interface Opened extends Signed {
  readonly kind: SigstoreFacts["kind"];
  readonly predicate_type: string | null;
  readonly subjects: SigstoreFacts["subjects"];
}

function openMessage({ messageDigest, signature }: NonNullable<ForeignBundle["messageSignature"]>, spki: Uint8Array, artifact: Uint8Array | null): Step<Opened> {
  const sig = fromBase64(signature);
  const said = messageDigest === undefined ? artifact : fromBase64(messageDigest.digest);
  if (sig === null || said === null) return stop("bundle.malformed", "a field is not strict base64, or there is neither a digest nor an artifact");
  if (messageDigest !== undefined && messageDigest.algorithm !== "SHA2_256") return stop("bundle.malformed", `digests by ${messageDigest.algorithm} are not read here`);
  return pass({ kind: "message", predicate_type: null, subjects: [{ name: null, sha256: toHex(said) }], digest: said, payload_digest: null, signature: sig, spki });
}

function openEnvelope({ payload, payloadType, signatures }: NonNullable<ForeignBundle["dsseEnvelope"]>, spki: Uint8Array): Step<Opened> {
  const [one, second] = signatures;
  if (one === undefined || second !== undefined) return stop("bundle.malformed", "a bundle holds exactly one signature");
  const bytes = fromBase64(payload);
  const sig = fromBase64(one.sig);
  if (bytes === null || sig === null) return stop("bundle.malformed", "a field is not strict base64");
  if (payloadType !== "application/vnd.in-toto+json") return stop("statement.malformed", `the payload is ${payloadType}, not an in-toto statement`);
  const read = readForeign(ForeignStatement, bytes, BUNDLE_LIMITS);
  if ("because" in read) return stop("statement.malformed", read.because);
  if (read.value._type !== STATEMENT_TYPE && read.value._type !== "https://in-toto.io/Statement/v0.1") return stop("statement.malformed", `the statement's type is ${read.value._type}`);
  const subjects = read.value.subject.flatMap(({ name, digest }) => (digest["sha256"] === undefined ? [] : [{ name: name ?? null, sha256: digest["sha256"] }]));
  const signed = preAuthEncoding(bytes, payloadType);
  return pass({ kind: "statement", predicate_type: read.value.predicateType, subjects, digest: sha256(signed), payload_digest: sha256(bytes), signature: sig, spki });
}

function openContent({ messageSignature, dsseEnvelope }: ForeignBundle, key: PublicKey, artifact: Uint8Array | null): Step<Opened> {
  if ((messageSignature === undefined) === (dsseEnvelope === undefined)) return stop("bundle.malformed", "a bundle holds either an envelope or a message signature");
  if (dsseEnvelope !== undefined) return openEnvelope(dsseEnvelope, key.spki);
  return messageSignature === undefined ? stop("bundle.malformed", "nothing is signed") : openMessage(messageSignature, key.spki, artifact);
}

function checkArtifact({ kind, subjects }: Opened, artifact: Uint8Array | null): Step<null> {
  if (artifact === null) return pass(null);
  const hex = toHex(artifact);
  if (subjects.some(({ sha256: subject }) => subject === hex)) return pass(null);
  return stop("artifact.digest", kind === "message" ? "the artifact is not the one that was signed" : "no subject of the statement has the artifact's SHA-256");
}

/** Receipts of known logs; what is not known is put into words. */
function checkLogs(bundle: ForeignBundle, opened: Opened, logs: readonly SigstoreLog[] | null, now: Date): Step<{ receipts: SigstoreReceipt[]; not_proved: string[] }> {
  const receipts: SigstoreReceipt[] = [];
  const not_proved: string[] = [];
  const entries = bundle.verificationMaterial.tlogEntries ?? [];
  for (const entry of entries) {
    const body = checkEntryBody(entry, opened);
    if (!body.ok) return body;
    const held = holdEntry(entry, body.value);
    if (!held.ok) return held;
    const receipt = checkReceipt(entry, held.value, logs ?? [], now.getTime() / 1000);
    if (!receipt.ok) return receipt;
    const { origin, size } = held.value.checkpoint;
    const { known, logged_at_s, ended_s } = receipt.value;
    if (known) receipts.push({ origin, index: held.value.index, size, logged_at: logged_at_s === null ? null : timestampOf(logged_at_s) });
    else not_proved.push(`that ${origin} is a log of the trusted root`);
    if (ended_s !== null) not_proved.push(`that the key of ${origin} still counted when it took the entry: it did until ${timestampOf(ended_s)}, and nothing says when that was`);
  }
  if (logs !== null && receipts.length === 0) return stop("log.unknown", entries.length === 0 ? "the bundle has no log entry" : "no log of the trusted root holds the signature");
  if (entries.length === 0) not_proved.push("that any log holds the signature");
  return pass({ receipts, not_proved });
}

function judge(bundle: ForeignBundle, key: PublicKey, logs: readonly SigstoreLog[] | null, { artifact_sha256: artifact, now }: SigstoreOptions): Step<Extract<SigstoreVerification, { result: "verified" }>> {
  const opened = openContent(bundle, key, artifact);
  if (!opened.ok) return opened;
  const about = checkArtifact(opened.value, artifact);
  if (!about.ok) return about;
  const logged = checkLogs(bundle, opened.value, logs, now);
  if (!logged.ok) return logged;
  const { kind, predicate_type, subjects, digest, signature } = opened.value;
  if (!verifyForeignDigest(key, digest, signature)) return stop("signature.invalid", `${key.fingerprint} did not sign this`);
  const { receipts, not_proved } = logged.value;
  const facts: SigstoreFacts = { kind, predicate_type, subjects, signer: key.fingerprint, artifact_sha256: artifact === null ? null : toHex(artifact), receipts };
  if (artifact === null) not_proved.push("that an artifact of yours is the one that was signed: none was given");
  if (receipts.every(({ logged_at }) => logged_at === null)) not_proved.push("when it was signed");
  return pass({ result: "verified", facts, not_proved });
}

/**
 * Verifies a managed-key bundle; never throws on any input. Order: bundle,
 * key, trusted root, content, artifact, log entries, signature.
 */
export function verifySigstore(bundleBytes: Uint8Array, options: SigstoreOptions): SigstoreVerification {
  const failed = ({ reason }: { readonly reason: VerifyReason }): SigstoreVerification => ({ result: "failed", reason });
  const document = readForeign(ForeignBundle, bundleBytes, BUNDLE_LIMITS);
  if ("because" in document) return failed(stop("bundle.malformed", document.because));
  const { mediaType, verificationMaterial: material } = document.value;
  if (!MEDIA_TYPE.test(mediaType)) return failed(stop("bundle.malformed", "the media type is not that of a Sigstore bundle v0.1 to v0.3"));
  const kinds = [material.publicKey, material.certificate, material.x509CertificateChain].filter((one) => one !== undefined);
  if (kinds.length !== 1) return failed(stop("bundle.malformed", "a bundle names either a key or a certificate"));
  if (material.publicKey === undefined) return { result: "not_judged", reason: stop("signer.unknown", CERTIFICATE_ANSWER).reason };
  if (options.key_pem === null) return failed(stop("signer.unknown", "signed with a key, and none was given to verify it with"));
  const read = readPublicKey(options.key_pem);
  if ("because" in read) {
    const { reason } = stop("trust.malformed", `the given key: ${read.because}`);
    return { result: read.unread ? "not_judged" : "failed", reason };
  }
  const logs = options.trusted_root === null ? pass(null) : openTrustedRoot(options.trusted_root);
  if (!logs.ok) return failed(logs);
  const judged = judge(document.value, read.key, logs.value, options);
  return judged.ok ? judged.value : failed(judged);
}

/** Whether 32 bytes of hex with or without `sha256:`, as callers write digests; `null` otherwise. */
export function digestOf(text: string): Uint8Array | null {
  const hex = /^(?:sha256:)?(?<hex>[0-9a-f]{64})$/.exec(text)?.groups?.["hex"];
  return hex === undefined ? null : Uint8Array.fromHex(hex);
}
