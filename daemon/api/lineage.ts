/** Routes of what is kept: where it came from, how long it stays, what must stay longer, and what has to go. */
import { MaestroError } from "../../proto/errors.ts";
import { LineageReply } from "../../proto/lineage.ts";
import { ForgetReply, ForgetRequest, HoldReply, HoldRequest, RetentionReply } from "../../proto/retention.ts";
import { ShortText } from "../../proto/scalar.ts";
import { shipmentOf, type ShipmentShelf } from "../gate/find-shipment.ts";
import { findGate } from "../gate/lookup.ts";
import type { Integrity } from "../integrity/index.ts";
import type { Lineage } from "../lineage/index.ts";
import type { Gates } from "../store/gates.ts";
import { maySee, type Principal } from "../tenants/index.ts";
import { route, type Route } from "./route.ts";

export interface LineageRouteDeps extends ShipmentShelf {
  readonly gates: Gates;
  readonly lineage: Lineage;
  readonly integrity: Pick<Integrity, "keeping">;
  readonly body_bytes_max: number;
}

const OPERATOR = { access: "operator", params: { id: ShortText } } as const;

/** A gate or a release on record, or what is left of one, which only the operator is told: a tombstone does not say whose repository it was. */
async function traced(deps: LineageRouteDeps, principal: Principal, id: string): Promise<LineageReply> {
  const { gates, lineage } = deps;
  try {
    return await lineage.of(findGate(gates, principal, id), (owned) => maySee(principal, owned));
  } catch (error) {
    if (!(error instanceof MaestroError) || error.code !== "request.not_found") throw error;
    const kept = await shipmentOf(deps, principal, id);
    if (kept !== null) return lineage.ofShipment(kept);
    if (principal.tenant !== null) throw error;
    const tombstones = lineage.buried(id);
    const [first] = tombstones;
    if (first === undefined) throw error;
    return { name: first.name, gate_id: first.gate_id ?? null, attempt: first.attempt ?? null, hold: null, tombstones, nodes: [], edges: [] };
  }
}

export function lineageRoutes(deps: LineageRouteDeps): Route[] {
  const { gates, integrity: { keeping }, body_bytes_max } = deps;
  return [
    route("lineage", { access: "read", summary: "Where a recorded gate, or a release of an artifact, came from and what came of it, by digest, and what of it is still kept", params: { id: ShortText }, request: null, body_bytes_max: 0, reply: LineageReply, handle: ({ principal, params }) => traced(deps, principal, params.id) }),
    route("retention", { access: "any", summary: "How long each class of what is kept stays", params: {}, request: null, body_bytes_max: 0, reply: RetentionReply, handle: () => keeping.reply() }),
    route("hold", {
      ...OPERATOR, summary: "Keep everything of a gate whatever its age, or let go of it", request: HoldRequest, reply: HoldReply, body_bytes_max,
      async handle({ principal, params, body }) {
        const { gate_id } = findGate(gates, principal, params.id);
        if (body.hold && body.reason === "") throw new MaestroError("request.malformed", "/reason: a hold says why");
        await keeping.hold(gate_id, body.hold ? body.reason : null);
        return { gate_id, held: body.hold };
      },
    }),
    route("forget", {
      ...OPERATOR, summary: "Remove everything of a gate but its tombstone and its log entries", request: ForgetRequest, reply: ForgetReply, body_bytes_max,
      async handle({ principal, params }) {
        const { gate_id } = findGate(gates, principal, params.id);
        return { gate_id, attempts: await keeping.forget(gate_id) };
      },
    }),
  ];
}
