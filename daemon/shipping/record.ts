/** A release becomes a record: two log entries, its row and the promise of its blobs in one transaction, then its name. */
import { canonicalBytes } from "../../proto/canonical.ts";
import type { Mode } from "../../proto/change.ts";
import { MaestroError } from "../../proto/errors.ts";
import { shipmentId, type ShipmentRow, type ShippedArtifact } from "../../proto/shipping.ts";
import type { Artifacts } from "../store/artifacts.ts";
import { sha256Digest } from "../store/blobs.ts";
import { payerOf } from "../store/gates.ts";
import type { Outbox } from "../store/outbox.ts";
import { indexed, shipmentStatement, type ShipmentIndex } from "../store/shipment-index.ts";
import { keepShipment, type LoggedShipment, type Shipped } from "../store/shipments.ts";
import { addEvidence, type Usage } from "../store/usage.ts";

/** The node's signature and log. */
export interface ShipmentAttester {
  /** `commit` runs in the log's own transaction; durable when it resolves. */
  ship(shipped: Shipped, commit: (logged: LoggedShipment) => void): Promise<LoggedShipment>;
  /** null where this node may sign releases of that repository in that mode. */
  whyNoShipment(repo_id: string, mode: Mode): string | null;
}

export interface ShipmentRecordDeps {
  readonly evidence: ShipmentAttester;
  readonly artifacts: Artifacts;
  readonly outbox: Outbox;
  readonly usage: Usage;
  readonly shipped: ShipmentIndex;
}

export interface RecordedShipment {
  readonly row: ShipmentRow;
  readonly shipment: Uint8Array;
  readonly release: Uint8Array;
}

/** Durable when it resolves. */
export async function recordShipment({ evidence, artifacts, outbox, usage, shipped: index }: ShipmentRecordDeps, shipped: Shipped, artifact: ShippedArtifact, owner: { readonly uid: number; readonly tenant: string | null }): Promise<RecordedShipment> {
  let made: { readonly row: ShipmentRow; readonly bytes: Uint8Array } | undefined;
  const { shipment, release, log_index } = await evidence.ship(shipped, (logged) => {
    const row: ShipmentRow = {
      shipment_id: shipmentId(logged.statement_sha256), repo_id: shipped.repository, target_ref: shipped.target_ref, head: shipped.range.to,
      owner_uid: owner.uid, ...(owner.tenant === null ? {} : { owner_tenant: owner.tenant }),
      log_index: logged.log_index, artifact, shipment: sha256Digest(logged.shipment), release: sha256Digest(logged.release),
    };
    const bytes = canonicalBytes(row);
    addEvidence(usage, payerOf(row), bytes.length + logged.shipment.length + logged.release.length);
    index.add(indexed(row, shipmentStatement(logged.shipment)));
    outbox.hold({ id: logged.log_index, name: row.shipment_id, blobs: [logged.shipment, logged.release, bytes] });
    made = { row, bytes };
  });
  if (made === undefined) throw new MaestroError("internal.bug", "the log took an entry without its release");
  await keepShipment(artifacts, made.row.shipment_id, [shipment, release, made.bytes]);
  outbox.sent(log_index);
  return { row: made.row, shipment, release };
}
