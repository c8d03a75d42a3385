/**
 * NVIDIA's management library (NVML API reference, nvml.h), bound by hand. It may hang in the driver, and what it writes into memory is its own
 * business, so this is loaded in the probe alone, never in the daemon. It is only ever read: no setting of a device is touched.
 */
import { CString, dlopen, type FFIFunction, FFIType, type Pointer } from "bun:ffi";
import { GPU_PROCESSES_MAX, type GpuDevice, type GpuInventory, GPUS_MAX } from "../../../proto/gpu.ts";

const { i32, u32, u64, ptr } = FFIType;
const REQUIRED = {
  nvmlInit_v2: { args: [], returns: i32 },
  nvmlShutdown: { args: [], returns: i32 },
  nvmlErrorString: { args: [i32], returns: ptr },
  nvmlDeviceGetCount_v2: { args: [ptr], returns: i32 },
  nvmlDeviceGetHandleByIndex_v2: { args: [u32, ptr], returns: i32 },
  nvmlDeviceGetMemoryInfo: { args: [u64, ptr], returns: i32 },
} as const;
const NAMED = { args: [u64, ptr, u32], returns: i32 } as const;
const FILLED = { args: [u64, ptr], returns: i32 } as const;
const TWO = { args: [u64, ptr, ptr], returns: i32 } as const;
/** A driver of another age lacks some. */
const OPTIONAL = {
  nvmlSystemGetDriverVersion: { args: [ptr, u32], returns: i32 },
  nvmlDeviceGetName: NAMED,
  nvmlDeviceGetUUID: NAMED,
  nvmlDeviceGetMemoryInfo_v2: FILLED,
  nvmlDeviceGetUtilizationRates: FILLED,
  nvmlDeviceGetMigMode: TWO,
  nvmlDeviceGetComputeRunningProcesses_v3: TWO,
  nvmlDeviceGetComputeRunningProcesses_v2: TWO,
} as const;

const SUCCESS = 0;
const TEXT_BYTES = 96;
/** `nvmlMemory_v2_t`: version, total, reserved, free, used; its size and version go into the first field. */
const MEMORY_V2_BYTES = 40;
const MEMORY_V2 = MEMORY_V2_BYTES | (2 << 24);
/** `nvmlProcessInfo_t` of versions 2 and 3: pid, bytes, two instance numbers. */
const PROCESS_BYTES = 24;
/** What a driver says that does not know. */
const NOT_AVAILABLE = 0xffff_ffff_ffff_ffffn;

const SILENT_NAMED_MAX = 3;

function said(silent: readonly string[]): string | null {
  const more = silent.length - SILENT_NAMED_MAX;
  return silent.length === 0 ? null : `${silent.slice(0, SILENT_NAMED_MAX).join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
}

type Call = (...args: readonly (number | bigint | ArrayBufferView)[]) => number;

class Refused extends Error {}

/** Text of a stranger's: one line of printable ASCII. */
export const plainText = (text: string): string => text.replace(/[^\x20-\x7e]/g, "?").trim().slice(0, TEXT_BYTES);
export const uuidOf = (text: string): string | null => (/^GPU-[0-9a-fA-F-]{8,64}$/.test(text) ? text : null);

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return plainText(Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString("latin1"));
}

/** A driver of another age may lack it; what it would have said stays unknown. */
function symbolOf(path: string, name: string, signature: FFIFunction): Call | undefined {
  try {
    const symbols: Record<string, unknown> = dlopen(path, { [name]: signature }).symbols;
    return symbols[name] as Call;
  } catch {
    return undefined;
  }
}

function optionals(path: string): Partial<Record<keyof typeof OPTIONAL, Call>> {
  return Object.fromEntries(Object.entries(OPTIONAL).flatMap(([name, signature]) => {
    const found = symbolOf(path, name, signature);
    return found === undefined ? [] : [[name, found]];
  }));
}

class Nvml {
  private readonly required: Record<keyof typeof REQUIRED, Call>;
  private readonly optional: Partial<Record<keyof typeof OPTIONAL, Call>>;

  constructor(path: string) {
    this.required = dlopen(path, REQUIRED).symbols as Record<keyof typeof REQUIRED, Call>;
    this.optional = optionals(path);
  }

  private asked(what: string, code: number): void {
    if (code === SUCCESS) return;
    const words = this.required.nvmlErrorString(code) as Pointer | 0;
    throw new Refused(`${what}: ${words === 0 ? "" : plainText(new CString(words).toString())} (${code})`);
  }

  read(): Omit<GpuInventory, "source"> {
    const { nvmlInit_v2, nvmlShutdown, nvmlDeviceGetCount_v2 } = this.required;
    this.asked("nvmlInit_v2", nvmlInit_v2());
    try {
      const count = new Uint32Array(1);
      this.asked("nvmlDeviceGetCount_v2", nvmlDeviceGetCount_v2(count));
      const indices = Array.from({ length: Math.min(count[0] ?? 0, GPUS_MAX) }, (_, index) => index);
      const read = indices.map((index) => this.tried(index));
      const silent = read.filter((one) => typeof one === "string");
      return { driver: this.driver(), devices: read.filter((one) => typeof one !== "string"), reason: indices.length === 0 ? "the driver knows of no GPU" : said(silent) };
    } finally {
      nvmlShutdown();
    }
  }

  /** One that is lost leaves the others what they are. */
  private tried(index: number): GpuDevice | string {
    try {
      return this.device(index);
    } catch (error) {
      if (error instanceof Refused) return `GPU ${index} does not answer: ${error.message}`;
      throw error;
    }
  }

  private driver(): string | null {
    const text = new Uint8Array(TEXT_BYTES);
    return this.optional.nvmlSystemGetDriverVersion?.(text, TEXT_BYTES) === SUCCESS ? textOf(text) : null;
  }

  private device(index: number): GpuDevice {
    const handle = new BigUint64Array(1);
    this.asked("nvmlDeviceGetHandleByIndex_v2", this.required.nvmlDeviceGetHandleByIndex_v2(index, handle));
    const device = handle[0] ?? 0n;
    const named = (call: Call | undefined): string => {
      const text = new Uint8Array(TEXT_BYTES);
      return call?.(device, text, TEXT_BYTES) === SUCCESS ? textOf(text) : "";
    };
    return {
      index,
      uuid: uuidOf(named(this.optional.nvmlDeviceGetUUID)),
      name: named(this.optional.nvmlDeviceGetName),
      ...this.memory(device),
      utilisation: this.utilisation(device),
      mig: this.mig(device),
      processes: this.processes(device),
    };
  }

  private memory(device: bigint): Pick<GpuDevice, "total_bytes" | "free_bytes"> {
    const v2 = new DataView(new ArrayBuffer(MEMORY_V2_BYTES));
    v2.setUint32(0, MEMORY_V2, true);
    const [total, free] = this.optional.nvmlDeviceGetMemoryInfo_v2?.(device, v2) === SUCCESS ? [v2.getBigUint64(8, true), v2.getBigUint64(24, true)] : this.memoryV1(device);
    if (total > BigInt(Number.MAX_SAFE_INTEGER) || free > total) throw new Refused(`its memory is ${total} bytes, of them ${free} free`);
    return { total_bytes: Number(total), free_bytes: Number(free) };
  }

  private memoryV1(device: bigint): [bigint, bigint] {
    const v1 = new BigUint64Array(3);
    this.asked("nvmlDeviceGetMemoryInfo", this.required.nvmlDeviceGetMemoryInfo(device, v1));
    return [v1[0] ?? 0n, v1[1] ?? 0n];
  }

  private utilisation(device: bigint): number | null {
    const rates = new Uint32Array(2);
    const known = this.optional.nvmlDeviceGetUtilizationRates?.(device, rates) === SUCCESS && (rates[0] ?? 101) <= 100;
    return known ? (rates[0] ?? 0) : null;
  }

  private mig(device: bigint): boolean {
    const [current, pending] = [new Uint32Array(1), new Uint32Array(1)];
    return this.optional.nvmlDeviceGetMigMode?.(device, current, pending) === SUCCESS && current[0] === 1;
  }

  private processes(device: bigint): GpuDevice["processes"] {
    const count = new Uint32Array([GPU_PROCESSES_MAX]);
    const infos = new DataView(new ArrayBuffer(GPU_PROCESSES_MAX * PROCESS_BYTES));
    const call = this.optional.nvmlDeviceGetComputeRunningProcesses_v3 ?? this.optional.nvmlDeviceGetComputeRunningProcesses_v2;
    const listed = count[0] ?? 0;
    if (call?.(device, count, infos) !== SUCCESS || (count[0] ?? listed) > GPU_PROCESSES_MAX) return null;
    return Array.from({ length: count[0] ?? 0 }, (_, nth) => {
      const bytes = infos.getBigUint64(nth * PROCESS_BYTES + 8, true);
      return { pid: infos.getUint32(nth * PROCESS_BYTES, true), bytes: bytes === NOT_AVAILABLE || bytes > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(bytes) };
    });
  }
}

/** What the library says, or why it says nothing. Blocks as long as the driver does. */
export function readNvml(path: string): Omit<GpuInventory, "source"> | { readonly failed: string } {
  try {
    return new Nvml(path).read();
  } catch (error) {
    return { failed: error instanceof Refused ? error.message : `${path} cannot be loaded` };
  }
}
