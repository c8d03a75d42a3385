/** Public keys of people, as `ssh-keygen` writes them: those whose signatures this house checks itself. */
import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { fromBase64, toBase64 } from "../../proto/encoding.ts";
import { SshReader } from "./ssh-wire.ts";

/** `sk-` keys live in a security key (PROTOCOL.u2f); a plain key says nothing of whether somebody was there. */
const TYPES = {
  "ssh-ed25519": { curve: "ed25519", security_key: false },
  "ecdsa-sha2-nistp256": { curve: "p256", security_key: false },
  "sk-ssh-ed25519@openssh.com": { curve: "ed25519", security_key: true },
  "sk-ecdsa-sha2-nistp256@openssh.com": { curve: "p256", security_key: true },
} as const;
export type SshKeyType = keyof typeof TYPES;

export interface SshKey {
  readonly type: SshKeyType;
  readonly curve: "ed25519" | "p256";
  readonly security_key: boolean;
  readonly raw: Uint8Array;
  /** What a security key's signature is bound to; empty for other keys. */
  readonly application: Uint8Array;
  /** The wire form, which signatures and fingerprints name it by. */
  readonly wire: Uint8Array;
  readonly fingerprint: string;
}

function isUsable(curve: SshKey["curve"], raw: Uint8Array): boolean {
  try {
    if (curve === "p256") {
      p256.Point.fromBytes(raw).assertValidity();
      return raw[0] === 4 && raw.length === 65;
    }
    const point = ed25519.Point.fromBytes(raw);
    return raw.length === 32 && !point.isSmallOrder() && point.isTorsionFree();
  } catch {
    // Both libraries throw a bare Error for bytes that are no point of the curve.
    return false;
  }
}

/** The key of a wire form; `null` for another type, bytes left over, or a point that would make signatures meaningless. */
export function sshKeyOfWire(wire: Uint8Array): SshKey | null {
  const reader = new SshReader(wire);
  const type = reader.text();
  if (type === null || !Object.hasOwn(TYPES, type)) return null;
  const { curve, security_key } = TYPES[type as SshKeyType];
  if (curve === "p256" && reader.text() !== "nistp256") return null;
  const raw = reader.string();
  const application = security_key ? reader.string() : new Uint8Array();
  if (raw === null || application === null || !reader.done || !isUsable(curve, raw)) return null;
  return { type: type as SshKeyType, curve, security_key, raw, application, wire, fingerprint: `SHA256:${toBase64(sha256(wire)).replace(/=+$/, "")}` };
}

/** The key of a line `TYPE BASE64 [COMMENT]`; `null` where it is none of the types above, or its parts disagree. */
export function parseSshKey(line: string): SshKey | null {
  const [type = "", encoded = ""] = line.trim().split(/ +/);
  const wire = fromBase64(encoded);
  const key = wire === null ? null : sshKeyOfWire(wire);
  return key?.type === type ? key : null;
}
