/** The route on which an agent says what it is about to do. */
import type { Limits } from "../../proto/config.ts";
import { PlanReply, PlanRequest } from "../../proto/plan.ts";
import { checkAnnounced, type Planner } from "../gate/plan/index.ts";
import type { Tenants } from "../tenants/index.ts";
import { route, type Route } from "./route.ts";

export interface PlanRouteDeps {
  readonly planner: Pick<Planner, "plan">;
  readonly tenants: Pick<Tenants, "inLine">;
  readonly limits: { readonly server: Pick<Limits["server"], "json_bytes_max"> };
}

export function planRoutes({ planner, tenants, limits }: PlanRouteDeps): Route[] {
  return [
    route("plan", {
      access: "work",
      summary: "What the rules would say of an announced piece of work: allow, ask or refuse, with the smallest safe step; nothing is recorded",
      params: {},
      request: PlanRequest,
      reply: PlanReply,
      body_bytes_max: limits.server.json_bytes_max,
      async handle({ principal, body, signal }) {
        checkAnnounced(body);
        return tenants.inLine(principal, () => planner.plan(principal, body, signal));
      },
    }),
  ];
}
