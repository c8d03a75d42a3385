/** A release becomes a record: log entry, row and the promise of its bundle in one transaction, then the bundle. */
import type { ReleaseProof, ReleaseRequest } from "../../../proto/release.ts";
import { acted } from "../../platform/actions/index.ts";
import type { Evidence } from "../../evidence/index.ts";
import type { Artifacts } from "../../store/artifacts.ts";
import { sha256Digest } from "../../store/blobs.ts";
import type { Outbox } from "../../store/outbox.ts";
import { RELEASE_MEDIA_TYPE, releaseArtifactName, type ReleaseTable } from "../../store/releases.ts";
import { addEvidence, type Usage } from "../../store/usage.ts";

export interface ReleaseRecordDeps {
  readonly evidence: Pick<Evidence, "release">;
  readonly artifacts: Artifacts;
  readonly outbox: Outbox;
  readonly releases: ReleaseTable;
  readonly usage: Usage;
}

const IS_RELEASE = /^release-[0-9a-f]{32}$/;

/** Whether the promise was a release's; then its bundle is on disk when this resolves. Done twice, it changes nothing. */
export async function keepRelease(artifacts: Artifacts, name: string, blobs: readonly Uint8Array[]): Promise<boolean> {
  const [bundle] = blobs;
  if (bundle === undefined || !IS_RELEASE.test(name)) return false;
  await artifacts.putArtifact(name, RELEASE_MEDIA_TYPE, [{ mediaType: RELEASE_MEDIA_TYPE, bytes: bundle }]);
  return true;
}

/** Durable when it resolves, and not before may anything be released by it. `payer` keeps its bytes. Resolves with its bundle. */
export async function recordRelease(deps: ReleaseRecordDeps, request: ReleaseRequest, proof: ReleaseProof, payer: string): Promise<Uint8Array> {
  const { evidence, artifacts, outbox, releases, usage } = deps;
  const { repo_id, target_ref, head } = request;
  const logged = await evidence.release(request, proof, ({ bundle, log_index, statement_sha256 }) => {
    releases.add({ repo_id, target_ref, head }, { log_index, statement_sha256, bundle: sha256Digest(bundle) });
    acted?.("Pipeline", releases, "Release", { repo_id, target_ref, head });
    addEvidence(usage, payer, bundle.length);
    outbox.hold({ id: log_index, name: releaseArtifactName(statement_sha256), blobs: [bundle] });
  });
  await keepRelease(artifacts, releaseArtifactName(logged.statement_sha256), [logged.bundle]);
  outbox.sent(logged.log_index);
  return logged.bundle;
}
