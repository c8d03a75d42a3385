/** Releases of artifacts as they are kept: an artifact each, with what was signed and a row that says whose it is. */
import { SIGSTORE_BUNDLE_TYPE } from "../../proto/attestation.ts";
import { parseCanonical } from "../../proto/canonical.ts";
import { MaestroError } from "../../proto/errors.ts";
import { SHIPMENT_MEDIA_TYPE, SHIPMENT_ROW_MEDIA_TYPE, ShipmentRow } from "../../proto/shipping.ts";
import type { ShipmentPredicate, ShipmentStatement } from "../../proto/predicates/shipping.ts";
import { lazyCheck } from "../platform/lazy-check.ts";
import type { Artifacts } from "./artifacts.ts";

/** What the records say of a range; who says it, and when, is the signer's own. */
export interface Shipped extends Omit<ShipmentPredicate, "verifier" | "trust_domain" | "at"> {
  readonly subject: ShipmentStatement["subject"];
}

/** Signed and in the log. */
export interface LoggedShipment {
  readonly statement_sha256: string;
  /** Sigstore bundles v0.3 in canonical form: our own statement, and in-toto's release. */
  readonly shipment: Uint8Array;
  readonly release: Uint8Array;
  /** Of the shipment's entry; the release's is the next one. */
  readonly log_index: number;
}

const IS_SHIPMENT = /^shipment-[0-9a-f]{32}$/;
export const isShipmentName = (name: string): boolean => IS_SHIPMENT.test(name);
const ROW_LIMITS = { bytes_max: 16 * 1024, depth_max: 4 };
const isRow = lazyCheck(ShipmentRow);

/** Throws `store.corrupt` for bytes that are no row. */
export function shipmentRowIn(bytes: Uint8Array): ShipmentRow {
  const value: unknown = parseCanonical(bytes, ROW_LIMITS);
  if (!isRow().Check(value)) throw new MaestroError("store.corrupt", "the row of a release is not in the form it was written in");
  return value;
}

/** Whether the promise was a shipment's; then its artifact has its name when this resolves. Done twice, it changes nothing. */
export async function keepShipment(artifacts: Pick<Artifacts, "putArtifact">, name: string, blobs: readonly Uint8Array[]): Promise<boolean> {
  const [shipment, release, row] = blobs;
  if (!isShipmentName(name) || shipment === undefined || release === undefined || row === undefined) return false;
  await artifacts.putArtifact(name, SHIPMENT_MEDIA_TYPE, [
    { mediaType: SIGSTORE_BUNDLE_TYPE, bytes: shipment },
    { mediaType: SIGSTORE_BUNDLE_TYPE, bytes: release },
    { mediaType: SHIPMENT_ROW_MEDIA_TYPE, bytes: row },
  ]);
  return true;
}

export interface KeptShipment {
  readonly row: ShipmentRow;
  readonly shipment: Uint8Array;
  readonly release: Uint8Array;
}

/** `null` where there is none of that name. Throws `store.corrupt`. */
export async function readShipment(artifacts: Pick<Artifacts, "getArtifact" | "blobs">, shipment_id: string): Promise<KeptShipment | null> {
  if (!isShipmentName(shipment_id)) return null;
  const found = await artifacts.getArtifact(shipment_id);
  if (found === undefined) return null;
  const [shipment, release, row] = await Promise.all(found.manifest.layers.slice(0, 3).map(({ digest }) => artifacts.blobs.get(digest)));
  if (shipment === undefined || release === undefined || row === undefined) throw new MaestroError("store.corrupt", `what is kept of ${shipment_id} is gone`);
  return { row: shipmentRowIn(row), shipment, release };
}
