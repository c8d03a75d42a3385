/** Text from local models: one supervised worker for each model, started when somebody asks and ended when nobody does. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import type { InferenceLimits } from "../../../proto/limits.ts";
import type { GenerateJob, Generated, Prompt } from "../../../proto/model-work.ts";
import type { ModelTemplate } from "../../../proto/model-store.ts";
import type { LocalModel } from "../../../proto/models-config.ts";
import type { CgroupHome } from "../../platform/cgroup/memory-home.ts";
import { validatorOf } from "../../platform/process/envelope.ts";
import { Engine, type EngineLimits, type EngineStart, type EngineStatus, type Patience, PlaceLine, PRIORITY } from "../engine/index.ts";
import type { GpuRequest, GpuStanding, Seat } from "../gpu/index.ts";
import { programOf } from "../engine/program.ts";
import { schemaGrammar } from "./grammar.ts";
import { type AdapterFile, TextCounted, TextMade, TextOpened, TextProgress, type TextSetup } from "./jobs.ts";

const program = (): string => programOf("text-worker.js", new URL("./worker.ts", import.meta.url));
const COUNT_DEADLINE_MS = 30_000;
const US_PER_MS = 1_000;
/** In a shorter context no prompt of ours has room. */
const CONTEXT_MIN_TOKENS = 512;
/** Of a model's entry that says nothing of it. */
const MODEL_PRIORITY = 5;
const MS_PER_S = 1_000;

const opened = validatorOf(TextOpened);
const made = validatorOf(TextMade);
const counted = validatorOf(TextCounted);
const progress = validatorOf(TextProgress);

/** A model or an adapter of the store, whose bytes were checked. */
export interface TextFiles {
  readonly name: string;
  readonly kind: string;
  readonly digest: string;
  readonly files: { readonly weights?: string };
  readonly context_tokens: number;
  /** Absent: a plain transcript. */
  readonly template?: ModelTemplate;
  /** Of an adapter. */
  readonly base?: string;
}

export interface TextDeps {
  /** Those that may be asked for; the first is the default. */
  readonly models: readonly LocalModel[];
  /** Asked once for each process and adapter: whoever keeps the models checks their bytes then. Throws as it does. */
  readonly open: (name: string) => Promise<TextFiles>;
  /** Folder of the package node-llama-cpp. Throws `models.missing`. */
  readonly engine_folder: () => string;
  readonly limits: InferenceLimits & EngineLimits;
  /** Saved states of prompts lie below it. */
  readonly prefix_folder: string;
  readonly cgroups?: CgroupHome | undefined;
  /** Asked before each start of a worker, and told when it has gone. Absent: nobody counts memory, and no layer lies on a GPU. */
  readonly seat?: (request: GpuRequest, signal: AbortSignal) => Promise<Seat>;
  /** What the engine can compute on; absent: the processor alone. */
  readonly gpu_api?: () => "cuda" | "vulkan" | null;
  /** The worker's command; absent: this room's own program. */
  readonly argv?: readonly string[];
}

/** Whose request it is may decide who gets a GPU first. */
export interface CountOptions {
  readonly signal?: AbortSignal;
  readonly standing?: GpuStanding;
}

export interface GenerateOptions extends CountOptions {
  /** Each piece of the text as it is made: whole characters, never a part of a stop string. */
  readonly onText?: (piece: string) => void;
}

/** What an operator may want to know of one model. */
export interface TextModelStatus extends EngineStatus {
  readonly model: string;
  readonly waiting: number;
}

/** `beyond`: why it fits no context of the model; its tokens were not all counted then. */
export type Counted = TextCounted;

export interface TextModels {
  /**
   * Throws `models.unknown`, `.missing`, `.corrupt`, `.load`, `.memory`, `.context`, `.adapter`, `.request`, `.busy`, `.died`, `worker.deadline`, and
   * `request.cancelled` for a signal that came while it waited; one that comes later ends the generation, which is then `cancelled` and says what it took.
   */
  generate(job: GenerateJob, options?: GenerateOptions): Promise<Generated>;
  /** Tokens of a prompt, as `generate` counts them. Tenants take turns. Throws as `generate`, but for `.context`. */
  count(model: string, prompt: Prompt, tenant: string | null, options?: CountOptions): Promise<Counted>;
  /** Whether the worker that answers now, or was started last, has layers on a GPU. */
  onGpu(model: string): boolean;
  /** Resolves when the worker that has this model's files open has answered what it was asked and gone. Nothing where that is no model of ours, or has none. */
  renew(model: string): Promise<void>;
  status(): readonly TextModelStatus[];
  /** Ends the workers; what runs is answered with `daemon.draining`. */
  close(): Promise<void>;
}

class Model {
  readonly engine: Engine<TextOpened>;
  readonly line: PlaceLine;
  /** Of those whose prompt is counted: the worker does little else meanwhile, so that tenants take turns in it. */
  readonly #counting: PlaceLine;
  /** Of those who wait until there is a worker. */
  readonly #standings = new Set<GpuStanding>();
  #on_gpu = false;
  /** Of the engine, as far as somebody was blamed for them. */
  #deaths = 0;

  constructor(
    private readonly deps: TextDeps,
    private readonly local: LocalModel,
  ) {
    const { limits } = deps;
    this.line = new PlaceLine(limits.sequences, limits.line_max, limits.generate_deadline_ms, { wait_ms: limits.restart_backoff_ms, wait_ms_max: limits.restart_backoff_ms_max });
    this.#counting = new PlaceLine(1, limits.line_max, COUNT_DEADLINE_MS, { wait_ms: 0, wait_ms_max: 0 });
    this.engine = new Engine({ what: `text model ${local.name}`, start: (signal) => this.#start(signal), opened, limits, blames: true });
  }

  get on_gpu(): boolean {
    return this.#on_gpu;
  }

  async generate(job: GenerateJob, { signal, onText, standing }: GenerateOptions): Promise<Generated> {
    const { limits } = this.deps;
    // What cannot be done is said before anybody waits or a model is loaded.
    if (job.json_schema !== undefined) schemaGrammar(job.json_schema);
    if (job.max_tokens > limits.output_tokens_max) throw new MaestroError("models.request", `max_tokens: ${job.max_tokens}, the limit is ${limits.output_tokens_max}`);
    const began_ms = performance.now();
    const leave = await this.line.enter(job.space.tenant ?? "", job.priority ?? PRIORITY, signal);
    try {
      const adapters = await this.#adapters(job);
      await this.#opened(standing, { deadline_ms: limits.generate_deadline_ms - (performance.now() - began_ms), ...(signal === undefined ? {} : { signal }) });
      const queued_ms = performance.now() - began_ms;
      const take = (said: { readonly text: string } | { readonly evaluated: number }): void => {
        if ("text" in said) onText?.(said.text);
      };
      const options = { validate: made, deadline_ms: Math.max(1, limits.generate_deadline_ms - queued_ms), progress: { validate: progress, take }, ...(signal === undefined ? {} : { signal }) };
      return { ...(await this.engine.ask({ kind: "generate", job, adapters }, options, { deadline_ms: options.deadline_ms })), queued_us: Math.round(queued_ms * US_PER_MS) };
    } catch (thrown) {
      this.#blame();
      throw thrown;
    } finally {
      leave();
    }
  }

  async count(prompt: Prompt, tenant: string, { signal, standing }: CountOptions): Promise<Counted> {
    // Counting waits for no generation; but a tenant at whose requests the worker died brings nobody else's down with it.
    const leave = this.line.alone(tenant) ? await this.line.enter(tenant, PRIORITY, signal) : null;
    const patience = { deadline_ms: this.deps.limits.generate_deadline_ms, ...(signal === undefined ? {} : { signal }) };
    let next: (() => void) | null = null;
    try {
      await this.#opened(standing, patience);
      next = await this.#counting.enter(tenant, PRIORITY, signal);
      return await this.engine.ask({ kind: "count", prompt }, { validate: counted, deadline_ms: COUNT_DEADLINE_MS }, patience);
    } catch (thrown) {
      this.#blame(leave === null ? [tenant] : []);
      throw thrown;
    } finally {
      next?.();
      leave?.();
    }
  }

  /** The worker may have to wait for its place, and of all who wait for it the one who is due most says how long. */
  async #opened(standing: GpuStanding | undefined, patience: Patience): Promise<void> {
    if (standing !== undefined) this.#standings.add(standing);
    try {
      await this.engine.open(patience);
    } finally {
      if (standing !== undefined) this.#standings.delete(standing);
    }
  }

  #standing(): GpuStanding {
    const all = [...this.#standings];
    return { behind: all.some(({ behind }) => behind), usd_per_s: Math.max(0, ...all.map(({ usd_per_s }) => usd_per_s)) };
  }

  /** Once for each death, by the first who hears of it: all others still have their places. */
  #blame(counting: readonly string[] = []): void {
    const { deaths } = this.engine.status;
    if (deaths === this.#deaths) return;
    this.#deaths = deaths;
    this.line.died(counting);
  }

  async #adapters(job: GenerateJob): Promise<AdapterFile[]> {
    const files: AdapterFile[] = [];
    for (const { name, scale } of job.adapters ?? []) {
      const { kind, base, digest, files: of } = await this.deps.open(name).catch((cause: unknown) => {
        throw cause instanceof MaestroError && cause.code === "models.unknown" ? new MaestroError("models.adapter", `${name} is not stored`, { cause }) : cause;
      });
      if (kind !== "adapter" || base !== this.local.name || of.weights === undefined) throw new MaestroError("models.adapter", `${name} is no adapter of ${this.local.name}`);
      files.push({ name, scale, digest, path: of.weights });
    }
    return files;
  }

  async #start(signal: AbortSignal): Promise<EngineStart> {
    const { open, engine_folder, limits, prefix_folder, cgroups, argv } = this.deps;
    const model = await open(this.local.name);
    const { weights } = model.files;
    if (model.kind !== "text" || weights === undefined) throw new MaestroError("models.unknown", `${this.local.name} is no text model`);
    const [folder, engine] = [join(prefix_folder, model.digest), engine_folder()];
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const wished = Math.min(this.local.context_tokens ?? limits.context_tokens, model.context_tokens);
    const { seat, api } = await this.#seat({ digest: model.digest, weights, context_tokens: wished }, signal);
    const plan = seat?.plan;
    const gpu = plan === undefined || plan.layers === 0 || api === null ? null : { api, layers: plan.layers };
    this.#on_gpu = gpu !== null;
    const setup: TextSetup = {
      kind: "open",
      engine_folder: engine,
      weights,
      template: model.template ?? "none",
      model_digest: model.digest,
      context_tokens: plan?.context_tokens ?? wished,
      sequences: limits.sequences,
      threads_max: limits.threads_max,
      gpu,
      placed: plan === undefined ? null : { device: plan.device?.name ?? null, layers: plan.layers, because: plan.because },
      // Each model has its share: what one keeps is none of another's.
      prefix: { folder, bytes_max: Math.floor(limits.prefix_bytes_max / Math.max(1, this.deps.models.length)), floor_bytes: limits.prefix_floor_bytes, floor_idle_ms: MS_PER_S * limits.prefix_floor_idle_s },
    };
    // From the root: a worker has no folder of its own to read from or write to.
    return { process: { argv: argv ?? [process.execPath, program()], cwd: "/", env: { ...plan?.env }, cgroups }, open: setup, ...(seat === null ? {} : { seat }) };
  }

  /** Memory for it, here and on a GPU: promised before there is a process. */
  async #seat(model: Pick<GpuRequest, "digest" | "weights" | "context_tokens">, signal: AbortSignal): Promise<{ readonly seat: Seat | null; readonly api: "cuda" | "vulkan" | null }> {
    const { seat, gpu_api, limits } = this.deps;
    const { name, gpu = true, priority = MODEL_PRIORITY, when_full = "wait" } = this.local;
    const api = gpu_api?.() ?? null;
    const taken = await seat?.({
      ...model,
      model: name,
      context_min: CONTEXT_MIN_TOKENS,
      sequences: limits.sequences,
      priority,
      gpu: gpu && api !== null,
      ...(gpu && api === null ? { off_because: "the engine here has no part for GPUs; maestro models setup --cuda adds it" } : {}),
      waits: when_full === "wait",
      standing: () => this.#standing(),
    }, signal);
    return { seat: taken ?? null, api };
  }
}

export function createTextModels(deps: TextDeps): TextModels {
  const models = new Map(deps.models.map((local) => [local.name, new Model(deps, local)] as const));
  const named = (name: string): Model => {
    const model = models.get(name);
    if (model === undefined) throw new MaestroError("models.unknown", `${name}; configured are ${[...models.keys()].join(", ") || "none"}`);
    return model;
  };
  return {
    generate: async (job, options = {}) => named(job.model).generate(job, options),
    count: async (model, prompt, tenant, options = {}) => named(model).count(prompt, tenant ?? "", options),
    onGpu: (model) => named(model).on_gpu,
    renew: async (model) => models.get(model)?.engine.renew(),
    status: () => [...models].map(([model, { engine, line }]) => ({ model, ...engine.status, running: line.taken, waiting: line.waiting })),
    async close() {
      const draining = new MaestroError("daemon.draining", "text models take no more requests");
      for (const { line } of models.values()) line.clear(draining);
      await Promise.all([...models.values()].map(({ engine }) => engine.close()));
    },
  };
}
