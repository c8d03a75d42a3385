/** A Sigstore bundle with a certificate, as it lies in its file: its form and nothing else. */
import { X509Certificate } from "node:crypto";
import { BUNDLE_V01_MEDIA_TYPE, BUNDLE_V02_MEDIA_TYPE, BUNDLE_V03_LEGACY_MEDIA_TYPE, BUNDLE_V03_MEDIA_TYPE, bundleFromJSON, ValidationError, type Bundle } from "@sigstore/bundle";
import { ForeignBundle } from "../../../proto/foreign-bundle.ts";
import { readForeign } from "../../verifier/schema.ts";
import { SIGSTORE_BYTES_MAX } from "../../verifier/sigstore.ts";
import { Refusal } from "./refusal.ts";

const LIMITS = { bytes_max: SIGSTORE_BYTES_MAX, depth_max: 24 } as const;
/** The library's own pattern has no end: `…bundle.v0.9+json-and-more` would pass it. */
const MEDIA_TYPES: readonly string[] = [BUNDLE_V01_MEDIA_TYPE, BUNDLE_V02_MEDIA_TYPE, BUNDLE_V03_LEGACY_MEDIA_TYPE, BUNDLE_V03_MEDIA_TYPE];
/** RFC 5280 section 4.2.1.12, id-kp-codeSigning; Fulcio's certificates have it, and the library does not ask. */
const CODE_SIGNING = "1.3.6.1.5.5.7.3.3";

export interface CertifiedBundle {
  readonly bundle: Bundle;
  /** DER of the certificate that signed. */
  readonly leaf: Buffer;
}

export function openBundle(bytes: Uint8Array): CertifiedBundle {
  const document = readForeign(ForeignBundle, bytes, LIMITS);
  if ("because" in document) throw new Refusal("bundle.malformed", document.because);
  const { mediaType, verificationMaterial: material, dsseEnvelope, messageSignature } = document.value;
  if (!MEDIA_TYPES.includes(mediaType)) throw new Refusal("bundle.malformed", "the media type is not that of a Sigstore bundle v0.1 to v0.3");
  // Of two forms of one thing the library takes the last; another reader may take the first.
  onlyOne("an envelope or a message signature", [dsseEnvelope, messageSignature]);
  onlyOne("a key or a certificate", [material.publicKey, material.x509CertificateChain, material.certificate]);
  if (material.publicKey !== undefined) throw new Refusal("signer.unknown", "signed with a key, not a certificate: give that key with --key");
  const chain = material.x509CertificateChain?.certificates ?? (material.certificate === undefined ? [] : [material.certificate]);
  const [leaf] = chain.map(({ rawBytes }) => checkedCertificate(Buffer.from(rawBytes, "base64")));
  if (leaf === undefined) throw new Refusal("bundle.malformed", "an empty certificate chain");
  if (!(leaf.keyUsage ?? []).includes(CODE_SIGNING)) throw new Refusal("certificate.chain", "the certificate is not for signing code");
  return { bundle: fromJson(document.value), leaf: leaf.raw };
}

function onlyOne(what: string, forms: readonly unknown[]): void {
  if (forms.filter((form) => form !== undefined).length !== 1) throw new Refusal("bundle.malformed", `a bundle holds either ${what}`);
}

/** A bundle brings no root: who is believed comes from outside of it (sigstore_bundle.proto, `x509_certificate_chain`). */
function checkedCertificate(der: Buffer): X509Certificate {
  const certificate = new X509Certificate(der);
  if (certificate.issuer === certificate.subject) throw new Refusal("bundle.malformed", "the certificate chain brings its own root");
  return certificate;
}

function fromJson(document: ForeignBundle): Bundle {
  try {
    return bundleFromJSON(document);
  } catch (error) {
    if (error instanceof ValidationError) throw new Refusal("bundle.malformed", `missing or malformed: ${error.fields.join(", ")}`, { cause: error });
    throw error;
  }
}
