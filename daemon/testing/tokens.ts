/** Credentials made up at run time: written out, they would be findings in this repository too. */
import { createHash } from "node:crypto";
import { tokenChecksum } from "../gate/checks/secret/believable.ts";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Text that looks drawn at random, the same for the same seed. */
export function randomText(seed: string, length: number, alphabet: string = BASE62): string {
  let out = "";
  for (let block = 0; out.length < length; block += 1) {
    for (const byte of createHash("sha256").update(`${seed} ${block}`).digest()) out += alphabet[byte % alphabet.length] ?? "";
  }
  return out.slice(0, length);
}

/** A token with the checksum its issuer would give it. */
export function checksummedToken(prefix: string, seed: string): string {
  const random = randomText(seed, 30);
  return `${prefix}_${random}${tokenChecksum(random)}`;
}

/** A PEM block with the given base64 body, broken at 64 characters. */
export function pemBlock(kind: string, body: string): string {
  const lines = body.match(/.{1,64}/g) ?? [];
  return [`${"-----BEGIN"} ${kind}PRIVATE KEY-----`, ...lines, `${"-----END"} ${kind}PRIVATE KEY-----`, ""].join("\n");
}
