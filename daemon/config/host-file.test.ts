import { afterAll, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MaestroError } from "../../proto/errors.ts";
import { skipWithout } from "../testing/skip.ts";
import { readHostConfig } from "./host-file.ts";

const root = mkdtempSync(join(tmpdir(), "host-file-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const STRANGER_UID = 65_534;
let files = 0;

function file(mode: number, text = "version: 1\ntrust_domain: build.example\nmodes: [local]\n"): string {
  const path = join(root, `maestrod-${files++}.yaml`);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function refusal(path: string): string {
  try {
    readHostConfig(path);
  } catch (error) {
    if (error instanceof MaestroError) return `${error.code} ${error.detail}`;
    throw error;
  }
  return "taken";
}

test("a file of one's own that others may read and not write is taken", () => {
  expect([0o600, 0o640, 0o644].map((mode) => refusal(file(mode)))).toEqual(["taken", "taken", "taken"]);
});

test("attack: a configuration that a group or everybody may write is refused, through a link too, and the refusal says what to do", () => {
  for (const mode of [0o660, 0o664, 0o606, 0o666, 0o622]) {
    const path = file(mode);
    const link = `${path}.link`;
    symlinkSync(path, link);
    for (const way of [path, link]) expect(refusal(way)).toBe(`config.malformed ${way} could have been written by others; it must belong to root or to the daemon's user, and nobody else may write to it (chown, chmod go-w)`);
  }
});

test.skipIf(skipWithout(process.getuid?.() === 0, "giving a file away needs root"))("attack: a configuration that another user owns is refused, whatever its mode", () => {
  const path = file(0o400);
  chownSync(path, STRANGER_UID, 0);
  expect(refusal(path)).toContain("could have been written by others");
});

test("what is no file, too large or not there is refused with its path, before anything is parsed", () => {
  expect(refusal(root)).toContain(`config.malformed ${root} is no file`);
  expect(refusal(file(0o644, "#".repeat(65_537)))).toContain("is no file of at most 65536 bytes");
  expect(refusal(join(root, "nowhere.yaml"))).toContain("nowhere.yaml cannot be read; give --config FILE, or --embedded");
});
