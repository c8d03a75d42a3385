/** A log's tree as its tiles tell it, wherever they lie. Nothing here is believed: what is read is hashed up to a signed root by the caller. */
import { type NodePosition, type ReadNode, HASH_BYTES } from "../../../kernels/merkle/index.ts";
import { fullTilePath, TILE_HEIGHT, TILE_WIDTH, tilePath, type Tile } from "./tiles.ts";

/** One file of a log by its path below the log's folder; `null` where there is none. */
export type ReadLogFile = (path: string) => Promise<Uint8Array | null>;

/** A tile that is not there, or not what a tile is. Thrown and caught within this folder: everything else is a value. */
export class TileFault extends Error {}

const TILES_KEPT = 64;

/** Bytes of a whole tile at this width out of one that may be wider. */
function cut(tile: Tile, path: string, bytes: Uint8Array, whole: number): Uint8Array {
  if (bytes.length !== whole * HASH_BYTES) throw new TileFault(`${path} has ${bytes.length} bytes, not ${whole * HASH_BYTES}`);
  return bytes.subarray(0, tile.width * HASH_BYTES);
}

export class TileReader {
  private readonly kept = new Map<string, Uint8Array>();

  constructor(
    private readonly read: ReadLogFile,
    /** Of the tree whose tiles these are: it says how wide the last ones have to be. */
    readonly size: number,
  ) {}

  /** The tile of this tree at a level; its width follows from the size. Requires one that is not empty. */
  tileAt(level: number, index: number): Tile {
    const hashes = Math.floor(this.size / TILE_WIDTH ** level);
    return { level, index, width: Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH) };
  }

  /** A partial tile may be gone once the full one stands, which begins with it (C2SP tlog-tiles, "Partial Tiles"). */
  async hashes(level: number, index: number): Promise<Uint8Array> {
    const tile = this.tileAt(level, index);
    const path = tilePath(tile);
    const known = this.kept.get(path);
    if (known !== undefined) return known;
    const own = await this.read(path);
    const full = own === null && tile.width < TILE_WIDTH ? await this.read(fullTilePath(tile)) : null;
    if (own === null && full === null) throw new TileFault(`${path} is missing`);
    const bytes = own === null ? cut(tile, fullTilePath(tile), full ?? new Uint8Array(), TILE_WIDTH) : cut(tile, path, own, tile.width);
    if (this.kept.size >= TILES_KEPT) for (const oldest of this.kept.keys()) {
      this.kept.delete(oldest);
      break;
    }
    this.kept.set(path, bytes);
    return bytes;
  }

  /** The hashes of one tile that make up a node; the node itself where it stands in a tile. */
  async node({ level, index }: NodePosition, join: (hashes: Uint8Array) => Uint8Array): Promise<Uint8Array> {
    const tile_level = Math.floor(level / TILE_HEIGHT);
    const width = 2 ** (level % TILE_HEIGHT);
    const first = index * width;
    const tile = await this.hashes(tile_level, Math.floor(first / TILE_WIDTH));
    const at = first % TILE_WIDTH;
    return join(tile.slice(at * HASH_BYTES, (at + width) * HASH_BYTES));
  }

  /** Entries of a bundle, as bytes; a partial one may have become full. */
  async bundle(index: number): Promise<{ readonly path: string; readonly bytes: Uint8Array; readonly width: number }> {
    const tile: Tile = { level: "entries", index, width: Math.min(TILE_WIDTH, this.size - index * TILE_WIDTH) };
    for (const path of new Set([tilePath(tile), fullTilePath(tile)])) {
      const bytes = await this.read(path);
      if (bytes !== null) return { path, bytes, width: tile.width };
    }
    throw new TileFault(`${tilePath(tile)} is missing`);
  }

  /** These nodes, read at once, for code that reads them one by one. */
  async nodes(positions: readonly NodePosition[], join: (hashes: Uint8Array) => Uint8Array): Promise<ReadNode> {
    const found = new Map<string, Uint8Array>();
    for (const position of positions) found.set(`${position.level}/${position.index}`, await this.node(position, join));
    return ({ level, index }) => {
      const hash = found.get(`${level}/${index}`);
      if (hash === undefined) throw new TileFault(`node ${level}/${index} was not read`);
      return hash;
    };
  }
}
