/** Where tiles lie and how wide they are (C2SP tlog-tiles, "Merkle Tree"). */

export const TILE_WIDTH = 256;
/** Levels of the tree that one level of tiles spans. */
export const TILE_HEIGHT = 8;

export interface Tile {
  /** Level of tiles, or the entries beside level 0. */
  readonly level: number | "entries";
  readonly index: number;
  /** 1 to 256; below 256 the tile is partial. */
  readonly width: number;
}

/** 1234067 is `x001/x234/067`, so that no file is also a folder. */
function indexPath(index: number): string {
  const groups: string[] = [];
  for (let rest = index; groups.length === 0 || rest > 0; rest = Math.floor(rest / 1000)) groups.unshift(String(rest % 1000).padStart(3, "0"));
  return groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join("/");
}

/** The path of the full tile under a log's folder; a partial one lies in the folder of the same name with `.p`. */
export const fullTilePath = ({ level, index }: Tile): string => `tile/${level}/${indexPath(index)}`;

export const tilePath = (tile: Tile): string => (tile.width === TILE_WIDTH ? fullTilePath(tile) : `${fullTilePath(tile)}.p/${tile.width}`);

const TILE_PATH = /^tile\/(entries|0|[1-9][0-9]?)\/((?:x[0-9]{3}\/){0,4}[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/;
const LEVEL_MAX = 6;

/** The tile that a path names, in the specification's one spelling; `null` for any other. */
export function parseTilePath(path: string): Tile | null {
  const [, level, index, width] = TILE_PATH.exec(path) ?? [];
  if (level === undefined || index === undefined) return null;
  const tile: Tile = { level: level === "entries" ? level : Number(level), index: Number(index.replace(/[x/]/g, "")), width: width === undefined ? TILE_WIDTH : Number(width) };
  if (tile.width > TILE_WIDTH || (width !== undefined && tile.width === TILE_WIDTH) || (tile.level !== "entries" && tile.level > LEVEL_MAX)) return null;
  return tilePath(tile) === path ? tile : null;
}

/** How many hashes, or entries, a level of tiles has in a tree of `size` leaves. */
export const hashesAt = (level: Tile["level"], size: number): number => Math.floor(size / TILE_WIDTH ** (level === "entries" ? 0 : level));

/** Every tile of a tree of `size` leaves that a tree of `before` leaves had not, full and partial, entries first. */
export function tilesBetween(before: number, size: number): Tile[] {
  const tiles: Tile[] = [];
  for (const level of ["entries", 0, 1, 2, 3, 4, 5, 6] as const) {
    const hashes = hashesAt(level, size);
    const had = hashesAt(level, before);
    if (hashes === had) continue;
    for (let index = Math.floor(had / TILE_WIDTH); index * TILE_WIDTH < hashes; index++) {
      tiles.push({ level, index, width: Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH) });
    }
  }
  return tiles;
}
