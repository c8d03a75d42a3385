/** The second step of expiry: files go whose records went. Done twice, it changes nothing. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { canonicalBytes } from "../../proto/canonical.ts";
import { TOMBSTONE_MEDIA_TYPE } from "../../proto/retention.ts";
import { MaestroError } from "../../proto/errors.ts";
import { syncPath } from "../platform/sync.ts";
import type { Artifact, Artifacts, Layer } from "../store/artifacts.ts";
import type { Store } from "../store/db.ts";
import { isBuildName } from "../store/builds.ts";
import { GATE_REPLY_MEDIA_TYPE } from "../store/gates.ts";
import type { Erasure, Tombstones } from "../store/tombstones.ts";

export interface EraseDeps {
  readonly store: Pick<Store, "atomic">;
  readonly artifacts: Artifacts;
  readonly state_dir: string;
  readonly tombstones: Tombstones;
  /** Before each step; a test dies there. */
  readonly step: (name: string) => void;
}

/** What is damaged has no layers to speak of; that it is damaged is the scrubber's to say. */
export async function artifactOf(artifacts: Pick<Artifacts, "getArtifact">, name: string): Promise<Artifact | undefined> {
  return artifacts.getArtifact(name).catch((error: unknown) => {
    if (error instanceof MaestroError && error.code === "store.corrupt") return undefined;
    throw error;
  });
}

/** The artifact again, with a tombstone where its reply was: whoever copies the layout finds every blob that it names. */
async function replaceReply({ artifacts, tombstones }: EraseDeps, name: string): Promise<void> {
  const artifact = await artifactOf(artifacts, name);
  const body = tombstones.get(name, "personal");
  if (artifact === undefined || body === undefined || !artifact.manifest.layers.some(({ mediaType }) => mediaType === GATE_REPLY_MEDIA_TYPE)) return;
  const layers: Layer[] = [];
  for (const { mediaType, digest } of artifact.manifest.layers) {
    if (mediaType === GATE_REPLY_MEDIA_TYPE) {
      layers.push({ mediaType: TOMBSTONE_MEDIA_TYPE, bytes: canonicalBytes({ type: "maestro.tombstone", v: 1, body }) });
      continue;
    }
    const bytes = await artifacts.blobs.get(digest);
    // A bundle that is lost stays lost under its own name, where a repair may still look for it.
    if (bytes === undefined) return;
    layers.push({ mediaType, bytes });
  }
  await artifacts.putArtifact(name, artifact.manifest.artifactType, layers);
  artifacts.blobs.remove(artifact.descriptor.digest, Number.POSITIVE_INFINITY);
}

/** A private daemon's command line keeps the bundles it received in the state folder, with the log receipt beside them. */
async function removeCopies(state_dir: string, digest: string): Promise<void> {
  const name = digest.replace(/^sha256:/, "");
  for (const ending of [".json", ".tlog-proof"]) await rm(join(state_dir, "bundles", `${name}${ending}`), { force: true });
}

/** Digests of what builds hold, where anything is to go. */
async function builtBlobs(artifacts: Artifacts, wanted: number): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  if (wanted > 0) for (const name of artifacts.names().filter(isBuildName)) for (const { digest } of (await artifactOf(artifacts, name))?.manifest.layers ?? []) found.add(digest);
  return found;
}

/** Everything that is owed. What is being written again at this moment stays owed. */
export async function eraseOwed(deps: EraseDeps): Promise<number> {
  const { store, artifacts, tombstones, state_dir, step } = deps;
  const owed = tombstones.owed();
  if (owed.length === 0) return 0;
  const of = (kind: Erasure["kind"]) => owed.filter((one) => one.kind === kind);
  step("layers");
  for (const { of: name } of of("layer")) await replaceReply(deps, name);
  step("names");
  await artifacts.removeNames(of("name").map((one) => one.of));
  step("blobs");
  const busy = new Set<Erasure>();
  const built = await builtBlobs(artifacts, of("blob").length);
  for (const one of of("blob")) {
    // Whoever builds decides what bytes an output has, and they may be those of a bundle or of a report.
    if (built.has(one.of)) continue;
    artifacts.blobs.remove(one.of, Number.POSITIVE_INFINITY);
    await removeCopies(state_dir, one.of);
    if (await artifacts.blobs.has(one.of)) busy.add(one);
    step("a blob");
  }
  await syncPath(join(artifacts.layout, "blobs/sha256"));
  step("notes");
  const gone = owed.filter((one) => !busy.has(one));
  store.atomic(() => tombstones.erased(gone));
  return gone.length;
}
