/** A release of an artifact by what people have of it: its id, or the digest of the file. */
import { MaestroError } from "../../proto/errors.ts";
import type { Artifacts } from "../store/artifacts.ts";
import type { ShipmentIndex } from "../store/shipment-index.ts";
import { isShipmentName, readShipment, type KeptShipment } from "../store/shipments.ts";
import { maySee, type Principal } from "../tenants/index.ts";

const FILE = /^(?:sha256:)?([0-9a-f]{64})$/;

export interface ShipmentShelf {
  readonly artifacts: Pick<Artifacts, "getArtifact" | "blobs">;
  readonly shipped: Pick<ShipmentIndex, "ofFile">;
}

/** The newest one that the reader may see; null where there is none. Throws `store.corrupt`. */
export async function shipmentOf({ artifacts, shipped }: ShipmentShelf, principal: Principal, id: string): Promise<KeptShipment | null> {
  const sha256 = FILE.exec(id)?.[1];
  const names = sha256 !== undefined ? shipped.ofFile(sha256) : isShipmentName(id) ? [id] : [];
  for (const name of names) {
    const kept = await readShipment(artifacts, name);
    if (kept !== null && maySee(principal, kept.row)) return kept;
  }
  return null;
}

/** Throws `request.not_found` in the same words whether there is no such release or it is somebody else's. */
export async function findShipment(shelf: ShipmentShelf, principal: Principal, id: string): Promise<KeptShipment> {
  const kept = await shipmentOf(shelf, principal, id);
  if (kept === null) throw new MaestroError("request.not_found", `no release ${id}`);
  return kept;
}
