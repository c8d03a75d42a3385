/** The verifier's word on a list of signatures, for whichever engine runs it. Nothing in here needs Bun, so that a page can. */
import { fromHex } from "../../proto/encoding.ts";
import { publicKeyFromRaw } from "../../daemon/verifier/keys.ts";
import { verifySignature } from "../../daemon/verifier/signature.ts";

/** All of it hex; a key is its raw form. */
export interface SignatureCase {
  readonly name: string;
  readonly algorithm: "ed25519" | "ecdsa-p256-sha256";
  readonly key: string;
  readonly message: string;
  readonly signature: string;
}

const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array();

/** Names of those that pass. */
export function accepted(cases: readonly SignatureCase[]): string[] {
  const passes = ({ algorithm, key: raw, message, signature }: SignatureCase): boolean => {
    const key = publicKeyFromRaw(algorithm, bytes(raw));
    return key !== null && verifySignature(key, bytes(message), bytes(signature));
  };
  return cases.filter(passes).map(({ name }) => name);
}
