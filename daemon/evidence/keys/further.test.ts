import { afterEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../../proto/config.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { systemClock } from "../../platform/clock.ts";
import { openStore } from "../../store/db.ts";
import { NOW } from "../../testing/evidence.ts";
import { createEvidence } from "../index.ts";
import { furtherKey } from "./further.ts";
import { openKeys } from "./index.ts";
import { checkSums } from "./sums.ts";

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** A state folder with keys; the folder of the keys. */
function keyed(): { state_dir: string; keys: string } {
  const state_dir = mkdtempSync(join(tmpdir(), "maestro-further-"));
  folders.push(state_dir);
  openKeys({ state_dir, now: NOW, trust_domain: null });
  return { state_dir, keys: join(state_dir, "keys") };
}
const fingerprint = (keys: string): string => furtherKey(keys, "witness.pem").key.fingerprint;
const code = (work: () => unknown): string => {
  try {
    work();
    return "none";
  } catch (error) {
    return error instanceof MaestroError ? error.code : String(error);
  }
};

test("a further key is made once, for this user alone, and summed like the others", () => {
  const { state_dir, keys } = keyed();
  const made = fingerprint(keys);
  expect(fingerprint(keys)).toBe(made);
  expect(readFileSync(join(keys, "sums"), "utf8")).toMatch(/^[0-9a-f]{64} {2}witness\.pem$/m);
  expect(code(() => openKeys({ state_dir, now: NOW, trust_domain: null }))).toBe("none");
});

test("one flipped bit in it is found, as is one in a key beside it", () => {
  const { keys } = keyed();
  fingerprint(keys);
  for (const name of ["witness.pem", "salt.key"]) {
    const path = join(keys, name);
    const bytes = readFileSync(path);
    bytes[40 % bytes.length]! ^= 1;
    writeFileSync(path, bytes);
    expect(code(() => checkSums(keys))).toBe("evidence.keys");
    bytes[40 % bytes.length]! ^= 1;
    writeFileSync(path, bytes);
  }
  expect(code(() => checkSums(keys))).toBe("none");
});

test("killed between the key and its line, the next start writes the line, and looks at the others all the same", () => {
  const { keys } = keyed();
  const before = readFileSync(join(keys, "sums"));
  const made = fingerprint(keys);
  writeFileSync(join(keys, "sums"), before);
  expect(code(() => checkSums(keys))).toBe("none");
  expect(readFileSync(join(keys, "sums"), "utf8")).toContain("witness.pem");
  expect(fingerprint(keys)).toBe(made);
  writeFileSync(join(keys, "sums"), before);
  const salt = readFileSync(join(keys, "salt.key"));
  salt[0]! ^= 1;
  writeFileSync(join(keys, "salt.key"), salt);
  expect(code(() => checkSums(keys))).toBe("evidence.keys");
});

test("taken away on purpose, it is no damage, and the next one is another", () => {
  const { keys } = keyed();
  const made = fingerprint(keys);
  rmSync(join(keys, "witness.pem"));
  expect(code(() => checkSums(keys))).toBe("none");
  expect(fingerprint(keys)).not.toBe(made);
});

test("attack: a restored or copied witness goes on with the old key, and cosigns a tree that the original has left behind", async () => {
  const { state_dir, keys } = keyed();
  const open = async (machine: string): Promise<void> => {
    const store = openStore({ state_dir, limits: Value.Create(StoreLimits), fatal: () => undefined });
    const renewal = { machine: machine.repeat(64), began: () => undefined, keep: () => Promise.resolve() };
    const evidence = await createEvidence({ store, state_dir, trust_domain: null, version: "0.0.0", renewal, clock: systemClock, time_froze: () => undefined, projection_failed: () => undefined });
    await evidence.published();
    await store.close();
  };
  await open("a");
  const made = fingerprint(keys);
  await open("a");
  expect(fingerprint(keys)).toBe(made);
  await open("b");
  expect(existsSync(join(keys, "witness.pem"))).toBe(false);
  expect(fingerprint(keys)).not.toBe(made);
  expect(code(() => checkSums(keys))).toBe("none");
});
