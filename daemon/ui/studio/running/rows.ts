/** Recorded gates as the events that the daemon makes of them. */
import type { CardRow } from "../../../../proto/cards.ts";
import { CHANGE_DECIDED, changeDecided } from "../../../../proto/change-decided.ts";
import { recordedTime, type Recorded } from "../../../invariants/replay/recorded.ts";

export const eventOfRow = (row: CardRow, line: number): Recorded => ({ line, event: CHANGE_DECIDED, time: recordedTime(row.at), fields: changeDecided(row), old: undefined });
