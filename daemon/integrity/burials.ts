/** The first step of expiry: which records go, and the one transaction in which they do. */
import type { RetentionClass, Tombstone } from "../../proto/retention.ts";
import type { Artifacts } from "../store/artifacts.ts";
import { artifactName, payerOf, type GateRow, type Gates } from "../store/gates.ts";
import type { Erasure, Tombstones } from "../store/tombstones.ts";
import { draftArtifacts, draftBytes } from "../store/draft-statements.ts";
import { addEvidence, type Usage } from "../store/usage.ts";
import { artifactOf } from "./erase.ts";

/** A gate that goes, or only its reply. */
export interface Leaving {
  readonly place: number;
  readonly row: GateRow;
}

export interface Burial {
  readonly tombstone: Tombstone;
  readonly erasures: readonly Erasure[];
  /** Inside `Store.atomic`. */
  readonly take: () => void;
}

const hex = (digest: string): string => digest.replace(/^sha256:/, "");
export const madeAt = ({ attempt: { issued_at } }: Pick<GateRow, "attempt">): number => Math.floor(Date.parse(issued_at) / 1000);

export interface BurialDeps {
  readonly artifacts: Pick<Artifacts, "getArtifact">;
  readonly gates: Gates;
  readonly usage: Usage;
  readonly tombstones: Pick<Tombstones, "get">;
}

function tombstoneOf({ gate_id, attempt, log_index, head, owner_uid, owner_tenant, reply, bundle }: GateRow, of: RetentionClass, why: Tombstone["why"], at_s: number): Tombstone {
  const digests = [{ kind: "reply", sha256: hex(reply) }, ...(of === "evidence" ? [{ kind: "bundle", sha256: hex(bundle) }] : [])];
  return {
    name: artifactName(gate_id, attempt.attempt), class: of, why, at_s, made_s: madeAt({ attempt }), digests, gate_id, attempt: attempt.attempt, log_index, head,
    owner_uid, ...(owner_tenant === undefined ? {} : { owner_tenant }),
  };
}

/** The whole gate: row, ways to it, artifact and blobs, what was signed of its drafts; its entry in the log and its tombstone stay. */
export async function wholeGate({ artifacts, gates, usage }: BurialDeps, { place, row }: Leaving, why: Tombstone["why"], at_s: number): Promise<Burial> {
  const name = artifactName(row.gate_id, row.attempt.attempt);
  // An artifact that cannot be read leaves no more than what its row names.
  const artifact = await artifactOf(artifacts, name);
  const layers = artifact?.manifest.layers ?? [];
  const drafts = await draftsOf(artifacts, row);
  const blobs = new Set([row.bundle, row.reply, ...layers.map(({ digest }) => digest), ...(artifact === undefined ? [] : [artifact.descriptor.digest]), ...drafts.flatMap(({ blobs: own }) => own)]);
  return {
    tombstone: tombstoneOf(row, "evidence", why, at_s),
    erasures: [...[name, ...drafts.map((draft) => draft.name)].map((of) => ({ kind: "name" as const, of })), ...Array.from(blobs, (of) => ({ kind: "blob" as const, of }))],
    take() {
      gates.remove(place, row);
      gates.summaries.remove(row);
      gates.cards.remove(row);
      letGo(usage, row, layers.reduce((sum, { size }) => sum + size, 0) + drafts.reduce((sum, { bytes }) => sum + bytes, 0));
    },
  };
}

/** What was signed about drafts of it: it goes with its gate, whose tombstone stands for both. */
async function draftsOf(artifacts: BurialDeps["artifacts"], { gate_id, attempt: { attempt } }: GateRow): Promise<{ readonly name: string; readonly blobs: readonly string[]; readonly bytes: number }[]> {
  const found = await draftArtifacts(artifacts, gate_id, attempt);
  return found.map(({ name, artifact }) => ({ name, blobs: artifact === null ? [] : [artifact.descriptor.digest, ...artifact.manifest.layers.map(({ digest }) => digest)], bytes: artifact === null ? 0 : draftBytes(artifact) }));
}

/** Its reply alone: the signed bundle goes on to say what was decided. */
export async function replyAlone({ artifacts, gates, usage }: BurialDeps, { row }: Leaving, why: Tombstone["why"], at_s: number): Promise<Burial> {
  const name = artifactName(row.gate_id, row.attempt.attempt);
  const artifact = await artifactOf(artifacts, name);
  const bytes = artifact?.manifest.layers.find(({ digest }) => digest === row.reply)?.size ?? 0;
  return {
    tombstone: tombstoneOf(row, "personal", why, at_s),
    erasures: [{ kind: "layer", of: name }, { kind: "blob", of: row.reply }],
    take() {
      // Names and titles stand in it.
      gates.cards.remove(row);
      letGo(usage, row, bytes);
    },
  };
}

function letGo(usage: Usage, row: GateRow, bytes: number): void {
  const kept = usage.evidence.get(payerOf(row))?.bytes ?? 0;
  addEvidence(usage, payerOf(row), -Math.min(bytes, kept));
}
