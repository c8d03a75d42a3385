/** The workers of models as a package ships them, one file each with no source of ours beside it, with the real engines: the same text and the same bits as from source. */
import { afterAll, beforeAll, expect } from "bun:test";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { EmbeddingOpened, EmbeddingReply, type EmbeddingSetup } from "../daemon/models/embedding/wire.ts";
import { Engine } from "../daemon/models/engine/index.ts";
import { createTextModels, type TextModels } from "../daemon/models/text/index.ts";
import { validatorOf } from "../daemon/platform/process/envelope.ts";
import { toBase64 } from "../proto/encoding.ts";
import { accepts, output } from "./rig/accepts.ts";
import { embedderOf } from "./rig/embedded.ts";
import { EMBEDDING_MODEL, engineFolder, openModel, TEXT_MODEL } from "./rig/models.ts";
import { limitsFor } from "./rig/text.ts";

const engines = await engineFolder();
const folder = mkdtempSync(join(tmpdir(), "maestro-model-workers-"));
const bare = join(folder, "bare");
const closing: { close(): Promise<unknown> }[] = [];
beforeAll(async () => {
  const made = join(folder, "made");
  await output([process.execPath, join(import.meta.dir, "../daemon/deb/bundle.ts"), "--out", made], { timeout_ms: 300_000 });
  mkdirSync(bare);
  for (const name of ["text-worker", "embedding-worker"]) for (const end of ["js", "js.jsc"]) copyFileSync(join(made, `${name}.${end}`), join(bare, `${name}.${end}`));
}, 300_000);
afterAll(async () => {
  await Promise.all(closing.map((one) => one.close()));
  rmSync(folder, { recursive: true, force: true });
});

const argvOf = (name: string): string[] => [process.execPath, join(bare, `${name}.js`)];

accepts(engines, "the text worker in one file says what the one from source says", async () => {
  const modelsOf = (argv?: string[]): TextModels => {
    const models = createTextModels({ models: [{ name: TEXT_MODEL }], open: () => openModel(TEXT_MODEL), engine_folder: () => join(engines.path(), "node_modules/node-llama-cpp"), limits: limitsFor(512), prefix_folder: join(folder, argv === undefined ? "source" : "bundle"), ...(argv === undefined ? {} : { argv }) });
    closing.push(models);
    return models;
  };
  const said: string[] = [];
  for (const argv of [undefined, argvOf("text-worker")]) {
    const models = modelsOf(argv);
    const { text, completion_tokens } = await models.generate({ model: TEXT_MODEL, prompt: { text: "The capital of France is" }, space: { tenant: null, task: "accept" }, max_tokens: 12, temperature: 0 });
    expect(completion_tokens).toBeGreaterThan(0);
    said.push(text);
    await models.close();
  }
  expect(said[1]).toBe(said[0] ?? "");
});

accepts(engines, "the embedding worker in one file has the very bits of the one from source", async () => {
  const model = await openModel(EMBEDDING_MODEL);
  const embedder = embedderOf(model, engines.path(), 1);
  const limits = limitsFor(512);
  const open: EmbeddingSetup = { engine_folder: engines.path(), model_folder: model.folder, weights: basename(model.files.weights ?? ""), dimensions: model.dimensions ?? 0, tokens_max: model.context_tokens, threads: 1 };
  const engine = new Engine({ what: "embedding", start: async () => ({ process: { argv: argvOf("embedding-worker"), cwd: "/", env: {} }, open }), opened: validatorOf(EmbeddingOpened), limits });
  closing.push(embedder, engine);
  const [from_source] = (await embedder.embed(["fix the null pointer in the parser"])).vectors;
  await embedder.close();
  const { vectors } = await engine.ask({ texts: ["fix the null pointer in the parser"] }, { validate: validatorOf(EmbeddingReply), deadline_ms: 120_000 });
  expect(vectors).toBe(toBase64(new Uint8Array(from_source?.buffer ?? new ArrayBuffer(0))));
});
