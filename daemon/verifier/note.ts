/** Signed notes (C2SP signed-note): text, a blank line, signature lines. */
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, equalBytes, fromBase64, fromHex, toBase64, toHex, utf8 } from "../../proto/encoding.ts";
import { publicKeyFromRaw, type PublicKey } from "./keys.ts";
import { NOTE_CHARS_MAX, NOTE_SIGNATURES_MAX } from "./limits.ts";
import { verifySignature } from "./signature.ts";

/** A key that may sign notes under a name. Ed25519 (type 0x01), or a witness's, whose signatures carry a time (type 0x04, see `cosignature.ts`). */
export interface NoteKey {
  readonly name: string;
  readonly key: PublicKey;
  /** SHA-256(name ‖ 0x0A ‖ type ‖ key). Its first 4 bytes are the note's key id, all 32 are Sigstore's `logId`. */
  readonly hash: Uint8Array;
}

export interface NoteSignature {
  readonly name: string;
  readonly id: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Note {
  /** The signed text, its final newline included. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export type OpenedNote = { readonly signers: readonly NoteKey[]; readonly unknown: number } | { readonly because: string };

const ED25519_TYPE = 1;
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;
const LINE = /^\u2014 (?<name>[^ ]+) (?<blob>[^ ]+)$/u;
const NAME = /^[^\p{White_Space}+]+$/u;

export function noteKey(name: string, key: PublicKey, type = ED25519_TYPE): NoteKey {
  return { name, key, hash: sha256(concatBytes(utf8(`${name}\n`), Uint8Array.of(type), key.raw)) };
}

/** `name+hex(id)+base64(type ‖ key)`: how other log clients are told a key. */
export function verifierKeyText({ name, key, hash }: NoteKey, type = ED25519_TYPE): string {
  return `${name}+${toHex(hash.subarray(0, 4))}+${toBase64(concatBytes(Uint8Array.of(type), key.raw))}`;
}

export function parseVerifierKey(text: string, type = ED25519_TYPE): NoteKey | null {
  const [name, id, encoded] = text.split(/\+([0-9a-f]{8})\+/);
  const blob = encoded === undefined ? null : fromBase64(encoded);
  if (name === undefined || id === undefined || blob === null || blob[0] !== type || !NAME.test(name)) return null;
  const key = publicKeyFromRaw("ed25519", blob.slice(1));
  if (key === null) return null;
  const made = noteKey(name, key, type);
  return equalBytes(made.hash.subarray(0, 4), fromHex(id) ?? new Uint8Array()) ? made : null;
}

/** One signature line without its newline; `null` for anything else. */
export function parseSignatureLine(line: string): NoteSignature | null {
  const { name, blob } = LINE.exec(line)?.groups ?? {};
  const bytes = blob === undefined ? null : fromBase64(blob);
  if (name === undefined || !NAME.test(name) || bytes === null || bytes.length < 5) return null;
  return { name, id: bytes.slice(0, 4), signature: bytes.slice(4) };
}

/** `null` for anything that is not a note in the specification's own spelling. */
export function parseNote(note: string): Note | null {
  const cut = note.lastIndexOf("\n\n");
  if (note.length > NOTE_CHARS_MAX || cut < 0 || !note.endsWith("\n") || CONTROL.test(note)) return null;
  const lines = note.slice(cut + 2, -1).split("\n");
  if (lines.length > NOTE_SIGNATURES_MAX) return null;
  const signatures: NoteSignature[] = [];
  for (const line of lines) {
    const signature = parseSignatureLine(line);
    if (signature === null) return null;
    signatures.push(signature);
  }
  return { text: note.slice(0, cut + 1), signatures };
}

export function signatureLine({ name, hash }: Pick<NoteKey, "name" | "hash">, signature: Uint8Array): string {
  return `\u2014 ${name} ${toBase64(concatBytes(hash.subarray(0, 4), signature))}\n`;
}

/**
 * Verifies every signature of a known key; one that fails refuses the note,
 * as does none at all. Unknown keys are counted, as the specification wants
 * them ignored; the caller says whether it tolerates them.
 */
export function openNote(note: Note, known: readonly NoteKey[]): OpenedNote {
  const text = utf8(note.text);
  const signers: NoteKey[] = [];
  let unknown = 0;
  for (const { name, id, signature } of note.signatures) {
    const key = known.find((candidate) => candidate.name === name && equalBytes(candidate.hash.subarray(0, 4), id));
    if (key === undefined) {
      unknown += 1;
      continue;
    }
    if (signers.includes(key)) return { because: `two signatures by ${name}` };
    if (!verifySignature(key.key, text, signature)) return { because: `the signature by ${name} does not verify` };
    signers.push(key);
  }
  return signers.length === 0 ? { because: "no signature by a known key" } : { signers, unknown };
}
