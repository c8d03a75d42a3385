/** An operator's care through the command line, on the real daemon: fsck, backup while it works, restore, repair, gc, quota. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromBase64 } from "../../proto/encoding.ts";
import { EXIT } from "../../proto/errors.ts";
import { verifyBundle } from "../verifier/index.ts";
import { oneDocument, until, World, type GateDocument } from "./testing/world.ts";
import { Source } from "../platform/git/testing/scratch.ts";
import { ENTRIES } from "../testing/entries.ts";

setDefaultTimeout(120_000);

let world: World;
let source: Source;
const gates: GateDocument[] = [];
beforeAll(async () => {
  world = new World();
  source = await world.repository();
  for (const n of [1, 2, 3]) gates.push(await gateNext(world, n));
}, 120_000);
afterAll(() => world.dispose());

async function gateNext(at: World, n: number, options: readonly string[] = []): Promise<GateDocument> {
  source.git("switch", "-qC", `change-${n}`, "main");
  await source.commit({ [`src/c${n}.ts`]: `export const c = ${n};\n` });
  return oneDocument(await at.run(["gate", source.path, "--embedded", "--target", "main", "--json", ...options])) as GateDocument;
}

const document = async (args: readonly string[]): Promise<Record<string, never>> => oneDocument(await world.run([...args, "--json"])) as Record<string, never>;
/** The state folder again, under another name, with its daemon stopped. */
async function copied(name: string): Promise<string> {
  if (await world.client.answers()) await world.run(["stop"]);
  cpSync(world.state_dir, world.path(name), { recursive: true, filter: (from) => from !== join(world.state_dir, "place") });
  return world.path(name);
}
const stateAt = (folder: string): string[] => ["--state", folder, "--socket", join(folder, "s")];
const bundleOf = ({ bundle }: GateDocument): Uint8Array => (existsSync(bundle) ? new Uint8Array(readFileSync(bundle)) : (fromBase64(bundle) ?? new Uint8Array()));
const verified = (trust: string): string[] => gates.map((gate) => verifyBundle(bundleOf(gate), new Uint8Array(readFileSync(trust)), { now: new Date() }).result);

test("fsck of a running daemon finds nothing, and status says so", async () => {
  const ran = await world.run(["fsck"]);
  expect([ran.code, ran.stdout]).toEqual([EXIT.admit, expect.stringContaining("nothing damaged")]);
  expect((await world.run(["status"])).stdout).toContain("kept     nothing found damaged");
});

test("a backup is made while the daemon gates, is whole by its own manifest, and becomes a node whose log begins anew; old evidence verifies under the new trust file", async () => {
  const backup = world.path("backup");
  const [made, during] = await Promise.all([world.run(["backup", backup]), gateNext(world, 4)]);
  gates.push(during);
  expect([made.code, made.stderr]).toEqual([EXIT.admit, expect.stringContaining("without private keys")]);
  expect(existsSync(join(backup, "keys"))).toBe(false);
  expect(readdirSync(join(world.state_dir, "snapshots"))).toEqual([]);
  const restored = world.path("restored");
  const before = (await world.status()).trust.log_origin;
  const report = await document(["restore", backup, "--state", restored]);
  expect(report).toMatchObject({ restored, succession: { from: before }, log: { size: 1 } });
  expect(verified(join(restored, "trust.json")).slice(0, 3)).toEqual(["verified", "verified", "verified"]);
  const other = await gateAt(restored, 5);
  expect([other.verified, other.proof.log_index, other.proof.log_origin === before]).toEqual(["verified", 1, false]);
  expect((await world.run(["fsck", ...stateAt(restored)])).code).toBe(EXIT.admit);
  // Every gate of before is still answered for.
  const card = await world.run(["card", gates[0]!.card.head.slice(0, 12), ...stateAt(restored)]);
  expect([card.code, card.stdout]).toEqual([EXIT.admit, expect.stringContaining("ADMIT")]);
  await world.run(["stop", ...stateAt(restored)]);
});

/** A gate with a private daemon of its own on another state folder. */
async function gateAt(folder: string, n: number): Promise<GateDocument> {
  return gateNext(world, n, stateAt(folder));
}

test("attack: a backup with one changed byte, a file less, or restored over something is refused", async () => {
  const backup = world.path("hurt");
  await world.run(["backup", backup]);
  const blob = join(backup, "oci/blobs/sha256", readdirSync(join(backup, "oci/blobs/sha256"))[0]!);
  const bytes = readFileSync(blob);
  bytes[0]! ^= 1;
  copyFileSync(blob, world.path("kept"));
  writeFileSync(blob, bytes);
  expect(await document(["restore", backup, "--check"])).toMatchObject({ code: "backup.damaged" });
  expect(await document(["restore", backup, "--state", world.path("from-hurt")])).toMatchObject({ code: "backup.damaged" });
  rmSync(blob);
  expect(await document(["restore", backup, "--check"])).toMatchObject({ code: "backup.damaged" });
  copyFileSync(world.path("kept"), blob);
  expect(await document(["restore", backup, "--check"])).toMatchObject({ checked: { files: expect.any(Number) }, restored: null });
  expect(await document(["restore", backup, "--state", world.state_dir])).toMatchObject({ code: "restore.occupied" });
  expect(existsSync(world.path("from-hurt"))).toBe(false);
});

test("with keys, a clone has a gate key of its own and a restored node keeps it; both logs begin anew", async () => {
  const backup = world.path("with-keys");
  await world.run(["backup", backup, "--with-keys"]);
  const keyOf = (folder: string): string => readFileSync(join(folder, "keys/gate.pem"), "utf8");
  const [restored, clone] = [world.path("same"), world.path("clone")];
  await world.run(["restore", backup, "--state", restored]);
  await world.run(["restore", backup, "--as-clone", "--state", clone]);
  expect([keyOf(restored) === keyOf(world.state_dir), keyOf(clone) === keyOf(world.state_dir)]).toEqual([true, false]);
  const origins = [world.state_dir, restored, clone].map((folder) => readFileSync(join(folder, "log/checkpoint"), "utf8").split("\n")[0]);
  expect(new Set(origins).size).toBe(3);
  for (const folder of [restored, clone]) expect(verified(join(folder, "trust.json")).slice(0, 3)).toEqual(["verified", "verified", "verified"]);
});

test("a copied folder is declared a clone: `clone-identity` needs the daemon stopped, then begins a new log", async () => {
  expect(await document(["clone-identity"])).toMatchObject({ code: "daemon.another_instance" });
  const copy = await copied("copy");
  expect(await document(["clone-identity", "--state", copy])).toMatchObject({ succession: { size: gates.length * ENTRIES.decided }, log: { size: 1 } });
  expect(verified(join(copy, "trust.json"))).toEqual(gates.map(() => "verified"));
});

test("attack: a database cut short does not take the daemon down; it is refused, moved aside and rebuilt from log and blobs", async () => {
  const hurt = await copied("cut");
  truncateSync(join(hurt, "db/data.mdb"), 30_000);
  const daemon = world.spawnDaemon(["--embedded", ...stateAt(hurt)]);
  const stderr = await new Response(daemon.stderr).text();
  // An exit code and words, and no signal: the page behind the end was read by a child.
  expect([await daemon.exited, daemon.signalCode, stderr]).toEqual([EXIT.internal, null, expect.stringContaining("store.corrupt")]);
  const looked = await world.run(["fsck", ...stateAt(hurt)]);
  expect([looked.code, looked.stdout]).toEqual([EXIT.refuse, expect.stringContaining("DAMAGED")]);
  const repaired = await world.run(["fsck", "--repair", ...stateAt(hurt)]);
  expect(repaired.stdout).toContain(`log: ${gates.length * ENTRIES.decided} entries, ${gates.length * ENTRIES.decided} of them from tiles and bundles`);
  expect(repaired.stdout).toContain("no key may sign two histories");
  expect(repaired.stdout).toContain("nothing damaged");
  // What stands in the database alone cannot come back from log and blobs, and that is said: of all tables at once, or of each where their root lay before the end.
  expect(repaired.stdout).toMatch(/^LOST +(?:(?:database|table every table): .*the newest transactions may be missing|table (?!every )[a-z.]+: .*unreadable: reading it killed the reader \(SIGBUS\); 0 kept$)/m);
  expect(repaired.code).toBe(EXIT.refuse);
  expect(readdirSync(join(hurt, "quarantine")).length).toBe(1);
  expect(verified(join(hurt, "trust.json"))).toEqual(gates.map(() => "verified"));
  expect((await gateAt(hurt, 6)).verified).toBe("verified");
  await world.run(["stop", ...stateAt(hurt)]);
});

test("a blob damaged on disk: the next start, status, metrics and fsck all say so, and gating goes on", async () => {
  const hurt = await copied("hurt-blob");
  // Not the newest: its bytes still stand in the outbox, and a start would write them again.
  const { bundle_sha256 } = gates[0]!.proof;
  const path = join(hurt, "oci/blobs/sha256", bundle_sha256);
  const bytes = readFileSync(path);
  bytes[100]! ^= 1;
  writeFileSync(path, bytes);
  expect((await gateAt(hurt, 7)).verified).toBe("verified");
  const status = await world.run(["status", ...stateAt(hurt)]);
  expect(status.stdout).toContain("kept     DAMAGED");
  expect(status.stdout).toContain("degraded");
  const metrics = await fetch("http://d/metrics", { unix: join(hurt, "s") });
  expect(await metrics.text()).toMatch(/^maestro_kept_damage [1-9]/m);
  expect((await world.run(["fsck", ...stateAt(hurt)])).code).toBe(EXIT.refuse);
  await world.run(["stop", ...stateAt(hurt)]);
  // The bundle's bytes stand nowhere else: the repair says that it is lost, and keeps what was damaged.
  const repaired = await world.run(["fsck", "--repair", ...stateAt(hurt)]);
  expect([repaired.code, repaired.stdout]).toEqual([EXIT.refuse, expect.stringContaining("LOST")]);
  expect(existsSync(join(hurt, "quarantine"))).toBe(true);
});

test("one flipped bit in a tile and one in the index: repaired under the same log, because its head is proven", async () => {
  const hurt = await copied("bits");
  for (const file of [`log/tile/entries/000.p/${gates.length}`, "oci/index.json"]) {
    const bytes = readFileSync(join(hurt, file));
    bytes[20]! ^= 1;
    writeFileSync(join(hurt, file), bytes);
  }
  expect((await world.run(["fsck", ...stateAt(hurt)])).code).toBe(EXIT.refuse);
  const report = await document(["fsck", "--repair", ...stateAt(hurt)]);
  expect(report).toMatchObject({ succession: null, lost: [], after: { damage_total: 0 } });
});

test("gc says what would go, removes only what is old and nobody refers to, and every gate is still answered", async () => {
  const stray = join(world.state_dir, "oci/blobs/sha256", new Bun.CryptoHasher("sha256").update("stray").digest("hex"));
  mkdirSync(join(world.state_dir, "scratch/left"), { recursive: true });
  writeFileSync(stray, "stray");
  if (!(await world.client.answers())) await world.daemon();
  expect(await document(["gc", "--apply"])).toMatchObject({ blobs: { count: 0 }, kept_young: 1 });
  const old = new Date(Date.now() - 3 * 86_400_000);
  for (const name of readdirSync(join(world.state_dir, "oci/blobs/sha256"))) utimesSync(join(world.state_dir, "oci/blobs/sha256", name), old, old);
  expect(await document(["gc"])).toMatchObject({ applied: false, blobs: { count: 1, bytes: 5 } });
  expect(existsSync(stray)).toBe(true);
  expect(await document(["gc", "--apply"])).toMatchObject({ applied: true, blobs: { count: 1, bytes: 5 }, kept_young: 0 });
  expect(existsSync(stray)).toBe(false);
  expect((await world.run(["fsck"])).code).toBe(EXIT.admit);
  await until(async () => (await world.status()).integrity.state === "clean");
});

test("a tenant over its quota is refused with 507's own code, and reading goes on", async () => {
  const folder = world.path("small");
  mkdirSync(folder, { mode: 0o700 });
  const config = world.path("small.yaml");
  writeFileSync(config, "version: 1\ntrust_domain: small.example\nmodes: [local]\nlimits: {integrity: {tenant_bytes_max: 1000}}\n");
  const daemon = world.spawnDaemon(["--config", config, ...stateAt(folder)]);
  await until(() => existsSync(join(folder, "s")));
  const gate = async (n: number): Promise<Record<string, unknown>> => {
    source.git("switch", "-qC", `quota-${n}`, "main");
    await source.commit({ [`src/q${n}.ts`]: `export const q = ${n};\n` });
    return oneDocument(await world.run(["gate", source.path, "--target", "main", "--json", ...stateAt(folder)])) as Record<string, unknown>;
  };
  // The first one is let in, and passes the limit by its own size.
  expect(await gate(1)).toMatchObject({ code: "store.quota" });
  expect((await world.run(["status", ...stateAt(folder)])).code).toBe(EXIT.admit);
  daemon.kill("SIGTERM");
  expect(await daemon.exited).toBe(0);
});
