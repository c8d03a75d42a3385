/** Releases of artifacts as they are kept: for a repair, and for the day their time is over. */
import { SigstoreBundle } from "../../proto/attestation.ts";
import { parseCanonical } from "../../proto/canonical.ts";
import { fromBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { ImageManifest } from "../../proto/oci.ts";
import type { Tombstone } from "../../proto/retention.ts";
import { SHIPMENT_MEDIA_TYPE, type ShipmentRow } from "../../proto/shipping.ts";
import { headIn } from "../evidence/log/opening.ts";
import type { SignedHead } from "../evidence/log/recover.ts";
import { lazyCheck } from "../platform/lazy-check.ts";
import type { Artifacts } from "../store/artifacts.ts";
import { payerOf } from "../store/gates.ts";
import { isShipmentName, readShipment, shipmentRowIn } from "../store/shipments.ts";
import { addEvidence } from "../store/usage.ts";
import { verifyPackageRelease, verifyShipment } from "../verifier/index.ts";
import { BUNDLE_LIMITS } from "../verifier/limits.ts";
import type { NoteKey } from "../verifier/note.ts";
import type { Trust } from "../verifier/trust.ts";
import type { BuildExpiry, LeavingBuilds } from "./build-blobs.ts";
import type { Burial } from "./burials.ts";

const isBundle = lazyCheck(SigstoreBundle);
const OPTIONS = { now: new Date(8.64e15), witnesses: "later" } as const;

interface Place {
  readonly index: number;
  readonly entry: Uint8Array;
  readonly head: SignedHead;
}

function placeIn(bytes: Uint8Array, keys: readonly NoteKey[]): Place | null {
  const bundle: unknown = parseCanonical(bytes, BUNDLE_LIMITS);
  if (!isBundle().Check(bundle)) return null;
  const [tlog] = bundle.verificationMaterial.tlogEntries;
  const text = tlog?.inclusionProof.checkpoint.envelope ?? "";
  const checkpoint = headIn(text, keys);
  const entry = fromBase64(tlog?.canonicalizedBody ?? "");
  return checkpoint === null || entry === null ? null : { index: Number(tlog?.logIndex), entry, head: { checkpoint, text } };
}

/** The row of a shipment's manifest whose layers are those of the row; `null` for anything else. */
export async function shipmentIn({ blobs }: Pick<Artifacts, "blobs">, { artifactType, layers }: ImageManifest): Promise<ShipmentRow | null> {
  const [shipment, release, row] = layers;
  if (artifactType !== SHIPMENT_MEDIA_TYPE || row === undefined) return null;
  try {
    const bytes = await blobs.get(row.digest);
    const found = bytes === undefined ? null : shipmentRowIn(bytes);
    return found?.shipment === shipment?.digest && found?.release === release?.digest ? found : null;
  } catch (error) {
    if (error instanceof MaestroError) return null;
    throw error;
  }
}

/** Where the log entries of a shipment stand: in-toto's release says nothing that lets it be verified by itself, so the two are read together. */
export async function shipmentPlaces({ blobs }: Pick<Artifacts, "blobs">, manifest: ImageManifest, trust: Trust, keys: readonly NoteKey[]): Promise<readonly Place[]> {
  const row = await shipmentIn({ blobs }, manifest);
  if (row === null) return [];
  const read = (digest: string): Promise<Uint8Array | undefined> => blobs.get(digest).catch((error: unknown) => {
    if (error instanceof MaestroError && error.code === "store.corrupt") return undefined;
    throw error;
  });
  const [shipment, release] = [await read(row.shipment), await read(row.release)];
  if (shipment === undefined) return [];
  const verified = verifyShipment(shipment, trust, { ...OPTIONS, artifact_sha256: null });
  if (verified.result !== "verified") return [];
  const whole = release !== undefined && verifyPackageRelease(release, verified, trust, OPTIONS) === null ? [shipment, release] : [shipment];
  return whole.flatMap((bytes) => placeIn(bytes, keys) ?? []);
}

/** Releases whose time is over, to go with the builds. */
export async function leavingShipments({ artifacts, usage, now_s, cutoff_s }: BuildExpiry, trust: Trust): Promise<readonly Burial[]> {
  const burials: Burial[] = [];
  for (const name of artifacts.names().filter(isShipmentName)) {
    const kept = await readShipment(artifacts, name).catch((error: unknown) => {
      if (error instanceof MaestroError && error.code === "store.corrupt") return null;
      throw error;
    });
    if (kept === null) continue;
    const verified = verifyShipment(kept.shipment, trust, { ...OPTIONS, artifact_sha256: null });
    const made_s = verified.result === "verified" ? Math.floor(Date.parse(verified.statement.predicate.at) / 1000) : null;
    if (made_s === null || made_s > cutoff_s) continue;
    const artifact = await artifacts.getArtifact(name);
    const layers = artifact?.manifest.layers ?? [];
    const digests = [...layers.map(({ digest }) => digest), ...(artifact === undefined ? [] : [artifact.descriptor.digest])];
    const tombstone: Tombstone = { name, class: "evidence", why: "expired", at_s: now_s, made_s, digests: [{ kind: "output", sha256: kept.row.artifact.sha256 }], log_index: kept.row.log_index };
    const bytes = layers.reduce((sum, { size }) => sum + size, 0);
    burials.push({ tombstone, erasures: [{ kind: "name", of: name }, ...digests.map((of) => ({ kind: "blob" as const, of }))], take: () => addEvidence(usage, payerOf(kept.row), -Math.min(bytes, usage.evidence.get(payerOf(kept.row))?.bytes ?? 0)) });
  }
  return burials;
}

/** Both in one sweep. */
export const alsoLeaving = (builds: LeavingBuilds, shipments: readonly Burial[]): LeavingBuilds => ({ burials: [...builds.burials, ...shipments], rest: builds.rest });
