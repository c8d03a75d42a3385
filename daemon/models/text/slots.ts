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
  /** Writes its state to a file that does not exist, cut to its `first` tokens before; bytes written. What is used on is not cut. */
  save(path: string, first?: number): Promise<number>;
  /** Puts a saved state in its place; the tokens it then holds. The file must be one this engine and model wrote: whoever calls has checked its digest. Where it throws, nothing of the sequence may be used. */
  restore(path: string): Promise<readonly number[]>;
}

/** Asked for each generation, in this order: `choose`, `leaving` (where a scope is about to be wiped), `entering`, `pause`, `evaluated`. All may throw nothing but bugs: a cache that fails is a miss. */
export interface Slots {
  /** `free` holds at least one; sequences that answer right now are not among them. */
  choose(wanted: Wanted, free: readonly Slot[]): SlotChoice;
  /** The sequence is about to lose what it holds. */
  leaving(slot: Slot, hands: SlotHands): Promise<void>;
  /** The chosen sequence holds `kept` tokens of the prompt; a saved state may hold more. How many of the prompt's first tokens may stay: whatever else it holds then is erased before anything is evaluated. */
  entering(wanted: Wanted, slot: Slot, kept: number, hands: SlotHands): Promise<number>;
  /** Where evaluation pauses and `evaluated` is asked once more, while the sequence holds no more than that: whole blocks, more than `held` and less than the prompt; null: nowhere. */
  pause(wanted: Wanted, held: number): number | null;
  /** The sequence holds the first `slot.tokens.length` tokens of the prompt, evaluated in whole blocks: all of them, or those up to the pause; `us` is what evaluating `fresh` of them took. */
  evaluated(wanted: Wanted, slot: Slot, cost: { readonly fresh: number; readonly us: number }, hands: SlotHands): Promise<void>;
}
