import { recordBytes } from "../../proto/record.ts";
import { concatBytes, equalBytes, fromBase64, utf8 } from "../../proto/encoding.ts";
import { TrustFile, type TrustBody, type TrustedKey } from "../../proto/trust.ts";
import type { Mode } from "../../proto/change.ts";
import { cosignerKey } from "./cosignature.ts";
import { publicKeyFromSpki, type PublicKey } from "./keys.ts";
import { TRUST_LIMITS } from "./limits.ts";
import { noteKey, type NoteKey } from "./note.ts";
import { readDocument } from "./schema.ts";
import { verifySignature } from "./signature.ts";
import { pass, stop, type Step } from "./step.ts";
import { timestampSeconds } from "./time.ts";
import { quorumProblem, type WitnessPolicy } from "./witnesses.ts";

/** A line of the trust file with its key decoded and its window in seconds. */
export interface TrustEntry {
  readonly entry: TrustedKey;
  readonly key: PublicKey;
  readonly from_s: number;
  readonly to_s: number;
}

export interface Trust {
  readonly trust_domain: string;
  readonly self_made: boolean;
  readonly entries: readonly TrustEntry[];
  readonly witnesses: WitnessPolicy;
}

/** What the root key signs. The prefix keeps it apart from everything else that key might ever sign. */
export function trustSignedBytes(body: TrustBody): Uint8Array {
  return concatBytes(utf8("maestro/v1/trust\0"), recordBytes("trust", 1, body));
}

function openEntry(entry: TrustedKey): TrustEntry | string {
  const spki = fromBase64(entry.public_key);
  const key = spki === null ? null : publicKeyFromSpki(entry.algorithm, spki);
  if (key === null) return "the public key is not one of its algorithm";
  if (key.fingerprint !== entry.fingerprint) return "the fingerprint is another key's";
  const from_s = timestampSeconds(entry.from);
  const to_s = timestampSeconds(entry.to);
  if (from_s === null || to_s === null || from_s > to_s) return "the time window is empty";
  // One algorithm for evidence, the other for logs: a key can never be taken for the other role's.
  if (entry.role === "gate" && entry.algorithm !== "ecdsa-p256-sha256") return "a gate key is ECDSA P-256";
  if (entry.role === "log" && entry.algorithm !== "ed25519") return "a log key is Ed25519";
  if (entry.role === "capability" && entry.algorithm !== "ed25519") return "a capability key is Ed25519";
  if (entry.role === "witness" && entry.algorithm !== "ed25519") return "a witness key is Ed25519";
  if ((entry.role === "witness") !== (entry.name !== undefined)) return "a witness key, and only a witness key, has a name";
  if ((entry.role === "log") !== (entry.log_origin !== null)) return "a log key, and only a log key, has an origin";
  if (entry.role !== "log" && entry.log_size_max !== undefined) return "only a log key signs trees of a size";
  return { entry, key, from_s, to_s };
}

/** Keys are counted, so none may stand there twice, under whatever name; and a log that vouches for itself vouches for nothing. */
function openWitnesses(entries: readonly TrustEntry[], quorum: number | null): WitnessPolicy | string {
  const lines = entries.filter(({ entry }) => entry.role === "witness");
  const twice = lines.find(({ key }, i) => lines.findIndex((line) => line.key.fingerprint === key.fingerprint) < i);
  if (twice !== undefined) return `the witness key ${twice.key.fingerprint} stands there twice`;
  const own = lines.find(({ key }) => entries.some(({ entry }) => entry.role === "log" && entry.fingerprint === key.fingerprint));
  if (own !== undefined) return `the witness key ${own.key.fingerprint} is a log's own`;
  const problem = quorum === null ? null : quorumProblem(quorum, lines.length, new Set(lines.map(({ entry }) => entry.name)).size);
  if (problem !== null) return problem;
  return { keys: lines.map(({ entry, key, from_s, to_s }) => ({ key: cosignerKey(entry.name ?? "", key), from_s, to_s })), quorum };
}

/** Reads a trust file: canonical, of the right shape, signed by the root it names, every key consistent with itself. */
export function openTrust(bytes: Uint8Array): Step<Trust> {
  const document = readDocument(TrustFile, bytes, TRUST_LIMITS);
  if ("because" in document) return stop("trust.malformed", document.because);
  const { body, root, signature } = document.value;
  const spki = fromBase64(root.public_key);
  const rootKey = spki === null ? null : publicKeyFromSpki(root.algorithm, spki);
  if (rootKey === null || rootKey.fingerprint !== root.fingerprint) return stop("trust.malformed", "the root key is not what it says it is");
  const signed = fromBase64(signature);
  if (signed === null || !verifySignature(rootKey, trustSignedBytes(body), signed)) {
    return stop("trust.signature", "the root key did not sign this trust file");
  }
  const entries: TrustEntry[] = [];
  for (const [i, key] of body.keys.entries()) {
    const opened = openEntry(key);
    if (typeof opened === "string") return stop("trust.malformed", `key ${i}: ${opened}`);
    entries.push(opened);
  }
  const witnesses = openWitnesses(entries, body.witnesses?.quorum ?? null);
  if (typeof witnesses === "string") return stop("trust.malformed", witnesses);
  return pass({ trust_domain: body.trust_domain, self_made: body.self_made, entries, witnesses });
}

/** What a key is about to be believed for. */
export interface Use {
  readonly role: TrustedKey["role"];
  readonly predicate_type: string | null;
  readonly repo_id: string;
  readonly mode: Mode;
  readonly issued_at_s: number;
}

function refusal({ entry, from_s, to_s }: TrustEntry, use: Use): Step<null> {
  if (entry.role !== use.role) return stop("signer.role", `the key's role is ${entry.role}, not ${use.role}`);
  if (use.predicate_type !== null && !entry.predicate_types.includes(use.predicate_type)) {
    return stop("signer.predicate", `the key may not sign ${use.predicate_type}`);
  }
  if (!entry.repository_ids.includes("*") && !entry.repository_ids.includes(use.repo_id)) {
    return stop("signer.repository", `the key does not speak for ${use.repo_id}`);
  }
  if (!entry.modes.includes(use.mode)) return stop("signer.mode", `the key may not sign in mode ${use.mode}`);
  if (use.issued_at_s < from_s) return stop("signer.time", `the key is valid from ${entry.from} only`);
  if (use.issued_at_s > to_s) return stop("signer.time", `the key was valid until ${entry.to}`);
  return pass(null);
}

/** Whether one of a key's lines covers the use; else the first line's reason. */
export function permits(lines: readonly TrustEntry[], use: Use): Step<null> {
  const answers = lines.map((line) => refusal(line, use));
  return answers.find((answer) => answer.ok) ?? answers[0] ?? stop("signer.unknown", "the trust file has no such key");
}

export function entriesOf(trust: Trust, fingerprint: string): TrustEntry[] {
  return trust.entries.filter(({ entry }) => entry.fingerprint === fingerprint);
}

/** A log's key, with what the trust file says of the other keys that log has had. */
export interface LogKey extends NoteKey {
  /** The checkpoint at which one key follows another is signed by both. */
  readonly others: readonly NoteKey[];
  /** The largest tree it signed before another key followed; `null` while it signs. */
  readonly size_max: number | null;
}

/**
 * The log key that Sigstore's `logId` names, with its lines in the trust file. A key that followed another one signs trees that hold
 * everything from before, so its lines count from the log's first one on; each line ends when it says.
 */
export function logOf(trust: Trust, logId: Uint8Array): { key: LogKey; lines: TrustEntry[] } | null {
  for (const { entry, key } of trust.entries) {
    if (entry.role !== "log" || entry.log_origin === null) continue;
    const candidate = noteKey(entry.log_origin, key);
    if (!equalBytes(candidate.hash, logId)) continue;
    const log = trust.entries.filter((line) => line.entry.log_origin === entry.log_origin);
    const from_s = Math.min(...log.map((line) => line.from_s));
    const lines = log.filter((line) => line.entry.fingerprint === entry.fingerprint).map((line) => ({ ...line, from_s }));
    const sizes = lines.map((line) => line.entry.log_size_max ?? null);
    const others = log.filter((line) => line.entry.fingerprint !== entry.fingerprint).map((line) => noteKey(candidate.name, line.key));
    return { key: { ...candidate, others, size_max: sizes.includes(null) ? null : Math.max(...sizes.map((size) => size ?? 0)) }, lines };
  }
  return null;
}

/** Why a log id names no key of the trust file. A log that it knows under another key has most likely changed its key since. */
export function logUnknown({ entries }: Trust, origin: string): ReturnType<typeof stop> {
  const known = entries.some(({ entry }) => entry.log_origin === origin);
  return stop("log.unknown", known ? `${origin} is in the trust file under another key, which may have been followed by this one: maestro log monitor with this trust file shows the log's signed entry that says so; a newer trust file of that node lists both` : `the log of ${origin} is not in the trust file`);
}
