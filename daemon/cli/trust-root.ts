/** The operator's offline root: makes the key, and signs which node's keys speak for which repositories in which modes. No daemon is asked. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { GATE_PREDICATES } from "../../proto/attestation.ts";
import { canonicalBytes } from "../../proto/canonical.ts";
import type { Mode } from "../../proto/change.ts";
import { toBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { TrustBody, TrustedKey, TrustFile } from "../../proto/trust.ts";
import { openTrust, type Trust } from "../verifier/index.ts";
import { publicKeyFromSpki, type PublicKey } from "../verifier/keys.ts";
import { trustSignedBytes } from "../verifier/trust.ts";
import { timestampOf } from "../verifier/time.ts";
import { witnessLines, type WitnessGrant } from "./trust-witnesses.ts";

const OTHERS = 0o077;
const DAY_S = 86_400;

export interface Root {
  readonly key: PublicKey;
  readonly sign: (message: Uint8Array) => Uint8Array;
}

export interface Grant {
  readonly modes: readonly Mode[];
  readonly repository_ids: readonly string[];
  readonly days: number;
  readonly now: Date;
  readonly witnesses: WitnessGrant;
  /** What a key may speak for where that is not the same for all, by its line. */
  readonly scope?: (entry: TrustedKey) => Pick<TrustedKey, "modes" | "repository_ids">;
}

function rootOf(secret: KeyObject, path: string): Root {
  const key = publicKeyFromSpki("ed25519", new Uint8Array(createPublicKey(secret).export({ format: "der", type: "spki" })));
  if (key === null) throw new MaestroError("evidence.keys", `${path} is not an Ed25519 key`);
  return { key, sign: (message) => new Uint8Array(sign(null, message, secret)) };
}

/** A new root key, readable by this user alone. Never replaces one. */
export function makeRoot(path: string): Root {
  if (existsSync(path)) throw new MaestroError("cli.usage", `${path} stands there already; a root key is never replaced`);
  const { privateKey } = generateKeyPairSync("ed25519");
  writeFileSync(path, privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600, flag: "wx", flush: true });
  return rootOf(privateKey, path);
}

export function readRoot(path: string): Root {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new MaestroError("cli.usage", `there is no root key ${path}; make one with \`maestro trust init\``);
  if ((found.mode & OTHERS) !== 0) throw new MaestroError("evidence.keys", `${path} can be read by other users; chmod 600 it, and make a new one if anyone else had access`);
  try {
    return rootOf(createPrivateKey(readFileSync(path)), path);
  } catch (cause) {
    if (cause instanceof MaestroError) throw cause;
    throw new MaestroError("evidence.keys", `${path} is not a PKCS #8 private key`, { cause });
  }
}

/** A trust file as it stands, whoever signed it. */
export function readTrust(path: string): Trust {
  const opened = openTrust(new Uint8Array(readFileSync(path)));
  if (!opened.ok) throw new MaestroError("trust.malformed", `${path}: ${opened.reason.detail}`);
  return opened.value;
}

/** The fingerprint of the root that signed a trust file which `readTrust` has read. */
export const rootIn = (path: string): string => (JSON.parse(readFileSync(path, "utf8")) as TrustFile).root.fingerprint;

/** The lines of the nodes' own keys, each under the operator's word for modes, repositories and end, and of the witnesses. Other roles are not carried over. */
function lines(nodes: readonly Trust[], { modes, repository_ids, days, now, witnesses, scope }: Grant): TrustedKey[] {
  const from = timestampOf(now.getTime() / 1000);
  const to = timestampOf(now.getTime() / 1000 + days * DAY_S);
  const own = nodes.flatMap(({ entries }) => entries.map(({ entry }) => entry)).filter(({ role }) => role === "gate" || role === "log");
  return [...own.map((entry) => ({ ...entry, predicate_types: signable(entry), ...(scope?.(entry) ?? { modes: [...modes], repository_ids: [...repository_ids] }), to: untilOf(entry, to) })), ...witnessLines(witnesses, { modes: [...modes], from, to })];
}

/**
 * What gates of this release say, whatever the file at hand is from: a node publishes the operator's file in the place of its own, so
 * signing over it would else repeat for ever what an earlier release knew.
 */
const signable = ({ role, predicate_types }: TrustedKey): string[] => (role === "gate" ? [...new Set([...GATE_PREDICATES, ...predicate_types])] : [...predicate_types]);

/** A log key that another one followed signs nothing more, whatever the operator grants: its line ends where it ended. */
const untilOf = (entry: TrustedKey, to: string): string => (entry.log_size_max !== undefined && entry.to < to ? entry.to : to);

/** The operator's trust file over the nodes' keys, as canonical bytes. Throws `trust.malformed` where they are of several domains. */
export function signTrustFile(root: Root, nodes: readonly Trust[], grant: Grant): Uint8Array {
  const domains = [...new Set(nodes.map(({ trust_domain }) => trust_domain))];
  const [trust_domain] = domains;
  if (trust_domain === undefined || domains.length > 1) throw new MaestroError("trust.malformed", `the nodes are of ${domains.length} trust domains: ${domains.join(" ")}`);
  const { quorum } = grant.witnesses;
  return signedTrust(root, { trust_domain, self_made: false, keys: lines(nodes, grant), ...(quorum === null ? {} : { witnesses: { quorum } }) });
}

/** A trust file under the operator's root, as canonical bytes. */
export function signedTrust(root: Root, body: TrustBody): Uint8Array {
  const { algorithm, spki, fingerprint } = root.key;
  const file: TrustFile = { type: "maestro.trust", v: 1, body, root: { algorithm, public_key: toBase64(spki), fingerprint }, signature: toBase64(root.sign(trustSignedBytes(body))) };
  return canonicalBytes(file);
}
