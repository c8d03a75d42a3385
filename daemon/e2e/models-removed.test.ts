/** `maestro models remove` of the model that embeds, through the socket of a served daemon: what was made with it goes, too. The engine is a small fake in the model's own process. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../proto/limits.ts";
import { fakeModel, fakeTransformers } from "../models/embedding/testing/fake-transformers.ts";
import { engines } from "../models/library/engines.ts";
import { openStore } from "../store/db.ts";
import { flipped } from "../store/testing/flipped.ts";
import { until, World } from "./testing/world.ts";

setDefaultTimeout(120_000);
let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.dispose());

const TINY = "tiny";
const code = (name: string): string => Array.from({ length: 4 }, (_, place) => `export const ${name}_${place} = compute(${place}, "${name}");`).join("\n") + "\n";
const EXAMPLES = ["exemplars.texts", "vectors.rows", "vectors.keys", "vectors.spaces"];

/** An engine folder with the fake in the version that this daemon wants. */
function engineFolder(): string {
  const folder = fakeTransformers(world.home);
  const at = join(folder, "node_modules/@huggingface/transformers/package.json");
  writeFileSync(at, readFileSync(at, "utf8").replace('"0.0.0"', JSON.stringify(engines(folder).wanted("@huggingface/transformers"))));
  return folder;
}

function configured(): Record<string, string> {
  const [config, licence] = [world.path("host.yaml"), world.path("LICENCE")];
  writeFileSync(config, ["version: 1", "trust_domain: models.example", "modes: [local]", "retention: {cache_days: 0}", `models: {embedding: ${TINY}, engine_folder: ${engineFolder()}}`, "limits: {inference: {idle_ms: 3000}}"].join("\n"), { mode: 0o600 });
  writeFileSync(licence, "do as you like");
  return { MAESTRO_CONFIG: config };
}

async function imported(): Promise<void> {
  const { folder } = fakeModel(world.home);
  writeFileSync(join(folder, "tokenizer_config.json"), "{}");
  const files = [["weights", "weights.onnx"], ["tokenizer", "tokenizer.json"], ["tokenizer-config", "tokenizer_config.json"], ["model-config", "config.json"]].flatMap(([option, name]) => [`--${option}`, join(folder, name!)]);
  const ran = await world.run(["models", "import", TINY, ...files, "--licence", world.path("LICENCE"), "--kind", "embedding", "--dimensions", "4", "--context", "12", "--licence-id", "MIT"]);
  expect([ran.code, ran.stderr]).toEqual([0, ""]);
}

/** Rows of each table, read while no daemon runs. */
async function rows(daemon: Awaited<ReturnType<World["daemon"]>>): Promise<number[]> {
  daemon.kill("SIGTERM");
  await daemon.exited;
  const store = openStore({ state_dir: world.state_dir, limits: { ...Value.Create(StoreLimits), free_bytes_min: 1 }, fatal: (reason) => { throw reason; } });
  try {
    return EXAMPLES.map((table) => (store.scanner.tables().includes(table) ? store.scanner.count(table) : 0));
  } finally {
    await store.close();
  }
}

const worker = async () => (await world.status()).models?.workers.find(({ model }) => model === TINY);

test("vectors, what indexes them and the texts they led to go with the model, at once and though one is damaged; its own bytes stay until gc, and no worker of it is left", async () => {
  const env = configured();
  const weights = join(world.state_dir, "oci/blobs/sha256", createHash("sha256").update("weights").digest("hex"));
  let daemon = await world.daemon([], env);
  await imported();
  const source = await world.changed({}, { "src/own.ts": code("own") });
  expect((await world.judged(source, ["--target", "main"])).verdict).toBe("admit");
  source.git("branch", "-f", "main", "HEAD");
  await source.commit({ "src/next.ts": code("next") }, "the next change");
  expect((await world.judged(source, ["--target", "main"])).verdict).toBe("admit");
  // Read behind the admitted change: the worker comes, and rests when there is nothing left to embed.
  await until(async () => ["ready", "ended"].includes((await worker())?.state ?? ""));
  await until(async () => (await worker())?.state === "ended");
  expect((await rows(daemon)).every((count) => count > 0)).toBe(true);

  // The disk gives a text back as nobody wrote it.
  expect(flipped(world.state_dir, code("own").trimEnd())).toBeGreaterThan(0);
  const found = await world.run(["fsck"]);
  expect([found.code, found.stdout + found.stderr]).toEqual([expect.any(Number), expect.stringMatching(/exemplars\.texts \["\d+","[0-9a-f]{64}","[0-9a-f]{64}"\]: the record's hash does not match/)]);
  expect(found.code).not.toBe(0);

  daemon = await world.daemon([], env);
  expect(await world.run(["models", "remove", TINY])).toMatchObject({ code: 0, stdout: expect.stringContaining(`${TINY} is removed`) });
  expect((await worker())?.state).not.toBe("ready");
  expect(existsSync(join(world.state_dir, "vectors")) ? readdirSync(join(world.state_dir, "vectors")) : []).toEqual([]);
  expect(await rows(daemon)).toEqual(EXAMPLES.map(() => 0));

  expect(existsSync(weights)).toBe(true);
  // Older than anything that gc leaves for its youth.
  const long_ago = new Date("2020-01-01");
  utimesSync(weights, long_ago, long_ago);
  await world.daemon([], env);
  expect((await world.run(["gc", "--apply"])).code).toBe(0);
  expect(existsSync(weights)).toBe(false);
});
