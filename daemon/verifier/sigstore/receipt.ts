/** Receipts of other people's logs: Rekor v1 (checkpoint and signed entry timestamp) and v2 (checkpoint alone). */
import { verifyInclusion } from "../../../kernels/merkle/index.ts";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { equalBytes, fromBase64, toHex, utf8 } from "../../../proto/encoding.ts";
import type { ForeignLogEntry } from "../../../proto/foreign-bundle.ts";
import { parseCheckpoint, parseCount, type Checkpoint } from "../checkpoint.ts";
import { hashLeaf } from "../leaves.ts";
import { CLOCK_SKEW_S_MAX, LOG_ENTRY_BYTES_MAX } from "../limits.ts";
import { parseNote, type Note } from "../note.ts";
import { pass, stop, type Step } from "../step.ts";
import { verifyForeignMessage } from "./key.ts";
import { logsNamed, type SigstoreLog } from "./root.ts";

/** An entry that hashes up to the root of a checkpoint, whoever signed that. */
export interface HeldEntry {
  readonly log_id: Uint8Array;
  readonly index: number;
  readonly checkpoint: Checkpoint;
  readonly note: Note;
  /** When the log says it took the entry; `null` where nothing signs a time. */
  readonly integrated_s: number | null;
}

const countOf = (value: string | number | undefined): number | null => parseCount(String(value ?? 0));

/** Everything about the receipt that needs no key. */
export function holdEntry(entry: ForeignLogEntry, body: Uint8Array): Step<HeldEntry> {
  const { inclusionProof: proof } = entry;
  if (proof === undefined) return stop("log.proof", "the log entry has no inclusion proof");
  if (body.length > LOG_ENTRY_BYTES_MAX) return stop("log.entry", `the log entry has more than ${LOG_ENTRY_BYTES_MAX} bytes`);
  const log_id = fromBase64(entry.logId.keyId);
  const index = countOf(proof.logIndex);
  const size = countOf(proof.treeSize);
  const root = fromBase64(proof.rootHash);
  const note = parseNote(proof.checkpoint.envelope);
  const checkpoint = note === null ? null : parseCheckpoint(note.text);
  if (note === null || checkpoint === null) return stop("log.checkpoint", "the checkpoint is not a signed note of origin, size and root");
  if (log_id === null || index === null || size === null || root === null || countOf(entry.logIndex) === null) return stop("log.proof", "a field of the proof is malformed");
  if (size !== checkpoint.size || !equalBytes(root, checkpoint.root)) return stop("log.checkpoint", "size or root differ from the checkpoint's");
  const path = (proof.hashes ?? []).map((text) => fromBase64(text) ?? new Uint8Array(0));
  if (!verifyInclusion({ leafIndex: index, treeSize: size, leafHash: hashLeaf(body), inclusionPath: path, rootHash: root })) {
    return stop("log.proof", "the entry is not in the tree of the checkpoint");
  }
  const integrated = countOf(entry.integratedTime);
  return pass({ log_id, index, checkpoint, note, integrated_s: integrated === null || integrated === 0 ? null : integrated });
}

/** Rekor v1 names a shard behind the host: `HOST - TREE`. */
const isOriginOf = (origin: string, host: string): boolean => origin === host || (origin.startsWith(`${host} - `) && /^[0-9]+$/.test(origin.slice(host.length + 3)));

function checkNote({ note, checkpoint }: HeldEntry, log: SigstoreLog): Step<null> {
  if (!isOriginOf(checkpoint.origin, log.host)) return stop("log.checkpoint", `the checkpoint is of ${checkpoint.origin}, not of ${log.host}`);
  const own = note.signatures.filter(({ name, id }) => name === log.host && equalBytes(id, log.log_id.subarray(0, 4)));
  if (own.length === 0) return stop("log.checkpoint", `${log.host} did not sign the checkpoint`);
  const text = utf8(note.text);
  return own.every(({ signature }) => verifyForeignMessage(log.key, text, signature)) ? pass(null) : stop("log.checkpoint", `the signature by ${log.host} does not verify`);
}

/** Rekor v1's signed entry timestamp: the only word on time that such a bundle has (sigstore/rekor, `pkg/verify`). */
function checkPromise(entry: ForeignLogEntry, held: HeldEntry, log: SigstoreLog, now_s: number): Step<null> {
  const { inclusionPromise, integratedTime, logIndex } = entry;
  if (log.from_s > now_s + CLOCK_SKEW_S_MAX) return stop("log.key", `the key of ${log.host} is not valid yet`);
  if (inclusionPromise === undefined) return pass(null);
  if (held.integrated_s === null) return stop("log.entry", "a promise without a time");
  const payload = canonicalBytes({ body: entry.canonicalizedBody, integratedTime: Number(integratedTime), logID: toHex(held.log_id), logIndex: Number(logIndex ?? 0) });
  const signature = fromBase64(inclusionPromise.signedEntryTimestamp);
  if (signature === null || !verifyForeignMessage(log.key, payload, signature)) return stop("log.entry", `${log.host} did not promise this entry at this time`);
  if (held.integrated_s < log.from_s || held.integrated_s > log.to_s) return stop("log.key", `the key of ${log.host} was not valid when it took the entry`);
  return held.integrated_s <= now_s + CLOCK_SKEW_S_MAX ? pass(null) : stop("statement.time", "logged after the verifier's own time; check the clock");
}

/** What of a receipt is known. */
export interface CheckedReceipt {
  /** `false` where the trusted root names no such log. */
  readonly known: boolean;
  readonly logged_at_s: number | null;
  /** Since when the log's key counts no more, where nothing says whether it did when it took the entry. */
  readonly ended_s: number | null;
}

/** Whether a log of the trusted root stands behind the receipt. */
export function checkReceipt(entry: ForeignLogEntry, held: HeldEntry, logs: readonly SigstoreLog[], now_s: number): Step<CheckedReceipt> {
  const named = logsNamed(logs, held.log_id);
  let reason: Step<never> | null = null;
  for (const log of named) {
    const note = checkNote(held, log);
    const promise = note.ok ? checkPromise(entry, held, log, now_s) : note;
    const undated = entry.inclusionPromise === undefined;
    if (promise.ok) return pass({ known: true, logged_at_s: undated ? null : held.integrated_s, ended_s: undated && log.to_s < now_s ? log.to_s : null });
    reason ??= promise;
  }
  return reason ?? pass({ known: false, logged_at_s: null, ended_s: null });
}
