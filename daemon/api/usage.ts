/** The route on which agents and CI say what their model calls cost. */
import type { Limits } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import { UsageReply, UsageReport } from "../../proto/usage.ts";
import type { ChangeCosts } from "../gate/cost/change-cost.ts";
import { findGate } from "../gate/lookup.ts";
import { payerOf, type Gates } from "../store/gates.ts";
import { payerName } from "../store/usage.ts";
import type { Principal } from "../tenants/index.ts";
import type { RunUsage } from "../tenants/usage.ts";
import { route, type Route } from "./route.ts";

export interface UsageRouteDeps {
  readonly gates: Gates;
  readonly run_usage: RunUsage;
  readonly costs: Pick<ChangeCosts, "pays">;
  readonly body_bytes_max: Limits["server"]["json_bytes_max"];
}

/** The change that the gate is of. Throws `auth.denied` for one that only others pay for: nobody puts costs on another's bill. */
function changeOf({ gates, costs }: UsageRouteDeps, principal: Principal, text: string): string {
  const row = findGate(gates, principal, text);
  const summary = gates.summaries.get(row);
  const own = payerOf(row) === payerName(principal) || (summary !== undefined && costs.pays({ change: summary.change, payer: payerName(principal) }));
  if (!own) throw new MaestroError("auth.denied", "the gate was submitted by somebody else, and its cost is reported by them");
  if (summary === undefined) throw new MaestroError("request.not_found", `attempt ${row.attempt.attempt} of ${row.gate_id} has no summary to join a run to; gate the change again`);
  return summary.change;
}

export function usageRoutes(deps: UsageRouteDeps): Route[] {
  return [
    route("usage", {
      access: "gate",
      summary: "What one run of an agent used so far: totals, taken once however often they are sent; joined to a change by the gate named or by the trailer Maestro-Run",
      params: {},
      request: UsageReport,
      reply: UsageReply,
      body_bytes_max: deps.body_bytes_max,
      handle({ principal, body }) {
        const change = body.gate === undefined ? null : changeOf(deps, principal, body.gate);
        const changed = deps.run_usage.report(payerName(principal), body);
        return { run_id: body.run_id, changed, changes: change === null ? 0 : deps.run_usage.link(change, payerName(principal), [body.run_id]) };
      },
    }),
  ];
}
