/**
 * Chooses the sequence that has most of a prompt evaluated already, in the same scope alone, and keeps states in files for later.
 * Only whole blocks that were evaluated as blocks are used again: evaluated in other pieces the same tokens give other last digits
 * (measured; docs/prompt-cache.md), and the text at temperature 0 must not depend on what ran before.
 */
import { StateFiles, type StateFilesDeps } from "./files.ts";
import { chainOf, commonPrefix, wholeBlocks } from "./scope.ts";
import type { Slot, SlotChoice, SlotHands, Slots, Wanted } from "../text/slots.ts";

export interface PrefixSlotsDeps extends StateFilesDeps {
  /**
   * Of a model with sliding-window attention, its window: a saved state holds no more than that of what came before, so
   * states are saved of so many tokens at most. Null: every layer looks at everything.
   */
  readonly window_tokens: number | null;
  readonly now_us: () => number;
}

/** A state is written where evaluating its tokens took so many times what writing and reading it are expected to. */
const WORTH = 8;
/** Until they were measured: 128 tokens are 300 ms of evaluation, and 11 ms to write and 2 ms to read. */
const FIRST_US_PER_TOKEN = 2_500;
const FIRST_FILE_US_PER_TOKEN = 100;
/** Weight of the newest measurement. */
const NEWEST = 0.25;

/** Counted since the worker's start. */
export interface PrefixCounts {
  readonly kept_tokens: number;
  readonly restored_tokens: number;
  readonly saved: number;
  readonly refused: number;
}

export interface PrefixSlots extends Slots {
  counts(): PrefixCounts;
}

interface Evaluated {
  readonly scope_digest: string;
  readonly tenant: string | null;
  readonly tokens: readonly number[];
}

class FileSlots implements PrefixSlots {
  /** What lies in each sequence as whole blocks, evaluated as such. */
  private readonly whole = new Map<number, Evaluated>();
  private counted = { kept_tokens: 0, restored_tokens: 0, saved: 0, refused: 0 };
  private us_per_token: number | null = null;
  private file_us_per_token = FIRST_FILE_US_PER_TOKEN;

  constructor(
    private readonly deps: PrefixSlotsDeps,
    private readonly files: StateFiles,
  ) {}

  counts(): PrefixCounts {
    return { ...this.counted };
  }

  choose(wanted: Wanted, free: readonly Slot[]): SlotChoice {
    let best: { readonly slot: Slot; readonly keep: number } | null = null;
    for (const slot of [...free].sort((one, other) => one.id - other.id)) {
      const keep = this.keeps(wanted, slot);
      if (keep > (best?.keep ?? 0)) best = { slot, keep };
    }
    if (best !== null) return { id: best.slot.id, keep: best.keep };
    const idle = [...free].sort((one, other) => Number(one.scope !== null) - Number(other.scope !== null) || one.used - other.used || one.id - other.id)[0];
    if (idle === undefined) throw new RangeError("slots: none is free");
    return { id: idle.id, keep: 0 };
  }

  async leaving(slot: Slot, hands: SlotHands): Promise<void> {
    const held = this.whole.get(slot.id);
    this.whole.delete(slot.id);
    if (held !== undefined && held.scope_digest === slot.scope) await this.save(held, held.tokens.length, (path, most) => hands.save(path, most));
  }

  async entering(wanted: Wanted, slot: Slot, kept: number, hands: SlotHands): Promise<number> {
    const { block } = this.deps;
    const found = this.files.states.find(wanted.scope_digest, chainOf(wanted.scope_digest, wanted.tokens, block));
    const held = found === null || found.blocks * block <= kept ? kept : await this.restored(found.state.id, wanted, { tokens: found.blocks * block, kept }, hands);
    this.whole.set(slot.id, { scope_digest: wanted.scope_digest, tenant: wanted.scope.space.tenant, tokens: wanted.tokens.slice(0, held) });
    this.counted[held > kept ? "restored_tokens" : "kept_tokens"] += held;
    return held;
  }

  pause(wanted: Wanted, held: number): number | null {
    const { block, window_tokens } = this.deps;
    if (window_tokens === null || wanted.tokens.length <= window_tokens) return null;
    const most = this.most(wholeBlocks(wanted.tokens.length, block) * block);
    return most > held && this.wanting(wanted.scope_digest, wanted.tokens, most, most - held) ? most : null;
  }

  async evaluated(wanted: Wanted, slot: Slot, { fresh, us }: { readonly fresh: number; readonly us: number }, hands: SlotHands): Promise<void> {
    const { block, window_tokens } = this.deps;
    if (fresh > 0 && us > 0) this.us_per_token = this.us_per_token === null ? us / fresh : this.us_per_token * (1 - NEWEST) + (us / fresh) * NEWEST;
    const held = slot.tokens.length;
    const whole = held < wanted.tokens.length ? Math.floor(held / block) * block : wholeBlocks(held, block) * block;
    const evaluated: Evaluated = { scope_digest: wanted.scope_digest, tenant: wanted.scope.space.tenant, tokens: wanted.tokens.slice(0, whole) };
    this.whole.set(slot.id, evaluated);
    // What the window has left behind is not in a state that is saved now.
    if (window_tokens === null || held <= window_tokens) await this.save(evaluated, fresh, (path) => hands.save(path));
  }

  /** Tokens of the prompt that may stay in this sequence. */
  private keeps(wanted: Wanted, slot: Slot): number {
    const held = this.whole.get(slot.id);
    if (slot.scope !== wanted.scope_digest || held === undefined || held.scope_digest !== wanted.scope_digest) return 0;
    const { block } = this.deps;
    const common = Math.min(commonPrefix(held.tokens, wanted.tokens), slot.tokens.length);
    return Math.min(Math.floor(common / block), wholeBlocks(wanted.tokens.length, block)) * block;
  }

  /** Tokens that stay. A state that was not what it should be is used for nothing, and gone. */
  private async restored(id: string, wanted: Wanted, { tokens, kept }: { readonly tokens: number; readonly kept: number }, hands: SlotHands): Promise<number> {
    const path = await this.files.checked(id);
    if (path === null) return (this.counted.refused += 1), kept;
    try {
      const held = await hands.restore(path);
      if (commonPrefix(held, wanted.tokens) >= tokens) return tokens;
    } catch (error) {
      this.deps.warn("the engine refused a saved prompt, which is removed and evaluated again", error);
    }
    await this.files.drop(id);
    this.counted.refused += 1;
    return 0;
  }

  /** Tokens of so many that a saved state can hold. */
  private most(tokens: number): number {
    const { block, window_tokens } = this.deps;
    return window_tokens === null ? tokens : Math.min(tokens, Math.floor(window_tokens / block) * block);
  }

  /** Whether a state of the first `most` tokens is worth writing for `gained` that it saves. */
  private wanting(scope_digest: string, tokens: readonly number[], most: number, gained: number): boolean {
    if (most === 0 || !this.files.writes || gained * (this.us_per_token ?? FIRST_US_PER_TOKEN) < WORTH * most * this.file_us_per_token) return false;
    const { block } = this.deps;
    return this.files.states.find(scope_digest, chainOf(scope_digest, tokens, block, most / block).slice(-1)) === null;
  }

  private async save({ scope_digest, tenant, tokens }: Evaluated, gained: number, write: (path: string, most: number) => Promise<number>): Promise<void> {
    const { block, now_us } = this.deps;
    const most = this.most(tokens.length);
    if (!this.wanting(scope_digest, tokens, most, gained)) return;
    const started = now_us();
    const chain = chainOf(scope_digest, tokens, block, most / block);
    const kept = await this.files.save({ scope: scope_digest, tenant, chain, cost_us: Math.round(most * (this.us_per_token ?? FIRST_US_PER_TOKEN)) }, (path) => write(path, most));
    this.file_us_per_token = this.file_us_per_token * (1 - NEWEST) + ((now_us() - started) / most) * NEWEST;
    if (kept) this.counted.saved += 1;
  }
}

/** Takes over the states that lie in the folder. */
export async function createSlots(deps: PrefixSlotsDeps): Promise<PrefixSlots> {
  return new FileSlots(deps, await StateFiles.open(deps));
}
