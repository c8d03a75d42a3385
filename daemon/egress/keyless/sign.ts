/** One statement, signed with a key that lives for this call, certified, logged and dated. */
import { generateKeyPairSync, sign, type X509Certificate } from "node:crypto";
import { DSSE_PAYLOAD_TYPE, GATE_PREDICATES, SIGSTORE_BUNDLE_TYPE, STATEMENT_TYPE } from "../../../proto/attestation.ts";
import { toBase64, utf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { ForeignStatement, type ForeignBundle } from "../../../proto/foreign-bundle.ts";
import type { KeylessSetting } from "../../../proto/keyless.ts";
import { preAuthEncoding } from "../../verifier/dsse.ts";
import { STATEMENT_LIMITS } from "../../verifier/limits.ts";
import { readForeign } from "../../verifier/schema.ts";
import { certificateFrom, checkedEntry, logIntoV1, logIntoV2, timestampOf, type Signed } from "./services.ts";
import { readTokenFile, withoutToken, type Token } from "./token.ts";

/** All three services together, tries included. */
export const KEYLESS_DEADLINE_MS = 30_000;

export interface Signing {
  readonly setting: KeylessSetting;
  readonly payload: Uint8Array;
  readonly now_s: number;
  readonly deadline_ms: number;
}

/** The core is not believed either: what is signed here in this node's name is a statement that nodes make. */
function checkStatement(payload: Uint8Array): void {
  const statement = readForeign(ForeignStatement, payload, STATEMENT_LIMITS);
  if ("because" in statement) throw new MaestroError("egress.refused", `not signed: ${statement.because}`);
  const { _type, predicateType } = statement.value;
  if (_type !== STATEMENT_TYPE || !GATE_PREDICATES.includes(predicateType)) throw new MaestroError("egress.refused", `not signed: ${predicateType} is no statement of a node`);
}

/** The certificate must be of this very key, and of whom the operator named: another one would be found out only by whoever verifies. */
function checkCertificate(certificate: X509Certificate, spki: Buffer, identity: string): void {
  if (!certificate.publicKey.export({ type: "spki", format: "der" }).equals(spki)) throw new MaestroError("egress.refused", "Fulcio certified another key");
  const names = (certificate.subjectAltName ?? "").split(", ");
  if (!names.includes(`URI:${identity}`) && !names.includes(`email:${identity}`)) throw new MaestroError("egress.refused", `Fulcio's certificate is of ${names.join(", ") || "nobody"}, not of ${identity}`);
}

async function signed({ setting, payload }: Signing, token: Token, deadline: AbortSignal): Promise<Signed> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const proof = sign("sha256", utf8(token.subject), privateKey);
  const certificate = await certificateFrom(setting.fulcio, { jwt: token.jwt, public_key_pem: publicKey.export({ type: "spki", format: "pem" }).toString(), proof }, deadline);
  checkCertificate(certificate, publicKey.export({ type: "spki", format: "der" }), setting.identity);
  const message = preAuthEncoding(payload);
  const signature = sign("sha256", message, privateKey);
  return { envelope: { payload: toBase64(payload), payloadType: DSSE_PAYLOAD_TYPE, signatures: [{ sig: toBase64(signature) }] }, message, signature, certificate };
}

/** Resolves with a Sigstore bundle v0.3. Throws `egress.*`; nothing is kept and nothing half done is returned. */
export async function signKeyless(signing: Signing, token_file: string): Promise<string> {
  const { setting, payload, now_s, deadline_ms } = signing;
  checkStatement(payload);
  const deadline = AbortSignal.timeout(deadline_ms);
  const token = await readTokenFile(token_file, { audience: setting.audience ?? "sigstore", issuer: setting.issuer, now_s });
  try {
    return await exchanged(signing, token, deadline);
  } catch (error) {
    if (error instanceof MaestroError) throw new MaestroError(error.code, withoutToken(error.detail, token.jwt), { cause: error.cause });
    throw error;
  }
}

/** The three services, one after the other where one needs the other. */
async function exchanged(signing: Signing, token: Token, deadline: AbortSignal): Promise<string> {
  const { setting } = signing;
  const made = await signed(signing, token, deadline);
  const logInto = (setting.rekor_version ?? 2) === 2 ? logIntoV2 : logIntoV1;
  const stamp = setting.tsa === undefined ? null : timestampOf(setting.tsa, made.signature, deadline);
  const [entry, timestamp] = await Promise.all([logInto(setting.rekor, made, deadline), stamp]);
  const bundle: ForeignBundle = {
    mediaType: SIGSTORE_BUNDLE_TYPE,
    verificationMaterial: {
      certificate: { rawBytes: toBase64(made.certificate.raw) },
      tlogEntries: [checkedEntry(entry)],
      ...(timestamp === null ? {} : { timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: timestamp }] } }),
    },
    dsseEnvelope: made.envelope,
  };
  return `${JSON.stringify(bundle)}\n`;
}
