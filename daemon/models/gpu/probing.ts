/** Asks the probe, and believes nothing of it that is in another form. */
import { type Static, Type } from "@sinclair/typebox";
import { type DeclaredGpu, GpuInventory } from "../../../proto/gpu.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { Closed, ShortText } from "../../../proto/scalar.ts";
import { runCommand } from "../../platform/process/command.ts";
import { validatorOf } from "../../platform/process/envelope.ts";
import { ModelShape } from "./shape.ts";

const PROBE = Bun.fileURLToPath(new URL("./probe.ts", import.meta.url));
const REPLY_BYTES_MAX = 1024 * 1024;
const ENV = { PATH: "/usr/local/bin:/usr/bin:/bin" } as const;
/** A driver that was asleep takes seconds to wake. */
const INVENTORY_MS = 10_000;
const SHAPE_MS = 30_000;

const Probed = Type.Union([Closed({ inventory: GpuInventory }), Closed({ shape: ModelShape }), Closed({ failed: ShortText })]);
export type Probed = Static<typeof Probed>;
const probedOf = validatorOf(Probed);

async function probed(args: readonly string[], deadline_ms: number): Promise<Probed> {
  const { code, stdout } = await runCommand([process.execPath, "--smol", PROBE, ...args], { cwd: "/", env: ENV, stdout_bytes_max: REPLY_BYTES_MAX, deadline_ms });
  if (code !== 0) throw new MaestroError("worker.crashed", `the probe ended with ${code}`);
  return probedOf(JSON.parse(Buffer.from(stdout).toString("utf8")));
}

export interface Drivers {
  /** Absent: the system's own. */
  readonly library?: string;
  readonly smi?: string;
  readonly deadline_ms?: number;
}

function declared(gpus: readonly DeclaredGpu[], reason: string): GpuInventory {
  const devices = gpus.map(({ name, memory_bytes }, index) => ({ index, uuid: null, name, total_bytes: memory_bytes, free_bytes: memory_bytes, utilisation: null, mig: false, processes: null }));
  return { source: devices.length === 0 ? "none" : "declared", driver: null, devices, reason };
}

/** Never throws: that there is no GPU, or that nobody can say, is an answer with a reason. */
async function inventory(gpus: readonly DeclaredGpu[] = [], { library, smi, deadline_ms = INVENTORY_MS }: Drivers = {}): Promise<GpuInventory> {
  try {
    const args = [...(library === undefined ? [] : ["--library", library]), ...(smi === undefined ? [] : ["--smi", smi])];
    const reply = await probed(args, deadline_ms);
    if ("inventory" in reply && reply.inventory.source !== "none") return reply.inventory;
    return declared(gpus, "inventory" in reply ? (reply.inventory.reason ?? "") : "the probe answered another question");
  } catch (error) {
    const late = error instanceof MaestroError && error.code === "worker.deadline";
    return declared(gpus, late ? `the driver did not answer in ${deadline_ms} ms` : `the probe of the driver failed: ${error instanceof MaestroError ? error.detail : String(error)}`);
  }
}

/** Throws `models.load` where the file does not say how large the model is. */
async function shapeOfFile(path: string): Promise<ModelShape> {
  let reply: Probed;
  try {
    reply = await probed(["--model", path], SHAPE_MS);
  } catch (cause) {
    throw new MaestroError("models.load", "the model's file could not be read for its size", { cause });
  }
  if ("shape" in reply) return reply.shape;
  throw new MaestroError("models.load", "failed" in reply ? reply.failed : "the probe answered another question");
}

export interface Probe {
  inventory(): Promise<GpuInventory>;
  shape(path: string): Promise<ModelShape>;
}

/** Starts a process for each question. */
export const createProbe = (gpus: readonly DeclaredGpu[] = [], drivers: Drivers = {}): Probe => ({ inventory: () => inventory(gpus, drivers), shape: shapeOfFile });
