/**
 * A card on its way from the page of cards to the Studio, in the same tab of a page that was served: its row as JSON, in what the browser
 * keeps for this tab alone, beside the session's key. Taken once. Pages from disk share nothing, and hand over nothing.
 */
import { Value } from "@sinclair/typebox/value";
import { CardRow } from "../../../proto/cards.ts";

declare const sessionStorage: { getItem(name: string): string | null; setItem(name: string, value: string): void; removeItem(name: string): void };

const KEPT_AS = "maestro.handed-over";

/** Whether the browser kept it. */
export function handCard(row: CardRow): boolean {
  try {
    sessionStorage.setItem(KEPT_AS, JSON.stringify(row));
    return true;
  } catch (cause) {
    // A browser that keeps nothing, or no more, throws.
    if (cause instanceof Error) return false;
    throw cause;
  }
}

/** What was handed over, and no longer there afterwards; null where nothing was, or nothing that is a row. */
export function takeHandedOver(): CardRow | null {
  try {
    const text = sessionStorage.getItem(KEPT_AS);
    sessionStorage.removeItem(KEPT_AS);
    const row: unknown = text === null ? null : JSON.parse(text);
    return Value.Check(CardRow, row) ? row : null;
  } catch (cause) {
    if (cause instanceof Error) return null;
    throw cause;
  }
}
