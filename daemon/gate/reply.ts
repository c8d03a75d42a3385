import { type Static, Type } from "@sinclair/typebox";
import { parseCanonical } from "../../proto/canonical.ts";
import { Card, CardProof, Timings } from "../../proto/card.ts";
import { MaestroError } from "../../proto/errors.ts";
import { Authors } from "../../proto/people.ts";
import { KeptFindings } from "../../proto/findings.ts";
import { lazyCheck } from "../platform/lazy-check.ts";
import { Base64, Closed, GitOid, Sha256Hex } from "../../proto/scalar.ts";
import { PolicyDigest } from "../../proto/worker.ts";
import type { Artifacts } from "../store/artifacts.ts";
import { artifactName, type GateRow } from "../store/gates.ts";
import { TOMBSTONE_MEDIA_TYPE } from "../../proto/retention.ts";

/** What the identity names by digest: the record of the configuration as text, and the policies. */
const JudgedBy = Closed({ configuration: Type.String(), policies: Type.Array(PolicyDigest, { maxItems: 16 }) });

/** What a client is told of a gate beside its bundle; a blob, because a card outgrows an LMDB value. Gates from before findings were kept have none. */
export const StoredReply = Closed({ card: Card, proof: CardProof, timings: Timings, reports_sha256: Type.Optional(Sha256Hex), target: Type.Optional(GitOid), authors: Type.Optional(Authors), findings: Type.Optional(KeptFindings), rules: Type.Optional(JudgedBy), openings: Type.Optional({ ...Base64, description: "hidden numbers, sealed with the node's keys" }) }, { $id: "StoredReply" });
export type StoredReply = Static<typeof StoredReply>;

const LIMITS = { bytes_max: 64 * 1024 * 1024, depth_max: 16 };
const checker = lazyCheck(Type.Unsafe<StoredReply>(StoredReply));

/**
 * A gate's recorded answer; null where its blobs are gone, so that the gate has
 * to run again. A daemon that died before it wrote them writes them when it
 * starts (`keepPromises`).
 */
export async function readReply({ blobs }: Artifacts, row: GateRow): Promise<{ reply: StoredReply; bundle: Uint8Array } | null> {
  const [bytes, bundle] = await Promise.all([blobs.get(row.reply), blobs.get(row.bundle)]);
  if (bytes === undefined || bundle === undefined) return null;
  const reply: unknown = parseCanonical(bytes, LIMITS);
  if (!checker().Check(reply)) throw new MaestroError("store.corrupt", `the recorded reply of ${row.gate_id} does not fit its schema`);
  return { reply, bundle };
}

/** Why a recorded answer cannot be read, as the error to throw: its time was over, or `otherwise`. */
export async function goneReply(artifacts: Pick<Artifacts, "getArtifact">, { gate_id, attempt: { attempt } }: GateRow, otherwise: string): Promise<MaestroError> {
  const layers = (await artifacts.getArtifact(artifactName(gate_id, attempt)))?.manifest.layers ?? [];
  const buried = layers.some(({ mediaType }) => mediaType === TOMBSTONE_MEDIA_TYPE);
  return buried ? new MaestroError("record.expired", `attempt ${attempt} of ${gate_id}; its signed bundle is still here`) : new MaestroError("request.not_found", otherwise);
}
