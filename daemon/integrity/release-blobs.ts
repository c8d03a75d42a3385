/** Releases that only blobs still know of: each bundle names the head it is bound to, and counts here only where it verifies. */
import { fromBase64, toHex } from "../../proto/encoding.ts";
import type { Release } from "../../proto/release.ts";
import { parseCanonical } from "../../proto/canonical.ts";
import { SigstoreBundle } from "../../proto/attestation.ts";
import { sha256 } from "@noble/hashes/sha2.js";
import { headIn } from "../evidence/log/opening.ts";
import type { SignedHead } from "../evidence/log/recover.ts";
import { lazyCheck } from "../platform/lazy-check.ts";
import type { Artifacts } from "../store/artifacts.ts";
import { sha256Digest } from "../store/blobs.ts";
import { payerOf, type Gates } from "../store/gates.ts";
import { RELEASE_MEDIA_TYPE, releaseArtifactName, type ReleaseRow, type ReleaseTable } from "../store/releases.ts";
import { addEvidence, type Usage } from "../store/usage.ts";
import { BUNDLE_LIMITS } from "../verifier/limits.ts";
import { verifyRelease } from "../verifier/index.ts";
import type { NoteKey } from "../verifier/note.ts";
import type { Trust } from "../verifier/trust.ts";

export interface FoundRelease {
  readonly row: ReleaseRow;
  readonly release: Release;
  /** Bytes of its bundle. */
  readonly bytes: number;
  /** Its entry, where the log that still runs holds it. */
  readonly place: { readonly index: number; readonly entry: Uint8Array; readonly head: SignedHead } | null;
}

const isBundle = lazyCheck(SigstoreBundle);
const ANY_TIME = new Date(8.64e15);

/** `null` for a blob that is gone, damaged, or no release that this node logged. */
export function releaseIn(bytes: Uint8Array, trust: Trust, keys: readonly NoteKey[]): FoundRelease | null {
  const verified = verifyRelease(bytes, trust, ANY_TIME, "later");
  if (verified.result !== "verified") return null;
  const bundle: unknown = parseCanonical(bytes, BUNDLE_LIMITS);
  if (!isBundle().Check(bundle)) return null;
  const payload = fromBase64(bundle.dsseEnvelope.payload);
  if (payload === null) return null;
  const [tlog] = bundle.verificationMaterial.tlogEntries;
  const text = tlog?.inclusionProof.checkpoint.envelope ?? "";
  const checkpoint = headIn(text, keys);
  const entry = fromBase64(tlog?.canonicalizedBody ?? "");
  const { index } = verified.log;
  return {
    row: { log_index: index, statement_sha256: toHex(sha256(payload)), bundle: sha256Digest(bytes) },
    release: verified.release,
    bytes: bytes.length,
    place: checkpoint === null || entry === null ? null : { index, entry, head: { checkpoint, text } },
  };
}

/** In the order in which they were logged; a node whose log began anew counts from 0 again, so time comes first. */
export const inOrder = (found: readonly FoundRelease[]): FoundRelease[] => found.toSorted((a, b) => a.release.at.localeCompare(b.release.at) || a.row.log_index - b.row.log_index);

/** Under the names they were kept by, as whoever collects garbage goes by these. How many were missing. */
export async function nameReleases(artifacts: Pick<Artifacts, "names" | "putArtifact" | "blobs">, found: readonly FoundRelease[]): Promise<number> {
  const known = new Set(artifacts.names());
  let named = 0;
  for (const { row } of found) {
    const name = releaseArtifactName(row.statement_sha256);
    const bytes = known.has(name) ? undefined : await artifacts.blobs.get(row.bundle);
    if (bytes === undefined) continue;
    await artifacts.putArtifact(name, RELEASE_MEDIA_TYPE, [{ mediaType: RELEASE_MEDIA_TYPE, bytes }]);
    named += 1;
  }
  return named;
}

/** Inside `Store.atomic`, once the gates stand. How many rows were lost and are there again. */
export function addReleases(table: ReleaseTable, gates: Pick<Gates, "get">, usage: Usage, found: readonly FoundRelease[]): number {
  let added = 0;
  for (const { row, release: { request }, bytes } of found) {
    const { repo_id, target_ref, head, gate_id, attempt } = request;
    const place = { repo_id, target_ref, head };
    if (table.has(place, row.statement_sha256)) continue;
    table.add(place, row);
    const gate = gates.get(gate_id, attempt);
    if (gate !== undefined) addEvidence(usage, payerOf(gate), bytes);
    added += 1;
  }
  return added;
}
