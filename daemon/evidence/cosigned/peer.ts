/** One witness of this node's log: what it is asked, and what its answer means. */
import { MaestroError } from "../../../proto/errors.ts";
import type { WitnessEntry } from "../../../proto/witness.ts";
import { TREE_SIZE_TYPE } from "../../../proto/witness.ts";
import { parseCount } from "../../verifier/checkpoint.ts";
import { cosignedAt, isOf, type CosignerKey } from "../../verifier/cosignature.ts";
import { CLOCK_SKEW_S_MAX } from "../../verifier/limits.ts";
import { proofText } from "../../verifier/log/append-only.ts";
import { parseNote, parseSignatureLine } from "../../verifier/note.ts";

/** The log's state that witnesses are shown. */
export interface ShownHead {
  readonly size: number;
  readonly checkpoint: string;
}

export interface Asked {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

export interface PeerDeps {
  readonly entry: WitnessEntry;
  readonly key: CosignerKey;
  readonly ask: (entry: WitnessEntry, body: string) => Promise<Asked>;
  readonly consistencyProof: (first: number, second: number) => readonly Uint8Array[];
  readonly now_s: () => number;
}

/** A line that this witness's key made under this very checkpoint. */
export interface Line {
  readonly line: string;
  readonly time_s: number;
}

export interface Cosignature extends Line {
  /** The witness knew a smaller tree than the one it is on record for: it forgot what it had signed. */
  readonly forgot: boolean;
}

const refuse = (detail: string): MaestroError => new MaestroError("egress.refused", detail);

/** The witness's line under the checkpoint, out of all it answered: lines of other keys are ignored, as the specification says. */
export function lineIn(answer: string, key: CosignerKey, checkpoint: string): Line | null {
  const text = parseNote(checkpoint)?.text;
  for (const line of answer.split("\n")) {
    const signature = parseSignatureLine(line);
    if (text === undefined || signature === null || !isOf(key, signature)) continue;
    const time_s = cosignedAt(key, text, signature);
    return time_s === null ? null : { line: `${line}\n`, time_s };
  }
  return null;
}

function bodyFrom({ consistencyProof }: PeerDeps, old_size: number, { size, checkpoint }: ShownHead): string {
  const proof = old_size === 0 || old_size === size ? [] : consistencyProof(old_size, size);
  return proofText(old_size, proof, checkpoint);
}

/** The size that a witness says it cosigned last, of an answer that says so. */
function sizeIn({ status, type, text }: Asked): number | null {
  return status === 409 && type === TREE_SIZE_TYPE && text.endsWith("\n") ? parseCount(text.slice(0, -1)) : null;
}

/** What the witness knows and this log does not have: then somebody else signs with its key, or this log was put back. */
function beyond(theirs: number, own: number): MaestroError {
  return refuse(`it cosigned a tree of ${theirs} entries, and this log has ${own}: the log was put back from an older copy, or somebody else signs with its key`);
}

/** Asked from that very size it still says no: C2SP tlog-witness has 409 for another root of the same size. */
function forked(size: number): MaestroError {
  return refuse(`it cosigned another tree of ${size} entries: it was shown another history of this log`);
}

/**
 * Has one checkpoint cosigned, from the size that the witness is believed to know. Throws `egress.*` where it cannot be asked, and
 * `egress.refused` where its answer is none.
 */
export async function cosignature(deps: PeerDeps, known_size: number, head: ShownHead): Promise<Cosignature> {
  const { entry, key, ask, now_s } = deps;
  // More than this log has was another log's: the one before a succession.
  const old_size = known_size > head.size ? 0 : known_size;
  let answer = await ask(entry, bodyFrom(deps, old_size, head));
  const theirs = sizeIn(answer);
  if (theirs !== null) {
    if (theirs > head.size) throw beyond(theirs, head.size);
    answer = await ask(entry, bodyFrom(deps, theirs, head));
    if (theirs === head.size && answer.status === 409) throw forked(head.size);
  }
  if (answer.status !== 200) throw refuse(`it answered ${answer.status}: ${answer.text.replace(/[^\x20-\x7e]/g, " ").slice(0, 200)}`);
  const found = lineIn(answer.text, key, head.checkpoint);
  if (found === null) throw refuse(`what it answered is no cosignature by ${key.name}`);
  if (found.time_s > now_s() + CLOCK_SKEW_S_MAX) throw refuse("its clock is ahead of this node's; no verifier would count its cosignature");
  return { ...found, forgot: theirs !== null && theirs < old_size };
}
