/** A log whose key changed is looked after like any other: fsck, repair, backup and restore know every key it had. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RepairReport } from "../../proto/integrity.ts";
import { ROTATIONS_FILE } from "../../proto/log.ts";
import { World } from "../testing/core.ts";
import { verifyBundle } from "../verifier/bundle.ts";
import { fileAt } from "../evidence/log/audit.ts";
import { monitorLog } from "../verifier/log/monitor.ts";
import { parseVerifierKey } from "../verifier/note.ts";
import { restoreBackup } from "./restore.ts";
import { damageIn, repairedHere, shared } from "./testing/repaired-here.ts";

const OFFLINE = join(import.meta.dir, "../offline.ts");
let world: World;
let first_key: string;
let backup: string;
const bundles: Uint8Array[] = [];
beforeAll(async () => {
  world = await World.open();
  const source = world.scratch.source();
  const base = await source.commit({ "src/a.ts": "export const a = 1;\n" });
  for (const n of [1, 2]) {
    const head = await source.commit({ [`src/b${n}.ts`]: `export const b = ${n};\n` });
    bundles.push(Buffer.from((await world.gate(await world.received(source, [base, head]), { target_ref: "refs/heads/main", target: base, head })).bundle, "base64"));
    await world.core.evidence.published();
    first_key ??= readFileSync(join(world.state_dir, "log/log.vkey"), "utf8");
    if (n === 1) await world.core.evidence.rotateLog("both");
  }
  const { name } = await world.core.integrity.backup(false);
  backup = join(world.scratch.root, "backup");
  cpSync(join(world.state_dir, "snapshots", name), backup, { recursive: true });
  await world.core.integrity.release(name);
  await world.stop();
}, 120_000);
afterAll(() => world[Symbol.asyncDispose]());

/** In the process that `maestro fsck` starts for it, which a database in pieces may kill. */
async function repairedInChild(state_dir: string): Promise<RepairReport> {
  const child = Bun.spawn([process.execPath, OFFLINE, "repair", "--state", state_dir], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  const text = await new Response(child.stdout).text();
  await child.exited;
  return (JSON.parse(text.trim().split("\n").at(-1) ?? "") as { report: RepairReport }).report;
}

function copy(name: string): string {
  const state_dir = join(world.scratch.root, name);
  cpSync(world.state_dir, state_dir, { recursive: true });
  return state_dir;
}

const verdicts = (state_dir: string): string[] => bundles.map((bundle) => verifyBundle(bundle, new Uint8Array(readFileSync(join(state_dir, "trust.json"))), { now: new Date(8.64e15) }).result);
const whole = ["verified", "verified"];

/** From the very first key to whatever stands in that folder now. */
async function followed(folder: string) {
  const key = parseVerifierKey(first_key.trim())!;
  return monitorLog({ checkpoint: null, keys: [key] }, (path) => fileAt(join(folder, path)), true);
}

test("attack: the file that shows how the key changed is altered: fsck says so, and a repair makes it again", async () => {
  const state_dir = copy("altered");
  writeFileSync(join(state_dir, "log", ROTATIONS_FILE), "{}");
  expect(await damageIn(state_dir)).toMatchObject([{ name: ROTATIONS_FILE, problem: expect.stringContaining("other bytes than the log") }]);
  expect(await repairedHere(state_dir)).toMatchObject({ lost: [], succession: null, after: { damage_total: 0 } });
  expect(await followed(join(state_dir, "log"))).toMatchObject({ result: "consistent", rotations: [{}] });
}, 120_000);

test("a database that is lost comes back from tiles and blobs with entries under both keys, and with the change itself", async () => {
  const state_dir = copy("lost");
  writeFileSync(join(state_dir, "db/data.mdb"), new Uint8Array(65_536));
  const report = await repairedInChild(state_dir);
  expect(report.after.damage_total).toBe(0);
  expect(report.rebuilt.join("\n")).toContain("1 changes of its key");
  expect(verdicts(state_dir)).toEqual(whole);
  // What the database signed last cannot be proven, so that log has ended; it is kept, and its first key still leads through it.
  expect(await followed(join(state_dir, "logs", report.succession!.from))).toMatchObject({ result: "consistent", rotations: [{}] });
}, 120_000);

test("a backup restores: the old log ends under its newest key, and evidence from before and after the change verifies", async () => {
  const state_dir = join(world.scratch.root, "restored");
  expect(await restoreBackup({ ...shared, source: backup, state_dir, cause: "restored" })).toMatchObject({ damage: [] });
  expect(verdicts(state_dir)).toEqual(whole);
}, 120_000);
