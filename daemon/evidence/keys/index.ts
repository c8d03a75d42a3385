/** The node's own keys: made once on first start, refused ever after if anyone else could have read them. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Mode } from "../../../proto/change.ts";
import { equalBytes, toBase32 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { noteKey, type NoteKey } from "../../verifier/note.ts";
import { openTrust, type Trust } from "../../verifier/trust.ts";
import { checkPrivateFolder, readPrivateFile, writePrivateFolder, writePublicFile } from "./files.ts";
import { operatorTrust, requireModes } from "./operator-trust.ts";
import { upToDate } from "./renewed.ts";
import { checkSums } from "./sums.ts";
import { generatePrivateKey, signerFromPem, type Signer } from "./signer.ts";
import { selfMadeTrust, trustFileBytes } from "./trust.ts";

export type { Signer } from "./signer.ts";

export const SALT_BYTES = 32;
const LOCAL_DOMAIN = "local.maestro.internal";
const LABEL_CHARS = 16;

export interface KeysDeps {
  readonly state_dir: string;
  readonly now: Date;
  /** `null`: a domain of this node's own, named after its log key. */
  readonly trust_domain: string | null;
  /** The operator's trust file, which then stands in the place of the self-made one, and the modes it must let this node sign in. */
  readonly operator?: { readonly trust_file: string; readonly modes: readonly Mode[] };
  /** Where under `state_dir` they lie, for keys that are about to be taken over. */
  readonly folder?: string;
}

export interface Keys {
  readonly gate: Signer;
  readonly log: Signer;
  /** The log key under its checkpoint origin. */
  readonly log_note: NoteKey;
  /** Every key that this log has or had, as far as a trust file here names it. */
  readonly log_notes: readonly NoteKey[];
  /** Salts and source MACs are derived from it; whoever holds it can guess hidden leaves. */
  readonly salt_secret: Uint8Array;
  readonly trust: Trust;
  /** What `maestro verify --trust` takes; also at `trust_path`. */
  readonly trust_bytes: Uint8Array;
  readonly trust_path: string;
}

/** A name for a log that no other log has: from its first key, so that it needs no registry and survives a rotation. */
export const logLabel = (log: Signer): string => toBase32(sha256(log.key.raw)).slice(0, LABEL_CHARS);

function generate(folder: string, { now, trust_domain }: KeysDeps): void {
  const gate = generatePrivateKey("ecdsa-p256-sha256");
  const log = generatePrivateKey("ed25519");
  const root = generatePrivateKey("ed25519");
  const logSigner = signerFromPem("ed25519", log, "log.pem");
  const label = logLabel(logSigner);
  const trust = selfMadeTrust({
    trust_domain: trust_domain ?? `${label}.${LOCAL_DOMAIN}`,
    log_origin: `log.${label}.${trust_domain ?? LOCAL_DOMAIN}`,
    gate: signerFromPem("ecdsa-p256-sha256", gate, "gate.pem"),
    log: logSigner,
    root: signerFromPem("ed25519", root, "root.pem"),
    now,
  });
  writePrivateFolder(folder, {
    "gate.pem": gate,
    "log.pem": log,
    "root.pem": root,
    "salt.key": randomBytes(SALT_BYTES),
    "trust.json": trustFileBytes(trust),
  });
}

function pemOf(path: string): string {
  return new TextDecoder().decode(readPrivateFile(path));
}

function entryOf(trust: Trust, signer: Signer, role: "gate" | "log"): Trust["entries"][number] {
  const found = trust.entries.find(({ entry }) => entry.role === role && entry.fingerprint === signer.key.fingerprint);
  if (found === undefined) throw new MaestroError("evidence.keys", `trust.json does not name ${role} key ${signer.key.fingerprint}`);
  return found;
}

/**
 * Opens the keys under `state_dir/keys`, making them on the first start, and
 * keeps a public copy of the trust file at `state_dir/trust.json`. Throws
 * `evidence.keys` where a key is missing, readable by others, of the wrong
 * kind, or not named by the trust file. The caller holds the state folder's lock.
 */
export function openKeys(deps: KeysDeps): Keys {
  const folder = join(deps.state_dir, deps.folder ?? "keys");
  mkdirSync(deps.state_dir, { recursive: true, mode: 0o700 });
  if (!checkPrivateFolder(folder)) generate(folder, deps);
  checkPrivateFolder(folder);
  const gate = signerFromPem("ecdsa-p256-sha256", pemOf(join(folder, "gate.pem")), "gate.pem");
  const log = signerFromPem("ed25519", pemOf(join(folder, "log.pem")), "log.pem");
  const salt_secret = readPrivateFile(join(folder, "salt.key"));
  if (salt_secret.length !== SALT_BYTES) throw new MaestroError("evidence.keys", `salt.key has ${salt_secret.length} bytes, not ${SALT_BYTES}`);
  const trust_bytes = upToDate(folder, readPrivateFile(join(folder, "trust.json")), gate);
  const opened = openTrust(trust_bytes);
  if (!opened.ok) throw new MaestroError("evidence.keys", `trust.json: ${opened.reason.detail}`);
  const trust = opened.value;
  if (deps.trust_domain !== null && deps.trust_domain !== trust.trust_domain) {
    throw new MaestroError("evidence.keys", `the keys were made for trust domain ${trust.trust_domain}, the configuration says ${deps.trust_domain}; write trust_domain: ${trust.trust_domain} there, or give this daemon a state folder of its own (--state)`);
  }
  entryOf(trust, gate, "gate");
  const origin = entryOf(trust, log, "log").entry.log_origin;
  if (origin === null) throw new MaestroError("evidence.keys", "trust.json gives the log no origin");
  checkSums(folder);
  const trust_path = join(deps.state_dir, "trust.json");
  const own = { bytes: trust_bytes, trust };
  const published = deps.operator === undefined ? own : underOperator(deps.operator, own, gate, log, trust_path);
  if (deps.folder === undefined) publish(trust_path, published.bytes);
  const log_note = noteKey(origin, log.key);
  return { gate, log, log_note, log_notes: notesOf(log_note, [trust, published.trust]), salt_secret, trust: published.trust, trust_bytes: published.bytes, trust_path };
}

function notesOf(own: NoteKey, trusts: readonly Trust[]): NoteKey[] {
  const lines = trusts.flatMap(({ entries }) => entries).filter(({ entry }) => entry.role === "log" && entry.log_origin === own.name);
  const others = new Map(lines.filter(({ key }) => key.fingerprint !== own.key.fingerprint).map(({ key }) => [key.fingerprint, noteKey(own.name, key)]));
  return [own, ...others.values()];
}

function publish(path: string, bytes: Uint8Array): void {
  if (!existsSync(path) || !equalBytes(new Uint8Array(readFileSync(path)), bytes)) writePublicFile(path, bytes);
}

interface TrustBytes {
  readonly bytes: Uint8Array;
  readonly trust: Trust;
}

/** The operator's file, if it names this node's keys as they are. Where it does not, the self-made one is published for the operator to sign over. */
function underOperator({ trust_file, modes }: NonNullable<KeysDeps["operator"]>, own: TrustBytes, gate: Signer, log: Signer, trust_path: string): TrustBytes {
  try {
    const given = operatorTrust(trust_file);
    requireModes(given.trust.entries, entryOf(given.trust, gate, "gate").entry.fingerprint, modes);
    const [theirs, ours] = [given.trust, own.trust].map((trust) => entryOf(trust, log, "log").entry.log_origin);
    if (theirs !== ours || given.trust.trust_domain !== own.trust.trust_domain) throw new MaestroError("evidence.keys", `${trust_file} is for ${given.trust.trust_domain} and log ${theirs}, this node for ${own.trust.trust_domain} and ${ours}`);
    return given;
  } catch (error) {
    publish(trust_path, own.bytes);
    throw error;
  }
}
