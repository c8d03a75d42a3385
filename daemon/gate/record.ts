/** A verdict becomes a record: log entry, gate row and the promise of its blobs in one transaction, then the blobs. */
import { BUNDLE_MEDIA_TYPE } from "../../proto/bundle.ts";
import { canonicalBytes } from "../../proto/canonical.ts";
import type { Timings } from "../../proto/card.ts";
import { gateId } from "../../proto/change.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Evidence, Recorded, RecordInput } from "../evidence/index.ts";
import type { Artifacts } from "../store/artifacts.ts";
import { sha256Digest } from "../store/blobs.ts";
import type { Gates } from "../store/gates.ts";
import type { Outbox } from "../store/outbox.ts";
import type { StoredReply } from "./reply.ts";

export interface RecordDeps {
  readonly evidence: Evidence;
  readonly gates: Gates;
  readonly artifacts: Artifacts;
  readonly outbox: Outbox;
}

export interface RecordedGate {
  readonly gate_id: string;
  readonly reply: StoredReply;
  readonly bundle: Uint8Array;
}

const artifactName = (gate_id: string, attempt: number): string => `gate-${gate_id.slice("gate:".length)}-${attempt}`;

/** Reply and bundle as blobs, the bundle under its gate's name; durable when it resolves. Done twice, it changes nothing. */
async function keep({ artifacts }: RecordDeps, name: string, reply: Uint8Array, bundle: Uint8Array): Promise<void> {
  await artifacts.blobs.put(reply);
  await artifacts.putArtifact(name, BUNDLE_MEDIA_TYPE, [{ mediaType: BUNDLE_MEDIA_TYPE, bytes: bundle }]);
}

/** Signs, logs and stores one verdict; everything is durable when it resolves. `timings` is asked once the evidence is made. */
export async function recordGate(deps: RecordDeps, owner_uid: number, input: RecordInput, timings: () => Timings): Promise<RecordedGate> {
  const { evidence, gates, outbox } = deps;
  const { identity, decision, card, attempt } = input;
  const gate_id = gateId(identity);
  const name = artifactName(gate_id, attempt);
  let made: { readonly reply: StoredReply; readonly bytes: Uint8Array; readonly log_index: number } | undefined;
  const { bundle } = await evidence.record(input, ({ statement, proof, bundle }: Recorded) => {
    const reply = { card, proof, timings: timings() };
    const bytes = canonicalBytes(reply);
    const { log_index } = proof;
    gates.add({
      gate_id, attempt: statement.predicate.attempt, verdict: decision.verdict, repo_id: identity.repo_id, head: identity.head, owner_uid,
      log_index, reply: sha256Digest(bytes), bundle: sha256Digest(bundle),
    });
    outbox.hold({ id: log_index, name, blobs: [bytes, bundle] });
    made = { reply, bytes, log_index };
  });
  if (made === undefined) throw new MaestroError("internal.bug", "the log took an entry without its gate");
  await keep(deps, name, made.bytes, bundle);
  outbox.sent(made.log_index);
  return { gate_id, reply: made.reply, bundle };
}

/** Keeps what a killed daemon promised and did not come to: afterwards every logged gate has its reply. Call before the first gate. */
export async function keepPromises(deps: RecordDeps): Promise<number> {
  const pending = deps.outbox.pending();
  for (const { id, name, blobs: [reply, bundle] } of pending) {
    if (reply === undefined || bundle === undefined) throw new MaestroError("store.corrupt", `the promise of log entry ${id} has no reply or no bundle`);
    await keep(deps, name, reply, bundle);
  }
  if (pending.length > 0) deps.outbox.clear();
  return pending.length;
}
