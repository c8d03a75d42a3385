/** Routes of the operator table: what a caller may name of it, and where a target stands. */
import { RepositoriesReply, TargetReply, TargetRequest } from "../../proto/api.ts";
import type { Limits } from "../../proto/config.ts";
import type { Targets } from "../gate/targets.ts";
import type { Tenants } from "../tenants/index.ts";
import { route, type Route } from "./route.ts";

export interface TargetRouteDeps {
  readonly targets: Pick<Targets, "offers" | "tip">;
  readonly tenants: Pick<Tenants, "inLine" | "pay">;
  readonly limits: { readonly server: Pick<Limits["server"], "json_bytes_max"> };
}

export function targetRoutes({ targets, tenants, limits }: TargetRouteDeps): Route[] {
  return [
    route("repositories", {
      access: "work",
      summary: "The repositories whose base the daemon itself reads from the operator's remote, as far as the caller may name them",
      params: {},
      request: null,
      body_bytes_max: 0,
      reply: RepositoriesReply,
      handle: ({ principal }) => targets.offers(principal),
    }),
    route("target", {
      access: "work",
      summary: "Where a branch of the operator's remote stands, so that a client can plan what to send",
      params: {},
      request: TargetRequest,
      reply: TargetReply,
      body_bytes_max: limits.server.json_bytes_max,
      handle: async ({ principal, body, signal }) => ({ target: await tenants.inLine(principal, () => targets.tip(principal, body, signal, (worst, work) => tenants.pay(principal, worst, work))) }),
    }),
  ];
}
