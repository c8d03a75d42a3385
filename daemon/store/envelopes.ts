import type { Artifacts } from "./artifacts.ts";

/** Of a DSSE envelope as a layer, and as an artifact that holds one. */
const DSSE_MEDIA_TYPE = "application/vnd.dsse.envelope.v1+json";

/** Keeps a signed statement as an artifact of its own; durable when it resolves. */
export async function keepEnvelope(artifacts: Pick<Artifacts, "putArtifact">, name: string, bytes: Uint8Array): Promise<void> {
  await artifacts.putArtifact(name, DSSE_MEDIA_TYPE, [{ mediaType: DSSE_MEDIA_TYPE, bytes }]);
}
