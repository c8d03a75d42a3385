/** Adapters with the real engine: one that is used changes the text, one that is not changes nothing, and one that does nothing is refused. */
import { afterAll, expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTextModels } from "../daemon/models/text/index.ts";
import { SeededRandom } from "../daemon/testing/random.ts";
import { MaestroError } from "../proto/errors.ts";
import type { Adapter } from "../proto/model-work.ts";
import { accepts } from "./rig/accepts.ts";
import { adapterFile } from "./rig/adapter-file.ts";
import { engineFolder, openModel, TEXT_MODEL } from "./rig/models.ts";
import { limitsFor } from "./rig/text.ts";

const folder = mkdtempSync(join(tmpdir(), "maestro-adapters-"));
const engine = await engineFolder();

const ADAPTERS: Record<string, Buffer> = {};
for (const name of ["one", "two", "three", "four"]) ADAPTERS[name] = adapterFile({ random: new SeededRandom(name) });
ADAPTERS["zero"] = adapterFile({});
ADAPTERS["other-model"] = adapterFile({ random: new SeededRandom("other"), input: 512 });
ADAPTERS["cut"] = adapterFile({ random: new SeededRandom("cut") }).subarray(0, 3_000);
ADAPTERS["text"] = Buffer.from("not a GGUF file\n".repeat(100));
ADAPTERS["empty"] = adapterFile({ layers: 0 });

const models = createTextModels({
  models: [{ name: TEXT_MODEL }],
  async open(name) {
    if (name === TEXT_MODEL) return openModel(TEXT_MODEL);
    const bytes = ADAPTERS[name];
    if (bytes === undefined) throw new MaestroError("models.unknown", name);
    const weights = join(folder, `${name}.gguf`);
    await Bun.write(weights, bytes);
    return { name, kind: "adapter", base: TEXT_MODEL, digest: new Bun.CryptoHasher("sha256").update(bytes).digest("hex"), files: { weights }, context_tokens: 1 };
  },
  engine_folder: () => join(engine.path(), "node_modules/node-llama-cpp"),
  limits: limitsFor(512),
  prefix_folder: folder,
});
afterAll(async () => {
  await models.close();
  rmSync(folder, { recursive: true });
});

const PROMPT = "Once upon a time there was a small mill by the river. The miller was";
const said = async (adapters: readonly Adapter[] = []): Promise<string> =>
  (await models.generate({ model: TEXT_MODEL, prompt: { text: PROMPT }, space: { tenant: null, task: "accept" }, max_tokens: 16, temperature: 1, seed: 7, adapters: [...adapters] })).text;
const codeOf = async (asked: Promise<unknown>): Promise<string> => asked.then(() => "none", (error) => (error instanceof MaestroError ? error.code : String(error)));

accepts(engine, "an adapter changes the text, each its own way and again the same; at scale 0, and after it, the text is the model's own", async () => {
  const base = await said();
  const one = await said([{ name: "one", scale: 1 }]);
  const two = await said([{ name: "two", scale: 1 }]);
  expect(new Set([base, one, two]).size).toBe(3);
  expect(await said([{ name: "one", scale: 0 }])).toBe(base);
  expect(await said()).toBe(base);
  expect(await said([{ name: "one", scale: 1 }])).toBe(one);
  expect(await Promise.all([said([{ name: "two", scale: 1 }]), said(), said([{ name: "one", scale: 1 }])])).toEqual([two, base, one]);
});

accepts(engine, "more adapters than are kept at once take turns, and each gives what it gave", async () => {
  const names = ["one", "two", "three", "four"];
  const all = (): Promise<string[]> => Promise.all(names.map((name) => said([{ name, scale: 1 }])));
  const alone: string[] = [];
  for (const name of names) alone.push(await said([{ name, scale: 1 }]));
  // Some random changes end in the same rut at temperature 0; drawn with a seed, another word shows another model.
  expect(new Set(alone).size).toBe(names.length);
  expect(await all()).toEqual(alone);
  expect(await all()).toEqual(alone);
  expect(await said([{ name: "one", scale: 1 }, { name: "two", scale: 1 }])).not.toBe(alone[0] ?? "");
});

accepts(engine, "an adapter that changes nothing, is of another model, is broken or is not there is refused, and the next request is answered by the same process", async () => {
  const base = await said();
  const { pid } = models.status()[0] ?? {};
  for (const name of ["zero", "empty", "other-model", "cut", "text", "absent"]) expect([name, await codeOf(said([{ name, scale: 1 }]))]).toEqual([name, "models.adapter"]);
  expect(await said()).toBe(base);
  expect(models.status()[0]).toMatchObject({ pid, deaths: 0 });
});
