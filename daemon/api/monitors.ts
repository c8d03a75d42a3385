/** Routes of events in time: agents report them, and ask what the rules say of them. */
import { EventBatch, EventsReply, MonitorsReply } from "../../proto/event.ts";
import type { EventDesk } from "../guarding/events/index.ts";
import { payerName } from "../store/usage.ts";
import { route, type Route } from "./route.ts";

export interface MonitorRouteDeps {
  readonly events: Pick<EventDesk, "report" | "views">;
  readonly limits: { readonly batch_bytes_max: number };
}

export function monitorRoutes({ events, limits }: MonitorRouteDeps): Route[] {
  return [
    route("reportEvents", {
      access: "work",
      summary: "Report what an agent or a job did, for the invariants about time; numbered by its source, so that sent twice it counts once",
      params: {},
      request: EventBatch,
      reply: EventsReply,
      body_bytes_max: limits.batch_bytes_max,
      handle: ({ principal, body }) => events.report(payerName(principal), body),
    }),
    route("monitors", {
      access: "any",
      summary: "What the invariants about time say of the caller's own events; of everybody's and the daemon's for whoever runs it",
      params: {},
      request: null,
      body_bytes_max: 0,
      reply: MonitorsReply,
      handle: ({ principal }) => ({ monitors: events.views(payerName(principal), principal.verbs.has("operate")) }),
    }),
  ];
}
