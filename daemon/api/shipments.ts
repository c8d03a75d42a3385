/** Routes of `maestro release`. No route takes a verdict: a request names a range and a file, and the node's records say the rest. */
import type { Limits } from "../../proto/config.ts";
import { toBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { BundleReply } from "../../proto/feed.ts";
import { ShortText } from "../../proto/scalar.ts";
import { ShipmentId, ShipmentReply, ShipReply, ShipRequest } from "../../proto/shipping.ts";
import { findGate } from "../gate/lookup.ts";
import type { ShipDesk } from "../gate/shipments.ts";
import type { Artifacts } from "../store/artifacts.ts";
import type { Gates } from "../store/gates.ts";
import { readShipment } from "../store/shipments.ts";
import { maySee, type Tenants } from "../tenants/index.ts";
import { enter, type EntryDeps } from "./entry.ts";
import { route, type Route } from "./route.ts";

export interface ShipmentRouteDeps extends EntryDeps {
  readonly ship_desk: Pick<ShipDesk, "submit">;
  readonly artifacts: Artifacts;
  readonly gates: Gates;
  readonly tenants: Pick<Tenants, "inLine" | "pay">;
  readonly limits: { readonly server: Pick<Limits["server"], "json_bytes_max"> };
  /** With its receipt under the newest witnessed checkpoint. */
  readonly reissued: (bundle: Uint8Array) => Uint8Array;
  /** The same for the evidence of a gate. */
  readonly reissuedGate: (bundle: Uint8Array) => Uint8Array;
}

export function shipmentRoutes(deps: ShipmentRouteDeps): Route[] {
  const { ship_desk, artifacts, gates, tenants, limits, reissued, reissuedGate } = deps;
  return [
    route("ship", {
      access: "ship",
      summary: "Release an artifact: signs and logs which admitted changes are in it, or names the commits that lack an admit",
      params: {},
      request: ShipRequest,
      reply: ShipReply,
      body_bytes_max: limits.server.json_bytes_max,
      handle({ principal, body, signal }) {
        const intake = enter(deps, principal, body.intake_id, { head: body.to, target_ref: body.target_ref });
        return tenants.inLine(principal, () => ship_desk.submit(intake, body, (row) => maySee(principal, row), signal, (worst, work) => tenants.pay(principal, worst, work)));
      },
    }),
    route("shipment", {
      access: "findings",
      summary: "A release as it was signed and logged, with receipts as new as witnesses are",
      params: { id: ShipmentId },
      request: null,
      body_bytes_max: 0,
      reply: ShipmentReply,
      async handle({ principal, params }) {
        const kept = await readShipment(artifacts, params.id);
        // The same words whether there is no such release or it is somebody else's.
        if (kept === null || !maySee(principal, kept.row)) throw new MaestroError("request.not_found", `no release ${params.id}`);
        return { row: kept.row, shipment: toBase64(reissued(kept.shipment)), release: toBase64(reissued(kept.release)) };
      },
    }),
    route("witnessedBundle", {
      access: "findings",
      summary: "The evidence bundle of a gate with receipts under the newest witnessed checkpoint; another copy of the same statements, as it was where witnesses have not reached it",
      params: { id: ShortText },
      request: null,
      body_bytes_max: 0,
      reply: BundleReply,
      async handle({ principal, params }) {
        const { gate_id, attempt: { attempt }, bundle } = findGate(gates, principal, params.id);
        const bytes = await artifacts.blobs.get(bundle);
        if (bytes === undefined) throw new MaestroError("request.not_found", `the bundle of attempt ${attempt} of ${gate_id} is gone; gate the change again with --rerun`);
        return { gate_id, attempt, bundle: toBase64(reissuedGate(bytes)) };
      },
    }),
  ];
}
