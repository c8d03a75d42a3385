/** Text workers on GPUs that a fake library tells of, with a package in the engine's place: who sits where, who makes room, what the answer says of it. */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { MaestroError } from "../../../proto/errors.ts";
import { InferenceLimits, WorkerLimits } from "../../../proto/limits.ts";
import type { GenerateJob } from "../../../proto/model-work.ts";
import type { LocalModel } from "../../../proto/models-config.ts";
import { SeededRandom } from "../../testing/random.ts";
import { skipWithout } from "../../testing/skip.ts";
import { createProbe, Gpus, type GpusDeps, lineOf, type Probe } from "../gpu/index.ts";
import { ggufFile, TINY } from "../gpu/testing/gguf-file.ts";
import { fakeNvml, fakePids } from "../gpu/testing/nvml.ts";
import { createTextModels, type TextModels } from "./index.ts";
import { fakeLlama } from "./testing/fake-llama.ts";
import { killed } from "./testing/kills.ts";

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;
/** Holds the small model once and not twice: its weights and context are next to nothing beside the driver's own. */
const ROOM_FOR_ONE = 700 * MiB;
setDefaultTimeout(60_000);
const withoutCompiler = skipWithout(Bun.which("cc") !== null, "text workers on GPUs: needs cc");

let folder = "";
let library = "";
const opened: TextModels[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "maestro-text-seats-"));
  writeFileSync(join(folder, "m.gguf"), ggufFile());
  if (!withoutCompiler) library = fakeNvml(folder);
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((models) => models.close()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface World {
  readonly models: TextModels;
  readonly gpus: Gpus;
  /** Questions to the driver. */
  readonly asked: () => number;
  readonly said: string[];
}
interface Options {
  readonly library?: string;
  readonly api?: "cuda" | null;
  readonly vram_bytes_max?: number;
  readonly weights?: string;
  readonly deadline_ms?: number;
  /** Models of another daemon's configuration on the same GPUs. */
  readonly beside?: Gpus;
}

function world(entries: readonly LocalModel[], { library: of = library, api = "cuda", vram_bytes_max = ROOM_FOR_ONE, weights = join(folder, "m.gguf"), deadline_ms = 50_000, beside }: Options = {}): World {
  let asked = 0;
  const said: string[] = [];
  const real = createProbe([], { library: of, smi: "/nonexistent/nvidia-smi" });
  const probe: Probe = { ...real, inventory: () => ((asked += 1), real.inventory()) };
  const limits = { ...Value.Create(WorkerLimits), ...Value.Create(InferenceLimits), context_tokens: 1_024, sequences: 1, generate_deadline_ms: deadline_ms };
  const note: GpusDeps["note"] = (one) => said.push(...[lineOf(one) ?? []].flat());
  const gpus = beside ?? new Gpus({ setting: { vram_bytes_max }, limits, ram_bytes: () => 8 * GiB, now_ms: () => performance.now(), note, probe });
  const models = createTextModels({
    models: entries,
    open: (name) => Promise.resolve({ name, kind: "text", digest: "d".repeat(64), files: { weights }, context_tokens: 2_048 }),
    engine_folder: () => fakeLlama(folder),
    limits,
    prefix_folder: join(folder, "prefixes"),
    seat: (request, signal) => gpus.seat(request, signal),
    gpu_api: () => api,
  });
  opened.push(models);
  return { models, gpus, asked: () => asked, said };
}

const job = (model: string, more: Partial<GenerateJob> = {}): GenerateJob => ({ model, prompt: { text: "hello there" }, space: { tenant: "web", task: "test" }, max_tokens: 4, temperature: 0, ...more });
const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => "answered", (error: unknown) => (error instanceof MaestroError ? error.code : String(error)));
const pidOf = (models: TextModels, model: string): number => models.status().find((one) => one.model === model)?.pid ?? 0;
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await Bun.sleep(5);
}
/** A generation that goes on until it is told to stop; resolves when its first word was heard. */
async function long(models: TextModels, model: string): Promise<{ readonly ended: Promise<string>; readonly stop: () => void }> {
  const [stop, begun] = [new AbortController(), Promise.withResolvers<void>()];
  const ended = models.generate(job(model, { prompt: { text: "⌛" }, max_tokens: 1_000 }), { signal: stop.signal, onText: () => begun.resolve() }).then(({ finish }) => finish);
  await Promise.race([begun.promise, ended]);
  return { ended, stop: () => stop.abort() };
}

test("without a GPU all is as it was: no layer, no device to see, no time of a GPU, and the driver is asked once for all starts", async () => {
  const { models, gpus, asked } = world([{ name: "a" }, { name: "b" }], { library: "/nonexistent/lib.so" });
  for (const model of ["a", "b"]) expect(await models.generate(job(model))).toMatchObject({ gpu_us: 0, placed: { device: null, layers: 0, because: "there is no GPU" } });
  expect(readFileSync(`/proc/${pidOf(models, "a")}/environ`, "utf8").split("\0")).toContain("CUDA_VISIBLE_DEVICES=");
  process.kill(pidOf(models, "a"), "SIGKILL");
  await until(() => pidOf(models, "a") === 0);
  expect((await models.generate(job("a"))).completion_tokens).toBe(4);
  expect([asked(), gpus.accounts(), models.onGpu("a")]).toEqual([1, [], false]);
});

test("an engine without a part for GPUs lies here, says what would change that, and the driver is never asked", async () => {
  const { models, asked } = world([{ name: "a" }], { api: null });
  expect((await models.generate(job("a"))).placed).toEqual({ device: null, layers: 0, because: "the engine here has no part for GPUs; maestro models setup --cuda adds it" });
  expect(asked()).toBe(0);
});

test("a model larger than this machine's memory is refused with both figures, before a process has it", async () => {
  const weights = join(folder, "huge.gguf");
  const bytes = 200 * GiB;
  writeFileSync(weights, ggufFile({ values: TINY.values, tensors: { ...TINY.tensors, "blk.0.ffn_up.weight": bytes } }, 0));
  truncateSync(weights, bytes + GiB);
  const { models, gpus } = world([{ name: "huge" }], { weights, library: "/nonexistent/lib.so" });
  const refused: unknown = await models.generate(job("huge")).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "models.memory", detail: expect.stringMatching(/^huge takes 2161\d{8} bytes of memory .* this node has \d+ for it/) });
  expect([models.status()[0]?.pid, gpus.accounts()]).toEqual([null, []]);
});

test("attack: killed again and again, at any moment of its life, a worker leaves no place taken", async () => {
  expect(await killed(40, folder, new SeededRandom("kills"))).toEqual({ answered: 0, died: 40, left: 0, most: 1 });
});

describe.skipIf(withoutCompiler)("with GPUs", () => {
  test("it sits before it starts, sees that one device, is counted by its process, and its time is a GPU's", async () => {
    const { models, gpus, said } = world([{ name: "a" }]);
    const { placed, gpu_us, prompt_us, predicted_us } = await models.generate(job("a"));
    expect(placed).toEqual({ device: "Fake A100 80GB", layers: 5, because: "all of it fits beside what is there" });
    expect([gpu_us > 0, Math.abs(gpu_us - prompt_us - predicted_us) <= 2, models.onGpu("a")]).toEqual([true, true, true]);
    const pid = pidOf(models, "a");
    expect(readFileSync(`/proc/${pid}/environ`, "utf8").split("\0")).toContain("CUDA_VISIBLE_DEVICES=GPU-00000000-1111-2222-3333-444444444444");
    writeFileSync(fakePids(folder), `0 ${pid} 450\n`);
    await gpus.refresh();
    rmSync(fakePids(folder));
    const [account] = gpus.accounts();
    expect(account).toMatchObject({ model: "a", gpu: 0, used_bytes: 450 * MiB, error_bytes: 450 * MiB - (account?.predicted_bytes ?? 0) });
    expect(said).toEqual([expect.stringMatching(/^model a takes \d+ bytes of GPU 0, all 5 layers: all of it fits beside what is there$/)]);
    await models.close();
    expect(gpus.accounts()).toEqual([]);
  });

  test("one of higher priority gets the place of one at work when that has ended, and not before; the other goes on elsewhere", async () => {
    const { models, gpus, said } = world([{ name: "low", priority: 3 }, { name: "high", priority: 7 }]);
    const { ended, stop } = await long(models, "low");
    const high = models.generate(job("high"));
    await until(() => gpus.waiting() === 1);
    // Whoever asks for it now is not answered by the process that goes.
    const next = models.generate(job("low"));
    expect(gpus.accounts().map(({ model }) => model)).toEqual(["low"]);
    stop();
    expect(await ended).toBe("cancelled");
    expect((await high).placed).toMatchObject({ device: "Fake A100 80GB", layers: 5 });
    expect(await next).toMatchObject({ gpu_us: 0, placed: { device: null, layers: 0, because: "no GPU has room for a layer of it" } });
    expect(gpus.accounts().map(({ model }) => model)).toEqual(["high"]);
    expect(models.status().map(({ deaths }) => deaths)).toEqual([0, 0]);
    expect(said.map((line) => line.replace(/\d{2,}/g, "N"))).toEqual([
      "model low takes N bytes of GPU 0, all 5 layers: all of it fits beside what is there",
      "model high waits for a GPU: models of lower priority make room when they have ended what they do; told to go: low",
      "model high takes N bytes of GPU 0, all 5 layers: all of it fits beside what is there",
      "model low lies on the processor: no GPU has room for a layer of it",
    ]);
  });

  test("idle, one makes room at once for another of its priority; its next request has it put that one out again", async () => {
    const { models, gpus, said } = world([{ name: "a" }, { name: "b" }]);
    for (const model of ["a", "b", "a"]) expect((await models.generate(job(model))).placed).toMatchObject({ device: "Fake A100 80GB", layers: 5 });
    expect(gpus.accounts().map(({ model }) => model)).toEqual(["a"]);
    expect(said.filter((line) => line.includes("put out for it"))).toEqual([expect.stringContaining("put out for it: a"), expect.stringContaining("put out for it: b")]);
  });

  test("full of one as high that is at work: it waits for a moment of rest, or until its deadline, or goes to the processor where its entry says so", async () => {
    const { models, gpus } = world([{ name: "old" }, { name: "waits" }, { name: "goes", when_full: "cpu" }]);
    const { ended, stop } = await long(models, "old");
    const waiting = models.generate(job("waits"));
    await until(() => gpus.waiting() === 1);
    expect((await models.generate(job("goes"))).placed).toEqual({ device: null, layers: 0, because: "no GPU has room for a layer of it" });
    expect(gpus.waiting()).toBe(1);
    stop();
    expect([await ended, (await waiting).placed?.layers]).toEqual(["cancelled", 5]);
    const again = await long(models, "waits");
    const late = world([{ name: "late" }], { deadline_ms: 300, beside: gpus });
    expect(await codeOf(late.models.generate(job("late")))).toBe("models.busy");
    expect(gpus.waiting()).toBe(0);
    again.stop();
    await again.ended;
  });

  test("a client that leaves while its model waits for a place leaves nothing in the line", async () => {
    const { models, gpus } = world([{ name: "old" }, { name: "new" }]);
    const { ended, stop } = await long(models, "old");
    const gone = new AbortController();
    const left = codeOf(models.generate(job("new"), { signal: gone.signal }));
    await until(() => gpus.waiting() === 1);
    gone.abort();
    expect(await left).toBe("request.cancelled");
    expect(gpus.waiting()).toBe(0);
    stop();
    await ended;
    expect((await models.generate(job("new"))).placed?.layers).toBe(5);
  });

  test("attack: a worker that is killed at work leaves its place, and nobody else's", async () => {
    const { models, gpus } = world([{ name: "a" }, { name: "b" }], { vram_bytes_max: 4 * ROOM_FOR_ONE });
    await models.generate(job("b"));
    for (let i = 0; i < 3; i++) expect(await codeOf(models.generate(job("a", { prompt: { text: "☠ and more" } })))).toBe("models.died");
    await until(() => gpus.accounts().length === 1);
    expect(gpus.accounts().map(({ model }) => model)).toEqual(["b"]);
  });
});
