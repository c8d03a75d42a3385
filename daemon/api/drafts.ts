/** The route of drafts: texts about a gate on record, which it does not change. */
import { DraftReply, DraftRequest } from "../../proto/drafting.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Armed, DraftDesk } from "../gate/draft-desk.ts";
import { tenantOf } from "../gate/intakes.ts";
import { findGate } from "../gate/lookup.ts";
import type { Gates } from "../store/gates.ts";
import type { Principal, Tenants } from "../tenants/index.ts";
import { route, type Route } from "./route.ts";

export interface DraftRouteDeps {
  readonly gates: Gates;
  /** Loaded with the first request. */
  readonly drafted: { desk(): Promise<Pick<DraftDesk, "draft">>; armed(principal: Principal, request: DraftRequest, repository: string): Promise<Armed> };
  readonly tenants: Pick<Tenants, "inLine" | "pay">;
  readonly body_bytes_max: number;
}

export function draftRoutes({ gates, drafted, tenants, body_bytes_max }: DraftRouteDeps): Route[] {
  return [
    route("draft", {
      access: "findings",
      summary: "Texts drafted about a recorded gate, by rules or a model: cause and next step, summary, message, note, changelog, patch, test. A draft decides nothing and changes nothing",
      params: {},
      request: DraftRequest,
      reply: DraftReply,
      body_bytes_max,
      async handle({ principal, body, signal }) {
        if (body.sign === true && !principal.verbs.has("gate")) throw new MaestroError("auth.denied", "sign: what is logged is for whoever may gate");
        const row = findGate(gates, principal, body.gate_id);
        const [desk, armed] = [await drafted.desk(), await drafted.armed(principal, body, row.repo_id)];
        return tenants.inLine(principal, () => desk.draft(row, body, armed, tenantOf(principal), signal, (worst, work) => tenants.pay(principal, worst, work)));
      },
    }),
  ];
}
