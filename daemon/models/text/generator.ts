/** One model in this process: prompts to tokens, tokens to text, each generation in its turn. */
import { MaestroError } from "../../../proto/errors.ts";
import type { GenerateJob, Prompt } from "../../../proto/model-work.ts";
import { createSlots, scopeDigest, type PrefixSlots } from "../prefix/index.ts";
import type { RequestContext } from "../engine/serve.ts";
import { schemaGrammar } from "./grammar.ts";
import type { AdapterFile, TextCounted, TextMade, TextOpened, TextSetup } from "./jobs.ts";
import { loadPackage, type Llama, type Model, type Package, type SampleOptions, type Token } from "./llama.ts";
import { guess } from "./lookup.ts";
import { Pieces } from "./pieces.ts";
import { BLOCK_TOKENS, Pools, type Pool, type Seat } from "./pools.ts";
import { written } from "./prompt.ts";
import { KNOWN_TEMPLATES } from "./known.ts";
import { ChatTemplate, loadJinja, type Part } from "./template.ts";
import type { SlotHands, Wanted } from "./slots.ts";
import { threadsNow, Turns, type Took } from "./turns.ts";

/** Rows that are tried: more guesses than two are seldom right together. */
const ROWS_MAX = 3;
const BEFORE_TOKENS = 4;
/** Of each token of the context, before a longer text is looked at piece by piece: words have four, and a megabyte takes a second and more (measured). */
const HEAD_CHARACTERS = 8;

interface Deps {
  readonly setup: TextSetup;
  readonly engine: string;
  readonly kit: Package;
  readonly llama: Llama;
  readonly model: Model;
  readonly slots: PrefixSlots;
  readonly template: ChatTemplate | null;
}

/** One generation on its way. */
interface Run {
  readonly job: GenerateJob;
  readonly wanted: Wanted;
  readonly tokens: readonly Token[];
  readonly seat: Seat;
  readonly prompt: Took;
  readonly predicted: Took;
  readonly pieces: Pieces<Token>;
  readonly context: RequestContext;
}

export class Generator {
  readonly #deps: Deps;
  readonly #pools: Pools;
  readonly #turns = new Turns();
  #used = 0;
  #rows = 1;

  private constructor(deps: Deps) {
    const { setup, llama, model } = deps;
    this.#deps = deps;
    this.#pools = new Pools({ llama, model, context_tokens: setup.context_tokens, sequences: setup.sequences, threads_max: setup.threads_max });
  }

  /** Throws `models.load` where the engine or the model cannot be loaded, `models.memory` where no context can be made. */
  static async open(setup: TextSetup): Promise<Generator> {
    const { kit, llama, model, engine } = await loaded(setup);
    if (setup.context_tokens > model.trainContextSize) throw new MaestroError("models.load", `a context of ${setup.context_tokens} tokens, the model was made for ${model.trainContextSize}`);
    const slots = await createSlots({
      ...setup.prefix,
      engine,
      block: BLOCK_TOKENS,
      // In memory the whole cache is kept; a saved state holds the window alone (docs/prompt-cache.md).
      window_tokens: model.fileInsights.swaSize ?? null,
      now_us: () => Math.round(performance.now() * 1_000),
      now_ms: () => Date.now(),
      warn: (what, error) => process.stderr.write(`${what}: ${String(error)}\n`),
    });
    const generator = new Generator({ setup, engine, kit, llama, model, slots, template: await templateOf(setup, model) });
    await generator.#measure();
    return generator;
  }

  get opened(): TextOpened {
    const { setup, engine } = this.#deps;
    return { engine, context_tokens: setup.context_tokens, exact_rows: this.#rows };
  }

  count(prompt: Prompt): TextCounted {
    const took: Took = { us: 0, cpu_us: 0 };
    let [tokens, beyond]: [number, string | null] = [0, null];
    try {
      tokens = this.#tokens(written(prompt, this.#deps.template).parts, took).length;
    } catch (thrown) {
      if (!(thrown instanceof MaestroError && thrown.code === "models.context")) throw thrown;
      beyond = thrown.detail;
    }
    return { tokens, beyond, cpu_us: Math.ceil(took.cpu_us) };
  }

  async generate(job: GenerateJob, adapters: readonly AdapterFile[], context: RequestContext): Promise<TextMade> {
    const { setup, engine, model, template } = this.#deps;
    const { parts, templated, stops } = written(job.prompt, template);
    const [prompt, predicted]: [Took, Took] = [{ us: 0, cpu_us: 0 }, { us: 0, cpu_us: 0 }];
    const tokens = this.#tokens(parts, prompt);
    if (tokens.length + job.max_tokens > setup.context_tokens) throw new MaestroError("models.context", `${tokens.length} tokens of prompt and ${job.max_tokens} of answer, the context holds ${setup.context_tokens}`);
    if (tokens.length === 0) throw new MaestroError("models.request", "prompt: it holds no token");
    const grammar = job.json_schema === undefined ? null : schemaGrammar(job.json_schema);
    const active = adapters.filter(({ scale }) => scale !== 0);
    const scope = { model_digest: setup.model_digest, engine, adapters: active.map(({ digest, scale }) => ({ digest, scale })), context: `${setup.context_tokens} by ${BLOCK_TOKENS}, whole cache, ${setup.gpu?.layers ?? 0} layers`, space: job.space };
    const wanted: Wanted = { scope, scope_digest: scopeDigest(scope), tokens };
    const pieces = new Pieces<Token>((made, before) => model.detokenize(made, false, before), [...(job.stop ?? []), ...stops], tokens.slice(-BEFORE_TOKENS), (piece) => context.progress({ text: piece }));
    const { seat, kept } = await this.#turns.take(prompt, () => this.#seat(wanted, active));
    const run: Run = { job, wanted, tokens, seat, prompt, predicted, pieces, context };
    try {
      const cached = await this.#enter(run, kept);
      const { made, finish } = job.max_tokens === 0 || context.signal.aborted ? { made: 0, finish: "length" as const } : await this.#predict(run, grammar === null ? null : grammar.gbnf);
      pieces.end();
      const us = prompt.us + predicted.us;
      return {
        text: pieces.text,
        finish: context.signal.aborted ? "cancelled" : finish,
        prompt_tokens: tokens.length,
        cached_tokens: cached,
        completion_tokens: made,
        prompt_us: Math.round(prompt.us),
        predicted_us: Math.round(predicted.us),
        cpu_us: Math.round(prompt.cpu_us + predicted.cpu_us),
        gpu_us: setup.gpu === null ? 0 : Math.round(us),
        ...(setup.placed === null ? {} : { placed: setup.placed }),
        model_digest: setup.model_digest,
        engine,
        templated,
        bounded: grammar?.bounded ?? false,
      };
    } finally {
      seat.busy = false;
    }
  }

  async close(): Promise<void> {
    await this.#turns.take({ us: 0, cpu_us: 0 }, async () => {
      await this.#pools.close();
      await this.#deps.model.dispose();
      await this.#deps.llama.dispose();
    });
  }

  /** What a person wrote is never a control token. Throws `models.context` for a text that is much too long, without reading all of it: nothing else happens meanwhile. */
  #tokens(parts: readonly Part[], took: Took): readonly Token[] {
    const began_ms = performance.now();
    try {
      const { bos, shouldPrependBosToken } = this.#deps.model.tokens;
      const tokens: Token[] = [];
      for (const [at, part] of parts.entries()) {
        // Whoever counts is told how much too long a prompt is, as far as that is known without reading more of it.
        if (tokens.length > this.#deps.setup.context_tokens + HEAD_CHARACTERS) throw new MaestroError("models.context", `the first ${at} of ${parts.length} parts of the prompt are ${tokens.length} tokens, the context holds ${this.#deps.setup.context_tokens}`);
        for (const token of this.#cut(part, at > 0)) tokens.push(token);
      }
      // A template writes it itself.
      return shouldPrependBosToken && bos !== null && tokens[0] !== bos ? [bos, ...tokens] : tokens;
    } finally {
      // One thread, which does nothing else meanwhile; others of the process may evaluate, so that its processor time is not this text's.
      const us = (performance.now() - began_ms) * 1_000;
      took.us += us;
      took.cpu_us += us;
    }
  }

  #cut({ text, own }: Part, behind: boolean): readonly Token[] {
    const { model, setup } = this.#deps;
    for (let characters = setup.context_tokens * HEAD_CHARACTERS; characters < text.length; characters *= 2) {
      const { length } = model.tokenize(text.slice(0, characters), own);
      // Where the cut is, and only there, the whole has other tokens.
      if (length > setup.context_tokens + HEAD_CHARACTERS) throw new MaestroError("models.context", `the first ${characters} of ${text.length} characters of the prompt are ${length} tokens, the context holds ${setup.context_tokens}`);
    }
    return behind ? model.tokenize(text, own, "trimLeadingSpace") : model.tokenize(text, own);
  }

  async #seat(wanted: Wanted, adapters: readonly AdapterFile[]): Promise<{ readonly seat: Seat; readonly kept: number }> {
    const { slots } = this.#deps;
    const pool: Pool = await this.#pools.of(adapters, (seat) => slots.leaving(seat, handsOf(seat)));
    const { id, keep } = slots.choose(wanted, pool.seats.filter(({ busy }) => !busy));
    const seat = pool.seats.find((one) => one.id === id);
    if (seat === undefined || seat.busy) throw new Error(`sequence ${id} was not free`);
    seat.busy = true;
    seat.used = ++this.#used;
    if (keep > 0 && seat.scope === wanted.scope_digest) return { seat, kept: keep };
    try {
      if (seat.scope !== null) await slots.leaving(seat, handsOf(seat));
      await seat.sequence.clearHistory();
      seat.scope = wanted.scope_digest;
      return { seat, kept: 0 };
    } catch (error) {
      // Free again: the next who gets it wipes it first.
      seat.busy = false;
      throw error;
    }
  }

  /** Evaluates all of the prompt but its last token, in whole blocks from wherever it is held; how much was held. */
  async #enter(run: Run, kept: number): Promise<number> {
    const { wanted, tokens, seat, prompt, context } = run;
    const { slots, llama, setup } = this.#deps;
    const { sequence } = seat;
    const cached = await this.#turns.take(prompt, async () => {
      const held = await slots.entering(wanted, seat, kept, handsOf(seat));
      if (sequence.nextTokenIndex > held) await sequence.eraseContextTokenRanges([{ start: held, end: sequence.nextTokenIndex }]);
      return sequence.nextTokenIndex;
    });
    const began_us = prompt.us;
    let pause = slots.pause(wanted, cached);
    for (let at = cached; at < tokens.length - 1 && !context.signal.aborted; ) {
      const block = tokens.slice(at, Math.min(at + BLOCK_TOKENS, tokens.length - 1));
      await this.#turns.take(prompt, async () => {
        // One token alone is summed in as many parts as there are threads; of more tokens each is one thread's.
        llama.maxThreads = block.length === 1 ? 1 : threadsNow(setup.threads_max);
        await sequence.evaluateWithoutGeneratingNewTokens(block);
      });
      at += block.length;
      context.progress({ evaluated: block.length });
      if (at !== pause) continue;
      await this.#turns.take(prompt, () => slots.evaluated(wanted, seat, { fresh: at - cached, us: prompt.us - began_us }, handsOf(seat)));
      pause = null;
    }
    if (!context.signal.aborted) await this.#turns.take(prompt, () => slots.evaluated(wanted, seat, { fresh: tokens.length - 1 - cached, us: prompt.us - began_us }, handsOf(seat)));
    return cached;
  }

  async #predict(run: Run, gbnf: string | null): Promise<{ readonly made: number; readonly finish: "stop" | "length" }> {
    const { job } = run;
    if (job.speculate === "lookup" && job.temperature === 0 && gbnf === null && this.#rows > 1) return this.#looked(run);
    const { kit, llama, model, setup } = this.#deps;
    const sample: SampleOptions = {
      temperature: job.temperature,
      topK: job.top_k ?? 40,
      topP: job.top_p ?? 0.95,
      minP: job.min_p ?? 0,
      ...(job.seed === undefined ? {} : { seed: job.seed }),
      ...(gbnf === null ? {} : { grammarEvaluationState: new kit.LlamaGrammarEvaluationState({ model, grammar: await llama.createGrammar({ grammar: gbnf }) }) }),
    };
    const exact = job.temperature === 0 || job.seed !== undefined;
    const stream = run.seat.sequence.evaluate(run.tokens.slice(-1), { ...sample, yieldEogToken: false });
    let made = 0;
    try {
      for (;;) {
        const next = await this.#turns.take(run.predicted, () => {
          llama.maxThreads = exact ? 1 : threadsNow(setup.threads_max);
          return stream.next();
        });
        if (next.done === true) return { made, finish: "stop" };
        made += 1;
        run.pieces.push(next.value);
        if (run.pieces.stopped) return { made, finish: "stop" };
        if (made >= job.max_tokens || run.context.signal.aborted) return { made, finish: "length" };
      }
    } finally {
      await this.#turns.take(run.predicted, () => stream.return());
    }
  }

  /** The same text with fewer evaluations: guesses are evaluated beside the last token, and those that it would have chosen stand. */
  async #looked(run: Run): Promise<{ readonly made: number; readonly finish: "stop" | "length" }> {
    const { llama, model } = this.#deps;
    const { sequence } = run.seat;
    const all = [...run.tokens];
    let made = 0;
    for (;;) {
      const guesses = guess(all, Math.min(this.#rows, run.job.max_tokens - made) - 1);
      const last = all.slice(-1);
      const chosen = await this.#turns.take(run.predicted, async () => {
        llama.maxThreads = 1;
        const at = sequence.nextTokenIndex;
        const said = await sequence.controlledEvaluate([...last, ...guesses].map((token) => [token, { generateNext: { token: true } }] as const));
        const tokens = said.map((one) => one?.next.token ?? null);
        const right = guesses.findIndex((token, i) => token !== tokens[i]);
        const stands = (right < 0 ? guesses.length : right) + 1;
        if (stands < said.length) await sequence.eraseContextTokenRanges([{ start: at + stands, end: sequence.nextTokenIndex }]);
        return tokens.slice(0, stands);
      });
      for (const token of chosen) {
        if (token === null || model.isEogToken(token)) return { made, finish: "stop" };
        made += 1;
        all.push(token);
        run.pieces.push(token);
        if (run.pieces.stopped) return { made, finish: "stop" };
        if (made >= run.job.max_tokens || run.context.signal.aborted) return { made, finish: "length" };
      }
    }
  }

  /** How many rows may be evaluated together on this machine with the very bits of each alone. One, where that cannot be told. */
  async #measure(): Promise<void> {
    const { llama, model } = this.#deps;
    llama.maxThreads = 1;
    const pool = await this.#pools.of([], async () => undefined);
    const sequence = pool.seats[0]?.sequence;
    const tokens = model.tokenize("a b c d e f g h i j k l m n o p").slice(0, ROWS_MAX + 8);
    if (sequence === undefined || tokens.length < ROWS_MAX + 8) return;
    const logits = async (rows: readonly number[]): Promise<string> => {
      await sequence.clearHistory();
      await sequence.evaluateWithoutGeneratingNewTokens(tokens.slice(0, 8));
      const said: unknown[] = [];
      for (let i = 0, at = 8; i < rows.length; at += rows[i] ?? 0, i++) {
        const row = tokens.slice(at, at + (rows[i] ?? 0)).map((token) => [token, { generateNext: { logits: { filter: { includeTop: 16 } } } }] as const);
        for (const one of await sequence.controlledEvaluate(row)) said.push([...(one?.next.logits ?? [])]);
      }
      return JSON.stringify(said);
    };
    const alone = await logits(Array.from({ length: ROWS_MAX }, () => 1));
    if (alone === (await logits([ROWS_MAX]))) this.#rows = ROWS_MAX;
    await sequence.clearHistory();
  }
}

function handsOf({ sequence }: Seat): SlotHands {
  return {
    async save(path, first) {
      if (first !== undefined && first < sequence.nextTokenIndex) await sequence.eraseContextTokenRanges([{ start: first, end: sequence.nextTokenIndex }]);
      return (await sequence.saveStateToFile(path)).fileSize;
    },
    async restore(path) {
      await sequence.loadStateFromFile(path, { acceptRisk: true });
      return sequence.contextTokens;
    },
  };
}

/** Throws `models.load` where the model's file has none, or one that is none. */
async function templateOf({ template: named, engine_folder }: TextSetup, { fileInfo, tokens }: Model): Promise<ChatTemplate | null> {
  if (named === "none") return null;
  const text = named === "file" ? fileInfo.metadata.tokenizer?.chat_template : KNOWN_TEMPLATES[named];
  if (typeof text !== "string") throw new MaestroError("models.load", "the model's file has no chat template; import it without --template, or with a known one");
  return new ChatTemplate(await loadJinja(engine_folder), text, { bos: tokens.bosString ?? "", eos: tokens.eosString ?? "" });
}

async function loaded(setup: TextSetup): Promise<Pick<Deps, "kit" | "llama" | "model" | "engine">> {
  const failed = (what: string, cause: unknown): MaestroError => new MaestroError("models.load", `${what}: ${String(cause).slice(0, 500)}`, { cause });
  let kit: Package;
  let llama: Llama;
  let engine: string;
  try {
    const { version }: { readonly version?: unknown } = JSON.parse(await Bun.file(`${setup.engine_folder}/package.json`).text());
    engine = `node-llama-cpp ${String(version)}`;
    kit = await loadPackage(setup.engine_folder);
    llama = await kit.getLlama({ gpu: setup.gpu?.api ?? false, build: "never", maxThreads: setup.threads_max, logLevel: kit.LlamaLogLevel.error, progressLogs: false, skipDownload: true });
  } catch (cause) {
    throw failed("the engine", cause);
  }
  // Work of the processor is not charged as a GPU's, and what is promised for it there is not taken.
  if (llama.gpu !== (setup.gpu?.api ?? false)) throw failed("the engine", `it was to use ${setup.gpu?.api ?? "the processor"}, and would use ${llama.gpu || "the processor"}`);
  try {
    return { kit, llama, engine, model: await llama.loadModel({ modelPath: setup.weights, gpuLayers: setup.gpu?.layers ?? 0, ignoreMemorySafetyChecks: true }) };
  } catch (cause) {
    throw failed("the model", cause);
  }
}
