/** By table: the events its writes are. A table that is not here is guarded by nothing, and critical.ts says why. */
import type { TableEvents } from "../writes.ts";
import { EPISODE_EVENTS } from "./episodes.ts";
import { GATE_EVENTS } from "./gates.ts";
import { KEEPING_EVENTS } from "./keeping.ts";
import { LOG_EVENTS } from "./log.ts";
import { MONEY_EVENTS } from "./money.ts";

export const TABLE_EVENTS: Readonly<Record<string, TableEvents>> = { ...LOG_EVENTS, ...MONEY_EVENTS, ...GATE_EVENTS, ...KEEPING_EVENTS, ...EPISODE_EVENTS };
