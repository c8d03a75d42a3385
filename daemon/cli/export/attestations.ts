/** A verified bundle taken apart into files of one statement each, as other people's tools read them. */
import { Bundle } from "../../../proto/bundle.ts";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { fromBase64 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { VSA_PREDICATE } from "../../../proto/predicates/derived.ts";
import type { Verification } from "../../../proto/verification.ts";
import { BUNDLE_LIMITS } from "../../verifier/limits.ts";
import { readDocument } from "../../verifier/schema.ts";
import { besideName } from "../../verifier/further/wording.ts";
import { receiptText } from "../verification.ts";
import type { Files } from "./folder.ts";

/**
 * `<name>.sigstore.json` and `<name>.tlog-proof` for each attestation, the log entry itself as `<name>.entry`, the VSA also as a plain DSSE
 * envelope, the card, and every document that travels. Names of documents are flattened: none leaves the folder.
 */
export function attestationFiles(bytes: Uint8Array, { attestations: said }: Verification): Files {
  const document = readDocument(Bundle, bytes, BUNDLE_LIMITS);
  if ("because" in document) throw new MaestroError("bundle.malformed", document.because);
  const { attestations, card, documents = [] } = document.value;
  const files = new Map<string, string | Uint8Array>();
  for (const [i, attestation] of attestations.entries()) {
    const about = said[i - 1];
    const name = about === undefined ? "obligations" : besideName(about);
    files.set(`${name}.sigstore.json`, canonicalBytes(attestation));
    files.set(`${name}.tlog-proof`, receiptText(attestation));
    files.set(`${name}.entry`, fromBase64(attestation.verificationMaterial.tlogEntries[0]?.canonicalizedBody ?? "") ?? new Uint8Array());
    if (about?.predicate_type === VSA_PREDICATE) files.set("vsa.dsse.json", canonicalBytes(attestation.dsseEnvelope));
  }
  if (card !== null) files.set("card.json", canonicalBytes(card));
  for (const { name, content } of documents) files.set(`document-${name.replaceAll("/", "_")}`, fromBase64(content) ?? new Uint8Array());
  return files;
}
