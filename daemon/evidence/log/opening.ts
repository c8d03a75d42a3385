/** What is asked of a log before it may grow again. */
import { frontierRoot, HASH_BYTES, type ReadNode } from "../../../kernels/merkle/index.ts";
import { equalBytes } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { parseCheckpoint, type Checkpoint } from "../../verifier/checkpoint.ts";
import { hashLeaf } from "../../verifier/leaves.ts";
import { openRotation } from "../../verifier/log/rotation.ts";
import { openNote, parseNote, type NoteKey } from "../../verifier/note.ts";
import { readEntry } from "./entries.ts";
import { readRotations } from "./rotations.ts";
import type { Head, LogTables } from "./tables.ts";
import { frontierOf, storedRoot } from "./tree.ts";

/** The checkpoint in a note that one of these keys signed as its own log's. */
export function headIn(text: string, keys: readonly NoteKey[]): Checkpoint | null {
  const note = parseNote(text);
  const checkpoint = note === null ? null : parseCheckpoint(note.text);
  const own = keys.filter(({ name }) => name === checkpoint?.origin);
  return note !== null && "signers" in openNote(note, own) ? checkpoint : null;
}

/**
 * Checks the stored state against itself: the frontier hashes to the root
 * that the log signed, stored nodes and the last entry agree with it, and
 * nothing lies beyond. Throws `store.corrupt`, or `evidence.keys` for a log
 * of another key.
 */
export function checkHead(head: Head, tables: LogTables, read: ReadNode, key: NoteKey): void {
  const corrupt = (what: string) => new MaestroError("store.corrupt", `log of ${head.size} entries: ${what}`);
  const checkpoint = headIn(head.checkpoint, [key]);
  if (checkpoint === null) {
    throw new MaestroError("evidence.keys", `the log was signed by another key than ${key.name} ${key.key.fingerprint}; restore keys and state together`);
  }
  const frontier = frontierOf(head.size, read);
  if (head.frontier.length % HASH_BYTES !== 0 || !equalBytes(frontier.hashes, head.frontier)) throw corrupt("nodes and frontier differ");
  if (checkpoint.size !== head.size || !equalBytes(frontierRoot(frontier), checkpoint.root)) throw corrupt("the frontier does not hash to the signed root");
  if (head.size > 0 && !equalBytes(hashLeaf(readEntry(tables, head.size - 1)), read({ level: 0, index: head.size - 1 }))) {
    throw corrupt("the last entry is not the one in the tree");
  }
  if (tables.nodes.get([0, head.size]) !== undefined) throw corrupt("there are nodes beyond its size");
}

/**
 * Both keys signed the tree at which one follows the other, so a head there does not tell whose turn it is. Throws `evidence.keys` for
 * a key that was followed: what it signed from here on would convict the log.
 */
export function checkNewest(tables: LogTables, key: NoteKey): void {
  const last = readRotations(tables).at(-1);
  const opened = last === undefined ? null : openRotation(last);
  if (opened?.ok !== true || opened.value.new_key.key.fingerprint === key.key.fingerprint) return;
  const { terms, new_key } = opened.value;
  throw new MaestroError("evidence.keys", `the log's key changed at entry ${terms.size} to ${new_key.key.fingerprint}, and these keys are from before; put back a backup of them that was made since, or restore a backup into an empty folder, where the log begins anew`);
}

/**
 * A log must never sign two histories. If the published checkpoint is ahead
 * of the store, or is no earlier state of it, the store was restored from a
 * copy: going on would fork the log. Throws `evidence.log`.
 */
export function checkPublished(published: string | null, size: number, read: ReadNode, keys: readonly NoteKey[]): void {
  const checkpoint = published === null ? null : headIn(published, keys);
  // A file that no key of ours signed is no promise of ours; it is written anew.
  if (checkpoint === null) return;
  if (checkpoint.size > size) {
    throw new MaestroError("evidence.log", `a checkpoint of ${checkpoint.size} entries was published, the store has ${size}: it was restored from an older copy`);
  }
  if (!equalBytes(storedRoot(checkpoint.size, read), checkpoint.root)) {
    throw new MaestroError("evidence.log", `the published checkpoint of ${checkpoint.size} entries is of another history than the store`);
  }
}
