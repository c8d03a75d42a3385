/** The body of add-checkpoint (C2SP tlog-witness): an old size, a consistency proof, an empty line, a signed checkpoint. */
import { fromBase64, fromUtf8 } from "../../proto/encoding.ts";
import { parseCheckpoint, parseCount, type Checkpoint } from "../verifier/checkpoint.ts";
import { parseNote, type Note } from "../verifier/note.ts";

export interface Submission {
  readonly old_size: number;
  readonly proof: readonly Uint8Array[];
  readonly note: Note;
  readonly checkpoint: Checkpoint;
}

/** C2SP tlog-witness: no more lines of proof than that. */
const PROOF_LINES_MAX = 63;
/** One row of the store holds the text with two signatures under it. */
const TEXT_BYTES_MAX = 700;
const OLD = "old ";

/** Why the bytes are no submission, or what they say; nothing is believed yet. */
export function parseSubmission(bytes: Uint8Array): Submission | string {
  const body = fromUtf8(bytes);
  const cut = body?.indexOf("\n\n") ?? -1;
  if (body === null || cut < 0) return "an old size, a proof and an empty line come before the checkpoint";
  const [first = "", ...lines] = body.slice(0, cut).split("\n");
  const old_size = first.startsWith(OLD) ? parseCount(first.slice(OLD.length)) : null;
  if (old_size === null) return "the first line is `old` and a size without leading zeroes";
  if (lines.length > PROOF_LINES_MAX) return `a proof has at most ${PROOF_LINES_MAX} lines`;
  const proof = lines.map(fromBase64);
  if (!isHashes(proof)) return "a line of the proof is no hash";
  const note = parseNote(body.slice(cut + 2));
  const checkpoint = note === null ? null : parseCheckpoint(note.text);
  if (note === null || checkpoint === null) return "what follows the empty line is no signed checkpoint";
  // Bytes, not characters: the row that keeps it is bounded in bytes.
  if (Buffer.byteLength(note.text) > TEXT_BYTES_MAX) return `the checkpoint's text is longer than ${TEXT_BYTES_MAX} bytes`;
  return { old_size, proof, note, checkpoint };
}

const isHashes = (hashes: (Uint8Array | null)[]): hashes is Uint8Array[] => hashes.every((hash) => hash?.length === 32);
