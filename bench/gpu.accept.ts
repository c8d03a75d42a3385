/**
 * Memory that is promised against memory that is taken: on the processor with the real model and engine, through a fake of NVIDIA's library, and on a
 * real GPU where one answers. Where none does, that item is not there: a line says so, and nothing of it counts as shown.
 */
import { afterAll, expect } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createProbe, Gpus, type Seat } from "../daemon/models/gpu/index.ts";
import { fakeNvml } from "../daemon/models/gpu/testing/nvml.ts";
import { engines } from "../daemon/models/library/engines.ts";
import { createTextModels, type TextModels } from "../daemon/models/text/index.ts";
import { freeMemoryBytes } from "../daemon/platform/kernel/memory.ts";
import type { GenerateJob } from "../proto/model-work.ts";
import { accepts } from "./rig/accepts.ts";
import { measureGpu, unmeasurable } from "./rig/gpu-measure.ts";
import type { GpuRun } from "./rig/gpu-run.ts";
import { engineFolder, openModel, TEXT_MODEL } from "./rig/models.ts";
import { limitsFor } from "./rig/text.ts";

const GiB = 1024 ** 3;
const MiB = 1024 ** 2;
const RUN = join(import.meta.dir, "rig/gpu-run.ts");
const scratch = mkdtempSync(join(tmpdir(), "maestro-gpu-accept-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const probe = createProbe();
const seen = await probe.inventory();
const gpus = new Gpus({ setting: null, limits: { vram_spare_bytes: 512 * MiB, line_max: 4, memory_bytes_max: 8 * GiB }, ram_bytes: () => 8 * GiB, now_ms: Date.now, note: () => undefined, probe });

/** What one process with the model on the processor takes, and what it was said to take. */
async function ran(context_tokens: number, sequences: number): Promise<{ readonly seat: Seat; readonly run: GpuRun }> {
  const [{ digest, files }, engine] = [await openModel(TEXT_MODEL), (await engineFolder()).path()];
  const weights = files.weights ?? "";
  const seat = await gpus.seat({ model: TEXT_MODEL, digest, weights, context_tokens, context_min: 256, sequences, priority: 5, gpu: false, waits: false });
  const child = Bun.spawn([process.execPath, RUN, engine, weights, String(context_tokens), String(sequences)], { env: { PATH: "/usr/local/bin:/usr/bin:/bin", ...seat.plan.env }, stdin: "pipe", stdout: "pipe", stderr: "ignore" });
  try {
    const first = await child.stdout.getReader().read();
    return { seat, run: JSON.parse(Buffer.from(first.value ?? []).toString("utf8")) as GpuRun };
  } finally {
    child.kill("SIGKILL");
    await child.exited;
    seat.release();
  }
}

accepts({ name: "node-llama-cpp", version: "cpu" }, "what a model is said to take of memory is what it takes at least, and not twice of it", async () => {
  for (const [context, sequences] of [[1_024, 2], [4_096, 4]] as const) {
    const { seat: { plan }, run: { resident_bytes } } = await ran(context, sequences);
    process.stdout.write(`gpu: predicted ${plan.ram_bytes}, resident ${resident_bytes} bytes at ${sequences} x ${context} tokens\n`);
    expect(plan.layers).toBe(0);
    expect(plan.ram_bytes).toBeGreaterThan(resident_bytes);
    expect(plan.ram_bytes).toBeLessThan(2 * resident_bytes);
  }
});

/** The text worker with the real engine, which has no part for GPUs here, on the two GPUs of the fake library. */
async function workerOn(api: "cuda" | "vulkan" | null, look: (models: TextModels, fakes: Gpus) => Promise<void>): Promise<void> {
  const engine = (await engineFolder()).path();
  const limits = { ...limitsFor(1_024), sequences: 1 };
  const fakes = new Gpus({ setting: null, limits, ram_bytes: freeMemoryBytes, now_ms: Date.now, note: () => undefined, probe: createProbe([], { library: fakeNvml(scratch) }) });
  const models = createTextModels({ models: [{ name: TEXT_MODEL }], open: openModel, engine_folder: () => join(engine, "node_modules/node-llama-cpp"), limits, prefix_folder: join(scratch, "prefixes"), seat: (request, signal) => fakes.seat(request, signal), gpu_api: () => api });
  try {
    await look(models, fakes);
  } finally {
    await models.close();
  }
  expect(fakes.accounts()).toEqual([]);
}
const hello: GenerateJob = { model: TEXT_MODEL, prompt: { text: "The capital of France is" }, space: { tenant: null, task: "accept" }, max_tokens: 8, temperature: 0 };

accepts({ name: "node-llama-cpp", version: "cpu" }, "an engine without a part for GPUs is given no layer and shown no device, whatever the driver tells of; the answer says why", async () => {
  const { gpus: parts } = engines((await engineFolder()).path());
  expect(parts()).toEqual([]);
  await workerOn(parts()[0] ?? null, async (models, fakes) => {
    expect((await fakes.inventory()).devices.map(({ name }) => name)).toEqual(["Fake A100 80GB", "Fake T4"]);
    expect(await models.generate(hello)).toMatchObject({ gpu_us: 0, placed: { device: null, layers: 0, because: expect.stringContaining("maestro models setup --cuda") } });
    const env = readFileSync(`/proc/${models.status()[0]?.pid}/environ`, "utf8").split("\0");
    expect(env).toContain("CUDA_VISIBLE_DEVICES=");
    expect(fakes.accounts()).toEqual([]);
  });
});

accepts({ name: "node-llama-cpp", version: "cpu" }, "told to use a GPU that it cannot use, the engine refuses: nothing of the processor is taken for a GPU's, and its place is free again", async () => {
  await workerOn("cuda", async (models, fakes) => {
    const refused: unknown = await models.generate(hello).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "models.load", detail: expect.stringMatching(/the engine/) });
    const [note] = fakes.notes();
    expect(note?.decision).toMatchObject({ kind: "place", fit: { layers: 19 } });
    expect(models.onGpu(TEXT_MODEL)).toBe(true);
  });
});

if (unmeasurable(seen) !== null) {
  process.stdout.write(`accept: gpu none: tokens a second, accounting error and utilisation on a real GPU: NOT SHOWN (${unmeasurable(seen)})\n`);
} else {
  accepts({ name: "NVIDIA driver", version: seen.driver ?? "unknown" }, "on a real GPU: faster than here, counted within what was promised, and the device at work", async () => {
    const { here, there, account, utilisation } = await measureGpu();
    process.stdout.write(`gpu: ${JSON.stringify({ here, there, account, utilisation })}\n`);
    expect([here.layers, there.layers > 0]).toEqual([0, true]);
    expect(there.prompt_tokens_per_s).toBeGreaterThan(here.prompt_tokens_per_s);
    expect(there.tokens_per_s).toBeGreaterThan(here.tokens_per_s);
    if (account?.error_bytes != null) expect(account.error_bytes).toBeLessThanOrEqual(0);
    if (utilisation.length > 0) expect(Math.max(...utilisation)).toBeGreaterThan(0);
  });
}
