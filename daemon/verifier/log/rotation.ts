/** A change of the log's key, as the log itself tells it: an entry signed by the gate key, whose terms both log keys signed. */
import { RotationStatement, type SigstoreBundle } from "../../../proto/attestation.ts";
import { canonicalBytes, canonicalText } from "../../../proto/canonical.ts";
import { concatBytes, fromBase64, fromHex, utf8 } from "../../../proto/encoding.ts";
import type { RotationTerms } from "../../../proto/predicates/rotation.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { publicKeyFromSpki, type PublicKey } from "../keys.ts";
import { STATEMENT_LIMITS } from "../limits.ts";
import { proveEntry } from "../log-entry.ts";
import { noteKey, openNote, type NoteKey } from "../note.ts";
import { readDocument } from "../schema.ts";
import { verifySignature } from "../signature.ts";
import { checkSignature, openEnvelope } from "../statement.ts";
import { pass, stop, type Step } from "../step.ts";

/** What both log keys sign. A checkpoint begins with a host name, so neither can ever be taken for the other. */
export const rotationSignedBytes = (terms: RotationTerms): Uint8Array => concatBytes(utf8("maestro/v1/log-rotation\0"), canonicalBytes(terms));

export interface Rotation {
  readonly terms: RotationTerms;
  readonly old_key: NoteKey;
  readonly new_key: NoteKey;
  /** Of the gate key that signed the statement; whose that is only a trust file tells. */
  readonly gate: string;
  /** The one checkpoint that both keys signed: the old one's last, the new one's first. */
  readonly covering: Checkpoint;
  readonly root: Uint8Array;
}

function keyOf({ public_key, fingerprint }: RotationTerms["old_key"]): PublicKey | null {
  const spki = fromBase64(public_key);
  const key = spki === null ? null : publicKeyFromSpki("ed25519", spki);
  return key?.fingerprint === fingerprint ? key : null;
}

/** Checks everything that a rotation says of itself: both keys agreed, and its entry is the one after `terms.size` others under a checkpoint of both. */
export function openRotation(bundle: SigstoreBundle): Step<Rotation> {
  const envelope = openEnvelope(bundle);
  if (!envelope.ok) return envelope;
  const document = readDocument(RotationStatement, envelope.value.payload, STATEMENT_LIMITS);
  if ("because" in document) return stop("statement.malformed", document.because);
  const { subject, predicate } = document.value;
  const { terms } = predicate;
  if (canonicalText(subject) !== canonicalText([{ name: terms.origin, digest: { sha256: terms.root } }])) return stop("statement.subject", "the subject is not the log and root of the terms");
  const [old_key, new_key] = [keyOf(terms.old_key), keyOf(terms.new_key)];
  if (old_key === null || new_key === null || old_key.fingerprint === new_key.fingerprint) return stop("statement.malformed", "the terms do not name two Ed25519 keys");
  const signed = rotationSignedBytes(terms);
  if (!verifySignature(old_key, signed, fromBase64(predicate.old_signature) ?? new Uint8Array())) return stop("signature.invalid", "the old log key did not agree");
  if (!verifySignature(new_key, signed, fromBase64(predicate.new_signature) ?? new Uint8Array())) return stop("signature.invalid", "the new log key did not agree");
  const signature = checkSignature(envelope.value);
  if (!signature.ok) return signature;
  const [from, to] = [noteKey(terms.origin, old_key), noteKey(terms.origin, new_key)];
  const covering = coveredBy(bundle, envelope.value.entry, terms, [from, to]);
  if (!covering.ok) return covering;
  return pass({ terms, old_key: from, new_key: to, gate: envelope.value.key.fingerprint, covering: covering.value, root: fromHex(terms.root) ?? new Uint8Array() });
}

function coveredBy(bundle: SigstoreBundle, entry: Uint8Array, terms: RotationTerms, keys: readonly [NoteKey, NoteKey]): Step<Checkpoint> {
  const [tlog] = bundle.verificationMaterial.tlogEntries;
  const proven = tlog === undefined ? stop("log.proof", "there is no log entry") : proveEntry(tlog, entry);
  if (!proven.ok) return proven;
  const { checkpoint, note, index } = proven.value;
  if (checkpoint.origin !== terms.origin || index !== terms.size || checkpoint.size !== terms.size + 1) return stop("log.checkpoint", "the entry does not stand where the terms say");
  const opened = openNote(note, keys);
  if ("because" in opened) return stop("log.checkpoint", opened.because);
  return opened.signers.length === keys.length ? pass(checkpoint) : stop("log.checkpoint", "the checkpoint over the change is not signed by both keys");
}
