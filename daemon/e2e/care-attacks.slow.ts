/** Backup and restore where they are asked to go wrong: places that cannot take them, two at once, what is no file, another owner. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT } from "../../proto/errors.ts";
import type { Source } from "../platform/git/testing/scratch.ts";
import { skipWithout } from "../testing/skip.ts";
import { oneDocument, World, type GateDocument } from "./testing/world.ts";

setDefaultTimeout(120_000);

const SOMEBODY = 4321;
let world: World;
let source: Source;
let backup: string;
let gates: GateDocument[] = [];
beforeAll(async () => {
  world = new World();
  source = await world.repository();
  for (const n of [1, 2]) {
    source.git("switch", "-qC", `change-${n}`, "main");
    await source.commit({ [`src/c${n}.ts`]: `export const c = ${n};\n` });
    gates = [...gates, oneDocument(await world.run(["gate", source.path, "--embedded", "--target", "main", "--json"])) as GateDocument];
  }
  backup = world.path("backup");
  await world.run(["backup", backup, "--with-keys"]);
}, 120_000);
afterAll(() => world.dispose());

const said = async (args: readonly string[]): Promise<Record<string, unknown>> => oneDocument(await world.run([...args, "--json"])) as Record<string, unknown>;
const stateAt = (folder: string): string[] => ["--state", folder, "--socket", join(folder, "s")];
/** A copy of the state folder as it is between two requests; nothing in it is being written then. */
function copied(name: string): string {
  cpSync(world.state_dir, world.path(name), { recursive: true, filter: (from) => !from.endsWith(".sock") && from !== join(world.state_dir, "place") });
  return world.path(name);
}

test("attack: a place that cannot take a backup or a state folder is named, and nothing is left there", async () => {
  const [file, dangling] = [world.path("file"), world.path("dangling")];
  writeFileSync(file, "");
  symlinkSync(world.path("nowhere"), dangling);
  const before = readdirSync(world.path("."));
  for (const target of [file, dangling, world.state_dir]) {
    expect(await said(["backup", target])).toMatchObject({ code: "restore.occupied" });
    expect(await said(["restore", backup, "--state", target])).toMatchObject({ code: "restore.occupied" });
  }
  expect(await said(["backup", join(file, "below")])).toMatchObject({ code: "backup.target" });
  expect(await said(["backup", `/proc/${process.pid}/backup`])).toMatchObject({ code: "backup.target" });
  expect(await said(["restore", backup, "--state", join(file, "below")])).toMatchObject({ code: "store.folder" });
  expect(readdirSync(world.path("."))).toEqual(before);
});

test("attack: two backups into one place at once, and two restores: one of each is whole, the other is told", async () => {
  const [target, state] = [world.path("twice"), world.path("restored-twice")];
  const codes = async (ran: readonly Promise<{ code: number }>[]) => (await Promise.all(ran)).map(({ code }) => code).sort((a, b) => a - b);
  expect((await codes([world.run(["backup", target]), world.run(["backup", target])])).at(0)).toBe(EXIT.admit);
  expect((await world.run(["restore", target, "--check"])).code).toBe(EXIT.admit);
  const restored = await codes([world.run(["restore", target, "--state", state]), world.run(["restore", target, "--state", state])]);
  expect([restored[0], restored[1] === EXIT.usage || restored[1] === EXIT.another_instance]).toEqual([EXIT.admit, true]);
  expect((await world.run(["fsck", ...stateAt(state)])).code).toBe(EXIT.admit);
  expect(readdirSync(world.path(".")).filter((name) => /partial|restoring/.test(name))).toEqual([]);
});

test("attack: a pipe or a link in the place of a backup's file is refused, not waited for or followed", async () => {
  for (const [name, plant] of [["pipe", (path: string) => void Bun.spawnSync(["mkfifo", path])], ["link", (path: string) => symlinkSync(join(backup, "oci/oci-layout"), path)]] as const) {
    const hurt = world.path(`hurt-${name}`);
    cpSync(backup, hurt, { recursive: true });
    rmSync(join(hurt, "oci/oci-layout"));
    plant(join(hurt, "oci/oci-layout"));
    expect(await said(["restore", hurt, "--check"])).toMatchObject({ code: "backup.damaged", detail: expect.stringContaining("no plain file") });
  }
});

test("attack: a bundle that was lost before the backup does not take all others with it: the restore says what is lost, and works", async () => {
  const hurt = copied("lost");
  const path = join(hurt, "oci/blobs/sha256", gates[0]!.proof.bundle_sha256);
  rmSync(path);
  const daemon = world.spawnDaemon(["--embedded", ...stateAt(hurt)]);
  while (!existsSync(join(hurt, "s"))) await Bun.sleep(20);
  const target = world.path("backup-of-lost");
  expect((await world.run(["backup", target, ...stateAt(hurt)])).code).toBe(EXIT.admit);
  daemon.kill("SIGTERM");
  await daemon.exited;
  const restored = await world.run(["restore", target, "--state", world.path("from-lost")]);
  expect([restored.code, restored.stdout]).toEqual([EXIT.refuse, expect.stringContaining("LOST      before the backup was made: gates")]);
  expect((await world.run(["card", gates[1]!.card.head.slice(0, 12), "--embedded", ...stateAt(world.path("from-lost"))])).code).toBe(EXIT.admit);
  await world.run(["stop", ...stateAt(world.path("from-lost"))]);
});

test("attack: a database from an older copy beside a newer published checkpoint: the repair begins a new log, as the old one's key has signed further", async () => {
  const hurt = copied("older");
  source.git("switch", "-qC", "change-3", "main");
  await source.commit({ "src/c3.ts": "export const c = 3;\n" });
  const further = oneDocument(await world.run(["gate", source.path, "--embedded", "--target", "main", "--head", "change-3", "--json", ...stateAt(hurt)])) as Record<string, unknown>;
  expect(further).toMatchObject({ verified: "verified" });
  await world.run(["stop", ...stateAt(hurt)]);
  const older = copied("older-copy");
  for (const part of ["db", "oci"]) {
    rmSync(join(hurt, part), { recursive: true });
    cpSync(join(older, part), join(hurt, part), { recursive: true });
  }
  rmSync(join(hurt, "log/tile"), { recursive: true });
  expect(await said(["fsck", "--repair", ...stateAt(hurt)])).toMatchObject({ succession: { from: gates[0]!.proof.log_origin }, after: { damage_total: 0 } });
});

test("attack: gc on a folder whose index is gone removes nothing that a repair needs", async () => {
  const hurt = copied("no-index");
  rmSync(join(hurt, "oci/index.json"));
  const daemon = world.spawnDaemon(["--embedded", ...stateAt(hurt)]);
  while (!existsSync(join(hurt, "s"))) await Bun.sleep(20);
  const old = new Date(Date.now() - 3 * 86_400_000);
  for (const name of readdirSync(join(hurt, "oci/blobs/sha256"))) utimesSync(join(hurt, "oci/blobs/sha256", name), old, old);
  expect(await said(["gc", "--apply", ...stateAt(hurt)])).toMatchObject({ code: "store.corrupt" });
  daemon.kill("SIGTERM");
  await daemon.exited;
  expect((await world.run(["fsck", "--repair", ...stateAt(hurt)])).stdout).toContain("nothing damaged");
});

test("attack: a private daemon's log that has grown large makes room for a new one at the next start", async () => {
  const folder = copied("talkative");
  writeFileSync(join(folder, "maestrod.log"), Buffer.alloc(17 * 1024 * 1024, "x\n"));
  expect((await world.run(["card", gates[1]!.card.head.slice(0, 12), "--embedded", ...stateAt(folder)])).code).toBe(EXIT.admit);
  expect([statSync(join(folder, "maestrod.log")).size < 1024 * 1024, statSync(join(folder, "maestrod.log.1")).size]).toEqual([true, 17 * 1024 * 1024]);
  await world.run(["stop", ...stateAt(folder)]);
});

test("attack: a command for a state folder in a folder that is none makes nothing there", async () => {
  const folder = world.path("not-ours");
  mkdirSync(folder);
  for (const verb of [["fsck"], ["fsck", "--repair"], ["clone-identity"]]) expect(await said([...verb, "--state", folder, ...(verb[0] === "fsck" ? ["--socket", join(folder, "s")] : [])])).toMatchObject({ code: "store.folder" });
  expect(readdirSync(folder)).toEqual([]);
});

test.skipIf(skipWithout(process.getuid?.() === 0, "only root can work for another user"))("attack: root who looks at a service's folder, repairs it, clones it or restores into it leaves nothing that its owner cannot read", async () => {
  const others = (folder: string): string[] => readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name))).filter((path) => statSync(path).uid !== SOMEBODY);
  const hurt = copied("service");
  // Its owner has to get there.
  chmodSync(world.path("."), 0o711);
  for (const path of [hurt, ...others(hurt)]) chownSync(path, SOMEBODY, SOMEBODY);
  rmSync(join(hurt, "oci/index.json"));
  expect(await said(["fsck", ...stateAt(hurt)])).toMatchObject({ damage_total: expect.any(Number) });
  expect((await world.run(["fsck", "--repair", ...stateAt(hurt)])).stdout).toContain("nothing damaged");
  expect(await said(["clone-identity", "--state", hurt])).toMatchObject({ log: { size: 1 } });
  const empty = world.path("service-restored");
  mkdirSync(empty, { mode: 0o700 });
  chownSync(empty, SOMEBODY, SOMEBODY);
  await world.run(["restore", backup, "--state", empty]);
  expect([others(hurt), statSync(empty).uid, others(empty)]).toEqual([[], SOMEBODY, []]);
});
