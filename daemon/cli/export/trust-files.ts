/** A trust file in the forms in which other people's verifiers take keys. */
import { createPublicKey } from "node:crypto";
import { toBase64, toHex } from "../../../proto/encoding.ts";
import { cosignerKeyText } from "../../verifier/cosignature.ts";
import { noteKey, verifierKeyText } from "../../verifier/note.ts";
import type { Trust, TrustEntry } from "../../verifier/trust.ts";
import type { Files } from "./folder.ts";

const PEM_NAME_CHARS = 12;
const TRUSTED_ROOT_TYPE = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";

/** Lines of one role, the newest first; a key that stands there several times comes once, with its widest window. */
function keysOf({ entries }: Trust, role: "gate" | "log"): TrustEntry[] {
  const found = new Map<string, TrustEntry>();
  for (const line of entries) {
    if (line.entry.role !== role) continue;
    const name = `${line.entry.fingerprint} ${line.entry.log_origin}`;
    const { entry, from_s, to_s } = found.get(name) ?? line;
    const from = from_s <= line.from_s ? entry.from : line.entry.from;
    const to = to_s >= line.to_s ? entry.to : line.entry.to;
    found.set(name, { ...line, entry: { ...line.entry, from, to }, from_s: Math.min(from_s, line.from_s), to_s: Math.max(to_s, line.to_s) });
  }
  return [...found.values()].sort((a, b) => b.from_s - a.from_s);
}

const pemName = ({ key }: TrustEntry): string => `gate-${toHex(key.spki.slice(-PEM_NAME_CHARS / 2))}.pem`;
const pemOf = ({ key }: TrustEntry): string => createPublicKey({ key: Buffer.from(key.spki), format: "der", type: "spki" }).export({ format: "pem", type: "spki" }).toString();

/** Sigstore's trusted root: every log key under a URL whose host is the origin of its checkpoints, which is how verifiers find the note's name. */
function trustedRoot(logs: readonly TrustEntry[]): string {
  const tlogs = logs.map(({ entry, key }) => ({
    baseUrl: `https://${entry.log_origin}`,
    hashAlgorithm: "SHA2_256",
    publicKey: { rawBytes: toBase64(key.spki), keyDetails: "PKIX_ED25519", validFor: { start: entry.from, end: entry.to } },
    logId: { keyId: toBase64(noteKey(entry.log_origin ?? "", key).hash) },
  }));
  return `${JSON.stringify({ mediaType: TRUSTED_ROOT_TYPE, tlogs }, null, 2)}\n`;
}

const vkeyOf = ({ entry, key }: TrustEntry): string => verifierKeyText(noteKey(entry.log_origin ?? "", key));

/** C2SP tlog-policy: which logs, and how many witnesses must have cosigned. */
function tlogPolicy(logs: readonly TrustEntry[], { witnesses: { keys, quorum } }: Trust): string {
  const names = keys.map((_, i) => `witness-${i + 1}`);
  const lines = [...logs.map((log) => `log ${vkeyOf(log)}`), ...keys.map(({ key }, i) => `witness ${names[i]} ${cosignerKeyText(key)}`)];
  if (quorum !== null) lines.push(`group witnesses ${quorum} ${names.join(" ")}`);
  return [...lines, `quorum ${quorum === null ? "none" : "witnesses"}`, ""].join("\n");
}

export interface TrustFiles {
  readonly files: Files;
  readonly gates: readonly { readonly file: string; readonly fingerprint: string }[];
  readonly logs: readonly { readonly file: string; readonly origin: string }[];
}

export function trustFiles(bytes: Uint8Array, trust: Trust): TrustFiles {
  const [gates, logs] = [keysOf(trust, "gate"), keysOf(trust, "log")];
  const named = logs.map((log, i) => ({ log, file: `log-${log.entry.log_origin}${logs.findIndex(({ entry }) => entry.log_origin === log.entry.log_origin) === i ? "" : `-${toHex(noteKey(log.entry.log_origin ?? "", log.key).hash.subarray(0, 4))}`}.vkey` }));
  const files = new Map<string, string | Uint8Array>([
    ["trust.json", bytes],
    ["trusted_root.json", trustedRoot(logs)],
    ["tlog-policy", tlogPolicy(logs, trust)],
    ...gates.map((gate): [string, string] => [pemName(gate), pemOf(gate)]),
    ...named.map(({ log, file }): [string, string] => [file, `${vkeyOf(log)}\n`]),
  ]);
  return { files, gates: gates.map((gate) => ({ file: pemName(gate), fingerprint: gate.entry.fingerprint })), logs: named.map(({ log, file }) => ({ file, origin: log.entry.log_origin ?? "" })) };
}
