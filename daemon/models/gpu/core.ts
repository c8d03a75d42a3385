/**
 * Which model lies on which GPU. Pure, and the same for the same cards, models and question, in whatever order they are named: a decision that
 * was noted down can be made again. A model that generates is never put out; one of higher priority never for one of lower.
 */
import { type Fit, fit, layersOf, needOf, type Wish } from "./fit.ts";
import type { ModelShape } from "./shape.ts";

export interface Card {
  readonly index: number;
  /** What models of ours may take of it altogether. */
  readonly room_bytes: number;
}

export interface Resident {
  readonly model: string;
  readonly gpu: number;
  /** Promised to it, from before its process was started until after that has ended. */
  readonly bytes: number;
  readonly priority: number;
  /** It generates, is being loaded, or has been told to go. */
  readonly busy: boolean;
  readonly used_ms: number;
}

export interface Cards {
  readonly cards: readonly Card[];
  readonly residents: readonly Resident[];
  /** On all cards together; null: as much as they have. */
  readonly pool_bytes: number | null;
  readonly ram_bytes: number;
}

export interface Asking {
  readonly model: string;
  readonly shape: ModelShape;
  readonly wish: Wish;
  readonly priority: number;
  /** Whether it may lie on a GPU at all. */
  readonly gpu: boolean;
  /** Why not, where its entry is not the reason. */
  readonly off_because?: string;
  /** Rather than to lie elsewhere it waits until models of its own priority or a lower one are idle. */
  readonly waits: boolean;
}

export type Decision =
  | { readonly kind: "place"; readonly gpu: number; readonly fit: Fit; readonly evict: readonly string[]; readonly because: string }
  /** Others generate still, and would make room for all of it. Those of `for` are told to go; where there are none, it waits for a moment in which nobody uses them. */
  | { readonly kind: "wait"; readonly for: readonly string[]; readonly because: string }
  | { readonly kind: "here"; readonly fit: Fit; readonly because: string }
  /** What it takes at least, all here and all on a GPU, and what there is at most. */
  | { readonly kind: "refuse"; readonly because: string };

const sum = (residents: readonly Resident[]): number => residents.reduce((total, { bytes }) => total + bytes, 0);
/** Lowest priority first, then longest unused. */
const order = (a: Resident, b: Resident): number => a.priority - b.priority || a.used_ms - b.used_ms || (a.model < b.model ? -1 : 1);

interface Offer {
  readonly card: Card;
  readonly fit: Fit;
  readonly gone: readonly Resident[];
  readonly left_bytes: number;
}

class Deciding {
  constructor(
    private readonly state: Cards,
    private readonly asking: Asking,
  ) {}

  private leftOn({ index, room_bytes }: Card, gone: readonly Resident[]): number {
    const stays = this.state.residents.filter((one) => !gone.includes(one));
    const pool = this.state.pool_bytes === null ? Infinity : this.state.pool_bytes - sum(stays);
    return Math.max(0, Math.min(pool, room_bytes - sum(stays.filter(({ gpu }) => gpu === index))));
  }

  private offer(card: Card, gone: readonly Resident[]): Offer | null {
    const left_bytes = this.leftOn(card, gone);
    const found = fit(this.asking.shape, this.asking.wish, { vram_bytes: left_bytes, ram_bytes: this.state.ram_bytes });
    return found === null ? null : { card, fit: found, gone, left_bytes };
  }

  private whole(offer: Offer | null): offer is Offer {
    const { shape, wish } = this.asking;
    return offer !== null && offer.fit.layers === layersOf(shape) && offer.fit.context_tokens === Math.min(wish.context_tokens, shape.context_tokens);
  }

  /** With as few put out as make room for all of it; null where all of those do not. */
  private without(card: Card, candidates: readonly Resident[]): Offer | null {
    const gone: Resident[] = [];
    for (const one of candidates.filter(({ gpu }) => gpu === card.index || this.state.pool_bytes !== null).toSorted(order)) {
      gone.push(one);
      if (this.whole(this.offer(card, gone))) {
        // Whoever went in vain stays.
        const needed = gone.reduce<readonly Resident[]>((kept, victim) => (this.whole(this.offer(card, kept.filter((other) => other !== victim))) ? kept.filter((other) => other !== victim) : kept), gone);
        return this.offer(card, needed);
      }
    }
    return null;
  }

  private best(offers: readonly (Offer | null)[], better: (a: Offer, b: Offer) => number): Offer | null {
    return offers.filter((one) => one !== null).toSorted((a, b) => better(a, b) || a.card.index - b.card.index)[0] ?? null;
  }

  private placed({ card, fit: found, gone }: Offer, because: string): Decision {
    return { kind: "place", gpu: card.index, fit: found, evict: gone.map(({ model }) => model).sort(), because };
  }

  private here(because: string): Decision {
    const { shape, wish } = this.asking;
    const { cards, ram_bytes } = this.state;
    const found = fit(shape, wish, { vram_bytes: 0, ram_bytes });
    if (found !== null) return { kind: "here", fit: found, because };
    const least = Math.min(wish.context_min, wish.context_tokens, shape.context_tokens);
    const [none, all] = [needOf(shape, 0, least, wish.sequences), needOf(shape, layersOf(shape), least, wish.sequences)];
    const most = Math.max(0, ...cards.map(({ room_bytes }) => room_bytes));
    return { kind: "refuse", because: `${this.asking.model} takes ${none.ram_bytes} bytes of memory with ${least} tokens of context, this node has ${ram_bytes} for it; with all of it on a GPU ${all.vram_bytes} there and ${all.ram_bytes} here, the largest GPU has ${most}` };
  }

  decide(): Decision {
    const { asking, state } = this;
    if (!asking.gpu) return this.here(asking.off_because ?? "its entry says that it is to stay off the GPUs");
    if (state.cards.length === 0) return this.here("there is no GPU");
    const free = state.cards.map((card) => this.offer(card, []));
    const whole = this.best(free.filter((offer) => this.whole(offer)), (a, b) => a.left_bytes - b.left_bytes);
    if (whole !== null) return this.placed(whole, "all of it fits beside what is there");
    const idle = state.residents.filter(({ busy, priority }) => !busy && priority <= asking.priority);
    const highest = ({ gone }: Offer): number => Math.max(...gone.map(({ priority }) => priority));
    const emptied = this.best(state.cards.map((card) => this.without(card, idle)), (a, b) => highest(a) - highest(b) || a.gone.length - b.gone.length);
    if (emptied !== null) return this.placed(emptied, "models that nobody uses just now make room");
    const lower = state.residents.filter(({ busy, priority }) => (busy ? priority < asking.priority : priority <= asking.priority));
    const waited = this.best(state.cards.map((card) => this.without(card, lower)), (a, b) => highest(a) - highest(b) || a.gone.length - b.gone.length);
    if (waited !== null) return { kind: "wait", for: waited.gone.filter(({ busy }) => busy).map(({ model }) => model).sort(), because: "models of lower priority make room when they have ended what they do" };
    const equal = asking.waits ? state.residents.filter(({ priority }) => priority <= asking.priority) : [];
    if (state.cards.some((card) => this.without(card, equal) !== null)) return { kind: "wait", for: [], because: "a model of its own priority makes room when nobody uses it for a moment" };
    const part = this.best(free, (a, b) => b.fit.layers - a.fit.layers || b.fit.context_tokens - a.fit.context_tokens);
    return part !== null && part.fit.layers > 0 ? this.placed(part, "a part of it fits") : this.here("no GPU has room for a layer of it");
  }
}

export const decide = (state: Cards, asking: Asking): Decision => new Deciding(state, asking).decide();

/** Of one who waits. */
export interface Standing {
  readonly priority: number;
  /** Its promised share of the market is not kept just now. */
  readonly behind: boolean;
  /** What a second of a GPU is charged to it, in dollars: the market's price for it, 0 without one. */
  readonly usd_per_s: number;
  /** Order of coming. */
  readonly nth: number;
}

/** Who is looked at first: by priority, then whose promised share is short, then who pays more for a second, then who came first. The shares are the market's, and there is no other fairness here. */
export const before = (a: Standing, b: Standing): number => b.priority - a.priority || Number(b.behind) - Number(a.behind) || b.usd_per_s - a.usd_per_s || a.nth - b.nth;
