/** Decided gates as rows, newest first: the newest attempt of each that the reader may see. Rows of gates from before rows were kept are made as they are asked for. */
import { Type } from "@sinclair/typebox";
import { parseCanonical } from "../../proto/canonical.ts";
import { Card, Timings } from "../../proto/card.ts";
import { CARD_PAGE_CHARS_MAX, CARD_PLACES_MAX, CARD_ROWS_MADE_MAX, CARD_ROWS_MAX, type CardRow, type CardsReply } from "../../proto/cards.ts";
import { MaestroError } from "../../proto/errors.ts";
import { lazyCheck } from "../platform/lazy-check.ts";
import type { Blobs } from "../store/blobs.ts";
import type { KeptRow } from "../store/card-rows.ts";
import type { Store } from "../store/db.ts";
import { artifactName, type GateRow, type Gates } from "../store/gates.ts";
import { placeKey } from "../store/releases.ts";
import type { Tombstones } from "../store/tombstones.ts";
import type { ChangeCosts } from "./cost/change-cost.ts";

export interface CardListDeps {
  readonly store: Pick<Store, "atomic" | "freeing">;
  readonly gates: Pick<Gates, "before" | "get" | "cards" | "summaries">;
  readonly artifacts: { readonly blobs: Pick<Blobs, "get"> };
  readonly costs: Pick<ChangeCosts, "money">;
  readonly tombstones: Pick<Tombstones, "get">;
}

interface Placed {
  readonly place: number;
  readonly row: GateRow;
}

/** Rows that are read before others have their turn. */
const SLICE_ROWS = 64;
const LIMITS = { bytes_max: 64 * 1024 * 1024, depth_max: 16 };
/** What a row needs of a reply, which may hold more. */
const isReply = lazyCheck(Type.Object({ card: Card, timings: Timings }));

/** Null for a reply whose time was over, that is damaged, or that another release wrote: its gate is in no list. */
async function replyOf({ artifacts }: CardListDeps, { reply }: GateRow): Promise<{ readonly card: Card; readonly timings: Timings } | null> {
  try {
    const bytes = await artifacts.blobs.get(reply);
    if (bytes === undefined) return null;
    const value: unknown = parseCanonical(bytes, LIMITS);
    return isReply().Check(value) ? value : null;
  } catch (error) {
    if (error instanceof MaestroError) return null;
    throw error;
  }
}

async function made(deps: CardListDeps, row: GateRow): Promise<KeptRow | null> {
  const { store, gates } = deps;
  const reply = await replyOf(deps, row);
  if (reply === null || reply.card.gate_id !== row.gate_id) return null;
  // It may have gone while its reply was read.
  if (gates.get(row.gate_id, row.attempt.attempt)?.reply !== row.reply) return null;
  const held_s = gates.summaries.get(row)?.held_s ?? null;
  try {
    return store.atomic(() => gates.cards.put(row, reply, held_s));
  } catch (error) {
    // A full disk keeps nobody from reading: it is made again the next time.
    if (error instanceof MaestroError && (error.code === "store.no_space" || error.code === "store.read_only")) return gates.cards.made(row, reply, held_s);
    throw error;
  }
}

/** Of one attempt, as a list would show it; null where it has no row. */
export function listedRow({ gates, costs }: { readonly gates: Pick<Gates, "get" | "cards" | "placeOf">; readonly costs: Pick<ChangeCosts, "money"> }, gate_id: string, attempt: number): CardRow | null {
  const row = gates.get(gate_id, attempt);
  const [kept, place] = row === undefined ? [undefined, null] : [gates.cards.get(row), gates.placeOf(row)];
  return row === undefined || kept === undefined || place === null ? null : joined(kept, row, place, costs);
}

const joined = ({ row }: KeptRow, { repo_id, head }: GateRow, place: number, costs: Pick<ChangeCosts, "money">): CardRow => ({ ...row, place, cost: costs.money(placeKey({ repo_id, target_ref: row.target_ref, head })) });

/** One page while it is filled. */
class Page {
  readonly rows: CardRow[] = [];
  private characters = 0;
  private made = 0;

  constructor(
    private readonly deps: CardListDeps,
    private readonly made_max: number,
  ) {}

  get full(): boolean {
    return this.rows.length >= CARD_ROWS_MAX || this.characters >= CARD_PAGE_CHARS_MAX || this.made >= this.made_max;
  }

  async add({ place, row }: Placed): Promise<void> {
    const kept = this.buried(row) ? null : (this.deps.gates.cards.get(row) ?? (await this.make(row)));
    if (kept === null) return;
    this.characters += kept.characters;
    this.rows.push(joined(kept, row, place, this.deps.costs));
  }

  /** Its reply was to go, and what it says with it: a daemon from before there were rows may have left one behind. */
  private buried(row: GateRow): boolean {
    const { tombstones, store, gates } = this.deps;
    if (tombstones.get(artifactName(row.gate_id, row.attempt.attempt), "personal") === undefined) return false;
    if (gates.cards.get(row) !== undefined) store.freeing(() => gates.cards.remove(row));
    return true;
  }

  private async make(row: GateRow): Promise<KeptRow | null> {
    this.made += 1;
    return made(this.deps, row);
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** `before`: a place, or null for the newest. Throws `store.*`. */
export async function cardPage(deps: CardListDeps, before: number | null, sees: (row: GateRow) => boolean, signal: AbortSignal, made_max = CARD_ROWS_MADE_MAX): Promise<CardsReply> {
  const page = new Page(deps, made_max);
  const from = before ?? Number.MAX_SAFE_INTEGER;
  const [first] = deps.gates.before(Number.MAX_SAFE_INTEGER, 1);
  const newest = (first?.place ?? -1) + 1;
  let at = from;
  let reached: Pick<CardsReply, "reached"> = {};
  const reply = (next: number | null): CardsReply => ({ rows: page.rows, next, newest, ...reached });
  for (let looked = 0; looked < CARD_PLACES_MAX; ) {
    const slice = deps.gates.before(at, SLICE_ROWS);
    for (const one of slice) {
      if (page.full) return reply(at);
      if (one.newest && sees(one.row)) await page.add(one);
      at = one.place;
      reached = { reached: one.row.attempt.issued_at };
    }
    if (slice.length < SLICE_ROWS) return reply(null);
    looked += slice.length;
    if (signal.aborted) break;
    await turn();
  }
  return reply(at);
}
