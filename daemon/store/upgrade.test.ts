/** An older state folder becomes one of today: whole before, whole after, whatever happens in between. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import { Closed } from "../../proto/scalar.ts";
import { openStore, type Store } from "./db.ts";
import { forgetOld, upgradeStore } from "./upgrade.ts";
import { openUsage } from "./usage.ts";

const limits = Value.Create(StoreLimits);
const OldRow = Closed({ owner_uid: Type.Integer(), reply: Type.String(), bundle: Type.String() });
const Other = Closed({ text: Type.String() });
const GATES = 40;
const digest = (n: number): string => `sha256:${n.toString(16).padStart(64, "0")}`;
let dir: string;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "maestro-upgrade-"));
  await makeOld(dir);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const open = (state_dir: string, schema_version?: number): Store =>
  openStore({ state_dir, limits, fatal: (reason) => { throw reason; }, ...(schema_version === undefined ? {} : { schema_version }) });

/** A folder as version 1 wrote it: gates of two users, each with a reply of 10 bytes and a bundle of 100. */
async function makeOld(state_dir: string): Promise<void> {
  const store = open(state_dir, 1);
  const gates = store.table<readonly [string, number], typeof OldRow>("gates", OldRow);
  mkdirSync(join(state_dir, "oci/blobs/sha256"), { recursive: true });
  for (let n = 0; n < GATES; n++) {
    store.atomic(() => gates.put([`gate:${n}`, 1], { owner_uid: 1000 + (n % 2), reply: digest(n), bundle: digest(1000 + n) }));
    writeFileSync(join(state_dir, "oci/blobs/sha256", digest(n).slice(7)), "x".repeat(10));
    writeFileSync(join(state_dir, "oci/blobs/sha256", digest(1000 + n).slice(7)), "x".repeat(100));
  }
  // A table that no migration reads: only looking at everything finds damage in it.
  const others = store.table<string, typeof Other>("others", Other);
  store.atomic(() => others.put("k", { text: "kept by somebody else" }));
  await store.close();
}

/** What the folder holds, and under which version it opens. */
async function held(state_dir: string, version: 1 | 6): Promise<unknown> {
  const store = open(state_dir, version);
  const rows = [...store.table<readonly [string, number], typeof OldRow>("gates", OldRow).entries()].map(({ key }) => key[0]);
  const usage = version === 1 ? null : [...openUsage(store).evidence.entries()].map(({ key, value }) => [key, value.bytes]);
  await store.close();
  return { rows: rows.length, usage };
}

const NEW = { rows: GATES, usage: [["1000", (GATES / 2) * 110], ["1001", (GATES / 2) * 110]] };
const upgrade = () => upgradeStore({ state_dir: dir, limits, fatal: (reason) => { throw reason; } });
const codeOf = async (work: () => Promise<unknown>): Promise<string> => {
  try {
    await work();
  } catch (error) {
    if (error instanceof MaestroError) return error.code;
    throw error;
  }
  return "none";
};

test("version 1 becomes version 6: rows are kept, what each user keeps is counted, the old database goes once a daemon has started", async () => {
  expect(await upgrade()).toEqual({ from: 1, to: 6 });
  expect(await held(dir, 6)).toEqual(NEW);
  expect(existsSync(join(dir, "db.old"))).toBe(true);
  forgetOld(dir);
  expect(readdirSync(dir).sort()).toEqual(["db", "oci"]);
  expect(await upgrade()).toBeNull();
});

test("kill -9 at each step leaves the old state or the new one whole, and the next start finishes", async () => {
  const child = (state_dir: string, kill_at: string) => Bun.spawnSync([process.execPath, join(import.meta.dir, "testing/upgrading.ts"), state_dir, kill_at], { stdout: "pipe", stderr: "pipe" });
  const dry = join(dir, "dry");
  cpSync(join(dir, "db"), join(dry, "db"), { recursive: true });
  cpSync(join(dir, "oci"), join(dry, "oci"), { recursive: true });
  const steps = child(dry, "none").stdout.toString().split("\n").filter((line) => line !== "" && !line.startsWith("done"));
  expect(steps).toEqual(["copy", "migrate 1", "run 1", "migrate 2", "run 2", "migrate 3", "run 3", "migrate 4", "run 4", "migrate 5", "run 5", "verify", "sync", "rename old", "rename new", "sync folder"]);
  for (const step of steps) {
    const state_dir = join(dir, step.replaceAll(" ", "-"));
    for (const part of ["db", "oci"]) cpSync(join(dir, part), join(state_dir, part), { recursive: true });
    const killed = child(state_dir, step);
    expect([step, killed.signalCode]).toEqual([step, "SIGKILL"]);
    // Between the two renames alone nothing has the name of the current database; both wait under theirs.
    const version = existsSync(join(state_dir, "db")) ? readFileSync(join(state_dir, "db/schema"), "utf8") : "between";
    if (version !== "between") expect([step, await held(state_dir, version === "1\n" ? 1 : 6)]).toEqual([step, version === "1\n" ? { rows: GATES, usage: null } : NEW]);
    expect([step, version]).toEqual([step, step === "rename new" ? "between" : step === "sync folder" ? "6\n" : "1\n"]);
    const again = child(state_dir, "none");
    expect([step, again.exitCode, await held(state_dir, 6)]).toEqual([step, 0, NEW]);
    expect(existsSync(join(state_dir, "db.next"))).toBe(false);
  }
}, 120_000);

test("a newer schema is refused and left as it was", async () => {
  await upgrade();
  const before = readFileSync(join(dir, "db/data.mdb"));
  expect(await codeOf(() => upgradeStore({ state_dir: dir, limits, fatal: () => undefined, schema_version: 1 }))).toBe("store.schema");
  expect(readFileSync(join(dir, "db/data.mdb")).equals(before)).toBe(true);
});

test("a version nobody knows the way from is refused", async () => {
  expect(await codeOf(() => upgradeStore({ state_dir: dir, limits, fatal: () => undefined, migrations: [] }))).toBe("store.schema");
  expect(await held(dir, 1)).toEqual({ rows: GATES, usage: null });
});

test("a migration that fails leaves the old database as it was, and nothing half made in its place", async () => {
  const migrations = [{ from: 1, run: () => { throw new MaestroError("store.corrupt", "cannot"); } }];
  expect(await codeOf(() => upgradeStore({ state_dir: dir, limits, fatal: () => undefined, migrations }))).toBe("store.corrupt");
  expect(await held(dir, 1)).toEqual({ rows: GATES, usage: null });
  expect(await upgrade()).toEqual({ from: 1, to: 6 });
});

test("damage in the old database is found before anything is built on it", async () => {
  const path = join(dir, "db/data.mdb");
  const bytes = readFileSync(path);
  // Freed pages hold older copies of the same record.
  for (let at = bytes.indexOf("somebody else"); at >= 0; at = bytes.indexOf("somebody else", at + 1)) bytes[at]! ^= 1;
  writeFileSync(path, bytes);
  expect(await codeOf(upgrade)).toBe("store.corrupt");
  expect(readFileSync(join(dir, "db/schema"), "utf8")).toBe("1\n");
});

test("a schema file that holds no version, or another than the records, is damage and not a version", async () => {
  writeFileSync(join(dir, "db/schema"), "q\n");
  expect(await codeOf(upgrade)).toBe("store.corrupt");
  writeFileSync(join(dir, "db/schema"), "2\n");
  expect(await codeOf(async () => open(dir))).toBe("store.schema");
  expect(await codeOf(async () => open(dir, 1))).toBe("store.corrupt");
});

test("attack: a repair killed between its two renames: the repaired database takes its name at the next start, and one that is not needed goes", async () => {
  await upgrade();
  renameSync(join(dir, "db"), join(dir, "db.repaired"));
  await upgrade();
  expect([await held(dir, 6), existsSync(join(dir, "db.repaired"))]).toEqual([NEW, false]);
  cpSync(join(dir, "db"), join(dir, "db.repaired"), { recursive: true });
  await upgrade();
  expect([await held(dir, 6), existsSync(join(dir, "db.repaired"))]).toEqual([NEW, false]);
});
