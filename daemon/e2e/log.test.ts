/** The log for strangers, through the command line and the socket: read as files, exported, watched, its key changed. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LogRotateReply } from "../../proto/log.ts";
import { parseCheckpoint } from "../verifier/checkpoint.ts";
import { parseNote } from "../verifier/note.ts";
import { oneDocument, type Ran, World } from "./testing/world.ts";

const world = new World();
let repository: Awaited<ReturnType<World["repository"]>>;
let old: Awaited<ReturnType<World["judged"]>>;
afterAll(() => world.dispose());
beforeAll(async () => {
  await world.daemon();
  repository = await world.changed({}, { "src/a.ts": "export const a = 2;\n" });
  old = await world.judged(repository);
}, 120_000);

const log = (...args: string[]): Promise<Ran> => world.run(["log", ...args], { env: { MAESTRO_SOCKET: world.socket_path } });
const at = (path: string): Promise<Response> => fetch(`http://maestro/log/${path}`, { unix: world.socket_path });
const headAt = async (path: string) => parseCheckpoint(parseNote(await (await at(path)).text())?.text ?? "")!;
const said = ({ stdout, stderr, code }: Ran) => ({ code, text: `${stdout}${stderr}` });
const kept = world.path("kept.json");
const key = world.path("log.vkey");

test("any log client reads it over the socket: the newest checkpoint, and a tile at every width it ever had", async () => {
  const { size } = await headAt("checkpoint");
  expect(size).toBeGreaterThan(0);
  writeFileSync(key, await (await at("log.vkey")).text());
  const whole = new Uint8Array(await (await at(`tile/0/000.p/${size}`)).arrayBuffer());
  for (let width = 1; width <= size; width++) {
    const response = await at(`tile/0/000.p/${width}`);
    expect([response.headers.get("content-type"), response.headers.get("cache-control")]).toEqual(["application/octet-stream", "public, max-age=604800, immutable"]);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(whole.slice(0, width * 32));
    expect((await headAt(`checkpoint/${width}`)).size).toBe(width);
  }
  expect((await at("checkpoint")).headers.get("content-type")).toBe("text/plain; charset=utf-8");
  for (const path of [`tile/0/000.p/${size + 1}`, "tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1", "tile/0/0", "tile/00/000.p/1", "tile/entries/000.p/0", "rotations.json", `checkpoint/${size + 1}`, "../keys/log.pem", "%2e%2e/keys/log.pem", "keys"]) {
    expect([path, (await at(path)).status]).toEqual([path, 404]);
  }
});

test("a first look takes the key from elsewhere, remembers, and the next one shows that the log only grew", async () => {
  expect(said(await log("monitor", "--key", key, "--remember", kept))).toMatchObject({ code: 0 });
  const before = JSON.parse(readFileSync(kept, "utf8")) as { size: number };
  await world.judged(repository, ["--rerun"]);
  const proof = world.path("proof");
  const looked = said(await log("monitor", "--remember", kept, "--full", "--proof", proof));
  expect(readFileSync(proof, "utf8")).toStartWith(`old ${before.size}\n`);
  expect(looked.code).toBe(0);
  expect(looked.text).toContain(`grew from ${before.size} to`);
  expect(looked.text).toContain("hash up to the signed root");
  expect((JSON.parse(readFileSync(kept, "utf8")) as { size: number }).size).toBeGreaterThan(before.size);
});

test("the key changes while the daemon runs; whoever remembers the old one follows, and evidence of before and after verifies", async () => {
  const before = await headAt("checkpoint");
  // Nothing was prepared: that is the asker's to put right, and nothing is wrong with the daemon.
  const early = said(await log("rotate", "--activate"));
  expect([early.code, early.text]).toEqual([2, expect.stringContaining("(log.next_key)")]);
  expect(early.text).toContain("run maestro log rotate --prepare first");
  const reply = oneDocument(await log("rotate", "--json")) as LogRotateReply;
  expect(reply.rotated).toMatchObject({ index: before.size });
  const later = await world.judged(repository, ["--rerun"]);
  for (const { bundle } of [old, later]) expect(said(await world.run(["verify", bundle]))).toMatchObject({ code: 0 });
  const looked = said(await log("monitor", "--remember", kept));
  expect(looked.code).toBe(0);
  expect(looked.text).toContain(`at entry ${before.size}`);
});

test("an export holds everything a stranger needs, at the newest size and at an earlier one; the log has to be what it signed", async () => {
  const rotated_at = (oneDocument(await log("monitor", "--key", key, "--json")) as { rotations: { terms: { size: number } }[] }).rotations[0]!.terms.size;
  const newest = await headAt("checkpoint");
  for (const size of [newest.size, rotated_at + 1]) {
    // With the slash that a shell completes.
    expect(said(await log("export", "--out", `${world.path(`site-${size}`)}/`, "--at", String(size)))).toMatchObject({ code: 0 });
  }
  // Whoever has only the first key is led through the change by the folder alone.
  expect(said(await log("check", "--log", world.path(`site-${rotated_at + 1}`), "--key", key))).toMatchObject({ code: 0 });
  const early = await log("export", "--out", world.path("early"), "--at", "1");
  expect(said(early).text).toContain("--checkpoint");
  expect(existsSync(world.path("early"))).toBe(false);
});

test("attack: a fork, a rollback and a swapped tile are refused with exit 1, the step, and both checkpoints; what was remembered stays", async () => {
  const site = world.path("forged");
  cpSync(join(world.state_dir, "log"), site, { recursive: true });
  const before = readFileSync(kept);
  const { size } = await headAt("checkpoint");
  writeFileSync(join(site, "checkpoint"), await (await at(`checkpoint/${size - 1}`)).text());
  const rolled = said(await log("monitor", "--remember", kept, "--log", site));
  expect(rolled.code).toBe(1);
  expect(rolled.text).toContain("step rollback");
  expect(rolled.text.match(/^--- (?:before|offered)$/gm)).toEqual(["--- before", "--- offered"]);
  writeFileSync(join(site, "checkpoint"), await (await at("checkpoint")).text());
  renameSync(join(site, `tile/0/000.p/${size}`), join(site, "swapped"));
  writeFileSync(join(site, `tile/0/000.p/${size}`), readFileSync(join(site, "swapped")).toReversed());
  const swapped = said(await log("monitor", "--remember", kept, "--log", site));
  expect(swapped.code).toBe(1);
  expect(swapped.text).toContain("step root");
  expect(readFileSync(kept)).toEqual(before);
});

test("attack: a log that nobody here knows has signed is no log of ours: exit 3", async () => {
  const site = world.path("unknown");
  cpSync(join(world.state_dir, "log"), site, { recursive: true });
  renameSync(join(site, "rotations.json"), join(site, "hidden.json"));
  const looked = said(await log("check", "--log", site, "--key", key));
  expect(looked.code).toBe(3);
  expect(looked.text).toContain("step signer");
});
