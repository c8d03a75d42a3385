/** The critical flows of this daemon, each with the events that come from it. */
import { CRITICAL_ROUTES, CRITICAL_TABLES } from "./critical.ts";
import type { Flow } from "./coverage.ts";
import { TABLE_EVENTS } from "./readings/index.ts";
import { REQUEST } from "./requests.ts";
import { eventsOf } from "./writes.ts";

export function criticalFlows(): readonly Flow[] {
  const tables = Object.entries(CRITICAL_TABLES).map(([name, cover]) => {
    const events = Object.hasOwn(TABLE_EVENTS, name) ? TABLE_EVENTS[name] : undefined;
    return { name: `table ${name}`, cover, events: events === undefined ? [] : Object.values(eventsOf(events)) };
  });
  const routes = Object.entries(CRITICAL_ROUTES).map(([name, cover]) => ({ name: `route ${name}`, cover, events: [REQUEST] }));
  return [...tables, ...routes];
}
