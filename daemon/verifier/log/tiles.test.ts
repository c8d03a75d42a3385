import { expect, test } from "bun:test";
import { tilePath, tilesBetween } from "./tiles.ts";

const paths = (before: number, size: number): string[] => tilesBetween(before, size).map(tilePath);

test("the specification's example: 70,000 entries", () => {
  const tiles = tilesBetween(0, 70_000).filter(({ level }) => level !== "entries");
  const widths = (level: number, full: boolean) => tiles.filter((tile) => tile.level === level && (tile.width === 256) === full).map(({ width }) => width);
  expect(tiles.length).toBe(277);
  expect([widths(0, true).length, widths(0, false)]).toEqual([273, [112]]);
  expect([widths(1, true).length, widths(1, false)]).toEqual([1, [17]]);
  expect([widths(2, true).length, widths(2, false)]).toEqual([0, [1]]);
});

test("the specification's second example: 256 entries are one full tile and a partial one above", () => {
  expect(paths(0, 256)).toEqual(["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]);
});

test("indexes are written in groups of three digits", () => {
  expect(tilePath({ level: 0, index: 1_234_067, width: 256 })).toBe("tile/0/x001/x234/067");
  expect(tilePath({ level: "entries", index: 5, width: 7 })).toBe("tile/entries/005.p/7");
  expect(tilePath({ level: 3, index: 1000, width: 1 })).toBe("tile/3/x001/000.p/1");
});

test("an append touches only the tiles it changes, and no empty one", () => {
  expect(paths(0, 0)).toEqual([]);
  expect(paths(0, 1)).toEqual(["tile/entries/000.p/1", "tile/0/000.p/1"]);
  expect(paths(255, 256)).toEqual(["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]);
  expect(paths(250, 260)).toEqual(["tile/entries/000", "tile/entries/001.p/4", "tile/0/000", "tile/0/001.p/4", "tile/1/000.p/1"]);
  expect(paths(65_535, 65_537)).toEqual(["tile/entries/255", "tile/entries/256.p/1", "tile/0/255", "tile/0/256.p/1", "tile/1/000", "tile/2/000.p/1"]);
});
