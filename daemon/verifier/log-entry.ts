import { verifyInclusion } from "../../kernels/merkle/index.ts";
import type { TlogEntry } from "../../proto/attestation.ts";
import { equalBytes, fromBase64 } from "../../proto/encoding.ts";
import { parseCheckpoint, parseCount, type Checkpoint } from "./checkpoint.ts";
import { hashLeaf } from "./leaves.ts";
import { openNote, parseNote, type Note } from "./note.ts";
import { pass, stop, type Step } from "./step.ts";
import type { LogKey } from "./trust.ts";
import { openCosignatures, type Cosigner, type WitnessKey } from "./witnesses.ts";

/** An inclusion proof that holds under a checkpoint; whose checkpoint that is, is asked next. */
export interface ProvenEntry {
  readonly log_id: Uint8Array;
  readonly index: number;
  readonly checkpoint: Checkpoint;
  readonly note: Note;
}

/** Checks everything about a log entry that needs no key: numbers agree, and the entry hashes up to the checkpoint's root. */
export function proveEntry(tlog: TlogEntry, entry: Uint8Array): Step<ProvenEntry> {
  const { inclusionProof } = tlog;
  const index = parseCount(tlog.logIndex);
  const size = parseCount(inclusionProof.treeSize);
  const log_id = fromBase64(tlog.logId.keyId);
  const rootHash = fromBase64(inclusionProof.rootHash);
  const note = parseNote(inclusionProof.checkpoint.envelope);
  const checkpoint = note === null ? null : parseCheckpoint(note.text);
  if (note === null || checkpoint === null) return stop("log.checkpoint", "the checkpoint is not a signed note of three lines");
  if (index === null || size === null || log_id === null || rootHash === null) return stop("log.proof", "a field of the proof is malformed");
  if (inclusionProof.logIndex !== tlog.logIndex) return stop("log.proof", "the proof is for another index");
  if (size !== checkpoint.size || !equalBytes(rootHash, checkpoint.root)) return stop("log.checkpoint", "size or root differ from the checkpoint's");
  if (checkpoint.extensions.length > 0) return stop("log.checkpoint", "the checkpoint has lines this verifier does not know");
  const hashes: Uint8Array[] = [];
  for (const text of inclusionProof.hashes) {
    const hash = fromBase64(text);
    if (hash === null || hash.length !== 32) return stop("log.proof", "a hash of the proof is malformed");
    hashes.push(hash);
  }
  if (!verifyInclusion({ leafIndex: index, treeSize: size, leafHash: hashLeaf(entry), inclusionPath: hashes, rootHash: checkpoint.root })) {
    return stop("log.proof", "the entry is not in the tree of the checkpoint");
  }
  return pass({ log_id, index, checkpoint, note });
}

/** Checks that the trusted log itself signed this checkpoint, under its own origin, and that nobody unknown did. The known witnesses who cosigned it come back. */
export function checkCheckpoint({ checkpoint, note }: ProvenEntry, log: LogKey, witnesses: readonly WitnessKey[]): Step<readonly Cosigner[]> {
  if (checkpoint.origin !== log.name) return stop("log.checkpoint", `the checkpoint is of ${checkpoint.origin}, not of ${log.name}`);
  const cosigned = openCosignatures(note, witnesses);
  if (!cosigned.ok) return cosigned;
  const opened = openNote({ text: note.text, signatures: cosigned.value.rest }, [log, ...log.others]);
  if ("because" in opened) return stop("log.checkpoint", opened.because);
  if (!opened.signers.includes(log)) return stop("log.checkpoint", "the key that the log id names did not sign the checkpoint");
  if (log.size_max !== null && checkpoint.size > log.size_max) return stop("log.key", `the key signed this log up to ${log.size_max} entries, then another one followed it`);
  // The specification has unknown signatures ignored; in our own container they would be bytes that nothing vouches for.
  if (opened.unknown > 0) return stop("log.checkpoint", "the checkpoint carries signatures by unknown keys");
  return pass(cosigned.value.cosigners);
}
