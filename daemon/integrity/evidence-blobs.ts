/** What the blobs alone still know of gates and of the log: every bundle carries its entry, its place and a signed head. */
import { Bundle, BUNDLE_MEDIA_TYPE } from "../../proto/bundle.ts";
import { parseCanonical } from "../../proto/canonical.ts";
import { fromBase64, fromUtf8 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { lazyCheck } from "../platform/lazy-check.ts";
import { ImageManifest } from "../../proto/oci.ts";
import type { SignedHead } from "../evidence/log/recover.ts";
import { headIn } from "../evidence/log/opening.ts";
import type { Blobs } from "../store/blobs.ts";
import { artifactName, GATE_ROW_MEDIA_TYPE, GateRow } from "../store/gates.ts";
import { provenancePlace } from "./build-blobs.ts";
import { draftPlace } from "./draft-blobs.ts";
import { inOrder, releaseIn, type FoundRelease } from "./release-blobs.ts";
import { type Said, saidOf } from "./row-check.ts";
import { shipmentPlaces } from "./shipment-blobs.ts";
import { verifyWithTrust } from "../verifier/bundle.ts";
import { BUNDLE_LIMITS } from "../verifier/limits.ts";
import type { NoteKey } from "../verifier/note.ts";
import type { Trust } from "../verifier/trust.ts";

/** A gate as its artifact tells it, and its bundle where that says otherwise. */
export interface FoundGate {
  readonly row: GateRow;
  /** The artifact's manifest. */
  readonly manifest: string;
  /** Of everything the artifact holds. */
  readonly bytes: number;
}

export interface FoundEvidence {
  readonly gates: readonly FoundGate[];
  /** What each bundle says that verifies, by its digest. */
  readonly said: ReadonlyMap<string, Said>;
  /** Entries of the log under `keys` by index. */
  readonly entries: ReadonlyMap<number, Uint8Array>;
  readonly heads: readonly SignedHead[];
  readonly releases: readonly FoundRelease[];
  /** Manifests that belong to no gate. */
  readonly others: readonly { readonly manifest: ImageManifest; readonly digest: string; readonly size: number }[];
}

const LIMITS = { bytes_max: 256 * 1024 * 1024, depth_max: 8 };
const isManifest = lazyCheck(ImageManifest);
const isBundle = lazyCheck(Bundle);
const isRow = lazyCheck(GateRow);

function parsed(bytes: Uint8Array, limits: { bytes_max: number; depth_max: number }): unknown {
  try {
    return parseCanonical(bytes, limits);
  } catch (error) {
    if (error instanceof MaestroError) return null;
    throw error;
  }
}

/** Canonical JSON starts with its first key in order, so most blobs need not be read to their end. */
const startsWith = (bytes: Uint8Array, text: string): boolean => fromUtf8(bytes.subarray(0, text.length)) === text;

async function rowIn(blobs: Blobs, manifest: ImageManifest): Promise<GateRow | null> {
  const [bundle, , row] = manifest.layers;
  if (bundle?.mediaType !== BUNDLE_MEDIA_TYPE || row?.mediaType !== GATE_ROW_MEDIA_TYPE) return null;
  const bytes = await blobs.get(row.digest);
  const value = bytes === undefined ? null : parsed(bytes, LIMITS);
  return isRow().Check(value) && value.bundle === bundle.digest ? value : null;
}

/** Reads every sound blob once. Damaged ones are passed over: who repairs has moved them aside. */
export async function findEvidence(blobs: Blobs, trust: Trust, keys: readonly NoteKey[]): Promise<FoundEvidence> {
  const gates: FoundGate[] = [];
  const said = new Map<string, Said>();
  const others: FoundEvidence["others"][number][] = [];
  const entries = new Map<number, Uint8Array>();
  const heads: SignedHead[] = [];
  const releases: FoundRelease[] = [];
  for await (const { digest, size } of blobs.list()) {
    // A model's weights may be larger than the memory of this machine, and no evidence is.
    const bytes = digest === null || size > LIMITS.bytes_max ? undefined : await blobs.get(digest).catch((error: unknown) => {
      if (error instanceof MaestroError && error.code === "store.corrupt") return undefined;
      throw error;
    });
    if (bytes === undefined || digest === null) continue;
    if (startsWith(bytes, '{"artifactType":')) {
      const manifest = parsed(bytes, LIMITS);
      if (!isManifest().Check(manifest)) continue;
      const row = await rowIn(blobs, manifest);
      for (const place of row === null ? await shipmentPlaces({ blobs }, manifest, trust, keys) : []) {
        entries.set(place.index, place.entry);
        heads.push(place.head);
      }
      if (row === null) others.push({ manifest, digest, size });
      else gates.push({ row, manifest: digest, bytes: manifest.layers.reduce((sum, layer) => sum + layer.size, 0) });
    } else if (startsWith(bytes, '{"attestations":')) {
      const opened = bundleIn(bytes, trust, keys);
      if (opened !== null) said.set(digest, opened.said);
      const place = opened?.place ?? null;
      if (place === null) continue;
      for (const [index, entry] of place.entries) entries.set(index, entry);
      heads.push(place.head);
    } else if (startsWith(bytes, '{"dsseEnvelope":')) {
      const found = releaseIn(bytes, trust, keys);
      if (found !== null) releases.push(found);
      const place = found === null ? (provenancePlace(bytes, trust, keys) ?? draftPlace(bytes, trust, keys)) : found.place;
      if (place === null) continue;
      entries.set(place.index, place.entry);
      heads.push(place.head);
    }
  }
  // An artifact's row is no more signed than the database's.
  for (const [at, gate] of gates.entries()) gates[at] = { ...gate, row: { ...gate.row, ...said.get(gate.row.bundle) } };
  gates.sort((a, b) => a.row.attempt.issued_at.localeCompare(b.row.attempt.issued_at) || a.row.log_index - b.row.log_index);
  return { gates, said, entries, heads, releases: inOrder(releases), others };
}

/** Only what verifies may say what was decided, and where entries stand: of the obligations and of all that stands beside them. `place` is null in a log of other keys. */
function bundleIn(bytes: Uint8Array, trust: Trust, keys: readonly NoteKey[]): { said: Said; place: { entries: [number, Uint8Array][]; head: SignedHead } | null } | null {
  const bundle = parsed(bytes, BUNDLE_LIMITS);
  if (!isBundle().Check(bundle)) return null;
  const verified = verifyWithTrust(bytes, trust, { now: new Date(8.64e15), witnesses: "later" });
  if (verified.result !== "verified" || verified.statement === null || verified.log === null) return null;
  const said = saidOf(verified.statement, verified.log.index);
  const tlogs = bundle.attestations.flatMap(({ verificationMaterial }) => verificationMaterial.tlogEntries);
  const text = tlogs[0]?.inclusionProof.checkpoint.envelope ?? "";
  const checkpoint = headIn(text, keys);
  if (checkpoint === null) return { said, place: null };
  const entries = tlogs.map(({ logIndex, canonicalizedBody }): [number, Uint8Array] => [Number(logIndex), fromBase64(canonicalizedBody) ?? new Uint8Array()]);
  return { said, place: { entries, head: { checkpoint, text } } };
}

export const nameOf = ({ row }: FoundGate): string => artifactName(row.gate_id, row.attempt.attempt);
