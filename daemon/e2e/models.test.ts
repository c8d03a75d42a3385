/** Models through the command line of a served daemon, with files small enough to be made here. What an engine makes of real ones is the acceptance run's. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statfsSync, utimesSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import type { ModelsReply } from "../../proto/models-api.ts";
import { mayMountTiny, tinyDisk } from "../testing/faults/mounts.ts";
import { flipped } from "../store/testing/flipped.ts";
import { skipWithout } from "../testing/skip.ts";
import { until, World, type Ran } from "./testing/world.ts";

setDefaultTimeout(120_000);
const MIB = 1024 * 1024;

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.dispose());

function file(name: string, content: string | Uint8Array): string {
  const path = world.path(name);
  writeFileSync(path, content);
  return path;
}

async function stopped(daemon: Awaited<ReturnType<World["daemon"]>>): Promise<void> {
  daemon.kill("SIGTERM");
  await daemon.exited;
}

const OWN = ["--kind", "text", "--context", "64", "--licence-id", "MIT"];
const imported = (weights: string, ...more: string[]): Promise<Ran> => world.run(["models", "import", "m", "--weights", weights, "--licence", file("LICENCE", "do as you like"), ...OWN, ...more]);
const blobs = (): string => join(world.state_dir, "oci/blobs/sha256");
const incoming = (): string[] => readdirSync(join(world.state_dir, "incoming"));
const listed = async (): Promise<string[]> => (JSON.parse((await world.run(["models", "list", "--json"])).stdout) as ModelsReply).models.map(({ model }) => model.name);

test("a model is imported, stays over a restart, gc and a backup, is found damaged and mended, and goes", async () => {
  let daemon = await world.daemon();
  const weights = file("m.gguf", randomBytes(3 * MIB));
  expect(await imported(weights)).toMatchObject({ code: 0, stdout: expect.stringContaining("m  stored") });
  expect(await imported(weights)).toMatchObject({ code: 0, stdout: expect.stringContaining("was there") });
  expect((await world.run(["models", "verify"])).stdout).toContain("m  sound");
  const blob = join(blobs(), createHash("sha256").update(readFileSync(weights)).digest("hex"));
  await stopped(daemon);
  // Older than anything that gc leaves for its youth; a blob nobody names is the proof that it looked.
  const long_ago = new Date("2020-01-01");
  const stray = join(blobs(), createHash("sha256").update("stray").digest("hex"));
  writeFileSync(stray, "stray");
  for (const name of readdirSync(blobs())) utimesSync(join(blobs(), name), long_ago, long_ago);
  daemon = await world.daemon();
  expect((await world.run(["gc", "--apply"])).code).toBe(0);
  expect([existsSync(stray), existsSync(blob), await listed()]).toEqual([false, true, ["m"]]);
  const backup = world.path("backup");
  expect((await world.run(["backup", backup])).code).toBe(0);
  expect(existsSync(join(backup, "oci/blobs/sha256", createHash("sha256").update(readFileSync(weights)).digest("hex")))).toBe(true);
  const bytes = readFileSync(blob);
  bytes[9] = bytes[9]! ^ 1;
  writeFileSync(blob, bytes);
  const fsck = await world.run(["fsck"]);
  expect([fsck.code === 0, fsck.stdout.replace(/\s+/g, "")]).toEqual([false, expect.stringContaining(`sha256:${createHash("sha256").update(readFileSync(weights)).digest("hex")}`)]);
  expect(await world.run(["models", "verify", "m"])).toMatchObject({ code: 1, stdout: expect.stringContaining("m.gguf: it holds other bytes than its digest says; import the model again") });
  expect((await imported(weights)).code).toBe(0);
  expect((await world.run(["models", "verify", "m"])).code).toBe(0);
  expect((await world.run(["models", "remove", "m"])).stdout).toContain("m is removed");
  // Nothing is not sound.
  expect(await world.run(["models", "verify"])).toMatchObject({ code: 2, stderr: expect.stringContaining("nothing was verified") });
  expect([await listed(), (await world.run(["models", "verify", "m", "--json"])).stdout]).toEqual([[], expect.stringContaining("models.unknown")]);
  await stopped(daemon);
});

test("bad luck: a model whose record is damaged is listed as that, passes no look at all of them, and can be taken in again after a repair", async () => {
  let daemon = await world.daemon();
  const weights = file("hit.gguf", "weights");
  const take = () => world.run(["models", "import", "hit", "--weights", weights, "--licence", file("LICENCE", "do as you like"), ...OWN]);
  expect([(await take()).code, (await imported(weights)).code]).toEqual([0, 0]);
  await stopped(daemon);
  expect(flipped(world.state_dir, "\xa4name\xa3hit")).toBeGreaterThan(0);
  daemon = await world.daemon();
  const { stdout } = await world.run(["models", "list"]);
  expect(stdout.split("\n").filter((line) => /^\S/.test(line)).slice(0, 2)).toEqual([expect.stringMatching(/^m {2}text/), expect.stringMatching(/^hit {2}DAMAGED: .*maestro fsck --repair/)]);
  expect(await world.run(["models", "verify"])).toMatchObject({ code: 70, stderr: expect.stringContaining('key "hit"') });
  expect((await world.run(["models", "verify", "m"])).code).toBe(0);
  await stopped(daemon);
  expect((await world.run(["fsck", "--repair"])).stdout).toContain("table models: 1 records refused; 1 kept");
  daemon = await world.daemon();
  expect([await listed(), (await take()).code, await listed(), (await world.run(["models", "verify"])).code]).toEqual([["m"], 0, ["hit", "m"], 0]);
  await stopped(daemon);
});

test("attack: no licence, an empty one, no kind, a name of the lock with other bytes, a folder for a file: refused in words, and nothing is stored", async () => {
  await world.daemon();
  const weights = file("m.gguf", "weights");
  const licence = file("LICENCE", "text");
  const before = readdirSync(blobs());
  const tried: readonly (readonly [argv: readonly string[], said: string])[] = [
    [["m", "--weights", weights, ...OWN], "--licence FILE"],
    [["m", "--weights", weights, "--licence", file("empty", ""), ...OWN], "is empty"],
    [["m", "--weights", weights, "--licence", licence], "--kind text|embedding|adapter"],
    [["m", "--weights", world.home, "--licence", licence, ...OWN], "is no file"],
    [["M/../m", "--weights", weights, "--licence", licence, ...OWN], "does not fit"],
    [["minilm-l6-v2-int8", "--weights", weights, "--tokenizer", weights, "--licence", licence], "model_quantized.onnx has 7 bytes as weights; the lock says 22928619"],
    [["minilm-l6-v2-int8", "--weights", weights, "--licence", licence], "needs --tokenizer FILE: tokenizer.json, SHA-256 be50c362"],
  ];
  for (const [argv, said] of tried) {
    const ran = await world.run(["models", "import", ...argv]);
    expect([ran.code, ran.stderr.replace(/\s+/g, " ")]).toEqual([2, expect.stringContaining(said)]);
  }
  expect([readdirSync(blobs()), incoming(), await listed()]).toEqual([before, [], []]);
});

test("attack: a client that is gone in the middle of an upload leaves nothing", async () => {
  await world.daemon();
  const before = readdirSync(blobs());
  const head = JSON.stringify({ name: "m", origin: "file", said: { kind: "text", licence: { id: "MIT", summary: "MIT" }, context_tokens: 64, template: "none", quantisation: "", memory_bytes: 0 }, files: [{ role: "weights", name: "m.gguf", bytes: 9 * MIB }, { role: "licence", name: "LICENCE", bytes: 4 }] });
  const socket = net.connect(world.socket_path);
  socket.on("error", () => undefined);
  socket.write(`POST /v1/models/imports HTTP/1.1\r\nhost: m\r\ncontent-type: application/octet-stream\r\ncontent-length: ${head.length + 1 + 9 * MIB + 4}\r\n\r\n${head}\n`);
  socket.write(randomBytes(2 * MIB));
  await until(() => incoming().length > 0);
  socket.destroy();
  await until(() => incoming().length === 0);
  expect([readdirSync(blobs()), await listed()]).toEqual([before, []]);
});

describe.skipIf(skipWithout(mayMountTiny(), "this user may not mount a tmpfs, so no state folder was filled"))("a full disk", () => {
  test("attack: a model that does not fit is refused for want of room, leaves nothing, and a smaller one is taken", async () => {
    using _disk = tinyDisk(world.state_dir, 32 * MIB);
    const daemon = await world.daemon();
    const before = readdirSync(blobs());
    const { bavail, bsize } = statfsSync(world.state_dir);
    const full = await imported(file("big.gguf", new Uint8Array(bavail * bsize + MIB)), "--json");
    expect([full.code === 0, full.stdout]).toEqual([false, expect.stringContaining("store.no_space")]);
    expect([readdirSync(blobs()), incoming(), await listed()]).toEqual([before, [], []]);
    expect((await imported(file("m.gguf", "small"))).code).toBe(0);
    await stopped(daemon);
  });
});
