/**
 * What a text model does on a real GPU against the processor beside it, through the worker that a daemon uses: tokens a second, memory promised against
 * memory taken, utilisation. By itself: `.toolchain/bin/bun bench/rig/gpu-measure.ts`, which says so and ends with 69 where there is no GPU to measure.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freeMemoryBytes } from "../../daemon/platform/kernel/memory.ts";
import { createProbe, type GpuAccount, Gpus, lineOf } from "../../daemon/models/gpu/index.ts";
import { createTextModels } from "../../daemon/models/text/index.ts";
import { EXIT } from "../../proto/errors.ts";
import type { GpuInventory } from "../../proto/gpu.ts";
import type { Generated, GenerateJob } from "../../proto/model-work.ts";
import { engineFolder, openModel, TEXT_MODEL } from "./models.ts";
import { limitsFor } from "./text.ts";

const CONTEXT_TOKENS = 2_048;
const TOKENS = 512;
const US_PER_S = 1e6;
/** The driver counts over a sixth of a second to a second. */
const LOOK_MS = 250;

export interface Speed {
  readonly layers: number;
  readonly device: string | null;
  readonly prompt_tokens_per_s: number;
  readonly tokens_per_s: number;
}

export interface GpuMeasured {
  readonly here: Speed;
  readonly there: Speed;
  readonly account: GpuAccount | null;
  /** Percent, of each look while it generated; empty where the driver does not say. */
  readonly utilisation: readonly number[];
}

/** Null where there is a device to measure on; else why not. */
export function unmeasurable({ source, devices, reason }: GpuInventory): string | null {
  if (source === "nvml" || source === "nvidia-smi") return devices.some(({ mig }) => !mig) ? null : "every GPU here is cut into instances, which are not used";
  return `there is no GPU here that a driver answers for, so nothing was measured${reason === null ? "" : `: ${reason}`}`;
}

const PROMPT = "A change is judged by what it does and not by what it says. ".repeat(80);
const job = (nth: number): GenerateJob => ({ model: TEXT_MODEL, prompt: { text: `${nth} ${PROMPT}` }, space: { tenant: null, task: "measure" }, max_tokens: TOKENS, temperature: 0 });
const speedOf = ({ placed, prompt_tokens, cached_tokens, prompt_us, completion_tokens, predicted_us }: Generated): Speed => ({ layers: placed?.layers ?? 0, device: placed?.device ?? null, prompt_tokens_per_s: ((prompt_tokens - cached_tokens) / prompt_us) * US_PER_S, tokens_per_s: (completion_tokens / predicted_us) * US_PER_S });

async function measuredOn(gpu: boolean, folder: string, looking: (gpus: Gpus) => Promise<void>): Promise<Speed> {
  const engine = (await engineFolder("cuda")).path();
  const limits = { ...limitsFor(CONTEXT_TOKENS), sequences: 1 };
  const gpus = new Gpus({ setting: null, limits, ram_bytes: freeMemoryBytes, now_ms: () => performance.now(), note: (note) => void process.stderr.write(`${lineOf(note) ?? ""}\n`), probe: createProbe() });
  const models = createTextModels({
    models: [{ name: TEXT_MODEL, gpu }],
    open: openModel,
    engine_folder: () => join(engine, "node_modules/node-llama-cpp"),
    limits,
    prefix_folder: folder,
    seat: (request, signal) => gpus.seat(request, signal),
    gpu_api: () => "cuda",
  });
  try {
    // The first is for whatever is only done once.
    await models.generate({ ...job(0), max_tokens: 8 });
    const made = models.generate(job(1));
    await Promise.all([made, looking(gpus)]);
    return speedOf(await made);
  } finally {
    await models.close();
  }
}

/** Requires a GPU to measure on, and a registry or a cache that has the engine's part for it. */
export async function measureGpu(): Promise<GpuMeasured> {
  const folder = mkdtempSync(join(tmpdir(), "maestro-gpu-measure-"));
  try {
    const here = await measuredOn(false, folder, () => Promise.resolve());
    const utilisation: number[] = [];
    let account: GpuAccount | null = null;
    const there = await measuredOn(true, folder, async (gpus) => {
      for (let looks = 0; looks < 8; looks++) {
        await Bun.sleep(LOOK_MS);
        const { devices } = await gpus.refresh();
        account = gpus.accounts()[0] ?? account;
        const device = devices.find(({ index }) => index === account?.gpu);
        if (device?.utilisation != null) utilisation.push(device.utilisation);
      }
    });
    return { here, there, account, utilisation };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const found = await createProbe().inventory();
  const why = unmeasurable(found);
  if (why !== null) {
    process.stderr.write(`${why}\n`);
    process.exit(EXIT.unavailable);
  }
  process.stdout.write(`${JSON.stringify({ driver: found.driver, source: found.source, ...(await measureGpu()) })}\n`);
}
