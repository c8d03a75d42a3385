import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireWritable } from "./room.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "maestro-room-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("a folder with room is left as it was, also where a killed daemon left its probe", () => {
  requireWritable(dir, 1);
  Bun.spawnSync(["touch", join(dir, "writable")]);
  requireWritable(dir, 1);
  expect(readdirSync(dir)).toEqual([]);
});

test("less than the limit is no room", () => {
  expect(() => requireWritable(dir, Number.MAX_SAFE_INTEGER)).toThrow(expect.objectContaining({ code: "store.no_space" }));
});

test("a folder that takes no file is not writable, whatever the reason", () => {
  mkdirSync(join(dir, "writable"));
  expect(() => requireWritable(dir, 1)).toThrow(expect.objectContaining({ code: "store.commit" }));
});
