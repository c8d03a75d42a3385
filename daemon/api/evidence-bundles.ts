/** Routes of `maestro bundle`: everything on record of one gate, or of one release, as one file. */
import { EvidenceBundleReply } from "../../proto/evidence-bundle.ts";
import { toBase64 } from "../../proto/encoding.ts";
import { ShortText } from "../../proto/scalar.ts";
import { ShipmentBundleReply } from "../../proto/shipment-bundle.ts";
import { evidenceBundleBytes, type Bundling } from "../bundling/index.ts";
import { findShipment } from "../gate/find-shipment.ts";
import { findGate } from "../gate/lookup.ts";
import { readReply } from "../gate/reply.ts";
import type { Artifacts } from "../store/artifacts.ts";
import type { Gates } from "../store/gates.ts";
import type { ShipmentIndex } from "../store/shipment-index.ts";
import { maySee } from "../tenants/index.ts";
import { route, type Route } from "./route.ts";

export interface EvidenceBundleDeps {
  readonly gates: Gates;
  readonly artifacts: Artifacts;
  readonly shipped: ShipmentIndex;
  readonly bundling: Bundling;
}

export function evidenceBundleRoutes({ gates, artifacts, shipped, bundling }: EvidenceBundleDeps): Route[] {
  return [
    route("evidenceBundle", {
      access: "findings",
      request: null,
      body_bytes_max: 0,
      summary: "Everything on record of a gate's newest attempt as one file for an auditor: evidence, earlier attempts, releases, builds, what it was judged by",
      params: { id: ShortText },
      reply: EvidenceBundleReply,
      async handle({ principal, params }) {
        const row = findGate(gates, principal, params.id);
        const bundle = await bundling.of(row, (owned) => maySee(principal, owned));
        const target = (await readReply(artifacts, row))?.reply.target;
        return { ...(target === undefined ? {} : { target }), gate_id: row.gate_id, attempt: row.attempt.attempt, content: toBase64(evidenceBundleBytes(bundle)) };
      },
    }),
    route("shipmentBundle", {
      access: "findings",
      request: null,
      body_bytes_max: 0,
      summary: "A release of an artifact, by its id or the file's digest, as one file for an auditor: what was signed, and the evidence of every change in it",
      params: { id: ShortText },
      reply: ShipmentBundleReply,
      async handle({ principal, params }) {
        const kept = await findShipment({ artifacts, shipped }, principal, params.id);
        const bundle = await bundling.ofShipment(kept, (owned) => maySee(principal, owned));
        return { shipment_id: kept.row.shipment_id, content: toBase64(evidenceBundleBytes(bundle)) };
      },
    }),
  ];
}
