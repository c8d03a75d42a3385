/** What tiles alone can show: the root of a size, that one size begins with another, and that entries and tiles are one tree. */
import { chosenHasher, consistencyRanges, growTree, HASH_BYTES, perfectSubtrees, subtreeHash, verifyConsistency } from "../../../kernels/merkle/index.ts";
import { equalBytes, toBase64 } from "../../../proto/encoding.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { entriesIn } from "./entry-bundle.ts";
import { TileFault, type TileReader } from "./reader.ts";
import { tilePath, TILE_WIDTH } from "./tiles.ts";

type Head = Pick<Checkpoint, "size" | "root">;

/** The root of packed hashes, a power of two of them. */
const joined = (hashes: Uint8Array): Uint8Array => (hashes.length === HASH_BYTES ? hashes : growTree(hashes).root());

/** The root that the tiles give for their tree's first `size` leaves. */
export async function rootFromTiles(tiles: TileReader, size: number): Promise<Uint8Array> {
  if (size === 0) return chosenHasher().sha256(new Uint8Array());
  const range = { start: 0, end: size };
  return subtreeHash(range, await tiles.nodes(perfectSubtrees(range), joined));
}

/**
 * A proof, made of its tiles, that the tree under `second` begins with the one under `first`; `null` where it does not. Requires
 * first.size <= second.size.
 */
export async function consistencyFromTiles(tiles: TileReader, first: Head, second: Head): Promise<Uint8Array[] | null> {
  // Every log begins with the empty tree, of which there is one.
  if (first.size === 0) return equalBytes(first.root, chosenHasher().sha256(new Uint8Array())) ? [] : null;
  const ranges = consistencyRanges(first.size, second.size);
  const read = await tiles.nodes(ranges.flatMap((range) => perfectSubtrees(range)), joined);
  const path = ranges.map((range) => subtreeHash(range, read));
  return verifyConsistency({ first: first.size, second: second.size, firstHash: first.root, secondHash: second.root, consistencyPath: path }) ? path : null;
}

/** A consistency proof with the checkpoint it leads to, as witnesses and the verifier page take it (C2SP tlog-witness, the body of add-checkpoint). */
export const proofText = (old_size: number, path: readonly Uint8Array[], checkpoint: string): string => `old ${old_size}\n${path.map((hash) => `${toBase64(hash)}\n`).join("")}\n${checkpoint}`;

/** The first `width` entries of a bundle, hashed. */
function leafHashes({ path, bytes, width }: Awaited<ReturnType<TileReader["bundle"]>>): Uint8Array {
  const entries = entriesIn(bytes);
  if (entries === null || entries.length < width || (entries.length > width && entries.length !== TILE_WIDTH)) throw new TileFault(`${path} does not hold ${width} whole entries`);
  return chosenHasher().leafHashes(entries.slice(0, width));
}

/**
 * Every entry hashes to its tile, and every full tile to the hash that stands for it one level up. Throws `TileFault` with the path.
 * Together with `rootFromTiles` the whole log hangs under the signed root. Entries looked at.
 */
export async function checkEveryTile(tiles: TileReader): Promise<number> {
  for (let index = 0; index * TILE_WIDTH < tiles.size; index++) {
    const bundle = await tiles.bundle(index);
    if (!equalBytes(leafHashes(bundle), await tiles.hashes(0, index))) throw new TileFault(`${bundle.path} does not hash to ${tilePath(tiles.tileAt(0, index))}`);
  }
  for (let level = 0; TILE_WIDTH ** (level + 1) <= tiles.size; level++) {
    for (let index = 0; (index + 1) * TILE_WIDTH ** (level + 1) <= tiles.size; index++) {
      const above = await tiles.hashes(level + 1, Math.floor(index / TILE_WIDTH));
      const at = (index % TILE_WIDTH) * HASH_BYTES;
      if (!equalBytes(joined(await tiles.hashes(level, index)), above.subarray(at, at + HASH_BYTES))) throw new TileFault(`${tilePath(tiles.tileAt(level, index))} does not hash to its place one level up`);
    }
  }
  return tiles.size;
}
