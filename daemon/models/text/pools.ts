/** Contexts of one model by the adapters they were made with, and the sequences in them. */
import { MaestroError } from "../../../proto/errors.ts";
import type { AdapterFile } from "./jobs.ts";
import type { Context, Llama, Model, Sequence, Token } from "./llama.ts";
import type { Slot } from "./slots.ts";

/** Tokens evaluated in one piece. Only whole blocks are used again, so that every token was evaluated in the same company: then the last digits are the same, too. */
export const BLOCK_TOKENS = 64;
/** Contexts with adapters kept beside the one without. */
const ADAPTED_MAX = 2;
/** Logits that are compared to see whether an adapter does anything. */
const LOGITS = 32;

export class Seat implements Slot {
  readonly id: number;
  readonly sequence: Sequence;
  scope: string | null = null;
  used = 0;
  busy = false;

  constructor(id: number, sequence: Sequence) {
    this.id = id;
    this.sequence = sequence;
  }

  get tokens(): readonly Token[] {
    return this.sequence.contextTokens;
  }
}

export interface Pool {
  readonly key: string;
  readonly context: Context;
  readonly seats: readonly Seat[];
}

export interface PoolsDeps {
  readonly llama: Llama;
  readonly model: Model;
  readonly context_tokens: number;
  readonly sequences: number;
  readonly threads_max: number;
}

export class Pools {
  readonly #deps: PoolsDeps;
  /** In the order of their last use. */
  readonly #pools = new Map<string, Pool>();
  #seats = 0;
  #probe: readonly (readonly [Token, number])[] | null = null;

  constructor(deps: PoolsDeps) {
    this.#deps = deps;
  }

  /** Requires that nothing else is evaluated meanwhile. `leaving` is told of each sequence that goes. Throws `models.adapter` and `models.memory`. */
  async of(adapters: readonly AdapterFile[], leaving: (seat: Seat) => Promise<void>): Promise<Pool> {
    const key = JSON.stringify(adapters.map(({ digest, scale }) => [digest, scale]));
    const pool = this.#pools.get(key) ?? (await this.#make(key, adapters, leaving));
    this.#pools.delete(key);
    this.#pools.set(key, pool);
    return pool;
  }

  async close(): Promise<void> {
    for (const { context } of this.#pools.values()) await context.dispose();
    this.#pools.clear();
  }

  async #make(key: string, adapters: readonly AdapterFile[], leaving: (seat: Seat) => Promise<void>): Promise<Pool> {
    const idle = [...this.#pools.values()].find((pool) => pool.key !== "[]" && pool.seats.every(({ busy }) => !busy));
    if (this.#pools.size > ADAPTED_MAX && idle !== undefined) {
      for (const seat of idle.seats) await leaving(seat);
      this.#pools.delete(idle.key);
      await idle.context.dispose();
    }
    const { sequences } = this.#deps;
    const context = await this.#context(adapters);
    const seats = Array.from({ length: sequences }, () => new Seat(this.#seats++, context.getSequence()));
    const probe = await this.#logits(seats);
    if (adapters.length === 0) this.#probe = probe;
    else if (this.#probe !== null && JSON.stringify(probe) === JSON.stringify(this.#probe)) {
      await context.dispose();
      throw new MaestroError("models.adapter", `${adapters.map(({ name }) => name).join(", ")}: nothing changes with it`);
    }
    return { key, context, seats };
  }

  async #context(adapters: readonly AdapterFile[]): Promise<Context> {
    const { model, context_tokens, sequences, threads_max } = this.#deps;
    try {
      return await model.createContext({
        contextSize: context_tokens,
        sequences,
        batchSize: BLOCK_TOKENS,
        // Without it rows that are evaluated together are not those of each alone, whatever their number.
        flashAttention: true,
        // Else a prefix is used again only where the window of the last evaluation still covers it.
        swaFullCache: true,
        threads: threads_max,
        // The engine guesses; the limit of this process is what holds.
        ignoreMemorySafetyChecks: true,
        batching: { itemPrioritizationStrategy: ({ items, size }) => items.slice(0, 1).map((item) => ({ item, processAmount: Math.min(size, item.tokens.length) })) },
        ...(adapters.length === 0 ? {} : { lora: { adapters: adapters.map(({ path, scale }) => ({ filePath: path, scale })) } }),
      });
    } catch (cause) {
      const why = String(cause).slice(0, 300);
      if (adapters.length > 0 && this.#pools.has("[]")) throw new MaestroError("models.adapter", `${adapters.map(({ name }) => name).join(", ")}: the engine does not take it for this model: ${why}`, { cause });
      throw new MaestroError("models.memory", `no context of ${sequences} times ${context_tokens} tokens could be made: ${why}`, { cause });
    }
  }

  async #logits([seat]: readonly Seat[]): Promise<readonly (readonly [Token, number])[]> {
    const { model } = this.#deps;
    const tokens = model.tokenize("The quick brown fox");
    if (seat === undefined) return [];
    const said = await seat.sequence.controlledEvaluate(tokens.map((token) => [token, { generateNext: { logits: { filter: { includeTop: LOGITS } } } }] as const));
    await seat.sequence.clearHistory();
    return said.flatMap((one) => [...(one?.next.logits ?? [])]);
  }
}
