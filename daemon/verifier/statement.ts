import { HashedRekord, Statement, type ObligationsPredicate, type SigstoreBundle } from "../../proto/attestation.ts";
import { canonicalText } from "../../proto/canonical.ts";
import { gateId, type Identity } from "../../proto/change.ts";
import { fromBase64, toBase64 } from "../../proto/encoding.ts";
import { logEntryBody, preAuthEncoding } from "./dsse.ts";
import { publicKeyFromSpki, type PublicKey } from "./keys.ts";
import { STATEMENT_LIMITS } from "./limits.ts";
import { readDocument } from "./schema.ts";
import { verifySignature } from "./signature.ts";
import { pass, stop, type Step } from "./step.ts";
import { timestampSeconds } from "./time.ts";

/** What an envelope holds, whatever it says. */
export interface ClaimedEnvelope {
  readonly payload: Uint8Array;
  readonly key: PublicKey;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  /** The log entry that stands for this signature, rebuilt. */
  readonly entry: Uint8Array;
}

/** A statement and the signature the bundle claims for it; `checkSignature` says whether the claim holds, the trust file whose key it is. */
export interface ClaimedStatement {
  readonly statement: Statement;
  readonly payload: Uint8Array;
  readonly key: PublicKey;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  /** The log entry that stands for this signature, rebuilt. */
  readonly entry: Uint8Array;
  readonly issued_at_s: number;
  readonly valid_until_s: number;
}

/** What a statement about this identity is about: the commit, and the merged tree's content where it was hashed. */
export function subjectsOf(identity: Identity): Statement["subject"] {
  const head = { name: "git:head", digest: { gitCommit: identity.head } };
  return identity.tree_sha256 === null ? [head] : [head, { name: "git:merged-tree", digest: { sha256: identity.tree_sha256 } }];
}

/** The key inside the log entry. It is a claim; the entry is rebuilt from it and compared. */
function keyOfEntry(body: Uint8Array): PublicKey | null {
  const entry = readDocument(HashedRekord, body, STATEMENT_LIMITS);
  if ("because" in entry) return null;
  const spki = fromBase64(entry.value.spec.hashedRekordV002.signature.verifier.publicKey.rawBytes);
  return spki === null ? null : publicKeyFromSpki("ecdsa-p256-sha256", spki);
}

function checkPredicate(statement: Statement): Step<{ issued_at_s: number; valid_until_s: number }> {
  const { identity, gate_id, attempt }: ObligationsPredicate = statement.predicate;
  if (gateId(identity) !== gate_id) return stop("statement.identity", "the gate id is not the hash of the identity");
  if (canonicalText(statement.subject) !== canonicalText(subjectsOf(identity))) {
    return stop("statement.subject", "the subjects are not the head and tree of the identity");
  }
  if (attempt.supersedes !== null && attempt.supersedes >= attempt.attempt) return stop("statement.identity", "an attempt supersedes a later one");
  const issued_at_s = timestampSeconds(attempt.issued_at);
  const valid_until_s = timestampSeconds(attempt.valid_until);
  if (issued_at_s === null || valid_until_s === null || issued_at_s > valid_until_s) {
    return stop("statement.time", "issued_at and valid_until are not a span of time");
  }
  return pass({ issued_at_s, valid_until_s });
}

/** Reads the DSSE envelope: key against keyid and hint, log entry byte for byte. */
export function openEnvelope(bundle: SigstoreBundle): Step<ClaimedEnvelope> {
  const { payload, signatures } = bundle.dsseEnvelope;
  const [tlog] = bundle.verificationMaterial.tlogEntries;
  const [envelope] = signatures;
  const body = tlog === undefined ? null : fromBase64(tlog.canonicalizedBody);
  const bytes = fromBase64(payload);
  const signature = envelope === undefined ? null : fromBase64(envelope.sig);
  if (envelope === undefined || body === null || bytes === null || signature === null) return stop("bundle.malformed", "a field is not strict base64");
  const key = keyOfEntry(body);
  if (key === null) return stop("log.entry", "the log entry holds no P-256 key");
  if (envelope.keyid !== key.fingerprint || bundle.verificationMaterial.publicKey.hint !== key.fingerprint) {
    return stop("signature.keyid", "keyid or hint names another key than the log entry's");
  }
  const signed = preAuthEncoding(bytes);
  const entry = logEntryBody(signed, signature, key.spki);
  if (tlog?.canonicalizedBody !== toBase64(entry)) return stop("log.entry", "the log entry is not the one of this signature");
  return pass({ payload: bytes, key, signed, signature, entry });
}

/**
 * Reads the envelope, then the statement itself. The signature is checked last of all, so
 * that a broken bundle costs no curve arithmetic.
 */
export function openStatement(bundle: SigstoreBundle): Step<ClaimedStatement> {
  const envelope = openEnvelope(bundle);
  if (!envelope.ok) return envelope;
  const document = readDocument(Statement, envelope.value.payload, STATEMENT_LIMITS);
  if ("because" in document) return stop("statement.malformed", document.because);
  const span = checkPredicate(document.value);
  return span.ok ? pass({ statement: document.value, ...envelope.value, ...span.value }) : span;
}

export function checkSignature({ key, signed, signature }: Pick<ClaimedStatement, "key" | "signed" | "signature">): Step<null> {
  return verifySignature(key, signed, signature) ? pass(null) : stop("signature.invalid", `${key.fingerprint} did not sign this statement`);
}
