/** The card that was chosen, in the bytes of what it came from. Taking a large file apart takes seconds, so it is done in a worker; this is what that one runs. */
import { Value } from "@sinclair/typebox/value";
import { GateReply } from "../../../../proto/api.ts";
import { Card, CardProof, Timings } from "../../../../proto/card.ts";
import { ChangeCost } from "../../../../proto/usage.ts";
import { bytesWith, type SoFar } from "../reading.ts";

/** Which card of a file is meant; any head where that is null. */
export interface Wanted {
  readonly gate_id: string | null;
  readonly attempt: number;
  readonly head: string | null;
}

/** A card with what stood around it. */
export interface Placed {
  readonly card: Card;
  readonly proof: CardProof | null;
  readonly timings: Timings | null;
  readonly cost: ChangeCost | null;
  /** Every attempt of its gate, where that was said. */
  readonly attempts: readonly number[];
}

export const wantedOf = ({ gate_id, attempt, head }: Wanted): Wanted => ({ gate_id, attempt, head });

export type Fields = Readonly<Record<string, unknown>>;
export const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

/** A card as this page knows it; what a newer Maestro added to it is left out, as it was for the list. */
export function cardIn(value: unknown): Card | null {
  if (Value.Check(Card, value)) return value;
  const cleaned: unknown = isFields(value) ? Value.Clean(Card, structuredClone(value)) : null;
  return Value.Check(Card, cleaned) ? cleaned : null;
}

const is = (card: Card | null, { gate_id, attempt, head }: Wanted): card is Card => card !== null && card.gate_id === gate_id && card.attempt === attempt && (head === null || card.head === head);

/** Lists of lists are none of ours. */
const DEPTH_MAX = 3;

/** Where a file has more than one card: the one that was chosen. */
function placeOf(value: unknown, wanted: Wanted, depth = 0): Placed | null {
  if (depth > DEPTH_MAX) return null;
  if (Array.isArray(value)) {
    for (const one of value) {
      const found = placeOf(one, wanted, depth + 1);
      if (found !== null) return found;
    }
    return null;
  }
  if (!isFields(value)) return null;
  if (Array.isArray(value["rows"])) return placeOf(value["rows"], wanted, depth + 1);
  const gates = [value["gate"], ...(Array.isArray(value["earlier"]) ? value["earlier"] : [])].filter(isFields);
  for (const gate of gates) {
    const found = placeOf(gate["bundle"], wanted, depth + 1);
    if (found !== null) return found;
  }
  const card = "card" in value ? value["card"] : value;
  const read = cardIn(card);
  return is(read, wanted) ? { card: read, ...around(read, value) } : null;
}

/** What stands beside a card in what `maestro card --json` prints and a daemon answers. */
export function around(card: Card, { proof, timings, cost, attempts }: Fields): Omit<Placed, "card"> {
  return {
    proof: Value.Check(CardProof, proof) ? proof : null,
    timings: Value.Check(Timings, timings) ? timings : null,
    cost: Value.Check(ChangeCost, cost) ? cost : null,
    attempts: Value.Check(GateReply.properties.attempts, attempts) ? attempts : [card.attempt],
  };
}

function parsedOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (cause instanceof SyntaxError) return null;
    throw cause;
  }
}

/** Null where these bytes hold no such card, or it is hidden. Throws `DOMException` where a file cannot be read any more. */
export async function placedIn(blob: Blob, wanted: Wanted, so_far?: SoFar): Promise<Placed | null> {
  // Without the mark that some editors put in front.
  return placeOf(parsedOf(new TextDecoder().decode(await bytesWith(blob, so_far))), wanted);
}
