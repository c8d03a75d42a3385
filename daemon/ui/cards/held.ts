/**
 * The cards that the page holds, each once. Of two files that speak of one attempt the one that knows more is kept, and what the daemon lists itself
 * is not listed out of a file too; where they disagree both stay. Pure.
 */
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
    place: richer.place ?? poorer.place,
    reported_micro_usd: richer.reported_micro_usd ?? poorer.reported_micro_usd,
    whole_micro_usd: richer.whole_micro_usd ?? poorer.whole_micro_usd,
    total_us: richer.total_us ?? poorer.total_us,
    risk: richer.risk ?? poorer.risk,
  };
}

const NAMED = /^(?:live:|disk:)?(gate:[a-z0-9]+)(?:#([0-9]+))?$/;

export interface Taken {
  /** Cards over the limit. */
  readonly left_out: number;
  /** Keys under which two files, or a file and the daemon, say two things. */
  readonly disagreeing: readonly string[];
}

export class HeldCards {
  private readonly byKey = new Map<string, PageCard>();
  /** What is listed; null where that has to be made anew. */
  private listed: readonly PageCard[] | null = null;

  take(cards: readonly PageCard[]): Taken {
    let left_out = 0;
    const disagreeing: string[] = [];
    this.listed = null;
    for (const card of cards) {
      const known = this.byKey.get(card.key);
      const live = card.origin.kind === "live";
      const own = live ? undefined : this.attempt(card);
      if (own !== undefined && !agree(own, card)) disagreeing.push(card.key);
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
    this.listed = null;
    for (const [key, { origin }] of this.byKey) if (what === "all" || origin.kind === "file") this.byKey.delete(key);
  }

  /** The daemon's own line of the attempt that a file speaks of. */
  private attempt({ gate_id, attempt }: PageCard): PageCard | undefined {
    const own = gate_id === null ? undefined : this.byKey.get(`live:${gate_id}`);
    return own?.attempt === attempt ? own : undefined;
  }

  private doubled(card: PageCard): PageCard | undefined {
    const own = card.origin.kind === "live" ? undefined : this.attempt(card);
    return own !== undefined && agree(own, card) ? own : undefined;
  }

  get size(): number {
    return this.all().length;
  }

  /** Cards out of files, listed or standing behind the daemon's own. */
  get given(): number {
    return [...this.byKey.values()].filter(({ origin }) => origin.kind === "file").length;
  }

  /** Cards out of files that stand behind the daemon's own. */
  get doubles(): number {
    return this.byKey.size - this.all().length;
  }

  get room(): number {
    return Math.max(0, CARDS_LIMITS.cards_max - this.byKey.size);
  }

  all(): readonly PageCard[] {
    this.listed ??= this.list();
    return this.listed;
  }

  private list(): PageCard[] {
    const all = [...this.byKey.values()];
    // A row knows no risk; a whole card that was given beside it does.
    const risks = new Map(all.flatMap((card) => (card.risk === null ? [] : [[this.doubled(card)?.key, card.risk] as const])));
    return all.flatMap((card) => (this.doubled(card) !== undefined ? [] : risks.has(card.key) && card.risk === null ? [{ ...card, risk: risks.get(card.key) ?? null }] : [card]));
  }

  get(key: string): PageCard | undefined {
    const card = this.byKey.get(key);
    return card === undefined ? undefined : (this.doubled(card) ?? card);
  }

  /** The card that an address names: by its key, or by its gate, as other pages name it and wherever it came from; of several attempts the newest. */
  find(name: string): PageCard | undefined {
    const [, gate, attempt] = NAMED.exec(name) ?? [];
    const fits = (card: PageCard): boolean => card.gate_id === gate && (attempt === undefined || card.attempt === Number(attempt));
    return this.get(name) ?? (gate === undefined ? undefined : this.all().filter(fits).toSorted((a, b) => b.attempt - a.attempt)[0]);
  }
}
