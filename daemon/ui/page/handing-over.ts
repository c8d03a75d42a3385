/**
 * A card on its way from the page of cards to the Studio, in the same tab of a page that was served: its row as JSON, in what the browser
 * keeps for this tab alone, beside the session's key. Taken once. Pages from disk share nothing, and hand over nothing.
 */
import { Value } from "@sinclair/typebox/value";
import { CardRow } from "../../../proto/cards.ts";
import { keepForTab, keptForTab } from "./live.ts";

const KEPT_AS = "maestro.handed-over";

/** Whether the browser kept it. */
export const handCard = (row: CardRow): boolean => keepForTab(KEPT_AS, JSON.stringify(row));

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (cause instanceof SyntaxError) return null;
    throw cause;
  }
};

/** What was handed over, and no longer there afterwards; null where nothing was, or nothing that is a row. */
export function takeHandedOver(): CardRow | null {
  const text = keptForTab(KEPT_AS);
  keepForTab(KEPT_AS, null);
  const row = text === null ? null : parsed(text);
  return Value.Check(CardRow, row) ? row : null;
}
