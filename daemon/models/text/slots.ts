/**
 * Which sequence of a worker answers a prompt, and what of it need not be evaluated again. Asked inside the worker, which alone knows tokens.
 * A sequence of one space is wiped before another space gets it; nothing is compared, found or timed across spaces.
 */
import type { CacheSpace } from "../../../proto/model-work.ts";

/** Everything two evaluations must have in common before one may stand for the other. */
export interface PrefixScope {
  readonly model_digest: string;
  readonly engine: string;
  /** In the order they are applied. */
  readonly adapters: readonly { readonly digest: string; readonly scale: number }[];
  /** What else the evaluation depends on: context size, block of evaluation, layers on a GPU. */
  readonly context: string;
  readonly space: CacheSpace;
}

/** A sequence as those see it who choose. */
export interface Slot {
  readonly id: number;
  /** Digest of the scope whose tokens it holds; null: it is empty. */
  readonly scope: string | null;
  /** Evaluated in it, in order. */
  readonly tokens: readonly number[];
  /** Counts up with every use of any sequence: the smallest was used longest ago. */
  readonly used: number;
}

export interface Wanted {
  readonly scope: PrefixScope;
  readonly scope_digest: string;
  readonly tokens: readonly number[];
}

/** The sequence, and how many of the prompt's first tokens stay in it; `keep` is 0 where it held another scope. */
export interface SlotChoice {
  readonly id: number;
  readonly keep: number;
}

/** What may be done with the sequence that was chosen, or is about to be wiped. */
export interface SlotHands {
  /** Writes its state to a file that does not exist; bytes written. */
  save(path: string): Promise<number>;
  /** Puts a saved state in its place; the tokens it then holds. The file must be one this engine and model wrote: whoever calls has checked its digest. */
  restore(path: string): Promise<readonly number[]>;
}

/** Asked for each generation, in this order: `choose`, `leaving` (where a scope is about to be wiped), `entering`, `evaluated`. All may throw nothing but bugs: a cache that fails is a miss. */
export interface Slots {
  /** `free` holds at least one; sequences that answer right now are not among them. */
  choose(wanted: Wanted, free: readonly Slot[]): SlotChoice;
  /** The sequence is about to lose what it holds. */
  leaving(slot: Slot, hands: SlotHands): Promise<void>;
  /** The chosen sequence holds `kept` tokens of the prompt; a saved state may hold more. How many it holds afterwards. */
  entering(wanted: Wanted, slot: Slot, kept: number, hands: SlotHands): Promise<number>;
  /** The whole prompt lies evaluated in the sequence; `us` is what evaluating `fresh` of its tokens took. */
  evaluated(wanted: Wanted, slot: Slot, cost: { readonly fresh: number; readonly us: number }, hands: SlotHands): Promise<void>;
}
