/**
 * GPUs of this node, shared by its models. Whoever starts a model's process asks for a seat first: memory is promised before the process is
 * started, all of it or none, and given back when it has ended. Without a GPU a seat says so, and nothing is different but the speed.
 */
import type { GpuDevice, GpuInventory } from "../../../proto/gpu.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { InferenceLimits } from "../../../proto/limits.ts";
import type { ModelsSetting } from "../../../proto/models-config.ts";
import { type Asking, before, type Cards, decide, type Decision, type Standing } from "./core.ts";
import type { Probe } from "./probing.ts";
import type { ModelShape } from "./shape.ts";

export { createProbe, type Probe } from "./probing.ts";
export { lineOf } from "./lines.ts";

/** What a driver said is asked again after so long, before a model is placed. */
const FRESH_MS = 5_000;
const NOTES_KEPT = 64;
const SHAPES_KEPT = 64;

export interface GpuRequest {
  readonly model: string;
  /** Of its files; what was read of its size is kept under it. */
  readonly digest: string;
  readonly weights: string;
  readonly context_tokens: number;
  readonly context_min: number;
  readonly sequences: number;
  readonly priority: number;
  readonly gpu: boolean;
  /** Why not, where its entry is not the reason. */
  readonly off_because?: string;
  /** Rather than to lie elsewhere it waits until models of its own priority or a lower one are idle. */
  readonly waits: boolean;
  /** What the market says now of whoever waits for it; absent without one. */
  readonly standing?: () => GpuStanding;
}

/** Of whoever waits: whether its promised share is short, and what a second of a GPU is charged to it. */
export type GpuStanding = Pick<Standing, "behind" | "usd_per_s">;

export interface GpuPlan {
  readonly device: Pick<GpuDevice, "index" | "uuid" | "name"> | null;
  /** For the engine: 0 is none, one more than the model has is all and its output. */
  readonly layers: number;
  readonly context_tokens: number;
  readonly vram_bytes: number;
  readonly ram_bytes: number;
  /** Belongs into the environment of the model's process: it sees this device or none. */
  readonly env: Readonly<Record<"CUDA_DEVICE_ORDER" | "CUDA_VISIBLE_DEVICES", string>>;
  readonly because: string;
}

export interface Seat {
  readonly plan: GpuPlan;
  /** Aborted when another model is to have the place: nothing new is begun, and the process ends when it is idle. */
  readonly leave: AbortSignal;
  /** The process that sits there, so that what the driver counts for it can be compared with what was promised. */
  started(pid: number): void;
  /** Something is generated; call what it returns when it has ended. Until the first one begins the seat counts as busy: its model is being loaded. */
  begin(): () => void;
  /** The process is gone. May be called again. */
  release(): void;
}

/** What was promised to a model on a GPU, and what the driver counts; null where it does not say. */
export interface GpuAccount {
  readonly model: string;
  readonly gpu: number;
  readonly predicted_bytes: number;
  readonly used_bytes: number | null;
  readonly error_bytes: number | null;
}

/** A decision, and all that it was made from: `decide` of the same makes it again. */
export interface GpuNote {
  readonly at_ms: number;
  readonly state: Cards;
  readonly asking: Asking;
  readonly decision: Decision;
}

export interface GpusDeps {
  readonly setting: Pick<ModelsSetting, "vram_bytes_max"> | null;
  readonly limits: Pick<InferenceLimits, "vram_spare_bytes" | "line_max" | "memory_bytes_max">;
  /** Memory of this machine that is free for one more process. */
  readonly ram_bytes: () => number;
  readonly now_ms: () => number;
  readonly note: (note: GpuNote) => void;
  readonly probe: Probe;
}

/** Ours on a card when the driver was asked. Its bytes are part of what the driver then called taken. */
interface Counted {
  readonly gpu: number;
  readonly pid: number;
  readonly bytes: number;
  readonly loaded: boolean;
}

interface Sitting {
  readonly asking: Asking;
  readonly gpu: number;
  readonly bytes: number;
  readonly leaving: AbortController;
  readonly gone: Promise<void>;
  pid: number | null;
  /** Something was begun with it. */
  loaded: boolean;
  /** Generations that run; one more while its model is loaded. */
  running: number;
  used_ms: number;
}

interface Waiting {
  readonly asking: Asking;
  readonly standing: () => Standing;
  /** Why it waits, as last noted. */
  because: string;
  readonly resolve: (seat: Seat | Promise<Seat>) => void;
  readonly reject: (error: MaestroError) => void;
}

/** CUDA counts by speed unless it is told to count by the bus, as the driver does. */
const envOf = (device: Pick<GpuDevice, "index" | "uuid"> | null): GpuPlan["env"] => ({ CUDA_DEVICE_ORDER: "PCI_BUS_ID", CUDA_VISIBLE_DEVICES: device === null ? "" : (device.uuid ?? String(device.index)) });

export class Gpus {
  readonly #deps: GpusDeps;
  readonly #shapes = new Map<string, ModelShape>();
  readonly #notes: GpuNote[] = [];
  readonly #waiting: Waiting[] = [];
  #sitting: Sitting[] = [];
  #read: { readonly found: GpuInventory; readonly at_ms: number; readonly ours: readonly Counted[] } | null = null;
  #reading: Promise<GpuInventory> | null = null;
  #nth = 0;

  constructor(deps: GpusDeps) {
    this.#deps = deps;
  }

  /** Starts the probe where nothing is known, or no longer. Where there is no driver it is not asked again: one that comes later is seen by the next start of the daemon. */
  async inventory(): Promise<GpuInventory> {
    const read = this.#read;
    const driven = read?.found.source === "nvml" || read?.found.source === "nvidia-smi";
    return read !== null && (!driven || this.#deps.now_ms() - read.at_ms < FRESH_MS) ? read.found : this.refresh();
  }

  /** As `inventory`, however young what is known is. */
  refresh(): Promise<GpuInventory> {
    this.#reading ??= this.#look().finally(() => (this.#reading = null));
    return this.#reading;
  }

  async #look(): Promise<GpuInventory> {
    const ours = this.#sitting.flatMap(({ gpu, pid, bytes, loaded }) => (pid === null || bytes === 0 ? [] : [{ gpu, pid, bytes, loaded }]));
    const found = await this.#deps.probe.inventory();
    this.#read = { found, at_ms: this.#deps.now_ms(), ours };
    return found;
  }

  /** Of what was last read; empty before anything was. */
  accounts(): GpuAccount[] {
    return this.#sitting.flatMap(({ asking, gpu, bytes, pid }) => {
      if (bytes === 0) return [];
      const used_bytes = this.#device(gpu)?.processes?.find((one) => one.pid === pid)?.bytes ?? null;
      return [{ model: asking.model, gpu, predicted_bytes: bytes, used_bytes, error_bytes: used_bytes === null ? null : used_bytes - bytes }];
    });
  }

  notes(): readonly GpuNote[] {
    return this.#notes;
  }

  waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Waits where models of lower priority are to make room. Throws `models.memory` with both figures where it fits nowhere, `models.load` where its file
   * does not say how large it is, `models.busy` where too many wait, `request.cancelled`.
   */
  async seat(request: GpuRequest, signal?: AbortSignal): Promise<Seat> {
    const { model, context_tokens, context_min, sequences, priority, gpu, off_because, waits, standing } = request;
    const asking: Asking = { model, shape: await this.#shapeOf(request), wish: { context_tokens, context_min, sequences }, priority, gpu, ...(off_because === undefined ? {} : { off_because }), waits };
    if (gpu) await this.inventory();
    if (signal?.aborted) throw left(signal);
    const nth = this.#nth++;
    const seat = await this.#enter(asking, () => ({ priority, ...(standing?.() ?? { behind: false, usd_per_s: 0 }), nth }), signal);
    if (!signal?.aborted) return seat;
    seat.release();
    throw left(signal);
  }

  #enter(asking: Asking, standing: () => Standing, signal: AbortSignal | undefined): Promise<Seat> {
    if (this.#waiting.length >= this.#deps.limits.line_max) return Promise.reject(new MaestroError("models.busy", `${this.#waiting.length} models wait for a GPU`));
    const turn = Promise.withResolvers<Seat>();
    const waiting: Waiting = { asking, standing, because: "", resolve: turn.resolve, reject: turn.reject };
    this.#waiting.push(waiting);
    const leave = (): void => {
      const at = this.#waiting.indexOf(waiting);
      if (at < 0 || signal === undefined) return;
      this.#waiting.splice(at, 1);
      turn.reject(left(signal));
    };
    signal?.addEventListener("abort", leave, { once: true });
    this.#serve();
    return turn.promise.finally(() => signal?.removeEventListener("abort", leave));
  }

  /** Everybody who waits is looked at again, in order; behind one for whom room is being made nobody takes any. */
  #serve(): void {
    let making_room = false;
    for (const waiting of this.#waiting.toSorted((a, b) => before(a.standing(), b.standing()))) {
      // Who goes may be gone at once, and this be called from within.
      if (!this.#waiting.includes(waiting) || (making_room && waiting.asking.gpu)) continue;
      const decision = this.#decide(waiting);
      if (decision.kind === "wait") {
        // Whoever waits for a moment in which others are idle keeps nobody from what is free.
        making_room ||= decision.for.length > 0;
        for (const { asking, leaving } of [...this.#sitting]) if (decision.for.includes(asking.model)) leaving.abort();
        continue;
      }
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      if (decision.kind === "refuse") waiting.reject(new MaestroError("models.memory", decision.because));
      else waiting.resolve(this.#take(waiting.asking, decision));
    }
  }

  #decide(waiting: Waiting): Decision {
    const [state, { asking }] = [this.#state(), waiting];
    const note: GpuNote = { at_ms: this.#deps.now_ms(), state, asking, decision: decide(state, asking) };
    // Looked at again with the same result it is no news.
    const again = note.decision.kind === "wait" && note.decision.because === waiting.because;
    waiting.because = note.decision.because;
    if (again) return note.decision;
    this.#notes.push(note);
    if (this.#notes.length > NOTES_KEPT) this.#notes.shift();
    this.#deps.note(note);
    return note.decision;
  }

  #state(): Cards {
    const { setting, limits, ram_bytes } = this.#deps;
    const usable = (this.#read?.found.devices ?? []).filter(({ mig }) => !mig);
    return {
      cards: usable.map((device) => ({ index: device.index, room_bytes: Math.max(0, device.total_bytes - this.#others(device) - limits.vram_spare_bytes) })),
      residents: this.#sitting.filter(({ bytes }) => bytes > 0).map(({ asking, gpu, bytes, running, leaving, used_ms }) => ({ model: asking.model, gpu, bytes, priority: asking.priority, busy: running > 0 || leaving.signal.aborted, used_ms })),
      pool_bytes: setting?.vram_bytes_max ?? null,
      ram_bytes: Math.min(limits.memory_bytes_max, ram_bytes()),
    };
  }

  /**
   * What was taken of a card when the driver was asked, less what of it was ours: as the driver counts it, or as it was promised where it counts none of
   * ours by their processes. Who has gone since is still part of that count, and who came since is not.
   */
  #others({ index, total_bytes, free_bytes, processes }: GpuDevice): number {
    const ours = (this.#read?.ours ?? []).filter(({ gpu }) => gpu === index);
    const counted = ours.flatMap(({ pid }) => processes?.find((one) => one.pid === pid) ?? []);
    const bytes = counted.length > 0 ? counted.map((one) => one.bytes ?? 0) : ours.filter(({ loaded }) => loaded).map((one) => one.bytes);
    return Math.max(0, total_bytes - free_bytes - bytes.reduce((sum, one) => sum + one, 0));
  }

  /** The promise stands from here on, before the others have gone and long before the process is started. */
  #take(asking: Asking, decision: Extract<Decision, { kind: "place" | "here" }>): Seat | Promise<Seat> {
    const device = decision.kind === "place" ? this.#device(decision.gpu) : null;
    const { layers, context_tokens, vram_bytes, ram_bytes } = decision.fit;
    const plan: GpuPlan = { device: device === null ? null : { index: device.index, uuid: device.uuid, name: device.name }, layers, context_tokens, vram_bytes, ram_bytes, env: envOf(device), because: decision.because };
    const seat = this.#sit(asking, plan);
    const going = this.#sitting.filter((one) => decision.kind === "place" && decision.evict.includes(one.asking.model));
    for (const one of going) one.leaving.abort();
    return going.length === 0 ? seat : Promise.all(going.map(({ gone }) => gone)).then(() => seat);
  }

  #sit(asking: Asking, plan: GpuPlan): Seat {
    const [leaving, gone] = [new AbortController(), Promise.withResolvers<void>()];
    const seat: Seat = {
      plan,
      leave: leaving.signal,
      started: (pid) => void (sitting.pid = pid),
      begin: () => {
        if (sitting.loaded) sitting.running += 1;
        // From now on the driver can count what it took.
        else if (plan.device !== null) void this.refresh();
        sitting.loaded = true;
        let ended = false;
        return () => {
          if (ended) return;
          ended = true;
          sitting.running -= 1;
          sitting.used_ms = this.#deps.now_ms();
          if (sitting.running === 0) this.#serve();
        };
      },
      release: () => {
        if (!this.#sitting.includes(sitting)) return;
        this.#sitting = this.#sitting.filter((one) => one !== sitting);
        gone.resolve();
        this.#serve();
      },
    };
    const sitting: Sitting = { asking, gpu: plan.device?.index ?? -1, bytes: plan.vram_bytes, leaving, gone: gone.promise, pid: null, loaded: false, running: 1, used_ms: this.#deps.now_ms() };
    this.#sitting.push(sitting);
    return seat;
  }

  #device(index: number): GpuDevice | null {
    return this.#read?.found.devices.find((device) => device.index === index) ?? null;
  }

  async #shapeOf({ digest, weights }: GpuRequest): Promise<ModelShape> {
    const known = this.#shapes.get(digest) ?? (await this.#deps.probe.shape(weights));
    if (this.#shapes.size >= SHAPES_KEPT) this.#shapes.clear();
    this.#shapes.set(digest, known);
    return known;
  }
}

const left = (signal: AbortSignal): MaestroError => new MaestroError("request.cancelled", "the caller left before its model had a place", { cause: signal.reason });
