/** Texts to vectors of unit length, in a process of their own. The same text gives the same bits, whatever is asked beside it. */
import { availableParallelism, loadavg } from "node:os";
import { basename } from "node:path";
import { fromBase64 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { InferenceLimits } from "../../../proto/limits.ts";
import type { Embedded } from "../../../proto/model-work.ts";
import { validatorOf } from "../../platform/process/envelope.ts";
import { Engine, type EngineLimits, type EngineStart, type EngineStatus, PlaceLine, PRIORITY } from "../engine/index.ts";
import { programOf } from "../engine/program.ts";
import { Waiting } from "./line.ts";
import { isUnit } from "./pooling.ts";
import { type EmbeddingJob, EmbeddingOpened, EmbeddingReply, type EmbeddingSetup, TEXT_CHARACTERS_MAX } from "./wire.ts";

const program = (): string => programOf("embedding-worker.js", new URL("./worker.ts", import.meta.url));
/** Texts of one question to the process: 16 of full length take it about a second, and between two questions somebody else's turn comes and a request may be given up. */
const SLICE = 16;

/** The part of a checked model that is needed here. */
export interface EmbeddingFiles {
  readonly name: string;
  readonly digest: string;
  readonly folder: string;
  readonly files: { readonly weights?: string };
  readonly context_tokens: number;
  readonly dimensions?: number;
}

export interface EmbedderDeps {
  /** Asked once for each process: whoever keeps the models checks its bytes then. Throws as it does. */
  readonly model: () => Promise<EmbeddingFiles> | EmbeddingFiles;
  readonly engine_folder: string;
  readonly limits: EngineLimits & Pick<InferenceLimits, "batch_max" | "line_max" | "threads_max" | "generate_deadline_ms">;
  /** Of the process that is started next; absent: as many cores as nobody waits for. */
  readonly threads?: () => number;
}

export interface EmbedOptions {
  readonly signal?: AbortSignal;
  /** Whose request it is: tenants take turns, one part of the texts each. */
  readonly tenant?: string;
  /** Told what each part of the texts took when it is done, so that what was given up half way is known. */
  readonly onTook?: (took: Pick<Embedded, "tokens" | "cpu_us">) => void;
}

export interface Embedder {
  /** Throws `models.request`, `.busy`, `.missing`, `.corrupt`, `.load`, `.memory`, `.died`, and `request.cancelled`. */
  embed(texts: readonly string[], options?: EmbedOptions): Promise<Embedded>;
  /** Engine and version; starts the process. */
  engine(): Promise<string>;
  /** Resolves when the process that has the model's files open has answered what it was asked and gone. */
  renew(): Promise<void>;
  status(): EngineStatus;
  close(): Promise<void>;
}

const replyOf = validatorOf(EmbeddingReply);

/** Cores that nobody waits for now, one at least: with two threads on a loaded machine the same work took three times as long (docs/embeddings.md). */
function freeThreads(threads_max: number): number {
  const waiting = Math.round(loadavg()[0] ?? 0);
  return Math.max(1, Math.min(threads_max, availableParallelism() - waiting));
}

function requireFits(texts: readonly string[], { batch_max }: Pick<InferenceLimits, "batch_max">): void {
  if (texts.length === 0) throw new MaestroError("models.request", "input: no text to embed");
  if (texts.length > batch_max) throw new MaestroError("models.request", `input: ${texts.length} texts, limits.inference.batch_max is ${batch_max}`);
}

/** Vectors of a reply; throws `models.load` where one of them is not what it must be. */
function vectorsOf({ vectors }: EmbeddingReply, texts: number, dimensions: number): Float32Array[] {
  const bytes = fromBase64(vectors);
  if (bytes === null || bytes.length !== texts * dimensions * Float32Array.BYTES_PER_ELEMENT) throw new MaestroError("models.load", `${bytes?.length ?? 0} bytes of vectors came back for ${texts} texts of ${dimensions} dimensions`);
  const all = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const each = Array.from({ length: texts }, (_, place) => all.slice(place * dimensions, (place + 1) * dimensions));
  if (!each.every(isUnit)) throw new MaestroError("models.load", "a vector came back that is not of unit length");
  return each;
}

/** One part of one request at a time, tenants in turn: when the process dies it is known at whose text, and nobody else waits for that. */
class InTurn {
  readonly #line: PlaceLine;
  /** Of the engine, as far as somebody was blamed for them. */
  #deaths = 0;

  constructor(
    private readonly engine: Engine<EmbeddingOpened>,
    private readonly limits: EmbedderDeps["limits"],
  ) {
    this.#line = new PlaceLine(1, limits.line_max, limits.generate_deadline_ms, { wait_ms: limits.restart_backoff_ms, wait_ms_max: limits.restart_backoff_ms_max });
  }

  async ask(job: EmbeddingJob, tenant: string, ends_ms: number, signal: AbortSignal | undefined): Promise<EmbeddingReply> {
    const leave = await this.#line.enter(tenant, PRIORITY, signal);
    try {
      const wait = (): { readonly deadline_ms: number; readonly signal?: AbortSignal } => ({ deadline_ms: this.left(ends_ms), ...(signal === undefined ? {} : { signal }) });
      // A process that is loaded without end is waited for no longer than one that answers.
      await this.engine.open(wait());
      return await this.engine.ask(job, { validate: replyOf, ...wait() }, wait());
    } catch (thrown) {
      const { deaths } = this.engine.status;
      if (deaths !== this.#deaths) this.#line.died();
      this.#deaths = deaths;
      throw thrown;
    } finally {
      leave();
    }
  }

  /** What was promised for the work stands for so long and no longer. */
  private left(ends_ms: number): number {
    const left_ms = ends_ms - performance.now();
    if (left_ms <= 0) throw new MaestroError("models.busy", `not done in ${this.limits.generate_deadline_ms} ms beside others`);
    return left_ms;
  }

  close(): void {
    this.#line.clear(new MaestroError("daemon.draining", "the embedding model takes no more requests"));
  }
}

export function createEmbedder({ model, engine_folder, limits, threads = () => freeThreads(limits.threads_max) }: EmbedderDeps): Embedder {
  /** Of the process that runs, or the last one. */
  let held: { readonly digest: string; readonly dimensions: number } | null = null;
  const waiting = new Waiting();
  const start = async (): Promise<EngineStart> => {
    const { name, digest, folder, files, dimensions, context_tokens } = await model();
    if (files.weights === undefined || dimensions === undefined) throw new MaestroError("models.load", `${name} has no weights or no dimensions, so it embeds nothing`);
    held = { digest, dimensions };
    const open: EmbeddingSetup = { engine_folder, model_folder: folder, weights: basename(files.weights), dimensions, tokens_max: context_tokens, threads: threads() };
    return { process: { argv: [process.execPath, program()], cwd: "/", env: {} }, open };
  };
  const engine = new Engine({ what: "the embedding model", start, opened: validatorOf(EmbeddingOpened), limits, blames: true });
  const turns = new InTurn(engine, limits);

  async function embedAll(texts: readonly string[], tenant: string, { signal, onTook }: EmbedOptions): Promise<Embedded> {
    const vectors: Float32Array[] = [];
    const truncated: number[] = [];
    let [tokens, cpu_us] = [0, 0];
    const ends_ms = performance.now() + limits.generate_deadline_ms;
    for (let at = 0; at < texts.length; at += SLICE) {
      const slice = texts.slice(at, at + SLICE);
      const job = { texts: slice.map((text) => text.slice(0, TEXT_CHARACTERS_MAX).toWellFormed()) };
      const reply = await turns.ask(job, tenant, ends_ms, signal);
      vectors.push(...vectorsOf(reply, slice.length, held?.dimensions ?? 0));
      slice.forEach((text, place) => {
        if (text.length > TEXT_CHARACTERS_MAX || reply.truncated.includes(place)) truncated.push(at + place);
      });
      tokens += reply.tokens;
      cpu_us += reply.cpu_us;
      onTook?.(reply);
    }
    return { vectors, truncated, tokens, cpu_us, model_digest: held?.digest ?? "" };
  }

  return {
    async embed(texts, options = {}) {
      requireFits(texts, limits);
      const { tenant = "" } = options;
      const leave = waiting.enter(tenant, limits.line_max);
      try {
        return await embedAll(texts, tenant, options);
      } finally {
        leave();
      }
    },
    engine: async () => (await engine.open()).engine,
    renew: () => engine.renew(),
    status: () => engine.status,
    async close() {
      turns.close();
      await engine.close();
    },
  };
}
