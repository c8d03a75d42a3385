/** A self-made trust file of an earlier release lacks what this one signs; the node's own root puts that right, as it wrote the file. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { GATE_PREDICATES } from "../../../proto/attestation.ts";
import { TrustFile, type TrustedKey } from "../../../proto/trust.ts";
import { TRUST_LIMITS } from "../../verifier/limits.ts";
import { readDocument } from "../../verifier/schema.ts";
import { openTrust } from "../../verifier/trust.ts";
import { readPrivateFile, replacePrivateFile } from "./files.ts";
import { signerFromPem, type Signer } from "./signer.ts";
import { signTrust, trustFileBytes } from "./trust.ts";

/** The root that signed this self-made file, where it is still here; `null` for an operator's file, or a root that was taken elsewhere. */
export function ownRoot(folder: string, file: TrustFile): Signer | null {
  const path = join(folder, "root.pem");
  if (!file.body.self_made || !existsSync(path)) return null;
  const root = signerFromPem("ed25519", new TextDecoder().decode(readPrivateFile(path)), "root.pem");
  return root.key.fingerprint === file.root.fingerprint ? root : null;
}

/** What a newer release added stays: the folder may have been there already. */
function withPredicates(line: TrustedKey, gate: string): TrustedKey {
  if (line.role !== "gate" || line.fingerprint !== gate) return line;
  const missing = GATE_PREDICATES.filter((type) => !line.predicate_types.includes(type));
  return missing.length === 0 ? line : { ...line, predicate_types: [...line.predicate_types, ...missing] };
}

/**
 * The trust file of `folder` as this release needs it, replaced there in one step where it has to change. Evidence of before stays
 * good: nothing is taken away, and the root is the same.
 */
export function upToDate(folder: string, bytes: Uint8Array, gate: Signer): Uint8Array {
  const document = readDocument(TrustFile, bytes, TRUST_LIMITS);
  // What its root did not sign is refused by whoever opens it next; signed anew here, the damage would be the node's own word.
  if ("because" in document || !openTrust(bytes).ok) return bytes;
  const { body } = document.value;
  const keys = body.keys.map((line) => withPredicates(line, gate.key.fingerprint));
  const root = keys.every((line, i) => line === body.keys[i]) ? null : ownRoot(folder, document.value);
  if (root === null) return bytes;
  const renewed = trustFileBytes(signTrust({ ...body, keys }, root));
  replacePrivateFile(join(folder, "trust.json"), renewed);
  return renewed;
}
