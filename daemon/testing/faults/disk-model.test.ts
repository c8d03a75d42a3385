import { expect, test } from "bun:test";
import { utf8 } from "../../../proto/encoding.ts";
import { durableFrom, treeOf, type Inode, type Op, type Sync } from "./disk-model.ts";

const root: Inode = { id: 0, folder: true };
const file: Inode = { id: 1, folder: false };
const sub: Inode = { id: 2, folder: true };
const named = (inode: Inode | null, name: string, line: number, folder = root, from: { folder: Inode; name: string } | null = null): Op => ({ kind: "name", folder, name, inode, from, began: line, ended: line });
const data = (bytes: Uint8Array, at: number, line: number, synced = false): Op => ({ kind: "data", inode: file, at, bytes, synced, began: line, ended: line });
const sync = (inode: Inode, line: number): Sync => ({ inode, began: line, ended: line });
const files = (ops: readonly Op[], kept: (index: number) => boolean = () => true): Record<string, string | null> =>
  Object.fromEntries([...treeOf(root, ops, (_, i) => (kept(i) ? "all" : "none"))].map(([path, bytes]) => [path, bytes === null ? null : Buffer.from(bytes).toString()]));

test("a sync covers what ended before it began, of its own file alone", () => {
  const ops = [named(file, "a", 1), data(utf8("x"), 0, 2), { ...data(utf8("y"), 1, 3), ended: 6 }, data(utf8("z"), 2, 7)];
  expect(durableFrom({ ops, syncs: [sync(file, 5), sync(root, 8)] })).toEqual([8, 5, Infinity, Infinity]);
});

test("a write through O_DSYNC is on disk when it returns, and takes nothing else with it", () => {
  expect(durableFrom({ ops: [data(utf8("x"), 0, 1), data(utf8("y"), 1, 2, true)], syncs: [] })).toEqual([Infinity, 2]);
});

test("a rename is durable with a sync of either folder, and lost it leaves the old name", () => {
  const ops = [named(sub, "d", 1), named(file, "new", 2), data(utf8("x"), 0, 3), named(file, "a", 4, sub, { folder: root, name: "new" })];
  expect(durableFrom({ ops, syncs: [sync(root, 5)] })[3]).toBe(5);
  expect(durableFrom({ ops, syncs: [sync(sub, 5)] })[3]).toBe(5);
  expect(files(ops)).toEqual({ d: null, "d/a": "x" });
  expect(files(ops, (i) => i !== 3)).toEqual({ d: null, new: "x" });
});

test("a folder whose name was lost takes everything in it along", () => {
  const ops = [named(sub, "d", 1), named(file, "a", 2, sub), data(utf8("x"), 0, 3)];
  expect(files(ops, (i) => i !== 0)).toEqual({});
});

test("sectors of one write are kept or lost one by one, and a gap is zeros", () => {
  const bytes = new Uint8Array(1536).fill(1);
  const tree = treeOf(root, [named(file, "a", 1), data(bytes, 256, 2)], (op) => (op.kind === "data" ? (sector) => sector !== 1 : "all"));
  const found = tree.get("a") ?? new Uint8Array();
  expect([found.length, found.subarray(0, 256).some(Boolean), found.subarray(256, 512).every(Boolean), found.subarray(512, 1024).some(Boolean), found.subarray(1024).every(Boolean)]).toEqual([1792, false, true, false, true]);
});

test("cutting and growing a file, and taking its name away", () => {
  const ops: Op[] = [named(file, "a", 1), data(utf8("hello"), 0, 2), { kind: "size", inode: file, length: 2, began: 3, ended: 3 }, { kind: "size", inode: file, length: 4, began: 4, ended: 4 }];
  expect(files(ops)).toEqual({ a: "he\0\0" });
  expect(files([...ops, named(null, "a", 5)])).toEqual({});
});
