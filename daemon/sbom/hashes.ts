/** What a lock states of a package's bytes, in CycloneDX's words. Pure. */
import { fromBase64, toHex } from "../../proto/encoding.ts";

export interface Hash {
  readonly algorithm: "MD5" | "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512";
  readonly hex: string;
}

const ALGORITHMS: Readonly<Record<string, readonly [Hash["algorithm"], bytes: number]>> = { md5: ["MD5", 16], sha1: ["SHA-1", 20], sha256: ["SHA-256", 32], sha384: ["SHA-384", 48], sha512: ["SHA-512", 64] };

/** Subresource integrity (`sha512-…`) and hex (`sha256:…`); `null` for what is a digest of something else, such as Go's `h1:` or yarn's own. */
export function hashOf(stated: string): Hash | null {
  const [, name = "", mark = "", value = ""] = /^([a-z0-9]{3,6})([-:])([A-Za-z0-9+/=]{1,200})$/.exec(stated) ?? [];
  const known = Object.hasOwn(ALGORITHMS, name) ? ALGORITHMS[name] : undefined;
  if (known === undefined) return null;
  const [algorithm, bytes] = known;
  const hex = mark === ":" ? value.toLowerCase() : toHex(fromBase64(value) ?? new Uint8Array());
  return /^[0-9a-f]+$/.test(hex) && hex.length === bytes * 2 ? { algorithm, hex } : null;
}
