/** What is asked of the three services, and what of their answers is taken. What they vouch for, whoever verifies the bundle checks. */
import { createHash, X509Certificate } from "node:crypto";
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { concatBytes, fromBase64, fromHex, toBase64, utf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { ForeignLogEntry, type ForeignBundle } from "../../../proto/foreign-bundle.ts";
import { readForeign } from "../../verifier/schema.ts";
import { post } from "./post.ts";

const REPLY_LIMITS = { bytes_max: 256 * 1024, depth_max: 16 } as const;
const JSON_TYPE = "application/json";
const at = (base: string, path: string): string => `${base.replace(/\/+$/, "")}${path}`;
const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();

async function ask<T extends TSchema>(what: string, url: string, body: unknown, schema: T, deadline: AbortSignal): Promise<Static<T>> {
  const reply = await post({ what, url, content_type: JSON_TYPE, accept: JSON_TYPE, body: JSON.stringify(body) }, deadline);
  const read = readForeign(schema, reply, REPLY_LIMITS);
  if ("because" in read) throw new MaestroError("egress.refused", `${what} ${new URL(url).host} answered what makes no sense: ${read.because}`);
  return read.value;
}

export interface CertificateAsk {
  readonly jwt: string;
  readonly public_key_pem: string;
  /** The key's signature over the token's subject. */
  readonly proof: Uint8Array;
}

const Chain = Type.Object({ chain: Type.Object({ certificates: Type.Array(Type.String(), { minItems: 1, maxItems: 16 }) }) });

/** The leaf alone: a bundle brings no chain. The certificate says by itself that it stands in a transparency log (RFC 6962 section 3.3). */
export async function certificateFrom(fulcio: string, { jwt, public_key_pem, proof }: CertificateAsk, deadline: AbortSignal): Promise<X509Certificate> {
  const body = { credentials: { oidcIdentityToken: jwt }, publicKeyRequest: { publicKey: { algorithm: "ECDSA", content: public_key_pem }, proofOfPossession: toBase64(proof) } };
  const { signedCertificateEmbeddedSct } = await ask("Fulcio", at(fulcio, "/api/v2/signingCert"), body, Type.Object({ signedCertificateEmbeddedSct: Chain }), deadline);
  try {
    return new X509Certificate(signedCertificateEmbeddedSct.chain.certificates[0] ?? "");
  } catch (cause) {
    throw new MaestroError("egress.refused", "Fulcio's certificate cannot be read", { cause });
  }
}

export interface Signed {
  readonly envelope: NonNullable<ForeignBundle["dsseEnvelope"]>;
  /** What was signed: the pre-authentication encoding of the payload. */
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly certificate: X509Certificate;
}

/** Version 2 is told a digest, never the statement. */
export async function logIntoV2(rekor: string, { message, signature, certificate }: Signed, deadline: AbortSignal): Promise<ForeignLogEntry> {
  const verifier = { keyDetails: "PKIX_ECDSA_P256_SHA_256", x509Certificate: { rawBytes: toBase64(certificate.raw) } };
  const body = { hashedRekordRequestV002: { digest: toBase64(sha256(message)), signature: { content: toBase64(signature), verifier } } };
  return ask("Rekor", at(rekor, "/api/v2/log/entries"), body, ForeignLogEntry, deadline);
}

const Hex = Type.String({ pattern: "^(?:[0-9a-f]{2})*$", maxLength: 128 });
const EntryV1 = Type.Object({
  body: Type.String(),
  integratedTime: Type.Integer(),
  logID: Hex,
  logIndex: Type.Integer(),
  verification: Type.Object({
    signedEntryTimestamp: Type.String(),
    inclusionProof: Type.Object({ checkpoint: Type.String(), hashes: Type.Array(Hex, { maxItems: 63 }), logIndex: Type.Integer(), rootHash: Hex, treeSize: Type.Integer() }),
  }),
});
const hexToBase64 = (hex: string): string => toBase64(fromHex(hex) ?? new Uint8Array());

/** Version 1 is sent the whole envelope, and keeps its digests. */
export async function logIntoV1(rekor: string, { envelope, certificate }: Signed, deadline: AbortSignal): Promise<ForeignLogEntry> {
  const proposedContent = { envelope: JSON.stringify(envelope), verifiers: [toBase64(utf8(certificate.toString()))] };
  const body = { apiVersion: "0.0.1", kind: "dsse", spec: { proposedContent } };
  const entries = Object.values(await ask("Rekor", at(rekor, "/api/v1/log/entries"), body, Type.Record(Type.String(), EntryV1, { maxProperties: 1 }), deadline));
  const [entry] = entries;
  if (entry === undefined || entries.length !== 1) throw new MaestroError("egress.refused", "Rekor answered without one entry");
  const { signedEntryTimestamp, inclusionProof: proof } = entry.verification;
  return {
    logIndex: String(entry.logIndex),
    logId: { keyId: hexToBase64(entry.logID) },
    kindVersion: { kind: "dsse", version: "0.0.1" },
    integratedTime: String(entry.integratedTime),
    inclusionPromise: { signedEntryTimestamp },
    inclusionProof: { logIndex: String(proof.logIndex), rootHash: hexToBase64(proof.rootHash), treeSize: String(proof.treeSize), hashes: proof.hashes.map(hexToBase64), checkpoint: { envelope: proof.checkpoint } },
    canonicalizedBody: entry.body,
  };
}

/** RFC 3161 section 2.4.1, TimeStampReq in DER up to the hash: version 1, SHA-256. */
const QUERY_HEAD = fromHex("30390201013031300d060960864801650304020105000420") ?? new Uint8Array();
/** certReq TRUE: the reply brings the authority's certificate, which other verifiers want there. */
const QUERY_TAIL = Uint8Array.of(0x01, 0x01, 0xff);

/** The reply, DER in base64. An authority without a path of its own is asked where Sigstore's answers. */
export async function timestampOf(tsa: string, signature: Uint8Array, deadline: AbortSignal): Promise<string> {
  const url = new URL(tsa).pathname === "/" ? at(tsa, "/api/v1/timestamp") : tsa;
  const reply = await post({ what: "the timestamp authority", url, content_type: "application/timestamp-query", accept: "application/timestamp-reply", body: concatBytes(QUERY_HEAD, sha256(signature), QUERY_TAIL) }, deadline);
  if (reply[0] !== 0x30) throw new MaestroError("egress.refused", "the timestamp authority answered no timestamp");
  return toBase64(reply);
}

/** Refuses what `bundle` would carry although no reader could take it. */
export function checkedEntry(entry: ForeignLogEntry): ForeignLogEntry {
  if (!Value.Check(ForeignLogEntry, entry) || fromBase64(entry.canonicalizedBody) === null) throw new MaestroError("egress.refused", "Rekor's entry is not of its form");
  return entry;
}
