/** Witnessing with other people's halves of it: Tessera's log asks our witness, and Go's note packages read what ours and theirs cosigned. */
import { afterAll, beforeAll, describe, expect } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toBase64, toHex } from "../proto/encoding.ts";
import { openKeys } from "../daemon/evidence/keys/index.ts";
import { until, World } from "../daemon/e2e/testing/world.ts";
import { socketProxy, type SocketProxy } from "../daemon/witness/testing/proxy.ts";
import { publicKeyFromRaw } from "../daemon/verifier/keys.ts";
import { noteKey, verifierKeyText } from "../daemon/verifier/note.ts";
import { accepts, run } from "./rig/accepts.ts";
import { cosigcheck, oneshot } from "./rig/tools.ts";

const log = await oneshot();
const check = await cosigcheck();
const work = mkdtempSync(join(tmpdir(), "maestro-accept-witness-"));
const witness = new World();
const node = new World();
let proxy: SocketProxy;
let vkey = "";
let witness_vkey = "";
let node_vkey = "";

/** A note key as Go's tools write the private half: name, id, and 0x01 with the seed behind it. */
function goKey(name: string): { secret: string; public: string } {
  const { privateKey } = generateKeyPairSync("ed25519");
  const { d = "", x = "" } = privateKey.export({ format: "jwk" });
  const key = publicKeyFromRaw("ed25519", new Uint8Array(Buffer.from(x, "base64url")));
  if (key === null) throw new Error("no key");
  const made = noteKey(name, key);
  return { secret: `PRIVATE+KEY+${name}+${toHex(made.hash.subarray(0, 4))}+${toBase64(Buffer.concat([Uint8Array.of(1), Buffer.from(d, "base64url")]))}`, public: verifierKeyText(made) };
}

const start = (world: World, config: string) => {
  const path = world.path("host.yaml");
  writeFileSync(path, `version: 1\ntrust_domain: local\nmodes: [local]\n${config}`);
  return world.daemon(["--config", path]);
};

beforeAll(async () => {
  const key = goKey("tessera.example/log");
  vkey = key.public;
  writeFileSync(join(work, "log.key"), key.secret);
  node_vkey = verifierKeyText(openKeys({ state_dir: node.state_dir, now: new Date(), trust_domain: null }).log_note);
  await start(witness, `witness: { name: witness.example/maestro, logs: ${JSON.stringify([vkey, node_vkey])} }\n`);
  witness_vkey = (await witness.client.witnesses()).own?.key ?? "";
  proxy = await socketProxy(witness.socket_path);
  writeFileSync(join(work, "policy"), `witness w ${witness_vkey} ${proxy.url}\nquorum w\n`);
}, 120_000);
afterAll(async () => {
  proxy?.close();
  await Promise.all([witness.dispose(), node.dispose()]);
  rmSync(work, { recursive: true, force: true });
});

/** A process of its own each time, which knows nothing of what the witness saw: the second one is told by a 409. */
async function append(round: number, policy = "policy"): Promise<{ code: number | null; output: string }> {
  const entries = join(work, `entries-${round}`);
  mkdirSync(entries);
  for (let i = 0; i < 3; i++) writeFileSync(join(entries, String(i)), `round ${round}, entry ${i}`);
  const { code, stdout, stderr } = await run([log.path(), `--storage_dir=${join(work, "log")}`, `--entries=${entries}/*`, `--private_key=${join(work, "log.key")}`, `--witness_policy_file=${join(work, policy)}`, "--witness_timeout=20s"], { timeout_ms: 60_000 });
  return { code, output: `${stdout}${stderr}` };
}
const checked = (path: string, log_vkey: string) => run([check.path(), path, log_vkey, witness_vkey], { timeout_ms: 20_000 });

describe("Tessera's log", () => {
  accepts(log, "gets a cosignature from our witness, goes on from the size that a 409 tells it, and Go's note package counts it", async () => {
    for (const round of [1, 2]) {
      expect((await append(round)).code).toBe(0);
      const { code, stdout } = await checked(join(work, "log/checkpoint"), vkey);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^witness\.example\/maestro \d+\n$/);
    }
    const [seen] = (await witness.client.witnesses()).own?.logs ?? [];
    expect(seen).toMatchObject({ origin: "tessera.example/log", size: 6 });
    const hash = new Bun.CryptoHasher("sha256").update("tessera.example/log").digest("hex");
    const served = await (await fetch(`${proxy.url}/${hash}/checkpoint`)).text();
    expect(served).toContain("tessera.example/log\n6\n");
  });
});

describe("Go's note package with transparency-dev's cosignature verifier", () => {
  accepts(check, "reads the witnessed checkpoint of a Maestro node, and refuses it with one bit turned", async () => {
    await start(node, `witnesses: [{ name: w, url: "${proxy.url}", vkey: "${witness_vkey}" }]\n`);
    const repository = await node.repository({ "a.ts": "export const a = 1;\n" });
    expect((await node.judged(repository)).code).toBe(0);
    await until(async () => (await node.client.witnesses()).witnessed !== null);
    const path = join(node.state_dir, "log/checkpoint.witnessed");
    expect((await checked(path, node_vkey)).stdout).toMatch(/^witness\.example\/maestro \d+\n$/);
    const turned = readFileSync(path, "utf8").split("\n");
    const line = turned.length - 2;
    turned[line] = `${turned[line]!.slice(0, -6)}${turned[line]!.at(-6) === "A" ? "B" : "A"}${turned[line]!.slice(-5)}`;
    writeFileSync(join(work, "turned"), turned.join("\n"));
    expect((await checked(join(work, "turned"), node_vkey)).code).not.toBe(0);
  });
});
