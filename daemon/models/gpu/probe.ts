/**
 * Started for one question and ended with its answer: which GPUs are there, or what a model's file says of its size. Both read what is not
 * ours, a driver and a stranger's file, so neither is read in the daemon. Prints one line of JSON.
 */
import { parseArgs } from "node:util";
import type { GpuInventory } from "../../../proto/gpu.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { readGguf } from "./gguf.ts";
import { readNvml } from "./nvml.ts";
import type { Probed } from "./probing.ts";
import { shapeOf } from "./shape.ts";
import { parseSmi, SMI_ARGUMENTS } from "./smi.ts";

const SMI_MS = 3_000;
const SMI_BYTES_MAX = 256 * 1024;

function smiOf(path: string): ReturnType<typeof parseSmi> {
  try {
    const { exitCode, stdout } = Bun.spawnSync([path, ...SMI_ARGUMENTS], { stdin: "ignore", stdout: "pipe", stderr: "ignore", timeout: SMI_MS, maxBuffer: SMI_BYTES_MAX });
    return exitCode === 0 ? parseSmi(stdout.toString("utf8")) : null;
  } catch {
    return null;
  }
}

function bySmi(program: string | undefined, because: string): GpuInventory {
  const path = program ?? Bun.which("nvidia-smi");
  const none = (reason: string): GpuInventory => ({ source: "none", driver: null, devices: [], reason });
  if (path === null) return none(`${because}; nvidia-smi is not installed`);
  const read = smiOf(path);
  return read === null ? none(`${because}; nvidia-smi does not answer either`) : { source: "nvidia-smi", ...read, reason: because };
}

function inventory(library: string, smi: string | undefined): GpuInventory {
  const read = readNvml(library);
  return "failed" in read ? bySmi(smi, `NVML: ${read.failed}`) : { source: "nvml", ...read };
}

function answer(): Probed {
  const { values } = parseArgs({ args: Bun.argv.slice(2), options: { library: { type: "string", default: "libnvidia-ml.so.1" }, smi: { type: "string" }, model: { type: "string" } }, strict: true });
  if (values.model === undefined) return { inventory: inventory(values.library, values.smi) };
  try {
    return { shape: shapeOf(readGguf(values.model)) };
  } catch (error) {
    return { failed: error instanceof MaestroError ? error.detail : "the file cannot be read" };
  }
}

process.stdout.write(`${JSON.stringify(answer())}\n`);
