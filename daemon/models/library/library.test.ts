/** The library over a real store, with models small enough to be made here. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../../proto/config.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { ImportHead } from "../../../proto/models-api.ts";
import { openArtifacts, type Artifacts } from "../../store/artifacts.ts";
import { openStore, type Store } from "../../store/db.ts";
import { flipped } from "../../store/testing/flipped.ts";
import { openModels, type ModelTable } from "../../store/models.ts";
import { openLibrary, type ModelLibrary } from "./index.ts";
import { lockedModel, lockedNames } from "./lock.ts";

let dir: string;
let store: Store;
let artifacts: Artifacts;
let library: ModelLibrary;
let table: ModelTable;
/** Name, whether no other stands for the bytes, who stands in the table then, whether its files lie there still. */
const forgotten: [string, boolean, string[], boolean][] = [];
const limits = { file_bytes_max: 1_000, import_idle_ms: 2_000 };

async function open(): Promise<void> {
  const opening = { state_dir: dir, limits: Value.Create(StoreLimits) };
  store = openStore({ ...opening, fatal: () => undefined });
  artifacts = await openArtifacts(opening);
  table = openModels(store);
  library = openLibrary({ state_dir: dir, models: table, blobs: artifacts.blobs, limits, now_s: () => 1_700_000_000, requireWritable: () => undefined, forget: async ({ name }, last) => void forgotten.push([name, last, table.all().map((one) => one.name), last && existsSync(join(dir, "models"))]) });
}
beforeEach(async () => {
  forgotten.length = 0;
  dir = mkdtempSync(join(tmpdir(), "maestro-models-"));
  await open();
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A table in which nothing may be written. */
const EMPTY: ModelTable = { get: () => undefined, all: () => [], damaged: () => [], count: () => 0, put: () => Promise.reject(new Error("put")), remove: () => Promise.resolve(false), *referred() {} };

type Sent = readonly (readonly [role: ImportHead["files"][number]["role"], name: string, text: string])[];
const WHOLE: Sent = [["weights", "m.gguf", "weights of m"], ["licence", "LICENCE", "do as you like"]];
const SAID = { kind: "text", licence: { id: "MIT", summary: "MIT" }, context_tokens: 64, template: "none", quantisation: "", memory_bytes: 0 } as const;
const headOf = (files: Sent, more: Partial<ImportHead> = {}): ImportHead => ({ name: "m", origin: "file", said: SAID, files: files.map(([role, name, text]) => ({ role, name, bytes: text.length })), ...more });

/** In pieces of three bytes, so that no file ends where a piece does. */
async function* streamOf(text: string): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < text.length; at += 3) yield Buffer.from(text.slice(at, at + 3));
}
const send = (files: Sent, more: Partial<ImportHead> = {}, body = files.map(([, , text]) => text).join("")) => library.import(headOf(files, more), streamOf(body));
const codeOf = (work: Promise<unknown>): Promise<unknown> => work.then(() => "nothing was thrown", (error: unknown) => (error instanceof MaestroError ? error.code : error));
const blobs = (): string[] => readdirSync(join(dir, "oci/blobs/sha256"));
const blobOf = (text: string): string => join(dir, "oci/blobs/sha256", createHash("sha256").update(text).digest("hex"));

test("a model is taken in, listed, opened as links to its blobs, and removed; its record outlives a restart", async () => {
  const { model, was_there } = await send(WHOLE);
  expect([was_there, model.digest, model.licence_id, model.files.map(({ role, name }) => [role, name])]).toEqual([false, expect.stringMatching(/^[0-9a-f]{64}$/), "MIT", [["weights", "m.gguf"], ["licence", "LICENCE"]]]);
  await store.close();
  await open();
  const { folder, files, digest } = await library.open("m");
  expect([digest, readdirSync(folder).sort(), readFileSync(files.weights!, "utf8")]).toEqual([model.digest, ["LICENCE", "m.gguf"], "weights of m"]);
  expect(statSync(files.weights!).ino).toBe(statSync(blobOf("weights of m")).ino);
  expect(await library.verify("m")).toMatchObject({ sound: true, digest });
  expect(library.list().map((one) => [one.model.name, one.locked])).toEqual([["m", false]]);
  expect([await library.remove("m"), await library.remove("m"), existsSync(folder), library.list()]).toEqual([true, false, false, []]);
  expect(await codeOf(library.open("m"))).toBe("models.unknown");
});

test("the same model again mends what is there; another one under its name is refused and leaves nothing", async () => {
  const first = await send(WHOLE);
  const before = blobs().length;
  expect(await send(WHOLE)).toEqual({ model: first.model, was_there: true });
  expect(await codeOf(send([["weights", "m.gguf", "other weights"], WHOLE[1]!]))).toBe("models.refused");
  expect([blobs().length, readdirSync(join(dir, "incoming"))]).toEqual([before, []]);
});

test("one body holds it all: a line that says what follows, and the files", async () => {
  const line = JSON.stringify(headOf(WHOLE));
  expect((await library.importBody(streamOf(`${line}\nweights of mdo as you like`))).model.name).toBe("m");
  const bad = [["not json", "request.malformed"], [JSON.stringify({ ...headOf(WHOLE), more: 1 }), "request.malformed"], ["x".repeat(70_000), "models.refused"], ["", "models.refused"]] as const;
  for (const [text, code] of bad) expect(await codeOf(library.importBody(streamOf(text === "" ? "" : `${text}\n`)))).toBe(code);
});

const BAD: readonly (readonly [why: string, code: string, work: () => Promise<unknown>])[] = [
  ["no licence", "models.refused", () => send([WHOLE[0]!])],
  ["no weights", "models.refused", () => send([WHOLE[1]!])],
  ["two weights", "models.refused", () => send([WHOLE[0]!, ["weights", "n.gguf", "n"], WHOLE[1]!])],
  ["two files of one name", "models.refused", () => send([WHOLE[0]!, ["licence", "m.gguf", "x"]])],
  ["a stream that ends early", "models.refused", () => send(WHOLE, {}, "weights of m" + "do as")],
  ["a stream that goes on", "models.refused", () => send(WHOLE, {}, "weights of mdo as you like!")],
  ["a sender that is gone", "request.cancelled", () => library.import(headOf(WHOLE), (async function* () {
    yield Buffer.from("weights");
    throw new MaestroError("request.cancelled", "gone");
  })())],
  ["a file over the limit", "request.too_large", () => send([["weights", "m.gguf", "x".repeat(1_001)], WHOLE[1]!])],
  ["an embedding without dimensions", "models.refused", () => send(WHOLE, { said: { ...SAID, kind: "embedding" } })],
  ["an adapter of no model", "models.refused", () => send(WHOLE, { said: { ...SAID, kind: "adapter" } })],
  ["nothing said of a name that no lock has", "models.refused", () => library.import({ name: "m", origin: "file", files: headOf(WHOLE).files }, streamOf(""))],
  ["a person's word on a name of the lock", "models.refused", () => send(WHOLE, { name: "minilm-l6-v2-int8" })],
];
for (const [why, code, work] of BAD) {
  test(`attack: ${why} is refused, and nothing is left of it`, async () => {
    const before = blobs();
    expect([await codeOf(work()), library.list(), blobs(), readdirSync(join(dir, "incoming"))]).toEqual([code, [], before, []]);
  });
}

test("attack: a sender that hangs is refused after import_idle_ms, and nothing is left of it", async () => {
  const hanging = openLibrary({ state_dir: dir, models: EMPTY, blobs: artifacts.blobs, limits: { ...limits, import_idle_ms: 20 }, now_s: () => 0, requireWritable: () => undefined, forget: () => Promise.resolve() });
  const never = (async function* (): AsyncGenerator<Uint8Array, void> {
    yield Buffer.from("wei");
    await new Promise(() => undefined);
  })();
  expect([await codeOf(hanging.import(headOf(WHOLE), never)), readdirSync(join(dir, "incoming"))]).toEqual(["models.refused", []]);
});

test("attack: bytes that are not the lock's are refused by their digest, whoever names them so", async () => {
  const tiny: Sent = [["weights", "model_quantized.onnx", "not those"], ["licence", "LICENSE", "x"]];
  expect(await codeOf(library.import({ name: "minilm-l6-v2-int8", origin: "file", files: headOf(tiny).files }, streamOf("")))).toBe("models.refused");
  // The right lengths, and one wrong byte: what the tokenizer of another model looks like.
  const { files } = lockedModel("minilm-l6-v2-int8")!;
  const config = readFileSync(join(import.meta.dir, "shipped/minilm-l6-v2-int8/config.json"), "utf8");
  const sent = files.filter(({ role }) => role === "config").map(({ role, name, bytes }) => ({ role, name, bytes }));
  const rest = files.filter(({ role }) => role !== "config").map(({ role, name, bytes }) => ({ role, name, bytes }));
  const big = openLibrary({ state_dir: dir, models: EMPTY, blobs: artifacts.blobs, limits: { file_bytes_max: 2 ** 30, import_idle_ms: 2_000 }, now_s: () => 0, requireWritable: () => undefined, forget: () => Promise.resolve() });
  const failure = await big.import({ name: "minilm-l6-v2-int8", origin: "file", files: [...sent, ...rest] }, streamOf(config.replace("bert", "best"))).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "models.refused", detail: expect.stringContaining("config.json is ") });
});
test("attack: the bytes change behind the store, by a write, a cut, a link in the place of the file or of the blob: not opened, and verify names the file", async () => {
  await send(WHOLE);
  const opened = await library.open("m");
  const weights = opened.files.weights!;
  const stamp = statSync(weights);
  writeFileSync(blobOf("weights of m"), "weights of n");
  utimesSync(weights, stamp.atime, stamp.mtime);
  expect(await codeOf(library.open("m"))).toBe("models.corrupt");
  expect((await library.verify("m")).files.map(({ name, problem }) => [name, problem === null])).toEqual([["m.gguf", false], ["LICENCE", true]]);
  await send(WHOLE);
  expect(readFileSync((await library.open("m")).files.weights!, "utf8")).toBe("weights of m");
  truncateSync(blobOf("weights of m"), 3);
  expect(await codeOf(library.open("m"))).toBe("models.corrupt");
  await send(WHOLE);
  writeFileSync(join(dir, "elsewhere"), "weights of m");
  unlinkSync(weights);
  symlinkSync(join(dir, "elsewhere"), weights);
  expect(statSync((await library.open("m")).files.weights!).ino).toBe(statSync(blobOf("weights of m")).ino);
  unlinkSync(blobOf("weights of m"));
  symlinkSync(join(dir, "elsewhere"), blobOf("weights of m"));
  expect(await codeOf(library.open("m"))).toBe("models.corrupt");
});

test("attack: a file beside the model's own, which an engine would read, is gone when it is opened", async () => {
  await send(WHOLE);
  const { folder } = await library.open("m");
  writeFileSync(join(folder, "generation_config.json"), "{}");
  await library.open("m");
  expect(readdirSync(folder).sort()).toEqual(["LICENCE", "m.gguf"]);
});

test("attack: what was made with a model outlives it: it is forgotten with its last name, after the name and before its files, and once more before it comes back", async () => {
  const { model } = await send(WHOLE);
  expect(forgotten.splice(0)).toEqual([["m", true, [], false]]);
  await library.open("m");
  await send(WHOLE, { name: "n" });
  expect(forgotten.splice(0)).toEqual([["n", false, ["m"], false]]);
  await library.remove("n");
  expect(forgotten.splice(0)).toEqual([["n", false, ["m"], false]]);
  await library.remove("m");
  expect(forgotten.splice(0)).toEqual([["m", true, [], true]]);
  expect(existsSync(join(dir, "models", model.digest))).toBe(false);
  // What stands is not forgotten by mending it.
  await send(WHOLE);
  forgotten.length = 0;
  await send(WHOLE);
  expect(forgotten).toEqual([]);
});

test("bad luck: the disk gives the record of a model back as nobody wrote it: others are removed, listed and opened, its bytes stay for fsck", async () => {
  for (const name of ["m", "hit"]) await send([["weights", "m.gguf", `weights of ${name}`], WHOLE[1]!], { name });
  const locked = lockedNames()[0]!;
  await table.put({ ...library.get("hit"), name: locked });
  await store.close();
  expect(flipped(dir, "\xa4name\xa3hit")).toBeGreaterThan(0);
  expect(flipped(dir, `\xa4name${String.fromCharCode(0xa0 + locked.length)}${locked}`)).toBeGreaterThan(0);
  await open();
  forgotten.length = 0;
  expect([store.scanner.slice("models", undefined, 9).damaged.map(({ key }) => key), library.list().map(({ model }) => model.name)]).toEqual([[JSON.stringify(locked), '"hit"'].sort(), ["m"]]);
  // What cannot be read is here: nobody is told to obtain it.
  expect([library.damaged(), library.obtainable()]).toEqual([["hit", locked].sort(), lockedNames().slice(1)]);
  const { folder } = await library.open("m");
  expect([await library.remove("m"), forgotten, existsSync(folder)]).toEqual([true, [["m", true, [], true]], false]);
  expect([await codeOf(library.open("hit")), await codeOf(library.remove("hit"))]).toEqual(["store.corrupt", "store.corrupt"]);
  // What gc asks: it removes nothing then.
  expect(() => [...table.referred()]).toThrow("run `maestro fsck`");
});

test("whoever opens a model while it is being looked at waits for the same look", async () => {
  await send(WHOLE);
  const [one, two] = await Promise.all([library.open("m"), library.open("m")]);
  expect(one).toBe(two);
});

test("bad luck: a daemon ends between a model's record and its folder; its links and the states of its prompts go with the next look", async () => {
  const { model } = await send(WHOLE);
  await send([["weights", "n.gguf", "weights of n"], WHOLE[1]!], { name: "n" });
  const [kept, left] = [(await library.open("m")).folder, (await library.open("n")).folder];
  const states = [model.digest, basename(left)].map((digest) => join(dir, "prefixes", digest));
  for (const folder of states) mkdirSync(folder, { recursive: true });
  await table.remove("n");
  await store.close();
  await open();
  await library.open("m");
  expect([kept, left, ...states].map((folder) => existsSync(folder))).toEqual([true, false, true, false]);
  await library.remove("m");
  expect([kept, states[0]!].map((folder) => existsSync(folder))).toEqual([false, false]);
});

test("attack: a model is removed while it is looked at: it is not handed out, and its folder does not stay", async () => {
  await send(WHOLE);
  const [opened, removed] = await Promise.all([codeOf(library.open("m")), library.remove("m")]);
  expect([opened, removed, readdirSync(join(dir, "models"))]).toEqual(["models.unknown", true, []]);
});
