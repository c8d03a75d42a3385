/** The whole log, looked at again: every entry in the tree, every node, every file that shows them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { frontierRoot, HASH_BYTES, nativeHasher } from "../../../kernels/merkle/index.ts";
import { concatBytes, equalBytes } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { ROTATIONS_FILE } from "../../../proto/log.ts";
import { isAbsent } from "../../platform/folders.ts";
import { parseCheckpoint } from "../../verifier/checkpoint.ts";
import { hashLeaf } from "../../verifier/leaves.ts";
import { parseNote, type NoteKey } from "../../verifier/note.ts";
import { readEntry } from "./entries.ts";
import { headIn } from "./opening.ts";
import { readPublished, sourceOf, tileBytesOf } from "./projection.ts";
import { rotationsFile } from "./rotations.ts";
import type { Head, LogTables } from "./tables.ts";
import { TILE_WIDTH, tilePath, tilesBetween, type Tile } from "../../verifier/log/tiles.ts";
import { storedRoot } from "./tree.ts";

/** One thing looked at. `problem` is what is wrong with it, in words. */
export interface AuditStep {
  readonly name: string;
  readonly bytes: number;
  readonly problem: string | null;
}

/** What a step throws is what is wrong with it; anything but a failure of the table is a bug. */
async function stepOf(name: string, work: () => Promise<{ bytes: number; problem: string | null }> | { bytes: number; problem: string | null }): Promise<AuditStep> {
  try {
    return { name, ...(await work()) };
  } catch (error) {
    if (!(error instanceof MaestroError)) throw error;
    return { name, bytes: 0, problem: error.detail };
  }
}

const joined = (left: Uint8Array, right: Uint8Array): Uint8Array => nativeHasher.nodeHashes(concatBytes(left, right));

/** Hashes an entry again, and every perfect subtree that it completes, from the hashes made here and not from the stored ones. */
export class Recount {
  private readonly stack: { level: number; hash: Uint8Array }[] = [];

  /** The nodes that leaf `index` completes, itself first. */
  add(index: number, leaf: Uint8Array): { level: number; index: number; hash: Uint8Array }[] {
    const made = [{ level: 0, index, hash: leaf }];
    let node = { level: 0, index, hash: leaf };
    while (node.index % 2 === 1) {
      const left = this.stack.pop();
      if (left === undefined) throw new MaestroError("internal.bug", "log audit: a right child without a left one");
      node = { level: node.level + 1, index: (node.index - 1) / 2, hash: joined(left.hash, node.hash) };
      made.push(node);
    }
    this.stack.push(node);
    return made;
  }

  root(size: number): Uint8Array {
    return frontierRoot({ size, hashes: concatBytes(...this.stack.map(({ hash }) => hash)) });
  }
}

/** Entries and nodes in the store against each other and against the signed root. What is appended meanwhile is not looked at. */
export async function* auditTree(tables: LogTables, { size, checkpoint }: Head): AsyncGenerator<AuditStep, void> {
  const recount = new Recount();
  for (let i = 0; i < size; i++) {
    const step = await stepOf(`entry ${i}`, () => {
      const entry = readEntry(tables, i);
      const made = recount.add(i, hashLeaf(entry));
      const wrong = made.find(({ level, index, hash }) => {
        const stored = tables.nodes.get([level, index]);
        return stored === undefined || !equalBytes(stored, hash);
      });
      return { bytes: entry.length + made.length * HASH_BYTES, problem: wrong === undefined ? null : `node ${wrong.level}/${wrong.index} is not the hash of what is under it` };
    });
    yield step;
    // Without an entry there is no root to compare, and every node above would only repeat it.
    if (step.problem !== null && step.bytes === 0) return;
  }
  const signed = parseCheckpoint(parseNote(checkpoint)?.text ?? "");
  yield await stepOf("root", () => ({ bytes: HASH_BYTES, problem: signed !== null && signed.size === size && equalBytes(recount.root(size), signed.root) ? null : "the entries do not hash to the signed root" }));
}

export async function fileAt(path: string): Promise<Uint8Array | null> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

export async function auditTile(folder: string, tile: Tile, wanted: () => Uint8Array, partial_may_lack: boolean): Promise<AuditStep> {
  const path = tilePath(tile);
  return stepOf(path, async () => {
    const found = await fileAt(join(folder, path));
    if (found === null) return { bytes: 0, problem: partial_may_lack && tile.width < TILE_WIDTH ? null : "the file is missing" };
    return { bytes: found.length, problem: equalBytes(found, wanted()) ? null : "the file holds other bytes than the log" };
  });
}

/** The file of how the key changed, at a moment when it is not changing. */
export async function* auditRotations(tables: LogTables, folder: string): AsyncGenerator<AuditStep, void> {
  const wanted = rotationsFile(tables);
  if (wanted === null) return;
  yield await stepOf(ROTATIONS_FILE, async () => {
    const found = await fileAt(join(folder, ROTATIONS_FILE));
    if (found === null) return { bytes: 0, problem: "the file is missing" };
    return { bytes: found.length, problem: equalBytes(found, wanted) ? null : "the file holds other bytes than the log" };
  });
}

/**
 * The files of the log against the store. `growing`: the daemon runs, so its newest partial tiles may be ahead or behind.
 */
export async function* auditFiles(tables: LogTables, { size }: Head, folder: string, keys: readonly NoteKey[], growing: boolean): AsyncGenerator<AuditStep, void> {
  const source = sourceOf(tables);
  const { node } = source;
  for (const tile of tilesBetween(0, size)) yield await auditTile(folder, tile, () => tileBytesOf(tile, source), growing);
  yield await stepOf("checkpoint", async () => {
    const text = await readPublished(folder);
    const checkpoint = text === null ? null : headIn(text, keys);
    if (text === null || checkpoint === null) return { bytes: 0, problem: text === null ? "the file is missing" : "this log did not sign it" };
    const fits = checkpoint.size <= size && equalBytes(storedRoot(checkpoint.size, node), checkpoint.root);
    return { bytes: text.length, problem: fits || (growing && checkpoint.size > size) ? null : "it is of another history than the store" };
  });
}
