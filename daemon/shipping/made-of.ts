/** What an artifact was made of, by this node's own builds. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { SigstoreBundle } from "../../proto/attestation.ts";
import { fromBase64, toHex } from "../../proto/encoding.ts";
import type { ShipmentPredicate } from "../../proto/predicates/shipping.ts";
import type { Artifacts } from "../store/artifacts.ts";
import { isBuildName, readBuild } from "../store/builds.ts";
import { verifyProvenance, type Trust } from "../verifier/index.ts";

export interface MadeOf {
  readonly provenance: NonNullable<ShipmentPredicate["provenance"]>;
  readonly bundle: Uint8Array;
}

/** A build of `commit` that left this file; the other commit that this node built it from; or null where it built no such file. */
export async function madeOf(artifacts: Artifacts, trust: Trust, now_s: number, wanted: { readonly repo_id: string; readonly commit: string; readonly sha256: string }): Promise<MadeOf | { readonly other: string } | null> {
  let other: string | null = null;
  for (const name of artifacts.names().filter(isBuildName)) {
    const kept = await readBuild(artifacts, name);
    if (kept === null || kept.row.repo_id !== wanted.repo_id || !kept.row.files.some((file) => file.sha256 === wanted.sha256)) continue;
    const verified = verifyProvenance(kept.provenance, trust, { artifact_sha256: wanted.sha256, now: new Date(now_s * 1000), witnesses: "later" });
    if (verified.result !== "verified") continue;
    if (kept.row.commit !== wanted.commit) {
      other = kept.row.commit;
      continue;
    }
    const { dsseEnvelope } = JSON.parse(new TextDecoder().decode(kept.provenance)) as SigstoreBundle;
    const statement_sha256 = toHex(sha256(fromBase64(dsseEnvelope.payload) ?? new Uint8Array()));
    return { provenance: { build_id: kept.row.build_id, statement_sha256, log_index: kept.row.log_index }, bundle: kept.provenance };
  }
  return other === null ? null : { other };
}
