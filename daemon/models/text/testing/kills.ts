/** A process that stands in a worker's place and says only what an engine must hear, on a GPU that is said to be there; and what kills it at any moment of its life. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { MaestroError } from "../../../../proto/errors.ts";
import type { GpuInventory } from "../../../../proto/gpu.ts";
import { frameOf } from "../../../platform/process/child.ts";
import { validatorOf } from "../../../platform/process/envelope.ts";
import type { SeededRandom } from "../../../testing/random.ts";
import { Engine, type EngineLimits } from "../../engine/index.ts";
import { Gpus } from "../../gpu/index.ts";
import type { ModelShape } from "../../gpu/shape.ts";

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;
const SHAPE: ModelShape = { architecture: "llama", layers: [{ bytes: MiB, kept: 1_024 }], input_bytes: MiB, output_bytes: MiB, shared_bytes: 0, context_tokens: 512, embedding: 64, heads: 4, vocabulary: 100 };
const FOUND: GpuInventory = { source: "nvml", driver: "1", devices: [{ index: 0, uuid: null, name: "G", total_bytes: 24 * GiB, free_bytes: 24 * GiB, utilisation: null, mig: false, processes: [] }], reason: null };
const LIMITS: EngineLimits = { ready_deadline_ms: 60_000, load_deadline_ms: 60_000, silence_ms: 60_000, idle_ms: 60_000, memory_bytes_max: GiB, stderr_bytes_max: 4_096, restart_backoff_ms: 0, restart_backoff_ms_max: 0 };
/** Ready, then its model, then one answer; between them it waits for a byte of the next request. */
const STEPS = [{ kind: "ready" }, { kind: "reply", id: 1, value: {} }] as const;
const MOMENT_MS_MAX = 12;

export interface Kills {
  readonly answered: number;
  readonly died: number;
  /** Places that were still promised when the last process had gone. */
  readonly left: number;
  /** Most of them at one time. */
  readonly most: number;
}

/** Starts a worker so often, asks it, and kills it a moment later, whatever it does then. */
export async function killed(times: number, folder: string, random: Pick<SeededRandom, "bytes">): Promise<Kills> {
  STEPS.forEach((step, i) => writeFileSync(join(folder, `step-${i}`), frameOf(step)));
  const script = `cat step-0; head -c 1 >/dev/null; cat step-1; exec cat >/dev/null`;
  const gpus = new Gpus({ setting: null, limits: { vram_spare_bytes: GiB, line_max: 8, memory_bytes_max: GiB }, ram_bytes: () => 8 * GiB, now_ms: () => performance.now(), note: () => undefined, probe: { inventory: async () => FOUND, shape: async () => SHAPE } });
  let pid = 0;
  const engine = new Engine({
    what: "killed",
    start: async (signal) => {
      const seat = await gpus.seat({ model: "m", digest: "d", weights: "", context_tokens: 512, context_min: 512, sequences: 1, priority: 5, gpu: true, waits: false }, signal);
      const started = (of: number): void => {
        pid = of;
        seat.started(of);
      };
      return { process: { argv: ["/bin/sh", "-c", script], cwd: folder, env: { PATH: "/usr/bin:/bin" } }, open: {}, seat: { ...seat, started } };
    },
    opened: validatorOf(Type.Unknown()),
    limits: LIMITS,
    blames: true,
  });
  let [answered, died, most] = [0, 0, 0];
  for (let i = 0; i < times; i++) {
    const [moment = 0] = random.bytes(1);
    const asked = engine.ask({}, { validate: validatorOf(Type.Unknown()), deadline_ms: 60_000 }).then(() => (answered += 1), (error: unknown) => {
      // Again and again while it loads, it is said of the model.
      if (!(error instanceof MaestroError) || (error.code !== "models.died" && error.code !== "models.load")) throw error;
      died += 1;
    });
    const before = pid;
    while (pid === before) await Bun.sleep(1);
    await Bun.sleep((moment / 256) * MOMENT_MS_MAX);
    most = Math.max(most, gpus.accounts().length);
    process.kill(pid, "SIGKILL");
    await asked;
  }
  await engine.close();
  const ends_ms = performance.now() + LIMITS.load_deadline_ms;
  while (gpus.accounts().length > 0 && performance.now() < ends_ms) await Bun.sleep(2);
  return { answered, died, left: gpus.accounts().length, most };
}
