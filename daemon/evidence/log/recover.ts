/** A log's entries put together again from wherever one still lies, as far as a signed head vouches for them. */
import { HASH_BYTES } from "../../../kernels/merkle/index.ts";
import { equalBytes } from "../../../proto/encoding.ts";
import type { Checkpoint } from "../../verifier/checkpoint.ts";
import { hashLeaf } from "../../verifier/leaves.ts";
import type { Store } from "../../store/db.ts";
import { putEntry, readEntry } from "./entries.ts";
import { HEAD, type Head, type LogTables } from "./tables.ts";
import { grow } from "./tree.ts";
import { MaestroError } from "../../../proto/errors.ts";

/** A head that this log's key signed, with the text that says so. */
export interface SignedHead {
  readonly checkpoint: Checkpoint;
  readonly text: string;
}

export interface Recovered {
  /** The head the log stands at now; `null` where not even an older one could be reached. */
  readonly head: SignedHead | null;
  readonly entries: number;
  /** How many entries had to come from elsewhere than the store. */
  readonly replaced: number;
}

/** The entry from the tables, where it is sound. */
function stored(tables: LogTables, index: number): Uint8Array | null {
  try {
    return readEntry(tables, index);
  } catch (error) {
    if (error instanceof MaestroError && error.code === "store.corrupt") return null;
    throw error;
  }
}

/**
 * Writes entries and nodes anew into tables that hold what was salvaged, and the head at the newest of `heads` whose root they reach.
 * `elsewhere` knows entries by index, from tiles and bundles. Nothing is believed that no signed head covers.
 */
export function recoverLog(store: Store, tables: LogTables, heads: readonly SignedHead[], elsewhere: ReadonlyMap<number, Uint8Array>, time_s: number): Recovered {
  const wanted = heads.toSorted((a, b) => b.checkpoint.size - a.checkpoint.size);
  const size_max = wanted[0]?.checkpoint.size ?? 0;
  const entries: Uint8Array[] = [];
  let replaced = 0;
  for (let i = 0; i < size_max; i++) {
    const own = stored(tables, i);
    const entry = chosen(own, elsewhere.get(i) ?? null, tables.nodes.get([0, i]));
    if (entry === null) break;
    if (entry !== own) replaced += 1;
    entries.push(entry);
  }
  const sizes = new Set(wanted.map(({ checkpoint }) => checkpoint.size));
  const roots = new Map<number, Uint8Array>();
  store.atomic(() => {
    for (const table of [tables.nodes, tables.entries]) for (const { key } of [...table.entries()]) table.remove(key);
    const read = ({ level, index }: { level: number; index: number }): Uint8Array => tables.nodes.get([level, index]) ?? new Uint8Array(HASH_BYTES);
    for (const [i, entry] of entries.entries()) {
      const grown = grow(i, [hashLeaf(entry)], read);
      putEntry(tables, i, entry);
      for (const { level, index, hash } of grown.nodes) tables.nodes.put([level, index], hash);
      if (sizes.has(i + 1)) roots.set(i + 1, grown.root);
    }
  });
  const reached = wanted.find(({ checkpoint }) => (checkpoint.size === 0 ? true : equalBytes(roots.get(checkpoint.size) ?? new Uint8Array(), checkpoint.root))) ?? null;
  if (reached !== null) cut(store, tables, reached, time_s);
  return { head: reached, entries: reached?.checkpoint.size ?? 0, replaced };
}

/** An entry in parts may have lost one of them, so its own bytes are not enough where a hash says otherwise. */
function chosen(own: Uint8Array | null, other: Uint8Array | null, node: Uint8Array | undefined): Uint8Array | null {
  if (own === null || other === null || node === undefined) return own ?? other;
  return equalBytes(hashLeaf(own), node) ? own : other;
}

/** Entries and nodes beyond the head go: nobody signed for them. */
function cut(store: Store, tables: LogTables, { checkpoint: { size }, text }: SignedHead, time_s: number): void {
  store.atomic(() => {
    for (const { key } of [...tables.entries.entries({ start: [size, 0] })]) tables.entries.remove(key);
    for (const { key } of [...tables.rotations.entries({ start: [size, 0] })]) tables.rotations.remove(key);
    for (const { key: [level, index] } of [...tables.nodes.entries()]) if ((index + 1) * 2 ** level > size) tables.nodes.remove([level, index]);
    const read = ({ level, index }: { level: number; index: number }): Uint8Array => tables.nodes.get([level, index]) ?? new Uint8Array(HASH_BYTES);
    const head: Head = { size, frontier: grow(size, [], read).frontier.hashes, checkpoint: text, time_s };
    tables.head.put(HEAD, head);
  });
}
