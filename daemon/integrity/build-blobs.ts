/** Builds as their artifacts tell of them: for a repair, and for the day their time is over. */
import { BUILD_MEDIA_TYPE, BUILD_ROW_MEDIA_TYPE, type BuildRow } from "../../proto/build.ts";
import { SigstoreBundle } from "../../proto/attestation.ts";
import { parseCanonical } from "../../proto/canonical.ts";
import { fromBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { ImageManifest } from "../../proto/oci.ts";
import type { Tombstone } from "../../proto/retention.ts";
import type { SignedHead } from "../evidence/log/recover.ts";
import { headIn } from "../evidence/log/opening.ts";
import { lazyCheck } from "../platform/lazy-check.ts";
import type { Artifacts } from "../store/artifacts.ts";
import { buildRowIn, isBuildName, keptBytes, readBuild } from "../store/builds.ts";
import { payerOf } from "../store/gates.ts";
import { addEvidence, type Usage } from "../store/usage.ts";
import { verifyProvenance } from "../verifier/index.ts";
import { BUNDLE_LIMITS } from "../verifier/limits.ts";
import type { NoteKey } from "../verifier/note.ts";
import type { Trust } from "../verifier/trust.ts";
import type { Burial } from "./burials.ts";

const isBundle = lazyCheck(SigstoreBundle);
const TOMBSTONE_DIGESTS_MAX = 8;
const ANY_TIME = new Date(8.64e15);

/** Where the log entry of a provenance stands; `null` for a blob that is no provenance this node logged. */
export function provenancePlace(bytes: Uint8Array, trust: Trust, keys: readonly NoteKey[]): { readonly index: number; readonly entry: Uint8Array; readonly head: SignedHead } | null {
  const verified = verifyProvenance(bytes, trust, { artifact_sha256: null, now: ANY_TIME, witnesses: "later" });
  if (verified.result !== "verified") return null;
  const bundle: unknown = parseCanonical(bytes, BUNDLE_LIMITS);
  if (!isBundle().Check(bundle)) return null;
  const [tlog] = bundle.verificationMaterial.tlogEntries;
  const text = tlog?.inclusionProof.checkpoint.envelope ?? "";
  const checkpoint = headIn(text, keys);
  const entry = fromBase64(tlog?.canonicalizedBody ?? "");
  return checkpoint === null || entry === null ? null : { index: verified.log.index, entry, head: { checkpoint, text } };
}

/** The row of a build's manifest whose layers are those of the row; `null` for anything else. */
export async function buildIn({ blobs }: Pick<Artifacts, "blobs">, { artifactType, layers }: ImageManifest): Promise<BuildRow | null> {
  const [provenance, row] = layers;
  if (artifactType !== BUILD_MEDIA_TYPE || row?.mediaType !== BUILD_ROW_MEDIA_TYPE) return null;
  try {
    const bytes = await blobs.get(row.digest);
    const found = bytes === undefined ? null : buildRowIn(bytes);
    return found?.provenance === provenance?.digest ? found : null;
  } catch (error) {
    if (error instanceof MaestroError) return null;
    throw error;
  }
}

/** Of builds that are kept: what they weigh is counted anew only for who has no count left. Inside `Store.atomic`. */
export function addBuilds(usage: Usage, counted: ReadonlySet<string>, builds: readonly { readonly row: Parameters<typeof payerOf>[0]; readonly bytes: number }[]): void {
  for (const { row, bytes } of builds) if (!counted.has(payerOf(row))) addEvidence(usage, payerOf(row), bytes);
}

export interface BuildExpiry {
  readonly artifacts: Artifacts;
  readonly usage: Usage;
  readonly now_s: number;
  readonly cutoff_s: number;
}

const finishedAt = (provenance: Uint8Array, trust: Trust): number | null => {
  const verified = verifyProvenance(provenance, trust, { artifact_sha256: null, now: ANY_TIME, witnesses: "later" });
  return verified.result === "verified" ? Math.floor(Date.parse(verified.statement.predicate.runDetails.metadata.finishedOn) / 1000) : null;
};

export interface LeavingBuilds {
  readonly burials: readonly Burial[];
  /** Removes what they left, once they are buried. What another artifact holds too stays, and what was written anew since: whoever builds decides what bytes an output has. */
  readonly rest: () => Promise<void>;
}

/** Builds whose time is over. */
export async function leavingBuilds({ artifacts, usage, now_s, cutoff_s }: BuildExpiry, trust: Trust): Promise<LeavingBuilds> {
  const burials: Burial[] = [];
  const leaving = new Map<string, { readonly row: BuildRow; readonly made_s: number }>();
  for (const name of artifacts.names().filter(isBuildName)) {
    const kept = await readBuild(artifacts, name).catch((error: unknown) => {
      if (error instanceof MaestroError && error.code === "store.corrupt") return null;
      throw error;
    });
    const made_s = kept === null ? null : finishedAt(kept.provenance, trust);
    if (kept !== null && made_s !== null && made_s <= cutoff_s) leaving.set(name, { row: kept.row, made_s });
  }
  const shared = new Set<string>();
  for (const [name, { row, made_s }] of leaving) {
    const artifact = await artifacts.getArtifact(name);
    const layers = artifact?.manifest.layers ?? [];
    // Provenance and row are this build's alone; its log and outputs may be another's too.
    const own = [...layers.slice(0, 2).map(({ digest }) => digest), ...(artifact === undefined ? [] : [artifact.descriptor.digest])];
    for (const { digest } of layers.slice(2)) shared.add(digest);
    const tombstone: Tombstone = { name, class: "evidence", why: "expired", at_s: now_s, made_s, digests: row.files.slice(0, TOMBSTONE_DIGESTS_MAX).map(({ sha256 }) => ({ kind: "output", sha256 })), log_index: row.log_index };
    const bytes = keptBytes(row) + layers.slice(0, 2).reduce((sum, { size }) => sum + size, 0);
    burials.push({ tombstone, erasures: [{ kind: "name", of: name }, ...own.map((of) => ({ kind: "blob" as const, of }))], take: () => addEvidence(usage, payerOf(row), -Math.min(bytes, usage.evidence.get(payerOf(row))?.bytes ?? 0)) });
  }
  const rest = async (): Promise<void> => {
    if (shared.size === 0) return;
    const referred = await artifacts.references();
    for (const digest of shared) if (!referred.has(digest)) artifacts.blobs.remove(digest, cutoff_s * 1000);
  };
  return { burials, rest };
}
