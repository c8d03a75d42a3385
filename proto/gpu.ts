/** GPUs of this machine, as a process of its own read them: a driver that hangs or dies takes nobody with it. */
import { Type, type Static } from "@sinclair/typebox";
import { Choice, Closed, Count, ShortText } from "./scalar.ts";

export const GPUS_MAX = 64;
export const GPU_PROCESSES_MAX = 256;

/** Who said it. `declared`: the operator's configuration did, and nothing that could count it was asked or answered. */
export const GPU_SOURCES = ["nvml", "nvidia-smi", "declared", "none"] as const;
export const GpuSource = Choice(GPU_SOURCES);

const Known = Type.Union([Count, Type.Null()]);

export const GpuDevice = Closed({
  index: Type.Integer({ minimum: 0, maximum: GPUS_MAX - 1, description: "by its place on the bus" }),
  uuid: Type.Union([Type.String({ pattern: "^GPU-[0-9a-fA-F-]{8,64}$" }), Type.Null()]),
  name: Type.String({ maxLength: 96 }),
  total_bytes: Count,
  free_bytes: Count,
  utilisation: Type.Union([Type.Integer({ minimum: 0, maximum: 100 }), Type.Null()], { description: "percent of the last moments in which it computed anything" }),
  mig: Type.Boolean({ description: "it is cut into instances, and its memory is not one" }),
  processes: Type.Union([Type.Array(Closed({ pid: Count, bytes: Known }), { maxItems: GPU_PROCESSES_MAX }), Type.Null()], { description: "that compute on it; null: the driver does not say" }),
});
export type GpuDevice = Static<typeof GpuDevice>;

export const GpuInventory = Closed({
  source: GpuSource,
  driver: Type.Union([ShortText, Type.Null()]),
  devices: Type.Array(GpuDevice, { maxItems: GPUS_MAX }),
  reason: Type.Union([ShortText, Type.Null()], { description: "why there is none, why it was not the driver that was read, or which device did not answer" }),
});
export type GpuInventory = Static<typeof GpuInventory>;

/** What an operator says of a GPU where nothing can be asked. */
export const DeclaredGpu = Closed({
  name: Type.String({ pattern: "^[\\x20-\\x7e]{1,96}$" }),
  memory_bytes: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: "that models may use; nobody checks it" }),
});
export type DeclaredGpu = Static<typeof DeclaredGpu>;
