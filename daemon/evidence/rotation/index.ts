/** The log goes on under another key: an entry says so, signed by the gate key and agreed to by both log keys (docs/log.md, "A new key"). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROTATION_PREDICATE, type RotationPredicate, type RotationTerms } from "../../../proto/predicates/rotation.ts";
import { STATEMENT_TYPE, type RotationStatement } from "../../../proto/attestation.ts";
import { toBase64, toHex } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { LogRotateReply, LogRotateRequest } from "../../../proto/log.ts";
import { TrustFile, type TrustBody } from "../../../proto/trust.ts";
import { TRUST_LIMITS } from "../../verifier/limits.ts";
import { openRotation, rotationSignedBytes } from "../../verifier/log/rotation.ts";
import { noteKey } from "../../verifier/note.ts";
import { readDocument } from "../../verifier/schema.ts";
import { openTrust } from "../../verifier/trust.ts";
import { timestampOf, timestampSeconds } from "../../verifier/time.ts";
import { signStatement, sigstoreBundle } from "../attest/index.ts";
import { writePublicFile } from "../keys/files.ts";
import type { Keys, Signer } from "../keys/index.ts";
import { ownRoot } from "../keys/renewed.ts";
import { signTrust, trustFileBytes, trustLine } from "../keys/trust.ts";
import type { HandedOver, Handover, Log } from "../log/index.ts";
import { forgetPlan, installPlan, isPending, NEXT_TRUST, planFiles, prepare, prepared } from "./folders.ts";

export interface RotationDeps {
  readonly state_dir: string;
  readonly keys: Keys;
  readonly time_s: number;
  /** Called once the key files are others, before anything is signed under the new key alone. */
  readonly changed: () => void;
}

const KEYS_MAX = 256;

/** The node's own trust file and the root that may change it. Throws `evidence.keys` where that root is not here. */
function ownTrust(state_dir: string): { readonly body: TrustBody; readonly root: Signer } {
  const folder = join(state_dir, "keys");
  const bytes = new Uint8Array(readFileSync(join(folder, "trust.json")));
  const opened = openTrust(bytes);
  // What lies there now is signed over, so it has to be what was signed.
  if (!opened.ok) throw new MaestroError("evidence.keys", `${folder}/trust.json: ${opened.reason.detail}; restore it from a backup made with keys`);
  const document = readDocument(TrustFile, bytes, TRUST_LIMITS);
  const root = "because" in document ? null : ownRoot(folder, document.value);
  if ("because" in document || root === null) throw new MaestroError("evidence.keys", `${folder}/trust.json has to name the next log key, and the root that signed it is not in ${folder}: put root.pem back for as long as this takes`);
  return { body: document.value.body, root };
}

/** The log's lines with the next key's beside them. `ends`: the tree that the present key covers last, once that is known. */
function withNext({ body, root }: ReturnType<typeof ownTrust>, keys: Keys, next: Signer, at_s: number, ends: number | null): Uint8Array {
  const present = keys.log.key.fingerprint;
  const lines = body.keys.map((line) => {
    if (line.fingerprint !== present || ends === null) return line;
    return { ...line, log_size_max: ends, to: timestampOf(Math.max(at_s, timestampSeconds(line.from) ?? 0)) };
  });
  if (lines.length >= KEYS_MAX) throw new MaestroError("evidence.keys", `the trust file has ${lines.length} keys already`);
  return trustFileBytes(signTrust({ ...body, keys: [...lines, trustLine(next, "log", keys.log_note.name, at_s)] }, root));
}

interface Prepared {
  readonly key: string;
  /** For an operator to sign over, with `maestro trust sign`. */
  readonly trust_file: string;
}

/** The next key and a trust file that names both; nothing is signed under it yet. Repeated, it names the same key. */
function prepareRotation({ state_dir, keys, time_s }: RotationDeps): Prepared {
  const own = ownTrust(state_dir);
  const next = prepare(state_dir);
  const trust_file = join(state_dir, NEXT_TRUST);
  writePublicFile(trust_file, withNext(own, keys, next, time_s, null));
  return { key: next.key.fingerprint, trust_file };
}

/** Whether a key waits that this trust file already names for the log. */
export function isDue({ state_dir, keys }: Pick<RotationDeps, "state_dir" | "keys">): boolean {
  const next = prepared(state_dir);
  return next !== null && !keys.trust.self_made && named(keys, next);
}

const named = ({ trust, log_note }: Keys, next: Signer): boolean => trust.entries.some(({ entry }) => entry.role === "log" && entry.log_origin === log_note.name && entry.fingerprint === next.key.fingerprint);

function statementOf({ size, root, time_s }: Handover, keys: Keys, next: Signer): RotationStatement {
  const terms: RotationTerms = { origin: keys.log_note.name, size, root: toHex(root), old_key: lineOf(keys.log), new_key: lineOf(next), at: timestampOf(time_s) };
  const signed = rotationSignedBytes(terms);
  const predicate: RotationPredicate = { terms, old_signature: toBase64(keys.log.sign(signed)), new_signature: toBase64(next.sign(signed)) };
  return { _type: STATEMENT_TYPE, subject: [{ name: terms.origin, digest: { sha256: terms.root } }], predicateType: ROTATION_PREDICATE, predicate };
}

const lineOf = ({ key }: Signer): RotationTerms["old_key"] => ({ fingerprint: key.fingerprint, public_key: toBase64(key.spki) });

/** Signs what changes, and writes down what the key files are to be before the entry may be on disk. What our own verifier refuses is not logged. */
function planOf(before: Handover, state_dir: string, keys: Keys, next: Signer): HandedOver {
  const signed = signStatement(statementOf(before, keys, next), keys.gate);
  planFiles(state_dir, withNext(ownTrust(state_dir), keys, next, before.time_s, before.size + 1));
  return {
    entry: signed.entry,
    bundle(receipt) {
      const bundle = sigstoreBundle(signed, receipt);
      const opened = openRotation(bundle);
      if (!opened.ok) throw new MaestroError("internal.bug", `log rotation: ${opened.reason.code}: ${opened.reason.detail}`);
      return bundle;
    },
  };
}

/**
 * Goes on under the key that waits. Resolves with the entry's index once the old private key is gone. Throws `log.next_key` where no
 * key waits, or an operator's trust file does not name it.
 */
async function rotateLog(log: Pick<Log, "rotate" | "state">, { state_dir, keys, time_s, changed }: RotationDeps): Promise<number> {
  const next = prepared(state_dir);
  if (next === null) throw new MaestroError("log.next_key", "no next log key was made: run maestro log rotate --prepare first, or maestro log rotate alone, which does both where the node signs its own trust file");
  if (!keys.trust.self_made && !named(keys, next)) {
    throw new MaestroError("log.next_key", `the operator's trust file does not name the next log key ${next.key.fingerprint}: sign ${join(state_dir, NEXT_TRUST)} with maestro trust sign, and name what it writes under trust_file`);
  }
  try {
    const signer = { key: noteKey(keys.log_note.name, next.key), sign: next.sign };
    const settle = (): void => {
      installPlan(state_dir);
      changed();
    };
    return await log.rotate(signer, time_s, (before) => planOf(before, state_dir, keys, next), settle);
  } finally {
    // Done, or nothing was appended. What the database holds and the key files do not show yet is for the next start.
    if (!isPending(state_dir, log.state().checkpoint)) forgetPlan(state_dir);
  }
}

/** One step as it was asked for. A node under an operator's trust file cannot do both at once: the operator signs in between. */
export async function rotationStep(log: Pick<Log, "rotate" | "state">, step: LogRotateRequest["step"], deps: () => RotationDeps): Promise<Omit<LogRotateReply, "key">> {
  const { keys, state_dir } = deps();
  const next = step === "activate" ? null : prepareRotation(deps());
  const origin = keys.log_note.name;
  if (step === "prepare" || (step === "both" && !keys.trust.self_made && !isDue({ state_dir, keys }))) return { origin, next, rotated: null };
  const from = keys.log.key.fingerprint;
  const index = await rotateLog(log, deps());
  return { origin, next: null, rotated: { from, index, at: timestampOf(log.state().time_s) } };
}
