/** All there is of a chosen card: out of the file that it came from, or asked from who serves the page. */
import { Value } from "@sinclair/typebox/value";
import { GateReply } from "../../../../proto/api.ts";
import { Card, CardProof, Timings } from "../../../../proto/card.ts";
import { fromBase64 } from "../../../../proto/encoding.ts";
import { ChangeCost } from "../../../../proto/usage.ts";
import type { Live } from "../../page/live.ts";
import { cardOfWhole, type PageCard } from "../model.ts";

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

/** The card of this attempt in the bytes of some evidence; null where there is none, or it is hidden. */
export async function cardInEvidence(evidence: Blob, row: PageCard): Promise<Card | null> {
  return placeOf(parsedOf(await evidence.text()), row)?.card ?? null;
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

/** A card as this page knows it; what a newer Maestro added to it is left out, as it was for the list. */
function cardIn(value: unknown): Card | null {
  if (Value.Check(Card, value)) return value;
  const cleaned: unknown = isFields(value) ? Value.Clean(Card, structuredClone(value)) : null;
  return Value.Check(Card, cleaned) ? cleaned : null;
}

const is = (card: Card | null, { gate_id, attempt, head }: PageCard): card is Card => card !== null && card.gate_id === gate_id && card.attempt === attempt && card.head === head;

interface Place {
  readonly card: Card;
  /** What stood around it. */
  readonly around: Fields;
}

/** Lists of lists are none of ours. */
const DEPTH_MAX = 3;

/** Where a file has more than one card: the one that was chosen. */
function placeOf(value: unknown, row: PageCard, depth = 0): Place | null {
  if (depth > DEPTH_MAX) return null;
  if (Array.isArray(value)) {
    for (const one of value) {
      const found = placeOf(one, row, depth + 1);
      if (found !== null) return found;
    }
    return null;
  }
  if (!isFields(value)) return null;
  if (Array.isArray(value["rows"])) return placeOf(value["rows"], row, depth + 1);
  const gates = [value["gate"], ...(Array.isArray(value["earlier"]) ? value["earlier"] : [])].filter(isFields);
  for (const gate of gates) {
    const found = placeOf(gate["bundle"], row, depth + 1);
    if (found !== null) return found;
  }
  const card = "card" in value ? value["card"] : value;
  const read = cardIn(card);
  return is(read, row) ? { card: read, around: value } : null;
}

/** What the card says stands over what its row says: a row is not hashed into anything, and a daemon may have a newer attempt by now. */
function rowOf(row: PageCard, card: Card): PageCard {
  const same = card.attempt === row.attempt;
  const { at, held_at, reported_micro_usd, whole_micro_usd, total_us } = row;
  return { ...cardOfWhole(card, { at: same ? at : null, total_us: same ? total_us : null, cost: null }, row.origin), ...(held_at === undefined ? {} : { held_at }), key: row.key, reported_micro_usd, whole_micro_usd };
}

function wholeOf(row: PageCard, { card, around }: Place, evidence: Blob | null): Whole {
  const { proof, timings, cost, attempts } = around;
  return {
    row: rowOf(row, card),
    card,
    missing: null,
    again: null,
    proof: Value.Check(CardProof, proof) ? proof : null,
    timings: Value.Check(Timings, timings) ? timings : null,
    cost: Value.Check(ChangeCost, cost) ? cost : null,
    attempts: Value.Check(GateReply.properties.attempts, attempts) ? attempts : [card.attempt],
    evidence,
  };
}

const only = (row: PageCard, missing: string, again: Whole["again"] = null): Whole => ({ row, card: null, missing, again, proof: null, timings: null, cost: null, attempts: [], evidence: null });

export const gatePath = (gate_id: string, rest = ""): string => `/v1/gates/${encodeURIComponent(gate_id)}${rest}`;

async function ofLive(row: PageCard, live: Live, gate_id: string): Promise<Whole> {
  const answer = await live.daemon<unknown>(gatePath(gate_id));
  if (!answer.ok) return only(row, `Only the row of this card is shown: ${answer.failure.said}`, answer.failure.why === "refused" ? "asked" : "itself");
  const { value } = answer;
  const card = isFields(value) ? cardIn(value["card"]) : null;
  if (card === null || !isFields(value)) return only(row, "Only the row of this card is shown: the daemon's card has a form that this page does not read. Open it with the page of that Maestro.");
  if (card.gate_id !== gate_id) return only(row, "Only the row of this card is shown: what came is the card of another gate.");
  return wholeOf(row, { card, around: value }, null);
}

const ROW_ONLY = "Only the row of this card was given. For the whole card drop its evidence bundle, or what maestro card GATE --json prints, onto this page.";

function parsedOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (cause instanceof SyntaxError) return null;
    throw cause;
  }
}

/** Never throws for what a file holds; one that is gone or changed since it was chosen is said. */
export async function loadWhole(row: PageCard, file: (file: number) => Blob | undefined, live: Live | null): Promise<Whole> {
  const { origin, gate_id } = row;
  if (origin.kind === "live") return live === null || gate_id === null ? only(row, "Only the row of this card is shown: nothing is connected that has the rest.") : ofLive(row, live, gate_id);
  if (origin.form === "row") return only(row, ROW_ONLY);
  const given = file(origin.file);
  if (given === undefined) return only(row, "The file that this card came from is not here any more; give it again.");
  const part = given.slice(origin.start, origin.end);
  try {
    const place = placeOf(parsedOf(await part.text()), row);
    if (place === null) return only(row, "The file does not hold this card any more; give it again.");
    return wholeOf(row, place, origin.form === "bundle" ? part : null);
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    return only(row, `The file cannot be read any more (${cause.name}): it was changed, moved or taken away since it was chosen. Choose it again.`);
  }
}

/** Every attempt that the daemon still has evidence of, from the file for an auditor. */
export async function earlierCards(gate_id: string, live: Live): Promise<{ readonly cards: readonly Card[] } | { readonly said: string }> {
  const answer = await live.daemon<unknown>(gatePath(gate_id, "/evidence"));
  if (!answer.ok) return { said: answer.failure.said };
  const content = isFields(answer.value) && typeof answer.value["content"] === "string" ? fromBase64(answer.value["content"]) : null;
  const bundle = content === null ? null : parsedOf(new TextDecoder().decode(content));
  if (!isFields(bundle) || !Array.isArray(bundle["earlier"])) return { said: "The evidence of the earlier attempts cannot be read." };
  return { cards: bundle["earlier"].flatMap((gate: unknown) => (isFields(gate) && isFields(gate["bundle"]) ? (cardIn(gate["bundle"]["card"]) ?? []) : [])) };
}
