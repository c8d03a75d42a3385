import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../proto/config.ts";
import { recordId } from "../../proto/record.ts";
import { openArtifacts } from "../store/artifacts.ts";
import { sha256Digest } from "../store/blobs.ts";
import { openStore, type Store } from "../store/db.ts";
import { artifactName, openGates, type GateRow, type Gates } from "../store/gates.ts";
import { openOutbox, type Outbox } from "../store/outbox.ts";
import { walk } from "./walk.ts";

const limits = Value.Create(StoreLimits);
const reply = new Uint8Array([1]);
const bundle = new Uint8Array([2]);
const row: GateRow = {
  gate_id: recordId("gate", 1, { name: "a" }),
  attempt: { attempt: 1, supersedes: null, issued_at: "2026-01-01T00:00:00Z", valid_until: "2026-01-02T00:00:00Z" },
  verdict: "hold",
  repo_id: "local:0:x",
  head: "0".repeat(40),
  owner_uid: 0,
  log_index: 0,
  reply: sha256Digest(reply),
  bundle: sha256Digest(bundle),
};
const name = artifactName(row.gate_id, 1);

let dir: string;
let store: Store;
let gates: Gates;
let outbox: Outbox;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "maestro-walk-"));
  store = openStore({ state_dir: dir, limits, fatal: () => undefined });
  gates = openGates(store);
  outbox = openOutbox(store);
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

async function problems(): Promise<string[]> {
  const artifacts = await openArtifacts({ state_dir: dir, limits });
  const parts = { state_dir: dir, store, gates, artifacts, outbox, holds: { *all() {} }, models: { all: () => [] }, log: async function* () {}, log_keys: [], expired: () => false, keys: () => undefined };
  return (await Array.fromAsync(walk(parts))).flatMap(({ area, problem }) => (problem === null ? [] : [`${area}: ${problem}`]));
}

test("a gate that was recorded at this moment is not damaged: its blobs are promised, and a start would write them", async () => {
  store.atomic(() => {
    gates.add(row);
    outbox.hold({ id: 0, name, blobs: [reply, bundle] });
  });
  expect(await problems()).toEqual([]);
});

test("what was said to be written and is not there is damage", async () => {
  store.atomic(() => {
    gates.add(row);
    outbox.hold({ id: 0, name, blobs: [reply, bundle] });
  });
  outbox.sent(0);
  expect(await problems()).toEqual(["gates: its reply and its bundle and its name among the artifacts is gone"]);
  store.atomic(() => outbox.hold({ id: 1, name: "gate-other-1", blobs: [] }));
  expect(await problems()).toHaveLength(1);
});

/** Closes the store, changes the database's bytes wherever a tree is listed by that name, and opens it again. */
async function damage(table: string, change: (bytes: Buffer, at: number) => void): Promise<void> {
  await store.close();
  const file = join(dir, "db/data.mdb");
  const bytes = readFileSync(file);
  const key = `${table}\0`;
  for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key, at + 1)) change(bytes, at);
  writeFileSync(file, bytes);
  store = openStore({ state_dir: dir, limits, fatal: () => undefined });
  gates = openGates(store);
  outbox = openOutbox(store);
}

const some = (): void => store.atomic(() => {
  gates.add(row);
  outbox.hold({ id: 0, name, blobs: [reply, bundle] });
});

test("attack: a table whose name has changed is found missing, although whoever opens it by name is given an empty one", async () => {
  some();
  await damage("floors", (bytes, at) => void (bytes[at] = 0x7a));
  expect(await problems()).toContainEqual(expect.stringMatching(/^database: (?:table \S+ stands behind|table \S+ is not found|\d+ tables can be reached)/));
});

test("attack: a table that says it has more records than can be reached is damaged", async () => {
  some();
  // What is listed is LMDB's MDB_db: 8 bytes of flags and depth, three counts of pages of 8 each, then how many entries.
  await damage("gate_order", (bytes, at) => void (bytes[at + "gate_order\0".length + 32]! += 1));
  expect(await problems()).toContain("database: 1 records can be reached, the table says 2");
});
