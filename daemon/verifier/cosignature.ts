/** Cosignatures of witnesses (C2SP tlog-cosignature, the Ed25519 form): each says that its witness saw one append-only history up to this checkpoint, and when. */
import { concatBytes, equalBytes, utf8 } from "../../proto/encoding.ts";
import type { PublicKey } from "./keys.ts";
import { noteKey, parseVerifierKey, signatureLine, verifierKeyText, type NoteKey, type NoteSignature } from "./note.ts";
import { verifySignature } from "./signature.ts";

const COSIGNATURE_TYPE = 4;
const TIME_BYTES = 8;
/** Time, then an Ed25519 signature. */
const COSIGNATURE_BYTES = TIME_BYTES + 64;

/** A witness's key under its name. Not to be taken for a log's: what it signs carries a time. */
export interface CosignerKey extends NoteKey {
  readonly cosigns: true;
}

export function cosignerKey(name: string, key: PublicKey): CosignerKey {
  return { ...noteKey(name, key, COSIGNATURE_TYPE), cosigns: true };
}

/** `name+hex(id)+base64(0x04 ‖ key)`. */
export const cosignerKeyText = (key: CosignerKey): string => verifierKeyText(key, COSIGNATURE_TYPE);

export function parseCosignerKey(text: string): CosignerKey | null {
  const key = parseVerifierKey(text, COSIGNATURE_TYPE);
  return key === null ? null : { ...key, cosigns: true };
}

/** What a witness signs: two lines, then the whole text of the checkpoint. */
export const cosignedBytes = (text: string, time_s: number): Uint8Array => utf8(`cosignature/v1\ntime ${time_s}\n${text}`);

/** The line that joins the checkpoint's signatures. `time_s` is whole seconds, above zero. */
export function cosignatureLine(key: CosignerKey, time_s: number, signature: Uint8Array): string {
  const time = new Uint8Array(TIME_BYTES);
  new DataView(time.buffer).setBigUint64(0, BigInt(time_s));
  return signatureLine(key, concatBytes(time, signature));
}

export const isOf = (key: NoteKey, { name, id }: NoteSignature): boolean => key.name === name && equalBytes(key.hash.subarray(0, 4), id);

/** The second at which `key` cosigned `text`; `null` where it did not. */
export function cosignedAt(key: CosignerKey, text: string, { signature }: NoteSignature): number | null {
  if (signature.length !== COSIGNATURE_BYTES) return null;
  const time = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
  // Without a time nothing is said of which tree was the largest; past what a double holds it is no date.
  if (time === 0n || time > BigInt(Number.MAX_SAFE_INTEGER)) return null;
  const time_s = Number(time);
  return verifySignature(key.key, cosignedBytes(text, time_s), signature.subarray(TIME_BYTES)) ? time_s : null;
}
