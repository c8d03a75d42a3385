/** A second checkpoint beside the one of a receipt: does one history go on in the other? */
import { verifyConsistency } from "../../kernels/merkle/index.ts";
import { equalBytes, fromBase64 } from "../../proto/encoding.ts";
import { parseCheckpoint, parseCount, type Checkpoint } from "./checkpoint.ts";
import { noteKey, openNote, parseNote, type NoteKey } from "./note.ts";
import type { Trust } from "./trust.ts";

/** `because` alone: it could not be told. `ok: false` with `split`: the log signed two histories. */
export type Consistency = { readonly ok: true; readonly from: number; readonly to: number } | { readonly ok: false; readonly split: boolean; readonly because: string };

interface Second {
  /** Size the proof begins at; `null` where the file is a checkpoint alone. */
  readonly old: number | null;
  readonly path: readonly Uint8Array[];
  readonly note: string;
}

/** A bare checkpoint, or the body of an add-checkpoint request (C2SP tlog-witness): `old N`, hashes, a blank line, the checkpoint. */
function parseSecond(text: string): Second | null {
  if (!text.startsWith("old ")) return { old: null, path: [], note: text };
  const cut = text.indexOf("\n\n");
  const [first = "", ...lines] = text.slice(0, Math.max(0, cut)).split("\n");
  const old = parseCount(first.slice("old ".length));
  const path = lines.map((line) => fromBase64(line) ?? new Uint8Array(0));
  return old === null || cut < 0 || path.length > 63 ? null : { old, path, note: text.slice(cut + 2) };
}

const unknown = (because: string): Consistency => ({ ok: false, split: false, because });

/** The log's keys that may have signed a tree of this size: a key that another one followed signs nothing beyond where it ended. */
function keysFor({ origin, size }: Checkpoint, trust: Trust): NoteKey[] {
  const lines = trust.entries.filter(({ entry }) => entry.role === "log" && entry.log_origin === origin && size <= (entry.log_size_max ?? Number.POSITIVE_INFINITY));
  const keys = lines.map(({ key }) => noteKey(origin, key));
  return keys.filter((key, i) => keys.findIndex((other) => equalBytes(other.hash, key.hash)) === i);
}

/** Holds a second checkpoint, signed by a key of the same log, against `receipt`, which is believed already. Never throws. */
export function checkConsistency(receipt: Checkpoint, text: string, trust: Trust): Consistency {
  const second = parseSecond(text);
  const note = second === null ? null : parseNote(second.note);
  const other = note === null ? null : parseCheckpoint(note.text);
  if (second === null || note === null || other === null) return unknown("the file is neither a checkpoint nor a consistency proof with one");
  if (other.origin !== receipt.origin) return unknown(`the second checkpoint is of ${other.origin}, the receipt of ${receipt.origin}`);
  const opened = openNote(note, keysFor(other, trust));
  if ("because" in opened) return unknown(`the second checkpoint: ${opened.because}`);
  if (other.size === receipt.size) {
    return equalBytes(other.root, receipt.root) ? { ok: true, from: receipt.size, to: other.size } : { ok: false, split: true, because: `the log signed two different trees of ${receipt.size} entries` };
  }
  if (second.old === null) return unknown(`the second checkpoint has ${other.size} entries, the receipt ${receipt.size}, and there is no consistency proof between them`);
  if (second.old !== receipt.size) return unknown(`the proof begins at ${second.old} entries, the receipt has ${receipt.size}`);
  const proof = { first: receipt.size, second: other.size, firstHash: receipt.root, secondHash: other.root, consistencyPath: second.path };
  return verifyConsistency(proof) ? { ok: true, from: receipt.size, to: other.size } : unknown("the proof does not lead from the receipt's tree to the other checkpoint's");
}
