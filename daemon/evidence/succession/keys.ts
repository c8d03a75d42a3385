/** The keys of a node whose log has to begin anew, and a trust file under which old and new evidence verify. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { TrustFile, type TrustBody, type TrustedKey } from "../../../proto/trust.ts";
import { TRUST_LIMITS } from "../../verifier/limits.ts";
import { readDocument } from "../../verifier/schema.ts";
import { timestampOf, timestampSeconds } from "../../verifier/time.ts";
import { openTrust } from "../../verifier/trust.ts";
import { readPrivateFile } from "../keys/files.ts";
import { logLabel, SALT_BYTES } from "../keys/index.ts";
import { generatePrivateKey, signerFromPem, type Signer } from "../keys/signer.ts";
import { signTrust, trustLine } from "../keys/trust.ts";

export interface NextKeys {
  readonly gate: Signer;
  readonly log: Signer;
  readonly origin: string;
  readonly trust: Uint8Array;
  /** Files of the new key folder, without `sums`. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
}

export interface NextKeysInput {
  /** Folder of the old private keys; `null` where a backup came without them. */
  readonly folder: string | null;
  /** The trust file that old evidence verifies under. */
  readonly trust_bytes: Uint8Array;
  /** Of the log that ends. */
  readonly old_origin: string;
  /** The original goes on elsewhere with its keys, so this node needs a gate key of its own. */
  readonly new_gate_key: boolean;
  /** Not before the newest entry: the old log's key stays good up to here. */
  readonly at_s: number;
}

const KEYS_MAX = 256;

/** `log.<label>.<domain>`: the label is the log's own, so that no two logs share an origin. */
function originFor(log: Signer, old_origin: string): string {
  return `log.${logLabel(log)}.${old_origin.split(".").slice(2).join(".")}`;
}

function bodyOf(bytes: Uint8Array): TrustBody {
  const opened = openTrust(bytes);
  const document = readDocument(TrustFile, bytes, TRUST_LIMITS);
  if (!opened.ok || "because" in document) throw new MaestroError("evidence.keys", `trust.json: ${opened.ok ? "unreadable" : opened.reason.detail}`);
  const { body } = document.value;
  if (!body.self_made) {
    throw new MaestroError("evidence.succession", "the trust file is the operator's own, and its root key is not here: let the operator's root sign a trust file with a new log key, put it beside that key into the state folder's keys, and start again");
  }
  return body;
}

/** The old log says nothing more from `at_s` on; whoever goes on with its key elsewhere is not believed under this trust file. */
function closed(line: TrustedKey, origin: string, gates: boolean, at_s: number): TrustedKey {
  const ends = line.log_origin === origin || (gates && line.role === "gate");
  const to_s = timestampSeconds(line.to);
  const from_s = timestampSeconds(line.from) ?? 0;
  return ends && to_s !== null && to_s > at_s ? { ...line, to: timestampOf(Math.max(at_s, from_s)) } : line;
}

interface OldKeys {
  readonly gate: string;
  readonly root: string | null;
  readonly salt: Uint8Array;
}

function oldKeys(folder: string): OldKeys {
  const pem = (name: string): string => new TextDecoder().decode(readPrivateFile(join(folder, name)));
  return { gate: pem("gate.pem"), root: existsSync(join(folder, "root.pem")) ? pem("root.pem") : null, salt: readPrivateFile(join(folder, "salt.key")) };
}

/**
 * Makes what the node signs with from now on. The log key is always new; a gate key, root and salt are where they are not here or
 * go on being used elsewhere. Throws `evidence.succession` for a trust file that only an operator's root may change.
 */
export function nextKeys({ folder, trust_bytes, old_origin, new_gate_key, at_s }: NextKeysInput): NextKeys {
  const body = bodyOf(trust_bytes);
  const old = folder === null ? null : oldKeys(folder);
  const fresh_gate = old === null || new_gate_key;
  const gate_pem = fresh_gate ? generatePrivateKey("ecdsa-p256-sha256") : old.gate;
  const gate = signerFromPem("ecdsa-p256-sha256", gate_pem, "gate.pem");
  const log_pem = generatePrivateKey("ed25519");
  const log = signerFromPem("ed25519", log_pem, "log.pem");
  const root_pem = old?.root ?? generatePrivateKey("ed25519");
  const origin = originFor(log, old_origin);
  const keys = body.keys.map((line) => closed(line, old_origin, fresh_gate, at_s));
  const made = [...(fresh_gate ? [trustLine(gate, "gate", null, at_s)] : []), trustLine(log, "log", origin, at_s)];
  if (keys.length + made.length > KEYS_MAX) throw new MaestroError("evidence.succession", `the trust file has ${keys.length} keys already`);
  const trust = canonicalBytes(signTrust({ ...body, keys: [...keys, ...made] }, signerFromPem("ed25519", root_pem, "root.pem")));
  const salt = old === null || new_gate_key ? new Uint8Array(randomBytes(SALT_BYTES)) : old.salt;
  return { gate, log, origin, trust, files: { "gate.pem": gate_pem, "log.pem": log_pem, "root.pem": root_pem, "salt.key": salt, "trust.json": trust } };
}
