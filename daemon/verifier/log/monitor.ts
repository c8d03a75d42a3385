/**
 * Shows that a log only grew between two looks, from its published files alone. Pure but for the reads it is handed: the daemon's
 * database, clock and word play no part.
 */
import { equalBytes, fromUtf8, toBase64 } from "../../../proto/encoding.ts";
import { type MonitorState, type MonitorStep, ROTATIONS_FILE, RotationsFile } from "../../../proto/log.ts";
import { parseCheckpoint, type Checkpoint } from "../checkpoint.ts";
import { BUNDLE_LIMITS } from "../limits.ts";
import { openNote, parseNote, type Note, type NoteKey } from "../note.ts";
import { readDocument } from "../schema.ts";
import { checkEveryTile, consistencyFromTiles, rootFromTiles } from "./append-only.ts";
import { TileFault, TileReader, type ReadLogFile } from "./reader.ts";
import { openRotation, type Rotation } from "./rotation.ts";
import { keysAt, sameKey, spansIn, spansOf, spanTexts, type KeySpan } from "./spans.ts";

/** What was known of the log before: a checkpoint with its keys where there was a look before, a key alone at the first one. */
export interface Known {
  /** Signed, as it was last verified; `null` at the first look. */
  readonly checkpoint: string | null;
  /** At least one key that the log has or had. */
  readonly keys: readonly NoteKey[];
  /** Keys that whoever asks says are the log's, beside what is remembered: one of them has to be. */
  readonly given?: readonly NoteKey[];
}

export type Monitored =
  | { readonly result: "consistent"; readonly state: MonitorState; readonly before: Checkpoint | null; readonly newest: Checkpoint; readonly proof: readonly Uint8Array[]; readonly rotations: readonly Rotation[]; readonly entries_checked: number }
  | { readonly result: "refused"; readonly step: MonitorStep; readonly detail: string; readonly before: string | null; readonly offered: string | null };

/** What the log showed, for whoever has to prove later that it did. */
interface Seen {
  offered: string | null;
}

interface Signed {
  readonly note: Note;
  readonly checkpoint: Checkpoint;
  readonly text: string;
}

/** A step that stops the look. Thrown and caught in this file, so that each step reads as what it asks for. */
class Stopped extends Error {
  constructor(
    readonly step: MonitorStep,
    readonly detail: string,
  ) {
    super(detail);
  }
}

function signedIn(text: string, step: MonitorStep): Signed {
  const note = parseNote(text);
  const checkpoint = note === null ? null : parseCheckpoint(note.text);
  if (note === null || checkpoint === null) throw new Stopped(step, "not a signed checkpoint of origin, size and root");
  return { note, checkpoint, text };
}

async function offeredBy(read: ReadLogFile, seen: Seen): Promise<Signed> {
  const bytes = await read("checkpoint");
  if (bytes === null) throw new Stopped("checkpoint", "the log has no checkpoint");
  seen.offered = fromUtf8(bytes) ?? "";
  return signedIn(seen.offered, "checkpoint");
}

/** What the log says of its own keys; `null` where it has no such file. What stands there is proven by signatures and by the tree, not by standing there. */
async function rotationsOf(read: ReadLogFile): Promise<Rotation[] | null> {
  const bytes = await read(ROTATIONS_FILE);
  if (bytes === null) return null;
  const document = readDocument(RotationsFile, bytes, BUNDLE_LIMITS);
  if ("because" in document) throw new Stopped("rotation", `${ROTATIONS_FILE}: ${document.because}`);
  return document.value.rotations.map((bundle, i) => {
    const opened = openRotation(bundle);
    if (!opened.ok) throw new Stopped("rotation", `change ${i} of the key: ${opened.reason.detail}`);
    return opened.value;
  });
}

/** Where somebody copied tiles and checkpoint alone. */
const UNFOLLOWED = `; there is no ${ROTATIONS_FILE} beside the tiles: where the log has changed its key, fetch that file, too`;

interface Chain {
  readonly spans: readonly KeySpan[];
  /** A key that is known is not in it: the log was taken back, or it is another's, or a fork made with a stolen key. */
  readonly lacking: boolean;
}

function chainOf(known: Known, rotations: readonly Rotation[], origin: string): Chain {
  const own = known.keys.filter(({ name }) => name === origin);
  const [first] = own;
  if (first === undefined) throw new Stopped("origin", `the log says it is ${origin}; ${known.keys.map(({ name }) => name).join(", ") || "no log"} was asked for`);
  const spans = spansOf(first, rotations);
  if (typeof spans === "string") throw new Stopped("rotation", spans);
  const inChain = own.filter((key) => spans.some((span) => sameKey(span.key, key)));
  if (inChain.length === 0) throw new Stopped("signer", `no key that is known here is a key of ${origin}`);
  const { given } = known;
  if (given !== undefined && !given.some((key) => spans.some((span) => sameKey(span.key, key)))) throw new Stopped("signer", `no key that was given is a key of ${origin}`);
  return { spans, lacking: known.checkpoint !== null && inChain.length < own.length };
}

/** Who signed must be a key of that size. A key whose time is over has no say about what came after. */
function checkSigned({ note, checkpoint }: Signed, spans: readonly KeySpan[], what: string, hint = ""): void {
  const opened = openNote(note, spans.map(({ key }) => key));
  const own = keysAt(spans, checkpoint.size);
  if ("because" in opened) throw new Stopped(opened.because.startsWith("no signature") ? "signer" : "signature", `${what}: ${opened.because}${hint}`);
  if (!opened.signers.some((signer) => own.some((key) => sameKey(key, signer)))) throw new Stopped("key", `${what} of ${checkpoint.size} entries is signed by a key that signs other sizes alone`);
}

/** The proof that the tree begins with the one of before. */
async function checkTree(tiles: TileReader, before: Signed | null, { checkpoint }: Signed, rotations: readonly Rotation[]): Promise<readonly Uint8Array[]> {
  if (!equalBytes(await rootFromTiles(tiles, checkpoint.size), checkpoint.root)) throw new Stopped("root", "the tiles do not hash to the checkpoint's root");
  const proof = before === null ? [] : await consistencyFromTiles(tiles, before.checkpoint, checkpoint);
  if (proof === null) throw new Stopped("fork", `the tree of ${checkpoint.size} entries does not begin with the one of ${before?.checkpoint.size}: the log was signed twice`);
  for (const { covering, terms, root } of rotations) {
    for (const head of [covering, { size: terms.size, root }]) {
      if ((await consistencyFromTiles(tiles, head, checkpoint)) === null) throw new Stopped("rotation", `the change of the key at entry ${terms.size} is of another history`);
    }
  }
  return proof;
}

async function look(known: Known, read: ReadLogFile, full: boolean, seen: Seen): Promise<Monitored> {
  const before = known.checkpoint === null ? null : signedIn(known.checkpoint, "before");
  const offered = await offeredBy(read, seen);
  const { origin, size, root } = offered.checkpoint;
  if (before !== null && before.checkpoint.origin !== origin) throw new Stopped("origin", `the log says it is ${origin}, the checkpoint of before is of ${before.checkpoint.origin}`);
  // The key may have changed since the checkpoint was read: what it does not cover yet is for the next look.
  const changes = await rotationsOf(read);
  const rotations = (changes ?? []).filter(({ covering }) => covering.size <= size);
  const { spans, lacking } = chainOf(known, rotations, origin);
  const hint = changes === null ? UNFOLLOWED : "";
  if (lacking) {
    // Taken back to before its key changed, a log shows the older key alone; its signature says that it is this log.
    checkSigned(offered, spans, "the checkpoint", hint);
    if (before !== null && size < before.checkpoint.size) throw new Stopped("rollback", `the log shows ${size} entries, it had ${before.checkpoint.size} and has changed its key since`);
    throw new Stopped("rotation", `a key that signed before is missing from the changes that the log shows${hint}`);
  }
  if (before !== null) checkSigned(before, spans, "the checkpoint of before");
  checkSigned(offered, spans, "the checkpoint", hint);
  if (before !== null && size < before.checkpoint.size) throw new Stopped("rollback", `the log shows ${size} entries, it had ${before.checkpoint.size}`);
  if (before !== null && size === before.checkpoint.size && !equalBytes(root, before.checkpoint.root)) throw new Stopped("fork", `two roots of ${size} entries: ${toBase64(before.checkpoint.root)} and ${toBase64(root)}`);
  const tiles = new TileReader(read, size);
  const proof = await checkTree(tiles, before, offered, rotations);
  const entries_checked = full ? await everyTile(tiles) : 0;
  const state: MonitorState = { type: "maestro.log-monitor", v: 1, origin, size, checkpoint: offered.text, keys: spanTexts(spans) };
  return { result: "consistent", state, before: before?.checkpoint ?? null, newest: offered.checkpoint, proof, rotations, entries_checked };
}

async function everyTile(tiles: TileReader): Promise<number> {
  try {
    return await checkEveryTile(tiles);
  } catch (error) {
    if (error instanceof TileFault) throw new Stopped("entries", error.message);
    throw error;
  }
}

/** Looks once. `full` also reads every entry and every tile; without it only what the proofs need. What it refuses it names by step, with both checkpoints. */
export async function monitorLog(known: Known, read: ReadLogFile, full: boolean): Promise<Monitored> {
  const seen: Seen = { offered: null };
  try {
    return await look(known, read, full, seen);
  } catch (error) {
    const refused = { result: "refused", before: known.checkpoint, offered: seen.offered } as const;
    if (error instanceof Stopped) return { ...refused, step: error.step, detail: error.detail };
    if (error instanceof TileFault) return { ...refused, step: "tiles", detail: error.message };
    throw error;
  }
}

/** What a state file of an earlier look knows; `null` where one of its keys is none. */
export function knownIn({ checkpoint, keys }: MonitorState): Known | null {
  const spans = spansIn(keys);
  return spans === null ? null : { checkpoint, keys: spans.map(({ key }) => key) };
}
