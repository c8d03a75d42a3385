/**
 * One request to a model: who may ask, what it may take, what it took. Nothing is loaded for a request that cannot be paid for, and
 * nothing is generated without a promise that stands.
 */
import { createHash } from "node:crypto";
import { canonicalText } from "../../../proto/canonical.ts";
import { type ErrorCode, MaestroError } from "../../../proto/errors.ts";
import type { InferenceLimits } from "../../../proto/limits.ts";
import type { Embedded, Generated, GenerateJob } from "../../../proto/model-work.ts";
import type { ModelsSetting, RemoteModel } from "../../../proto/models-config.ts";
import type { StoredModel } from "../../../proto/model-store.ts";
import type { ResourceAmounts } from "../../../proto/resource.ts";
import type { ActionGuard } from "../../platform/action-guard.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Random } from "../../platform/random.ts";
import { remoteTokensAtMost } from "../choosing/index.ts";
import type { GenerateOptions, TextModels } from "../text/index.ts";
import { ServedCounts, type ServedRow } from "./counts.ts";
import { counting, estimate, FIRST_RATES, measured, priceOf, priorityAt, type Rates, ratesAt, standingAt, taken } from "./estimate.ts";
import { offered, type Offered, offeredTo } from "./offered.ts";
import { charge, type Payer, promise, type Promised, requireAffordable, type ServingPurse } from "./promise.ts";

export { type Offered, offered, offeredTo } from "./offered.ts";
export type { ServedRow } from "./counts.ts";
export type { Payer, ServingPurse } from "./promise.ts";

/** Another server's answer; its own count of tokens, or ours where it has none. */
export interface RemoteAnswer {
  readonly text: string;
  readonly finish: "stop" | "length" | "filtered";
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
}

export interface RemoteOptions extends GenerateOptions {
  /** Called when the question leaves the core: from then on the other server may bill it, whatever is heard of the answer. */
  readonly onAsked?: () => void;
}

/** Throws `models.denied` where this node is sealed, and what the egress helper throws. */
export type AskRemote = (entry: RemoteModel, job: GenerateJob, options: RemoteOptions) => Promise<RemoteAnswer>;

/** Whole answers to deterministic requests; see `models/answers`. */
export interface KeptAnswers {
  get(job: GenerateJob, model_digest: string): Generated | null;
  put(job: GenerateJob, answer: Generated): void;
}

export interface Ask {
  readonly payer: Payer;
  /** `max_tokens` absent: as many as fit the context and the limit. */
  readonly job: Omit<GenerateJob, "max_tokens"> & { readonly max_tokens?: number };
  /** Whether an answer that was kept may stand for this one, and this one may be kept. */
  readonly keep: boolean;
  /** The run its cost is counted to. */
  readonly run_id?: string;
}

export interface Answered extends Omit<Generated, "finish"> {
  /** `filtered`: another server held the rest back. */
  readonly finish: Generated["finish"] | "filtered";
  readonly path: "local" | "remote";
  readonly usd_micro: number;
  /** Nothing was generated: the same request was answered before. */
  readonly repeated: boolean;
}

export interface ServingDeps {
  readonly setting: ModelsSetting | null;
  readonly limits: InferenceLimits;
  /** Each is opened with the first request that needs it. */
  readonly text: () => Promise<Pick<TextModels, "generate" | "count" | "onGpu">>;
  readonly embed: (texts: readonly string[], options: { readonly signal?: AbortSignal; readonly tenant: string; readonly onTook: (took: Pick<Embedded, "tokens" | "cpu_us">) => void }) => Promise<Embedded>;
  readonly stored: (name: string) => Promise<StoredModel | null>;
  readonly remote: AskRemote;
  readonly answers: () => Promise<KeptAnswers | null>;
  readonly purse: (payer: Payer) => Promise<ServingPurse>;
  /** Adds one call to what a run used. */
  readonly used: (payer: Payer, run_id: string, took: { readonly tokens: number; readonly micro_usd: number }) => void;
  readonly clock: Pick<Clock, "now_ms" | "monotonic_ms">;
  readonly random: Pick<Random, "bytes">;
  readonly act?: ActionGuard | undefined;
  readonly warn: (what: string, error: unknown) => void;
}

/** Of a text that nobody has counted: a token is a byte at least, and a message's frame some more. */
const FRAME_TOKENS = 16;
const NAME_BYTES = 16;
/** Beyond the deadline of the work itself: for the answer to be written down. */
const SETTLE_MS = 60_000;

const bytesOf = (prompt: GenerateJob["prompt"]): number => ("text" in prompt ? Buffer.byteLength(prompt.text) : prompt.messages.reduce((sum, { content }) => sum + Buffer.byteLength(content) + FRAME_TOKENS, 0));
const tokensAtMost = (text: string): number => Buffer.byteLength(text) + FRAME_TOKENS;

/** What a remote model is known by, as its weights are not ours to see. */
const remoteDigest = ({ id, base_url, model }: RemoteModel): string => createHash("sha256").update(canonicalText({ base_url, id, model })).digest("hex");

export class Serving {
  private readonly counted = new ServedCounts();
  /** Requests in work or in line. */
  private open = 0;
  /** By model. */
  private readonly rates = new Map<string, Rates>();

  constructor(private readonly deps: ServingDeps) {}

  offered(payer: Payer): Offered[] {
    return offeredTo(this.deps.setting, payer);
  }

  get busy(): boolean {
    return this.open > 0;
  }

  served(): ServedRow[] {
    return this.counted.rows();
  }

  /**
   * Throws, before any token: `models.unknown`, `.denied`, `.request`, `.context`, `tenant.budget`, and what loading the model throws; then what
   * `TextModels.generate` and the egress helper throw. A generation given up half way is settled with what it took, and rejects with `request.cancelled`.
   */
  async generate(ask: Ask, options: GenerateOptions = {}): Promise<Answered> {
    const { payer, job, run_id } = ask;
    const found = offered(this.deps.setting, payer, job.model, ["local", "remote"]);
    let answer: Answered;
    this.open += 1;
    try {
      answer = found.path === "remote" ? await this.elsewhere(found.entry, ask, options) : await this.here(found.entry.context_tokens, ask, options);
    } catch (thrown) {
      this.counted.failed(found.name, payer.tenant);
      throw thrown;
    } finally {
      this.open -= 1;
    }
    this.counted.served(found.name, payer.tenant, answer);
    if (run_id !== undefined) this.deps.used(payer, run_id, { tokens: answer.repeated ? 0 : answer.prompt_tokens + answer.completion_tokens, micro_usd: answer.usd_micro });
    if (answer.finish === "cancelled") throw new MaestroError("request.cancelled", "the request was given up; what it took is charged");
    return answer;
  }

  /** Throws as `generate`, `.request` for too many texts or another number of dimensions. */
  async embed(payer: Payer, model: string, texts: readonly string[], { dimensions, run_id, signal }: { readonly dimensions?: number; readonly run_id?: string; readonly signal?: AbortSignal } = {}): Promise<Embedded> {
    const { limits, setting, purse, stored, used } = this.deps;
    offered(setting, payer, model, ["embedding"]);
    if (texts.length > limits.batch_max) throw new MaestroError("models.request", `input: ${texts.length} texts, limits.inference.batch_max is ${limits.batch_max}`);
    const record = await stored(model);
    if (dimensions !== undefined && dimensions !== record?.dimensions) throw new MaestroError("models.request", `dimensions: the model has ${record?.dimensions ?? "none"}, and vectors are not cut`);
    const most = texts.reduce((sum, text) => sum + Math.min(tokensAtMost(text), record?.context_tokens ?? Infinity), 0);
    const rates = this.ratesOf(model);
    const { settle } = this.promised(payer, await purse(payer), model, estimate({ prompt: most, predicted: 0 }, rates));
    this.open += 1;
    const so_far = { tokens: 0, cpu_us: 0 };
    try {
      const embedded = await this.deps.embed(texts, {
        ...(signal === undefined ? {} : { signal }),
        tenant: payer.tenant ?? "",
        onTook({ tokens, cpu_us }) {
          so_far.tokens += tokens;
          so_far.cpu_us += cpu_us;
        },
      });
      settle({ tokens: embedded.tokens, cpu_us: embedded.cpu_us });
      const took = { prompt_tokens: embedded.tokens, cached_tokens: 0, completion_tokens: 0, queued_us: 0, prompt_us: embedded.cpu_us, predicted_us: 0, cpu_us: embedded.cpu_us, gpu_us: 0 };
      this.rates.set(model, measured(rates, took));
      this.counted.served(model, payer.tenant, { ...took, usd_micro: 0, repeated: false });
      if (run_id !== undefined) used(payer, run_id, { tokens: embedded.tokens, micro_usd: 0 });
      return embedded;
    } catch (thrown) {
      this.counted.failed(model, payer.tenant);
      // Nobody counted what a worker that died was at: it is taken to be all that was left.
      settle(unsaid(thrown) ? taken({ prompt: most, predicted: 0 }, rates) : so_far);
      throw thrown;
    } finally {
      this.open -= 1;
    }
  }

  private ratesOf(model: string): Rates {
    return this.rates.get(model) ?? FIRST_RATES;
  }

  private promised(payer: Payer, purse: ServingPurse, model: string, amounts: ResourceAmounts) {
    const { act, warn } = this.deps;
    return promise({ payer, purse, ...this.named(), model, amounts, act, warn });
  }

  private named(): { readonly name: string; readonly until_ms: number } {
    const { clock, limits, random } = this.deps;
    return { name: `model-${Buffer.from(random.bytes(NAME_BYTES)).toString("hex")}`, until_ms: clock.now_ms() + limits.load_deadline_ms + limits.generate_deadline_ms + limits.silence_ms + SETTLE_MS };
  }

  private requireOutput(max_tokens: number | undefined): void {
    const { output_tokens_max } = this.deps.limits;
    if (max_tokens !== undefined && max_tokens > output_tokens_max) throw new MaestroError("models.request", `max_tokens: ${max_tokens}, limits.inference.output_tokens_max is ${output_tokens_max}`);
  }

  private async here(context = this.deps.limits.context_tokens, { payer, job, keep }: Ask, asked: GenerateOptions): Promise<Answered> {
    this.requireOutput(job.max_tokens);
    const purse = await this.deps.purse(payer);
    const options = { ...asked, standing: standingAt(purse.prices().prices) };
    const rates = this.ratesOf(job.model);
    // What it takes at the very least, before a model is loaded to count more exactly.
    const least = estimate({ prompt: 1, predicted: job.max_tokens ?? 1 }, ratesAt(rates, false));
    const before = counting(bytesOf(job.prompt));
    requireAffordable(purse, { ...least, cpu_us: (least.cpu_us ?? 0) + (before.cpu_us ?? 0) });
    const answers = keep ? await this.deps.answers() : null;
    const digest = answers === null ? null : ((await this.deps.stored(job.model))?.digest ?? null);
    const repeated = (asked: GenerateJob): Answered | null => {
      const kept = digest === null ? null : (answers?.get(asked, digest) ?? null);
      if (kept === null) return null;
      options.onText?.(kept.text);
      return { ...kept, cached_tokens: kept.prompt_tokens, queued_us: 0, prompt_us: 0, predicted_us: 0, cpu_us: 0, gpu_us: 0, path: "local", usd_micro: 0, repeated: true };
    };
    // Where it is said how long the answer may be, nothing need be loaded to know that it is here.
    const early = job.max_tokens === undefined ? null : repeated({ ...job, max_tokens: job.max_tokens });
    if (early !== null) return early;
    const text = await this.deps.text();
    const { prompt, max_tokens, cpu_us } = await this.counting(text, purse, job, context, options);
    const whole: GenerateJob = { ...job, max_tokens, ...(job.priority === undefined ? { priority: priorityAt(purse.prices().prices) } : {}) };
    const late = job.max_tokens === undefined ? repeated(whole) : null;
    if (late !== null) return this.charge(purse, { tokens: 0, cpu_us }), late;
    const made = await this.paidFor(payer, purse, whole, { prompt, cpu_us }, ratesAt(rates, text.onGpu(job.model)), (followed) => text.generate(whole, followed), options);
    if (keep && made.finish !== "cancelled") answers?.put(whole, made);
    return { ...made, path: "local", usd_micro: 0, repeated: false };
  }

  /** What counting took is charged here where nothing follows that it is charged with: of a prompt that is too long, and of one that kills the worker. */
  private async counting(text: Pick<TextModels, "count">, purse: ServingPurse, job: Ask["job"], context: number, { signal, standing }: GenerateOptions): Promise<{ readonly prompt: number; readonly max_tokens: number; readonly cpu_us: number }> {
    let took = counting(bytesOf(job.prompt));
    try {
      const { tokens: prompt, beyond, cpu_us } = await text.count(job.model, job.prompt, job.space.tenant, { ...(signal === undefined ? {} : { signal }), ...(standing === undefined ? {} : { standing }) });
      took = { tokens: 0, cpu_us };
      if (beyond !== null) throw new MaestroError("models.context", beyond);
      return { prompt, max_tokens: roomFor(prompt, job.max_tokens, context, this.deps.limits.output_tokens_max), cpu_us };
    } catch (thrown) {
      if (unsaid(thrown) || (thrown instanceof MaestroError && thrown.code === "models.context")) this.charge(purse, took);
      throw thrown;
    }
  }

  private charge(purse: ServingPurse, amounts: ResourceAmounts): void {
    charge({ purse, ...this.named(), amounts, warn: this.deps.warn });
  }

  /** Generates behind a promise, and settles it whatever happens, together with what counting the prompt took. */
  private async paidFor(payer: Payer, purse: ServingPurse, job: GenerateJob, { prompt, cpu_us: counted_us }: { readonly prompt: number; readonly cpu_us: number }, rates: Rates, generate: (options: GenerateOptions) => Promise<Generated>, options: GenerateOptions): Promise<Generated> {
    const amounts = estimate({ prompt, predicted: job.max_tokens }, rates);
    let promised: Promised;
    try {
      promised = this.promised(payer, purse, job.model, { ...amounts, cpu_us: (amounts.cpu_us ?? 0) + counted_us });
    } catch (thrown) {
      this.charge(purse, { tokens: 0, cpu_us: counted_us });
      throw thrown;
    }
    const settle = (used: ResourceAmounts): void => promised.settle({ ...used, cpu_us: (used.cpu_us ?? 0) + counted_us });
    let pieces = 0;
    try {
      const made = await generate({ ...options, onText: (piece) => ((pieces += 1), options.onText?.(piece)) });
      settle({ tokens: made.prompt_tokens + made.completion_tokens, cpu_us: made.cpu_us, ...(made.gpu_us === 0 ? {} : { gpu_us: made.gpu_us }) });
      this.rates.set(job.model, measured(made.gpu_us > 0 ? rates : this.ratesOf(job.model), made));
      return made;
    } catch (thrown) {
      // Whoever brings a worker down, or works until the deadline, has used it all the same: as far as was seen, at what such work takes.
      settle(unsaid(thrown) || pieces > 0 ? taken({ prompt, predicted: pieces }, rates) : {});
      throw thrown;
    }
  }

  private async elsewhere(entry: RemoteModel, { payer, job }: Ask, options: GenerateOptions): Promise<Answered> {
    this.requireOutput(job.max_tokens);
    const started_ms = this.deps.clock.monotonic_ms();
    const purse = await this.deps.purse(payer);
    const { usd_micro_per_1k: price } = entry;
    const prompt = remoteTokensAtMost(job);
    const max_tokens = job.max_tokens ?? Math.min(this.deps.limits.output_tokens_max, entry.context_tokens);
    const { settle } = this.promised(payer, purse, entry.id, { tokens: prompt + max_tokens, usd_micro: priceOf({ prompt, predicted: max_tokens }, price) });
    let seen = "";
    let asked = false;
    const billed = (tokens: { readonly prompt: number; readonly predicted: number }): number => {
      const usd_micro = priceOf(tokens, price);
      settle({ tokens: tokens.prompt + tokens.predicted, usd_micro });
      return usd_micro;
    };
    try {
      const said = await this.deps.remote(entry, { ...job, max_tokens }, { ...options, onAsked: () => (asked = true), onText: (piece) => ((seen += piece), options.onText?.(piece)) });
      const usd_micro = billed({ prompt: said.prompt_tokens, predicted: said.completion_tokens });
      const predicted_us = Math.round((this.deps.clock.monotonic_ms() - started_ms) * 1_000);
      return { text: said.text, finish: said.finish, prompt_tokens: said.prompt_tokens, cached_tokens: 0, completion_tokens: said.completion_tokens, queued_us: 0, prompt_us: 0, predicted_us, cpu_us: 0, gpu_us: 0, model_digest: remoteDigest(entry), engine: "remote", templated: "template", bounded: false, path: "remote", usd_micro, repeated: false };
    } catch (thrown) {
      // What a server that was given up on made of the question nobody here knows: all that was promised. Of a stream that it broke off itself it will bill what it sent.
      if (asked && givenUp(thrown)) billed({ prompt, predicted: max_tokens });
      else if (seen !== "") billed({ prompt, predicted: Math.min(max_tokens, tokensAtMost(seen)) });
      throw thrown;
    } finally {
      settle({});
    }
  }
}

/** Ends of a local worker's request that say nothing of what it took. */
const UNSAID: readonly ErrorCode[] = ["models.died", "worker.deadline"];
const unsaid = (thrown: unknown): boolean => thrown instanceof MaestroError && UNSAID.includes(thrown.code);
/** Ends of a question elsewhere that are ours and not the other server's: it may go on and bill. */
const GIVEN_UP: readonly ErrorCode[] = ["request.cancelled", "egress.timeout", "egress.refused", "daemon.draining"];
const givenUp = (thrown: unknown): boolean => thrown instanceof MaestroError && GIVEN_UP.includes(thrown.code);

/** How many tokens an answer may have. Throws `models.context` where the prompt leaves no room for those that were asked for. */
function roomFor(prompt: number, wanted: number | undefined, context: number, output_tokens_max: number): number {
  const room = context - prompt;
  if (room < (wanted ?? 1)) throw new MaestroError("models.context", `${prompt} tokens of prompt and ${wanted ?? 1} of answer, the context has ${context}`);
  return wanted ?? Math.min(room, output_tokens_max);
}
