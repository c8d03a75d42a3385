/** The cards that the page holds, each once. Of two that speak of one attempt the one that knows more is kept; where they disagree both stay. Pure. */
import { CARDS_LIMITS } from "./limits.ts";
import type { PageCard } from "./model.ts";

const RICHNESS = { row: 0, card: 1, bundle: 2 } as const;
const richness = ({ origin }: PageCard): number => (origin.kind === "live" ? 0 : RICHNESS[origin.form]);

const agree = (a: PageCard, b: PageCard): boolean => a.verdict === b.verdict && a.head === b.head && a.repository === b.repository && a.target_ref === b.target_ref;

/** What one of them does not say, the other one may. */
function together(known: PageCard, other: PageCard): PageCard {
  const [richer, poorer] = richness(other) >= richness(known) ? [other, known] : [known, other];
  return {
    ...poorer,
    ...richer,
    at: richer.at ?? poorer.at,
    at_ms: richer.at_ms ?? poorer.at_ms,
    reported_micro_usd: richer.reported_micro_usd ?? poorer.reported_micro_usd,
    whole_micro_usd: richer.whole_micro_usd ?? poorer.whole_micro_usd,
    total_us: richer.total_us ?? poorer.total_us,
    risk: richer.risk ?? poorer.risk,
  };
}

export interface Taken {
  /** Cards over the limit. */
  readonly left_out: number;
  /** Keys under which two files say two things. */
  readonly disagreeing: readonly string[];
}

export class HeldCards {
  private readonly byKey = new Map<string, PageCard>();

  take(cards: readonly PageCard[]): Taken {
    let left_out = 0;
    const disagreeing: string[] = [];
    for (const card of cards) {
      const known = this.byKey.get(card.key);
      const live = card.origin.kind === "live";
      if (known !== undefined && (live || agree(known, card))) this.byKey.set(card.key, live ? card : together(known, card));
      else if (this.byKey.size >= CARDS_LIMITS.cards_max) left_out++;
      else if (known === undefined) this.byKey.set(card.key, card);
      else {
        const apart = `${card.key}~${card.verdict}:${card.head}:${card.repository}:${card.target_ref}`;
        if (!this.byKey.has(apart)) disagreeing.push(card.key);
        this.byKey.set(apart, { ...card, key: apart });
      }
    }
    return { left_out, disagreeing };
  }

  /** Forgets what came from files, or all. */
  clear(what: "files" | "all"): void {
    for (const [key, { origin }] of this.byKey) if (what === "all" || origin.kind === "file") this.byKey.delete(key);
  }

  get size(): number {
    return this.byKey.size;
  }

  get room(): number {
    return Math.max(0, CARDS_LIMITS.cards_max - this.byKey.size);
  }

  all(): PageCard[] {
    return [...this.byKey.values()];
  }

  get(key: string): PageCard | undefined {
    return this.byKey.get(key);
  }
}
