/** Recorded gates as the events that the daemon makes of them. */
import type { CardRow } from "../../../../proto/cards.ts";
import { recordedTime, type Recorded } from "../../../invariants/replay/recorded.ts";

export function eventOfRow(row: CardRow, line: number): Recorded {
  return { line, event: "change_decided", time: recordedTime(row.at), fields: { decision: row.verdict, files: row.files }, old: undefined };
}
