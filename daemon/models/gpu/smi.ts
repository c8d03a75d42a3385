/** What `nvidia-smi --query-gpu` prints, for where the library itself cannot be loaded. */
import { type GpuDevice, GPUS_MAX } from "../../../proto/gpu.ts";
import { plainText, uuidOf } from "./nvml.ts";

const MiB = 1024 * 1024;
const FIELDS = ["index", "uuid", "memory.total", "memory.free", "utilization.gpu", "mig.mode.current", "driver_version", "name"] as const;
export const SMI_ARGUMENTS: readonly string[] = [`--query-gpu=${FIELDS.join(",")}`, "--format=csv,noheader,nounits"];

const whole = (text: string): number | null => (/^\d{1,9}$/.test(text) ? Number(text) : null);

/** Null where a line is none of its lines: of a list that is half understood nothing is used. */
export function parseSmi(text: string): { readonly driver: string | null; readonly devices: GpuDevice[] } | null {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (lines.length > GPUS_MAX) return null;
  const devices: GpuDevice[] = [];
  let driver: string | null = null;
  for (const line of lines) {
    const [index = "", uuid = "", total = "", free = "", utilisation = "", mig = "", version = "", ...name] = line.split(",").map((field) => field.trim());
    const [at, total_mib, free_mib, percent] = [whole(index), whole(total), whole(free), whole(utilisation)];
    if (at === null || at >= GPUS_MAX || total_mib === null || free_mib === null || free_mib > total_mib || name.length === 0) return null;
    driver ??= plainText(version);
    devices.push({ index: at, uuid: uuidOf(uuid), name: plainText(name.join(",")), total_bytes: total_mib * MiB, free_bytes: free_mib * MiB, utilisation: percent !== null && percent <= 100 ? percent : null, mig: mig === "Enabled", processes: null });
  }
  return { driver, devices };
}
