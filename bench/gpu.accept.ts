/**
 * Memory that is promised against memory that is taken: on the processor with the real model and engine, through a fake of NVIDIA's library, and on a
 * real GPU where one answers. Where none does, that item is not there: a line says so, and nothing of it counts as shown.
 */
import { afterAll, expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createProbe, Gpus, type Seat } from "../daemon/models/gpu/index.ts";
import { fakeNvml } from "../daemon/models/gpu/testing/nvml.ts";
import { accepts } from "./rig/accepts.ts";
import type { GpuRun } from "./rig/gpu-run.ts";
import { engineFolder, openModel, TEXT_MODEL } from "./rig/models.ts";

const GiB = 1024 ** 3;
const MiB = 1024 ** 2;
const RUN = join(import.meta.dir, "rig/gpu-run.ts");
const scratch = mkdtempSync(join(tmpdir(), "maestro-gpu-accept-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const probe = createProbe();
const seen = await probe.inventory();
const gpus = new Gpus({ setting: null, limits: { vram_spare_bytes: 512 * MiB, line_max: 4, memory_bytes_max: 8 * GiB }, ram_bytes: () => 8 * GiB, now_ms: Date.now, note: () => undefined, probe });

async function seatFor(gpu: boolean, context_tokens: number, sequences: number): Promise<{ seat: Seat; weights: string }> {
  const { digest, files } = await openModel(TEXT_MODEL);
  const weights = files.weights ?? "";
  return { seat: await gpus.seat({ model: TEXT_MODEL, digest, weights, context_tokens, context_min: 256, sequences, priority: 5, gpu, waits: false }), weights };
}

/** `look` is called while the process still lives. */
async function ran({ seat, weights }: { readonly seat: Seat; readonly weights: string }, sequences: number, look: () => Promise<void> = () => Promise.resolve()): Promise<GpuRun> {
  const engine = (await engineFolder()).path();
  const { layers, context_tokens, env } = seat.plan;
  const child = Bun.spawn([process.execPath, RUN, engine, weights, String(layers), String(context_tokens), String(sequences)], { env: { PATH: "/usr/local/bin:/usr/bin:/bin", ...env }, stdin: "pipe", stdout: "pipe", stderr: "ignore" });
  seat.started(child.pid);
  try {
    const first = await child.stdout.getReader().read();
    const run = JSON.parse(Buffer.from(first.value ?? []).toString("utf8")) as GpuRun;
    await look();
    return run;
  } finally {
    child.kill("SIGKILL");
    await child.exited;
    seat.release();
  }
}

accepts({ name: "node-llama-cpp", version: "cpu" }, "what a model is said to take of memory is what it takes at least, and not twice of it", async () => {
  for (const [context, sequences] of [[1_024, 2], [4_096, 4]] as const) {
    const placed = await seatFor(false, context, sequences);
    expect(placed.seat.plan.layers).toBe(0);
    const { resident_bytes } = await ran(placed, sequences);
    process.stdout.write(`gpu: predicted ${placed.seat.plan.ram_bytes}, resident ${resident_bytes} bytes at ${sequences} x ${context} tokens\n`);
    expect(placed.seat.plan.ram_bytes).toBeGreaterThan(resident_bytes);
    expect(placed.seat.plan.ram_bytes).toBeLessThan(2 * resident_bytes);
  }
});

accepts({ name: "NVML", version: "fake, compiled here" }, "inventory and placement through a library that is no driver", async () => {
  const fake = await createProbe([], { library: fakeNvml(scratch) }).inventory();
  expect(fake.devices.map(({ name }) => name)).toEqual(["Fake A100 80GB", "Fake T4"]);
});

if (seen.devices.length === 0 || seen.source === "declared") {
  process.stdout.write(`accept: gpu none: tokens a second, accounting error and utilisation on a real GPU: NOT SHOWN (${seen.reason ?? "no device"})\n`);
} else {
  accepts({ name: "NVIDIA driver", version: seen.driver ?? "unknown" }, "on a real GPU: faster than here, counted within what was promised, and the device at work", async () => {
    const here = await ran(await seatFor(false, 1_024, 1), 1);
    const placed = await seatFor(true, 1_024, 1);
    expect(placed.seat.plan.layers).toBeGreaterThan(0);
    const there = await ran(placed, 1, async () => {
      const device = (await gpus.refresh()).devices.find(({ index }) => index === placed.seat.plan.device?.index);
      const [account] = gpus.accounts();
      process.stdout.write(`gpu: ${device?.name}: predicted ${account?.predicted_bytes}, used ${account?.used_bytes}, error ${account?.error_bytes} bytes; utilisation ${device?.utilisation} %\n`);
      expect(device).toBeDefined();
      if (account?.error_bytes != null) expect(account.error_bytes).toBeLessThanOrEqual(0);
    });
    process.stdout.write(`gpu: prompt ${there.prompt_tokens_per_s.toFixed(1)} (here ${here.prompt_tokens_per_s.toFixed(1)}), generation ${there.tokens_per_s.toFixed(1)} (here ${here.tokens_per_s.toFixed(1)}) tokens/s\n`);
    expect(there.prompt_tokens_per_s).toBeGreaterThan(here.prompt_tokens_per_s);
  });
}
