/**
 * The log as files that other people's tools read. Everything here can be
 * made again from the store, so nothing waits for it and nothing trusts it.
 */
import type { Dirent } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ReadNode } from "../../../kernels/merkle/index.ts";
import { concatBytes, fromUtf8, utf8 } from "../../../proto/encoding.ts";
import { ROTATIONS_FILE } from "../../../proto/log.ts";
import { isAbsent } from "../../platform/folders.ts";
import { bundleEntry } from "../../verifier/log/entry-bundle.ts";
import { fullTilePath, hashesAt, TILE_HEIGHT, TILE_WIDTH, tilePath, tilesBetween, type Tile } from "../../verifier/log/tiles.ts";
import { readEntry } from "./entries.ts";
import { rotationsFile } from "./rotations.ts";
import { readNodes, type LogTables } from "./tables.ts";

export interface ProjectionSource {
  readonly node: ReadNode;
  readonly entry: (index: number) => Uint8Array;
  /** The file of how the key changed; `null` where it did not. */
  readonly rotations: () => Uint8Array | null;
}

export const sourceOf = (tables: LogTables): ProjectionSource => ({ node: readNodes(tables), entry: (index) => readEntry(tables, index), rotations: () => rotationsFile(tables) });

export interface Projection {
  /** Brings the files up to this checkpoint; calls that come in meanwhile are served by one later run. */
  publish(size: number, checkpoint: string): void;
  /** As `publish`, and the file of how the key changed before it. */
  publishRotated(size: number, checkpoint: string): void;
  /** Resolves when nothing is left to write. */
  settled(): Promise<void>;
}

async function writeWhole(path: string, bytes: Uint8Array, sync: boolean): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  const fresh = `${path}.new`;
  try {
    const handle = await open(fresh, "w", 0o644);
    try {
      await handle.writeFile(bytes);
      // A full tile is never written again, so it has to outlive a power cut; the rest is rewritten at every start.
      if (sync) await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(fresh, path);
  } catch (error) {
    // The next size has a tile of another name, and nobody would come back for this one.
    await rm(fresh, { force: true });
    throw error;
  }
}

export async function readPublished(folder: string): Promise<string | null> {
  try {
    return fromUtf8(new Uint8Array(await readFile(join(folder, "checkpoint"))));
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

/** What a growing tile holds so far, by level: an append then reads its own entries and nodes, not all 255 before them. */
type Tails = Map<Tile["level"], { readonly index: number; readonly parts: Uint8Array[] }>;

function tileBytes({ level, index, width }: Tile, source: ProjectionSource, tails: Tails): Uint8Array {
  const known = tails.get(level);
  const parts = known?.index === index ? known.parts : [];
  for (let i = index * TILE_WIDTH + parts.length; i < index * TILE_WIDTH + width; i++) {
    parts.push(level === "entries" ? bundleEntry(source.entry(i)) : source.node({ level: level * TILE_HEIGHT, index: i }));
  }
  tails.set(level, { index, parts });
  return concatBytes(...parts);
}

/** What the file of a tile holds, made anew. */
export const tileBytesOf = (tile: Tile, source: ProjectionSource): Uint8Array => tileBytes(tile, source, new Map());

async function writeTile(folder: string, tile: Tile, source: ProjectionSource, tails: Tails): Promise<void> {
  const full = tile.width === TILE_WIDTH;
  await writeWhole(join(folder, tilePath(tile)), tileBytes(tile, source, tails), full);
  if (full) await rm(join(folder, `${fullTilePath(tile)}.p`), { recursive: true, force: true });
}

async function isThere(folder: string, tile: Tile): Promise<boolean> {
  try {
    const { size } = await stat(join(folder, fullTilePath(tile)));
    return tile.level === "entries" ? size > 0 : size === TILE_WIDTH * 32;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

/** The key as other log clients take it, beside the files it vouches for. */
export async function writeVerifierKey(folder: string, vkey: string): Promise<void> {
  await writeWhole(join(folder, "log.vkey"), utf8(`${vkey}\n`), false);
}

/** Tiles of each level, from the newest, that are looked at one by one at a start. A full tile gets its name only once its bytes are on disk, so what is older can only have been damaged, which fsck finds. */
const LOOKED_AT = 64;

/** Names of the full tiles that lie under a folder, by path from the log's folder: one listing for a thousand of them. */
async function fullTilesUnder(folder: string, path: string, found: Set<string>): Promise<Set<string>> {
  for (const entry of await entriesOf(join(folder, path))) {
    if (entry.isFile()) found.add(`${path}/${entry.name}`);
    else if (!entry.name.endsWith(".p")) await fullTilesUnder(folder, `${path}/${entry.name}`, found);
  }
  return found;
}

async function entriesOf(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** Writes what a full log of this size must have and has not. Full tiles that are there stay; partial ones are made again. */
export async function rebuild(folder: string, size: number, checkpoint: string, source: ProjectionSource): Promise<void> {
  const tails: Tails = new Map();
  const names = await fullTilesUnder(folder, "tile", new Set());
  for (const tile of tilesBetween(0, size)) {
    const old = (tile.index + LOOKED_AT) * TILE_WIDTH < hashesAt(tile.level, size);
    if (tile.width === TILE_WIDTH && names.has(tilePath(tile)) && (old || (await isThere(folder, tile)))) continue;
    await writeTile(folder, tile, source, tails);
  }
  await writeRotations(folder, source);
  await writeWhole(join(folder, "checkpoint"), utf8(checkpoint), true);
}

/** Before the checkpoint that a reader may need it for. */
async function writeRotations(folder: string, source: ProjectionSource): Promise<void> {
  const bytes = source.rotations();
  if (bytes !== null) await writeWhole(join(folder, ROTATIONS_FILE), bytes, true);
}

export function openProjection(folder: string, written: number, source: ProjectionSource, failed: (error: unknown) => void): Projection {
  const tails: Tails = new Map();
  let done = written;
  let wanted: { size: number; checkpoint: string } | null = null;
  let rotated = false;
  let running: Promise<void> | null = null;

  /** Nothing may wait between the last look at `wanted` and giving up `running`: a call in that gap would be lost. */
  async function drain(): Promise<void> {
    try {
      while (wanted !== null) {
        const { size, checkpoint } = wanted;
        wanted = null;
        for (const tile of tilesBetween(done, size)) await writeTile(folder, tile, source, tails);
        if (rotated) await writeRotations(folder, source);
        rotated = false;
        await writeWhole(join(folder, "checkpoint"), utf8(checkpoint), false);
        done = size;
      }
    } catch (error) {
      // Repeated from `done` by the next append, or by the next start.
      failed(error);
    } finally {
      running = null;
    }
  }

  const publish = (size: number, checkpoint: string): void => {
    // Two appends may become durable in either order; the files only move forward.
    if (size <= (wanted?.size ?? done)) return;
    wanted = { size, checkpoint };
    running ??= drain();
  };

  return {
    publish,
    publishRotated(size, checkpoint) {
      rotated = true;
      publish(size, checkpoint);
    },
    settled: async () => {
      while (running !== null) await running;
    },
  };
}
