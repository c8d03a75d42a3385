/** A folder of a log's files that somebody else filled: what is no file of a log is refused by name, and nothing outside it is read. */
import { afterAll, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { monitorLog, type Monitored } from "../../verifier/log/monitor.ts";
import { entriesOf, LogMaker } from "../../verifier/log/testing/site.ts";
import { newFolder } from "../new-folder.ts";
import { logSource } from "./source.ts";

const work = mkdtempSync(join(tmpdir(), "maestro-site-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const maker = new LogMaker();
const TILE = "tile/0/000.p/5";
const whole = join(work, "whole");
for (const [path, bytes] of maker.site(entriesOf(5))) {
  mkdirSync(dirname(join(whole, path)), { recursive: true });
  writeFileSync(join(whole, path), bytes);
}

async function seen(folder: string): Promise<Monitored> {
  return monitorLog({ checkpoint: null, keys: [maker.key] }, (await logSource({ log: folder })).read, true);
}

/** The site with something else at `path`. */
async function withAt(path: string, put: (at: string) => void): Promise<string> {
  const folder = mkdtempSync(join(work, "hostile-"));
  cpSync(whole, folder, { recursive: true });
  rmSync(join(folder, path), { recursive: true, force: true });
  put(join(folder, path));
  const looked = await seen(folder);
  return looked.result === "refused" ? `${looked.step}: ${looked.detail}` : looked.result;
}

test("attack: a folder whose files are links, pipes, folders, or without an end: refused by name, and nothing waits", async () => {
  const outside = join(work, "outside");
  renameSync(join(whole, TILE), outside);
  cpSync(outside, join(whole, TILE));
  const fifo = (at: string): void => void Bun.spawnSync(["mkfifo", at]);
  expect(await withAt(TILE, (at) => symlinkSync(outside, at))).toBe(`tiles: ${TILE} is a link out of the folder`);
  expect(await withAt("tile", (at) => symlinkSync(join(whole, "tile"), at))).toBe(`tiles: ${TILE} is a link out of the folder`);
  expect(await withAt("checkpoint", (at) => symlinkSync("/proc/self/pagemap", at))).toBe("tiles: checkpoint is a link out of the folder");
  for (const path of ["checkpoint", "rotations.json", TILE]) expect(await withAt(path, fifo)).toBe(`tiles: ${path} is no file`);
  expect(await withAt("tile/entries/000.p/5", (at) => mkdirSync(at))).toBe("entries: tile/entries/000.p/5 is no file");
  expect(await withAt(TILE, (at) => { writeFileSync(at, ""); truncateSync(at, 2 ** 34); })).toContain("more than any file of a log");
});

test("a link within the folder, or to it, is one of its files", async () => {
  expect(await withAt("other", (at) => { renameSync(join(at, "..", TILE), at); symlinkSync(at, join(at, "..", TILE)); })).toBe("consistent");
  symlinkSync(whole, join(work, "current"));
  expect((await seen(join(work, "current"))).result).toBe("consistent");
});

test("attack: a folder to make that is a file, full, a link to nothing, or the one whoever asks stands in: nothing is taken away for it", () => {
  const empty = mkdtempSync(join(work, "empty-"));
  symlinkSync(join(work, "nothing"), join(work, "dangling"));
  symlinkSync(empty, join(work, "linked"));
  for (const taken of [join(whole, "checkpoint"), whole, join(work, "dangling")]) expect(() => newFolder(taken)).toThrow();
  const before = process.cwd();
  process.chdir(empty);
  try {
    expect(() => newFolder(".")).toThrow("the folder you are in");
  } finally {
    process.chdir(before);
  }
  expect(newFolder(join(work, "linked"))).toBe(empty);
  // As a shell completes it.
  expect([newFolder(`${empty}/`), newFolder(`${work}/fresh/`)]).toEqual([empty, join(work, "fresh")]);
});
