/** What was signed about drafts of one attempt of a gate: artifacts under the gate's own name with a number, so that whoever has the gate's name finds them. */
import { SIGSTORE_BUNDLE_TYPE } from "../../proto/attestation.ts";
import { DRAFT_STATEMENTS_MAX } from "../../proto/drafting.ts";
import { fromUtf8, utf8 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Artifact, Artifacts } from "./artifacts.ts";
import { artifactName } from "./gates.ts";

export const DRAFT_MEDIA_TYPE = "application/vnd.maestro.draft.v1+json";
/** Of the layer: in whose lane it was asked for. It stands in no statement, as that is for everybody to read; absent of those from before it was kept. */
const ASKED_BY = "dev.maestro.draft.asked-by";

const NAME = /^draft-of-(gate-[a-z2-7]{52}-\d{1,10})-(\d{1,2})$/;

/** Every name that one attempt's statements can have, in the order in which they are given out. */
export const draftNames = (gate_id: string, attempt: number): string[] => Array.from({ length: DRAFT_STATEMENTS_MAX }, (_, at) => `draft-of-${artifactName(gate_id, attempt)}-${at + 1}`);

/** The gate's artifact that a name belongs to; `null` for the name of anything else. */
export const gateOfDraft = (name: string): string | null => NAME.exec(name)?.[1] ?? null;

/** Whether the promise was such a statement's; then it has its name when this resolves. Done twice, it changes nothing. */
export async function keepDraft(artifacts: Pick<Artifacts, "putArtifact">, name: string, [bundle, asked_by]: readonly Uint8Array[]): Promise<boolean> {
  if (bundle === undefined || gateOfDraft(name) === null) return false;
  const annotations = asked_by === undefined ? {} : { annotations: { [ASKED_BY]: fromUtf8(asked_by) ?? "" } };
  await artifacts.putArtifact(name, DRAFT_MEDIA_TYPE, [{ mediaType: SIGSTORE_BUNDLE_TYPE, bytes: bundle, ...annotations }]);
  return true;
}

/** What is promised of one, in the order in which `keepDraft` takes it. */
export const draftPromise = (bundle: Uint8Array, asked_by: string): Uint8Array[] => [bundle, utf8(asked_by)];

/** In whose lane a promised one was asked for; null of one from before that was kept. */
export const promisedTo = ([, asked_by]: readonly Uint8Array[]): string | null => (asked_by === undefined ? null : fromUtf8(asked_by));

/** Those of one attempt that have a name here, oldest first; `artifact` is null where it is damaged. */
export async function draftArtifacts(artifacts: Pick<Artifacts, "getArtifact">, gate_id: string, attempt: number): Promise<{ readonly name: string; readonly artifact: Artifact | null }[]> {
  const found: { readonly name: string; readonly artifact: Artifact | null }[] = [];
  for (const name of draftNames(gate_id, attempt)) {
    const artifact = await orDamaged(() => artifacts.getArtifact(name));
    if (artifact !== undefined) found.push({ name, artifact });
  }
  return found;
}

/** Their bundles, null where the bytes are gone or damaged; `asked_by` is null where nobody knows. */
export async function readDrafts(artifacts: Pick<Artifacts, "getArtifact" | "blobs">, gate_id: string, attempt: number): Promise<{ readonly name: string; readonly bundle: Uint8Array | null; readonly asked_by: string | null }[]> {
  return Promise.all(
    (await draftArtifacts(artifacts, gate_id, attempt)).map(async ({ name, artifact }) => {
      const { digest, annotations } = artifact?.manifest.layers[0] ?? {};
      return { name, bundle: digest === undefined ? null : ((await orDamaged(() => artifacts.blobs.get(digest))) ?? null), asked_by: annotations?.[ASKED_BY] ?? null };
    }),
  );
}

/** Bytes of what an artifact of such a statement holds. */
export const draftBytes = ({ manifest }: Artifact): number => manifest.layers.reduce((sum, { size }) => sum + size, 0);

/** What is damaged is said where it is missed; that it is damaged is the scrubber's to say. */
async function orDamaged<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof MaestroError && error.code === "store.corrupt") return null;
    throw error;
  }
}
