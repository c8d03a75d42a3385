/** All there is of a chosen card: out of the file that it came from, or asked from who serves the page. */
import type { Card, CardProof, Timings } from "../../../../proto/card.ts";
import { fromBase64 } from "../../../../proto/encoding.ts";
import type { ChangeCost } from "../../../../proto/usage.ts";
import type { Live } from "../../page/live.ts";
import { cardOfWhole, type PageCard } from "../model.ts";
import { around, cardIn, isFields, wantedOf, type Placed, type Wanted } from "./place.ts";

export interface Whole {
  readonly row: PageCard;
  /** Null where nothing but a row is known; `missing` says what to do. */
  readonly card: Card | null;
  readonly missing: string | null;
  /** Whether asking once more may bring it: by itself as soon as somebody answers again, or only where a person thinks so. */
  readonly again: "itself" | "asked" | null;
  readonly proof: CardProof | null;
  readonly timings: Timings | null;
  readonly cost: ChangeCost | null;
  /** Every attempt of this gate, where that is known. */
  readonly attempts: readonly number[];
  /** The file that it stands in, where that is evidence. */
  readonly evidence: Blob | null;
}

/** What the card says stands over what its row says: a row is not hashed into anything, and a daemon may have a newer attempt by now. */
function rowOf(row: PageCard, card: Card): PageCard {
  const same = card.attempt === row.attempt;
  const { at, held_at, reported_micro_usd, whole_micro_usd, total_us } = row;
  return { ...cardOfWhole(card, { at: same ? at : null, total_us: same ? total_us : null, cost: null }, row.origin), ...(held_at === undefined ? {} : { held_at }), key: row.key, reported_micro_usd, whole_micro_usd };
}

const wholeOf = (row: PageCard, placed: Placed, evidence: Blob | null): Whole => ({ ...placed, row: rowOf(row, placed.card), missing: null, again: null, evidence });

const only = (row: PageCard, missing: string, again: Whole["again"] = null): Whole => ({ row, card: null, missing, again, proof: null, timings: null, cost: null, attempts: [], evidence: null });

export const gatePath = (gate_id: string, rest = ""): string => `/v1/gates/${encodeURIComponent(gate_id)}${rest}`;

async function ofLive(row: PageCard, live: Live, gate_id: string): Promise<Whole> {
  const answer = await live.daemon<unknown>(gatePath(gate_id));
  if (!answer.ok) return only(row, `Only the row of this card is shown: ${answer.failure.said}`, answer.failure.why === "refused" ? "asked" : "itself");
  const { value } = answer;
  const card = isFields(value) ? cardIn(value["card"]) : null;
  if (card === null || !isFields(value)) return only(row, "Only the row of this card is shown: the daemon's card has a form that this page does not read. Open it with the page of that Maestro.");
  if (card.gate_id !== gate_id) return only(row, "Only the row of this card is shown: what came is the card of another gate.");
  return wholeOf(row, { card, ...around(card, value) }, null);
}

const ROW_ONLY = "Only the row of this card was given. For the whole card drop its evidence bundle, or what maestro card GATE --json prints, onto this page.";

/** Finds a card in a file, away from the page; `given up` where somebody did not wait. */
export type TakeApart = (blob: Blob, wanted: Wanted) => Promise<Placed | null | "given up">;

/** Never throws for what a file holds; one that is gone or changed since it was chosen is said. */
export async function loadWhole(row: PageCard, file: (file: number) => Blob | undefined, live: Live | null, takeApart: TakeApart): Promise<Whole> {
  const { origin, gate_id } = row;
  if (origin.kind === "live") return live === null || gate_id === null ? only(row, "Only the row of this card is shown: nothing is connected that has the rest.") : ofLive(row, live, gate_id);
  if (origin.form === "row") return only(row, ROW_ONLY);
  const given = file(origin.file);
  if (given === undefined) return only(row, "The file that this card came from is not here any more; give it again.");
  const part = given.slice(origin.start, origin.end);
  try {
    const placed = await takeApart(part, wantedOf(row));
    if (placed === "given up") return only(row, "Reading its file was given up, so only the row of this card is shown.", "asked");
    if (placed === null) return only(row, "The file does not hold this card any more; give it again.");
    return wholeOf(row, placed, origin.form === "bundle" ? part : null);
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    return only(row, `The file cannot be read any more (${cause.name}): it was changed, moved or taken away since it was chosen. Choose it again.`);
  }
}

/** An earlier attempt's card, from the daemon's file for an auditor; null where it has no evidence of that attempt any more. */
export async function earlierCard(gate_id: string, attempt: number, live: Live, takeApart: TakeApart): Promise<{ readonly card: Card | null } | { readonly said: string }> {
  const answer = await live.daemon<unknown>(gatePath(gate_id, "/evidence"));
  if (!answer.ok) return { said: answer.failure.said };
  const content = isFields(answer.value) && typeof answer.value["content"] === "string" ? fromBase64(answer.value["content"]) : null;
  if (content === null) return { said: "The evidence of the earlier attempts cannot be read." };
  const placed = await takeApart(new Blob([content.slice()]), { gate_id, attempt, head: null });
  return placed === "given up" ? { said: "Reading it was given up." } : { card: placed?.card ?? null };
}
