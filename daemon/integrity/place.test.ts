import { afterEach, beforeEach, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MaestroError } from "../../proto/errors.ts";
import { rememberMachine } from "../evidence/succession/machine.ts";
import { rememberedPlace, rememberPlace, requirePlace, settlePlace } from "./place.ts";

let root: string;
let state: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "maestro-place-"));
  state = join(root, "state");
  mkdirSync(state);
  rememberPlace(state);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const HERE = "a".repeat(64);
const THERE = "b".repeat(64);
function codeOf(folder: string, machine: string | null = HERE): string {
  try {
    requirePlace(folder, machine);
    return "starts";
  } catch (error) {
    if (error instanceof MaestroError) return error.code;
    throw error;
  }
}
function copied(): string {
  const copy = join(root, "copy");
  cpSync(state, copy, { recursive: true, preserveTimestamps: true });
  return copy;
}

test("a folder that is renamed, or whose mark is made anew, is the same one; so is one from before there were marks", () => {
  renameSync(state, join(root, "renamed"));
  settlePlace(join(root, "renamed"));
  expect(codeOf(join(root, "renamed"))).toBe("starts");
  rmSync(join(root, "renamed/place"));
  expect(codeOf(join(root, "renamed"))).toBe("starts");
});

test("attack: a copy beside it, or put in its place under its name after it is gone: neither starts, until somebody says what it is", () => {
  const copy = copied();
  expect([codeOf(copy), codeOf(state)]).toEqual(["store.copied", "starts"]);
  rmSync(state, { recursive: true });
  renameSync(copy, state);
  expect([codeOf(state), codeOf(state, null)]).toEqual(["store.copied", "store.copied"]);
  rememberPlace(state);
  expect(codeOf(state)).toBe("starts");
});

test("attack: an older copy written back over the folder it was made of, in place, after a start: the history that was signed since is not signed again", () => {
  const copy = copied();
  settlePlace(state);
  settlePlace(state);
  expect(codeOf(state)).toBe("starts");
  // As cp and tar write: into the file that is there, which stays the same file.
  writeFileSync(join(state, "place"), readFileSync(join(copy, "place")));
  expect(codeOf(state)).toBe("store.copied");
});

test("a full disk: the mark that holds stays, and is no reason not to start; where none holds, it is named", () => {
  symlinkSync("/dev/full", join(state, "place.new"));
  expect(settlePlace(state)?.code).toBe("store.no_space");
  expect(codeOf(state)).toBe("starts");
  rmSync(join(state, "place"));
  expect(() => settlePlace(state)).toThrow(expect.objectContaining({ code: "store.no_space" }));
});

test("a folder that wakes up on another machine begins a new log by itself, and is then the one on record there", () => {
  rememberMachine(state, HERE);
  const copy = copied();
  expect([codeOf(copy, THERE), codeOf(copy, HERE)]).toEqual(["starts", "store.copied"]);
  settlePlace(copy);
  rememberMachine(copy, THERE);
  expect(codeOf(copy, THERE)).toBe("starts");
});

test("attack: any bit of the mark flips: that is damage, and no copy and no permission", () => {
  const path = join(state, "place");
  const bytes = readFileSync(path);
  for (let bit = 0; bit < bytes.length * 8; bit += 5) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    writeFileSync(path, flipped);
    expect({ bit, code: codeOf(state) }).toEqual({ bit, code: "store.corrupt" });
  }
  writeFileSync(path, bytes);
  expect(rememberedPlace(state)).not.toBeNull();
  expect(codeOf(state)).toBe("starts");
});
