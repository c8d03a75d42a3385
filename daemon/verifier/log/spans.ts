/** Which key signs which sizes of one log: a chain of keys, each handed over by an entry of the log. */
import { verifierKeyText, parseVerifierKey, type NoteKey } from "../note.ts";
import type { LogKeySpan } from "../../../proto/log.ts";
import type { Rotation } from "./rotation.ts";

export interface KeySpan {
  readonly key: NoteKey;
  /** First and last size of tree it signs for; both keys sign the one where they meet. */
  readonly from: number;
  readonly to: number | null;
}

export const sameKey = (a: NoteKey, b: NoteKey): boolean => a.name === b.name && a.key.fingerprint === b.key.fingerprint;

/** The keys of a log without a rotation, or the chain its rotations make. A reason where they make none. */
export function spansOf(first: NoteKey, rotations: readonly Rotation[]): readonly KeySpan[] | string {
  const spans: KeySpan[] = [];
  let from = 0;
  let key = rotations[0]?.old_key ?? first;
  for (const { old_key, new_key, terms, covering } of rotations) {
    if (!sameKey(old_key, key) || terms.origin !== first.name) return `the key of entry ${terms.size} is handed over by another one than the log's`;
    if (terms.size < from) return "the rotations are out of order";
    spans.push({ key, from, to: covering.size });
    key = new_key;
    from = covering.size;
  }
  return [...spans, { key, from, to: null }];
}

/** Which keys may have signed a checkpoint of this size. */
export const keysAt = (spans: readonly KeySpan[], size: number): NoteKey[] => spans.filter(({ from, to }) => from <= size && (to === null || size <= to)).map(({ key }) => key);

export const spanTexts = (spans: readonly KeySpan[]): LogKeySpan[] => spans.map(({ key, from, to }) => ({ vkey: verifierKeyText(key), from, to }));

/** `null` where one of them is no key. */
export function spansIn(texts: readonly LogKeySpan[]): KeySpan[] | null {
  const spans: KeySpan[] = [];
  for (const { vkey, from, to } of texts) {
    const key = parseVerifierKey(vkey);
    if (key === null) return null;
    spans.push({ key, from, to });
  }
  return spans;
}
