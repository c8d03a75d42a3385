/** A verdict becomes a record: log entry, gate row and the promise of its blobs in one transaction, then the blobs. */
import { BUNDLE_MEDIA_TYPE } from "../../proto/bundle.ts";
import { canonicalBytes, parseCanonical } from "../../proto/canonical.ts";
import type { Timings } from "../../proto/card.ts";
import { gateId } from "../../proto/change.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Evidence, Recorded, RecordInput } from "../evidence/index.ts";
import type { Artifacts } from "../store/artifacts.ts";
import { sha256Digest, type BlobRef } from "../store/blobs.ts";
import { keepBuild } from "../store/builds.ts";
import { artifactName, GATE_REPLY_MEDIA_TYPE, GATE_ROW_MEDIA_TYPE, payerOf, type GateRow, type Gates } from "../store/gates.ts";
import type { LineageEdges } from "../store/lineage-edges.ts";
import { lazyCheck } from "../platform/lazy-check.ts";
import { StoredBlob } from "../../proto/oci.ts";
import { KEPT_SBOM_MEDIA_TYPE } from "../../proto/sbom.ts";
import type { Outbox } from "../store/outbox.ts";
import { keepDraft } from "../store/draft-statements.ts";
import { keepShipment } from "../store/shipments.ts";
import { addEvidence, type Usage } from "../store/usage.ts";
import { keepRelease } from "./releasing/record.ts";
import { keepFindings } from "./findings.ts";
import type { Intake } from "./intakes.ts";
import type { StoredReply } from "./reply.ts";

export interface RecordDeps {
  readonly evidence: Evidence;
  readonly gates: Gates;
  readonly artifacts: Artifacts;
  readonly outbox: Outbox;
  readonly usage: Usage;
  /** Absent where nobody asks what came of what. */
  readonly edges?: Pick<LineageEdges, "add">;
}

/** Kept of a gate, and no part of its evidence: what judging it again takes. */
type Beside = Pick<StoredReply, "reports_sha256" | "target" | "authors" | "rules">;

export interface RecordedGate {
  readonly gate_id: string;
  readonly reply: StoredReply;
  readonly bundle: Uint8Array;
}

/** Reply, bundle and row as blobs under the gate's name, so that the record can be made again without the store; durable when it resolves. Done twice, it changes nothing. */
async function keep({ artifacts }: RecordDeps, name: string, reply: Uint8Array, bundle: Uint8Array, row: Uint8Array, sbom: BlobRef | null): Promise<void> {
  await artifacts.putArtifact(name, BUNDLE_MEDIA_TYPE, [
    { mediaType: BUNDLE_MEDIA_TYPE, bytes: bundle },
    { mediaType: GATE_REPLY_MEDIA_TYPE, bytes: reply },
    { mediaType: GATE_ROW_MEDIA_TYPE, bytes: row },
    ...(sbom === null ? [] : [{ mediaType: KEPT_SBOM_MEDIA_TYPE, stored: sbom }]),
  ]);
}

/** Signs, logs and stores one verdict; everything is durable when it resolves. `timings` is asked once the evidence is made, `alongside` writes in the same transaction. */
export async function recordGate(deps: RecordDeps, owner: Pick<Intake, "uid" | "tenant">, input: RecordInput, timings: () => Timings, beside: Beside = {}, alongside: () => void = () => undefined, sbom: BlobRef | null = null): Promise<RecordedGate> {
  const { evidence, gates, outbox, usage } = deps;
  const { identity, decision, card, attempt } = input;
  const gate_id = gateId(identity);
  const name = artifactName(gate_id, attempt);
  const findings = keepFindings(input.outcomes);
  let made: { readonly reply: StoredReply; readonly bytes: Uint8Array; readonly log_index: number; readonly row: Uint8Array } | undefined;
  const { bundle } = await evidence.record(input, ({ statement, proof, bundle, openings }: Recorded) => {
    const reply: StoredReply = { card, proof, timings: timings(), findings, ...(openings === null ? {} : { openings }), ...beside };
    const bytes = canonicalBytes(reply);
    const { log_index } = proof;
    const row: GateRow = {
      gate_id, attempt: statement.predicate.attempt, verdict: decision.verdict, repo_id: identity.repo_id, head: identity.head,
      owner_uid: owner.uid, ...(owner.tenant === null ? {} : { owner_tenant: owner.tenant }),
      log_index, reply: sha256Digest(bytes), bundle: sha256Digest(bundle),
    };
    const row_bytes = canonicalBytes(row);
    gates.add(row, identity.merge_tree);
    gates.summaries.add(row, reply);
    gates.cards.put(row, reply, gates.summaries.get(row)?.held_s ?? null);
    deps.edges?.add(name, card);
    addEvidence(usage, payerOf(row), bytes.length + bundle.length + row_bytes.length + (sbom?.size ?? 0));
    alongside();
    outbox.hold({ id: log_index, name, blobs: [bytes, bundle, row_bytes, ...(sbom === null ? [] : [canonicalBytes({ ...sbom })])] });
    made = { reply, bytes, log_index, row: row_bytes };
  });
  if (made === undefined) throw new MaestroError("internal.bug", "the log took an entry without its gate");
  await keep(deps, name, made.bytes, bundle, made.row, sbom);
  outbox.sent(made.log_index);
  return { gate_id, reply: made.reply, bundle };
}

const isStored = lazyCheck(StoredBlob);

/** A blob that was on disk before its gate was promised. */
function storedIn(bytes: Uint8Array): BlobRef {
  const value: unknown = parseCanonical(bytes, { bytes_max: 1024, depth_max: 2 });
  if (!isStored().Check(value)) throw new MaestroError("store.corrupt", "a promise names no blob");
  return value;
}

/** Keeps what a killed daemon promised and did not come to: afterwards every logged gate has its reply. Call before the first gate. */
export async function keepPromises(deps: RecordDeps): Promise<number> {
  const pending = deps.outbox.pending();
  for (const { id, name, blobs } of pending) {
    if ((await keepRelease(deps.artifacts, name, blobs)) || (await keepBuild(deps.artifacts, name, blobs)) || (await keepShipment(deps.artifacts, name, blobs)) || (await keepDraft(deps.artifacts, name, blobs))) continue;
    const [reply, bundle, row, sbom] = blobs;
    if (reply === undefined || bundle === undefined || row === undefined) throw new MaestroError("store.corrupt", `the promise of log entry ${id} has no reply, bundle or row`);
    await keep(deps, name, reply, bundle, row, sbom === undefined ? null : storedIn(sbom));
  }
  if (pending.length > 0) deps.outbox.clear();
  return pending.length;
}
