/** The critical flows of this daemon, each with the events that come from it. */
import type { Flow } from "../invariants/coverage.ts";
import { CRITICAL_ACTS, CRITICAL_ROUTES, CRITICAL_TABLES } from "./critical.ts";
import { TABLE_EVENTS } from "./readings/index.ts";
import { REQUEST } from "./requests.ts";
import { SHOWING, SHOWN } from "./shown.ts";
import { eventsOf } from "./writes.ts";

export function criticalFlows(): readonly Flow[] {
  const tables = Object.entries(CRITICAL_TABLES).map(([name, cover]) => {
    const events = Object.hasOwn(TABLE_EVENTS, name) ? TABLE_EVENTS[name] : undefined;
    return { name: `table ${name}`, cover, events: events === undefined ? [] : Object.values(eventsOf(events)) };
  });
  const routes = Object.entries(CRITICAL_ROUTES).map(([name, cover]) => ({ name: `route ${name}`, cover, events: SHOWING.has(name) ? [REQUEST, SHOWN] : [REQUEST] }));
  const acts = Object.entries(CRITICAL_ACTS).map(([event, cover]) => ({ name: `act ${event}`, cover, events: [event] }));
  return [...tables, ...routes, ...acts];
}
