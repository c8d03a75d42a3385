/** Receipts that were made anew under a later checkpoint: the ones from before, and that the log only grew in between. */
import { verifyConsistency } from "../../../kernels/merkle/index.ts";
import type { SigstoreBundle, TlogEntry } from "../../../proto/attestation.ts";
import { equalBytes, fromBase64, toBase64 } from "../../../proto/encoding.ts";
import type { AnsweredReceipts } from "../../../proto/evidence-bundle.ts";
import { parseCheckpoint, type Checkpoint } from "../checkpoint.ts";
import { checkCheckpoint, proveEntry } from "../log-entry.ts";
import { parseNote } from "../note.ts";
import { openEnvelope } from "../statement.ts";
import { pass, stop, type Step } from "../step.ts";
import { logOf, logUnknown, type Trust } from "../trust.ts";

export interface Grown {
  readonly from: number;
  readonly to: number;
}

const checkpointIn = (envelope: string): Checkpoint | null => parseCheckpoint(parseNote(envelope)?.text ?? "");

/** The attestation with the receipt it had; everything else is as it was. Requires `checkpoint` to be the one that `envelope` holds. */
function before(attestation: SigstoreBundle, { log_id, checkpoint: envelope }: AnsweredReceipts, { size, root }: Checkpoint, hashes: readonly string[]): SigstoreBundle {
  const { verificationMaterial } = attestation;
  const tlogEntries = verificationMaterial.tlogEntries.map((entry): TlogEntry => ({
    ...entry,
    logId: { keyId: log_id },
    inclusionProof: { logIndex: entry.logIndex, rootHash: toBase64(root), treeSize: String(size), hashes: [...hashes], checkpoint: { envelope } },
  }));
  return { ...attestation, verificationMaterial: { ...verificationMaterial, tlogEntries } };
}

/** `null` where the receipts do not fit the attestations. */
export function asAnswered(attestations: readonly SigstoreBundle[], answered: AnsweredReceipts): SigstoreBundle[] | null {
  const checkpoint = checkpointIn(answered.checkpoint);
  if (checkpoint === null || answered.hashes.length !== attestations.length) return null;
  return attestations.map((attestation, i) => before(attestation, answered, checkpoint, answered.hashes[i] ?? []));
}

function checkOne(attestation: SigstoreBundle, trust: Trust): Step<Checkpoint> {
  const envelope = openEnvelope(attestation);
  if (!envelope.ok) return envelope;
  const [tlog] = attestation.verificationMaterial.tlogEntries;
  const proven = tlog === undefined ? stop("log.entry", "no log entry") : proveEntry(tlog, envelope.value.entry);
  if (!proven.ok) return proven;
  const log = logOf(trust, proven.value.log_id);
  if (log === null) return logUnknown(trust, proven.value.checkpoint.origin);
  const signed = checkCheckpoint(proven.value, log.key, trust.witnesses.keys);
  return signed.ok ? pass(proven.value.checkpoint) : signed;
}

/** Requires that the attestations verified as they stand. */
export function checkAnswered(attestations: readonly SigstoreBundle[], answered: AnsweredReceipts, trust: Trust): Step<Grown> {
  const old = asAnswered(attestations, answered);
  const now = checkpointIn(attestations[0]?.verificationMaterial.tlogEntries[0]?.inclusionProof.checkpoint.envelope ?? "");
  if (old === null || now === null) return stop("log.proof", "the receipts from before are not those of these attestations");
  let first: Checkpoint | null = null;
  for (const attestation of old) {
    const checked = checkOne(attestation, trust);
    if (!checked.ok) return stop(checked.reason.code, `the receipt from before: ${checked.reason.detail}`);
    first ??= checked.value;
  }
  if (first === null || first.origin !== now.origin) return stop("log.checkpoint", "the receipts from before are of another log");
  const path = answered.consistency.map((hash) => fromBase64(hash) ?? new Uint8Array());
  if (first.size === now.size ? path.length === 0 && equalBytes(first.root, now.root) : verifyConsistency({ first: first.size, second: now.size, firstHash: first.root, secondHash: now.root, consistencyPath: path })) {
    return pass({ from: first.size, to: now.size });
  }
  return stop("log.proof", "nothing shows that the log only grew from the checkpoint of then to the one of now");
}
