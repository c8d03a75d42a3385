/** A verified release taken apart under the names that `maestro release` gives, so that `maestro verify-deploy` and other people's tools find each part. */
import { canonicalBytes } from "../../../proto/canonical.ts";
import { fromBase64 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { ShipmentBundle, ShippedVerification } from "../../../proto/shipment-bundle.ts";
import { writeFolder, type Files } from "../export/folder.ts";
import { note } from "../output.ts";
import { EVIDENCE_FOLDER, PROVENANCE_FILE, RELEASE_FILE, SHIPMENT_FILE } from "../shipped-files.ts";
import { receiptText } from "../verification.ts";

const SBOM_FILE = ".sbom.cdx.json";

/** Requires that the bundle verified: its names are of a closed form then. */
function filesOf({ shipment, package_release, gates, provenance, sbom }: ShipmentBundle, name: string): Files {
  const files = new Map<string, string | Uint8Array>();
  for (const [suffix, held] of [[SHIPMENT_FILE, shipment], [RELEASE_FILE, package_release], ...(provenance === null ? [] : [[PROVENANCE_FILE, provenance] as const])] as const) {
    files.set(`${name}${suffix}`, canonicalBytes(held.bundle));
    files.set(`${name}${suffix.replace(".sigstore.json", ".tlog-proof")}`, receiptText(held.bundle));
    files.set(`${name}${suffix.replace(".sigstore.json", ".entry")}`, fromBase64(held.bundle.verificationMaterial.tlogEntries[0]?.canonicalizedBody ?? "") ?? new Uint8Array());
  }
  for (const [at, { bundle, releases }] of gates.entries()) {
    files.set(`${name}${EVIDENCE_FOLDER}/${at + 1}.json`, canonicalBytes(bundle));
    for (const [of, release] of releases.entries()) files.set(`${name}.people-${at + 1}-${of + 1}.sigstore.json`, canonicalBytes(release.bundle));
  }
  if (sbom !== null) files.set(`${name}${SBOM_FILE}`, fromBase64(sbom) ?? new Uint8Array());
  return files;
}

export function extractShipment(folder: string, bundle: ShipmentBundle, { statement }: ShippedVerification): void {
  const [subject] = statement?.subject ?? [];
  if (subject === undefined) throw new MaestroError("internal.bug", "only a release that verified is taken apart");
  const files = filesOf(bundle, subject.name);
  writeFolder(folder, files);
  note(`extracted ${files.size} files to ${folder}`);
}
