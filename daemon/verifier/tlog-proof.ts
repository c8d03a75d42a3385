/** One-file transparency receipts (C2SP tlog-proof). */
import { verifyInclusion } from "../../kernels/merkle/index.ts";
import { fromBase64, toBase64 } from "../../proto/encoding.ts";
import { parseCheckpoint, parseCount, type Checkpoint } from "./checkpoint.ts";
import { hashLeaf } from "./leaves.ts";
import { NOTE_CHARS_MAX } from "./limits.ts";
import { openNote, parseNote, type NoteKey } from "./note.ts";

const HEADER = "c2sp.org/tlog-proof@v1";
const HASHES_MAX = 63;

export interface TlogProof {
  readonly index: number;
  /** Leaf's sibling first. */
  readonly hashes: readonly Uint8Array[];
  /** The signed checkpoint, verbatim. */
  readonly checkpoint: string;
}

export type TlogProofVerdict = { readonly ok: true; readonly index: number; readonly checkpoint: Checkpoint } | { readonly ok: false; readonly because: string };

export function tlogProofText({ index, hashes, checkpoint }: TlogProof): string {
  return [HEADER, `index ${index}`, ...hashes.map(toBase64), "", checkpoint].join("\n");
}

/** `null` for anything but the specification's spelling. An `extra` line is read over: nothing authenticates it. */
export function parseTlogProof(text: string): TlogProof | null {
  const cut = text.indexOf("\n\n");
  if (cut < 0 || text.length > 2 * NOTE_CHARS_MAX) return null;
  const [header, ...lines] = text.slice(0, cut).split("\n");
  if (header !== HEADER) return null;
  const extra = lines[0]?.startsWith("extra ") === true ? lines.shift() : undefined;
  if (extra !== undefined && fromBase64(extra.slice("extra ".length)) === null) return null;
  const indexLine = lines.shift();
  const index = indexLine?.startsWith("index ") === true ? parseCount(indexLine.slice("index ".length)) : null;
  if (index === null || lines.length > HASHES_MAX) return null;
  const hashes: Uint8Array[] = [];
  for (const line of lines) {
    const hash = fromBase64(line);
    if (hash === null || hash.length !== 32) return null;
    hashes.push(hash);
  }
  return { index, hashes, checkpoint: text.slice(cut + 2) };
}

/** Whether `entry` is in the log whose key is `log`, by the receipt alone. Signatures of unknown keys are ignored, as the specification says. */
export function verifyTlogProof(text: string, entry: Uint8Array, log: NoteKey): TlogProofVerdict {
  const proof = parseTlogProof(text);
  const note = proof === null ? null : parseNote(proof.checkpoint);
  const checkpoint = note === null ? null : parseCheckpoint(note.text);
  if (proof === null || note === null || checkpoint === null) return { ok: false, because: "not a tlog-proof with a checkpoint" };
  if (checkpoint.origin !== log.name) return { ok: false, because: `the checkpoint is of ${checkpoint.origin}` };
  const opened = openNote(note, [log]);
  if ("because" in opened) return { ok: false, because: opened.because };
  const claim = { leafIndex: proof.index, treeSize: checkpoint.size, leafHash: hashLeaf(entry), inclusionPath: proof.hashes, rootHash: checkpoint.root };
  if (!verifyInclusion(claim)) {
    return { ok: false, because: "the entry is not in the tree of the checkpoint" };
  }
  return { ok: true, index: proof.index, checkpoint };
}
