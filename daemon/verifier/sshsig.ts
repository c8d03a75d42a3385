/** SSH signatures over files (OpenSSH PROTOCOL.sshsig), as `ssh-keygen -Y sign` makes them. Pure and total: any text may be given. */
import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { concatBytes, equalBytes, fromBase64, utf8 } from "../../proto/encoding.ts";
import { sshKeyOfWire, type SshKey } from "./ssh-key.ts";
import { SshReader } from "./ssh-wire.ts";

const MAGIC = utf8("SSHSIG");
const ARMOUR = /^-----BEGIN SSH SIGNATURE-----\r?\n([A-Za-z0-9+/=\r\n]{1,8192})-----END SSH SIGNATURE-----\s*$/;
/** PROTOCOL.u2f: the user touched the key. */
const USER_PRESENT = 0x01;

export interface SshSignature {
  readonly key: SshKey;
  /** Whether a security key says that somebody touched it; false for every other key. */
  readonly touched: boolean;
}

function sshString(bytes: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  return concatBytes(length, bytes);
}

/** An mpint (RFC 4251 section 5) as a number of the curve; `null` where it is negative or not written the shortest way. */
function scalarOf(bytes: Uint8Array | null): bigint | null {
  if (bytes === null || bytes.length === 0 || bytes.length > 33 || (bytes[0] ?? 0) >= 0x80) return null;
  if (bytes[0] === 0 && (bytes[1] ?? 0) < 0x80) return null;
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function verifyP256(raw: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const reader = new SshReader(signature);
  const [r, s] = [scalarOf(reader.string()), scalarOf(reader.string())];
  if (r === null || s === null || !reader.done) return false;
  try {
    // OpenSSH does not choose the lower s; both spellings are the person's.
    return p256.verify(new p256.Signature(r, s).toBytes("compact"), message, raw, { format: "compact", prehash: true, lowS: false });
  } catch {
    // The library throws a bare Error for numbers outside the curve's order.
    return false;
  }
}

function verifyEd25519(raw: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64) return false;
  try {
    return ed25519.verify(signature, message, raw, { zip215: false });
  } catch {
    // The library throws a bare Error where R is no point of the curve.
    return false;
  }
}

/** The inner signature over `message`; for a security key over application, flags, counter and the message's digest. */
function verifyInner(key: SshKey, message: Uint8Array, bytes: Uint8Array): { readonly touched: boolean } | null {
  const reader = new SshReader(bytes);
  const type = reader.text();
  const signature = reader.string();
  if (type !== key.type || signature === null) return null;
  const verify = key.curve === "p256" ? verifyP256 : verifyEd25519;
  if (!key.security_key) return reader.done && verify(key.raw, message, signature) ? { touched: false } : null;
  const [flags] = reader.take(1) ?? [];
  const counter = reader.take(4);
  if (flags === undefined || counter === null || !reader.done) return null;
  const signed = concatBytes(sha256(key.application), new Uint8Array([flags]), counter, sha256(message));
  return verify(key.raw, signed, signature) ? { touched: (flags & USER_PRESENT) !== 0 } : null;
}

/** Who signed exactly `message` for `namespace`, or `null` where that cannot be said. */
export function verifySshSignature(armoured: string, namespace: string, message: Uint8Array): SshSignature | null {
  const blob = fromBase64(ARMOUR.exec(armoured)?.[1]?.replace(/[\r\n]/g, "") ?? "!");
  if (blob === null || !equalBytes(blob.subarray(0, MAGIC.length), MAGIC)) return null;
  const reader = new SshReader(blob.slice(MAGIC.length));
  const version = reader.uint32();
  const wire = reader.string();
  const named = reader.string();
  const reserved = reader.string();
  const hash = reader.text();
  const inner = reader.string();
  if (version !== 1 || wire === null || named === null || reserved === null || inner === null || !reader.done) return null;
  if (!equalBytes(named, utf8(namespace)) || (hash !== "sha512" && hash !== "sha256")) return null;
  const key = sshKeyOfWire(wire);
  if (key === null) return null;
  const digest = hash === "sha512" ? sha512(message) : sha256(message);
  const signed = concatBytes(MAGIC, sshString(named), sshString(reserved), sshString(utf8(hash)), sshString(digest));
  const verified = verifyInner(key, signed, inner);
  return verified === null ? null : { key, ...verified };
}
