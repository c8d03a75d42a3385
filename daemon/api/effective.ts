/** The route on which a person asks what configuration says of one path. */
import type { Limits } from "../../proto/config.ts";
import { ConfigReply } from "../../proto/api.ts";
import { EffectiveRequest } from "../../proto/effective.ts";
import type { Host } from "../config/host.ts";
import { effectiveConfig } from "../gate/effective.ts";
import { tenantOf } from "../gate/intakes.ts";
import type { WorkerPool } from "../platform/pool/pool.ts";
import type { Tenants } from "../tenants/index.ts";
import { route, type Route } from "./route.ts";

export interface EffectiveRouteDeps {
  readonly pool: WorkerPool;
  readonly host: Host;
  readonly tenants: Pick<Tenants, "inLine">;
  readonly limits: { readonly server: Pick<Limits["server"], "json_bytes_max"> };
}

export function effectiveRoutes({ pool, host, tenants, limits }: EffectiveRouteDeps): Route[] {
  return [
    route("effectiveConfig", {
      access: "work",
      summary: "Which rules, numbers and waivers speak of one path, from the maestro.yaml files that are sent; nothing is recorded",
      params: {},
      request: EffectiveRequest,
      reply: ConfigReply,
      body_bytes_max: limits.server.json_bytes_max,
      handle: ({ principal, body, signal }) => tenants.inLine(principal, () => effectiveConfig({ host, pool }, tenantOf(principal), body, signal)),
    }),
  ];
}
