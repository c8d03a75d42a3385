/** `maestro sbom`: a bill of materials on request, of a commit or as a gate recorded it. Nothing is recorded here. */
import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import type { Limits } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import { KEPT_NONCE_BYTES, KEPT_SBOM_MEDIA_TYPE } from "../../proto/sbom.ts";
import { Lane } from "../checking/lane.ts";
import { removeTree } from "../platform/folders.ts";
import type { RepositoryStore } from "../platform/git/repository-store.ts";
import type { GitTools } from "../platform/git/runner.ts";
import type { WorkerPool } from "../platform/pool/pool.ts";
import type { Artifacts } from "../store/artifacts.ts";
import { artifactName, type GateRow } from "../store/gates.ts";
import { requireIds, tenantOf, type Intake } from "./intakes.ts";
import { sbomOf, type KeptSbom } from "./sbom-of.ts";

export interface SbomDeskDeps {
  readonly git: GitTools;
  readonly limits: Limits;
  readonly pool: WorkerPool;
  readonly repositories: Pick<RepositoryStore, "open">;
  readonly artifacts: Pick<Artifacts, "getArtifact" | "blobs">;
  readonly scratch_dir: string;
}

export class SbomDesk {
  constructor(private readonly deps: SbomDeskDeps) {}

  async ofCommit(intake: Intake, commit: string, signal: AbortSignal): Promise<KeptSbom | null> {
    if (!intake.received) throw new MaestroError("intake.incomplete", "no pack was sent for this intake");
    requireIds(intake, [commit]);
    const { pool, repositories, scratch_dir } = this.deps;
    await mkdir(scratch_dir, { recursive: true, mode: 0o700 });
    const folder = await mkdtemp(join(scratch_dir, "sbom-"));
    await using stack = new AsyncDisposableStack();
    stack.defer(() => removeTree(folder));
    const lane = stack.use(new Lane(pool, signal, tenantOf(intake)));
    return await sbomOf(this.deps, await repositories.open(intake.repo_id, intake.object_format), { commit }, folder, lane);
  }

  /** As it was kept with the gate; its leaf names it. Throws `request.not_found`, `store.corrupt`. */
  async ofGate({ gate_id, attempt: { attempt } }: GateRow): Promise<Uint8Array> {
    const { artifacts } = this.deps;
    const found = await artifacts.getArtifact(artifactName(gate_id, attempt));
    const layer = found?.manifest.layers.find(({ mediaType }) => mediaType === KEPT_SBOM_MEDIA_TYPE);
    if (layer === undefined) throw new MaestroError("request.not_found", `attempt ${attempt} of ${gate_id} has no bill of materials: its change touched no lock file that is read, or it was gated before there were any`);
    const bytes = await artifacts.blobs.get(layer.digest);
    if (bytes === undefined) throw new MaestroError("store.corrupt", `the bill of materials of ${gate_id} is gone`);
    return bytes.subarray(KEPT_NONCE_BYTES);
  }
}
