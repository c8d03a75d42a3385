/** The route that is asked which arm answers a request. */
import type { Limits } from "../../proto/config.ts";
import { type RouteReply as Reply, RouteReply, RouteRequest } from "../../proto/routing.ts";
import type { Principal } from "../tenants/index.ts";
import { seenBy } from "./episodes.ts";
import { route, type Route } from "./route.ts";

export interface RoutingRouteDeps {
  readonly routed: { route(principal: Principal, sees: string | null, request: RouteRequest): Promise<Reply> };
  readonly body_bytes_max: Limits["server"]["json_bytes_max"];
}

export function routingRoutes({ routed, body_bytes_max }: RoutingRouteDeps): Route[] {
  return [
    route("route", {
      access: "gate",
      summary: "Which arm of a router answers a request, at what propensity, for what reason and at what prices; recorded as an episode before it is answered. With replay: a recorded decision drawn again, and whether it is the same",
      params: {},
      request: RouteRequest,
      reply: RouteReply,
      body_bytes_max,
      handle: ({ principal, body }) => routed.route(principal, seenBy(principal), body),
    }),
  ];
}
