/** Keys and tokens of an operator and of a CI system, made for one test. */
import { createHmac, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { toBase64, utf8 } from "../../../proto/encoding.ts";
import type { CapabilityBody } from "../../../proto/capability.ts";
import { type Signer, generatePrivateKey, signerFromPem } from "../../evidence/keys/signer.ts";
import { signTrust, trustFileBytes } from "../../evidence/keys/trust.ts";
import { capabilitySignedBytes, capabilityText } from "../../verifier/capability.ts";
import { timestampOf } from "../../verifier/time.ts";

export const NOW_S = Date.UTC(2026, 5, 1) / 1000;
export const DOMAIN = "ci.example.org";

const newSigner = (name: string): Signer => signerFromPem("ed25519", generatePrivateKey("ed25519"), name);

/** An operator: a root key, and a key of role capability that it put into a trust file. */
export class Operator {
  readonly key = newSigner("capability.pem");
  private readonly root = newSigner("root.pem");

  constructor(readonly now_s = NOW_S) {}

  /** `also`: a second key in the same file, of a role that signs no tokens. */
  trustFile(line: { readonly role?: "capability" | "policy"; readonly repository_ids?: string[]; readonly to_s?: number; readonly also?: Signer } = {}): Uint8Array {
    const { role = "capability", repository_ids = ["*"], to_s = this.now_s + 400 * 86_400, also } = line;
    const entry = ({ key: { algorithm, fingerprint, spki } }: Signer, role: "capability" | "policy") => ({
      fingerprint, algorithm, public_key: toBase64(spki), role, predicate_types: [], repository_ids, modes: ["host" as const], log_origin: null, from: timestampOf(this.now_s - 86_400), to: timestampOf(to_s),
    });
    const keys = [entry(this.key, role), ...(also === undefined ? [] : [entry(also, "policy")])];
    return trustFileBytes(signTrust({ trust_domain: DOMAIN, self_made: false, keys }, this.root));
  }

  body(more: Partial<CapabilityBody> = {}): CapabilityBody {
    return {
      trust_domain: DOMAIN, tenant: "web", verbs: ["gate", "read"], repositories: ["acme/*"], budget: null,
      issued_at: timestampOf(this.now_s - 60), expires_at: timestampOf(this.now_s + 3600), jti: "token-0001", key: this.key.key.fingerprint, ...more,
    };
  }

  token(more: Partial<CapabilityBody> = {}, signer = this.key): string {
    const body = this.body(more);
    return capabilityText(body, signer.sign(capabilitySignedBytes(body)));
  }
}

export type JobAlgorithm = "RS256" | "ES256" | "EdDSA";

const b64 = (value: string | Uint8Array): string => Buffer.from(value).toString("base64url");

/** A CI system: three keys, its JWKS, and whatever token a test wants of it. */
export class CiSystem {
  readonly keys: Readonly<Record<JobAlgorithm, { readonly publicKey: KeyObject; readonly privateKey: KeyObject }>> = {
    RS256: generateKeyPairSync("rsa", { modulusLength: 2048 }),
    ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
    EdDSA: generateKeyPairSync("ed25519"),
  };

  constructor(readonly now_s = NOW_S) {}

  jwks(): string {
    const keys = Object.entries(this.keys).map(([alg, { publicKey }]) => ({ ...publicKey.export({ format: "jwk" }), kid: `key-${alg}`, use: "sig" }));
    return JSON.stringify({ keys });
  }

  claims(more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
    return { iss: "https://ci.example.org", aud: "maestro", sub: "job 7", jti: "job-token-7", iat: this.now_s - 5, exp: this.now_s + 300, repository: "acme/app", sha: "a".repeat(40), ref: "refs/heads/main", ...more };
  }

  /** Signs exactly these texts, so that a test can write what no library would. */
  signed(header: string, payload: string, algorithm: JobAlgorithm): string {
    const input = `${b64(header)}.${b64(payload)}`;
    const { privateKey } = this.keys[algorithm];
    const key = algorithm === "ES256" ? ({ key: privateKey, dsaEncoding: "ieee-p1363" } as const) : privateKey;
    return `${input}.${b64(sign(algorithm === "EdDSA" ? null : "sha256", utf8(input), key))}`;
  }

  token(claims: Readonly<Record<string, unknown>> = {}, header: Readonly<Record<string, unknown>> = {}, algorithm: JobAlgorithm = "RS256"): string {
    return this.signed(JSON.stringify({ alg: algorithm, typ: "JWT", kid: `key-${algorithm}`, ...header }), JSON.stringify(this.claims(claims)), algorithm);
  }

  /** Sound, by the right key, with an algorithm that is not on the list. */
  signedWithRs512(): string {
    const input = `${b64(JSON.stringify({ alg: "RS512", typ: "JWT", kid: "key-RS256" }))}.${b64(JSON.stringify(this.claims()))}`;
    return `${input}.${b64(sign("sha512", utf8(input), this.keys.RS256.privateKey))}`;
  }

  /** HS256 over the public key's own text: what a verifier that trusts the header would take for a signature. */
  signedWithPublicKey(): string {
    const pem = createPublicKey(this.keys.RS256.publicKey.export({ format: "pem", type: "spki" })).export({ format: "pem", type: "spki" });
    const input = `${b64(JSON.stringify({ alg: "HS256", typ: "JWT", kid: "key-RS256" }))}.${b64(JSON.stringify(this.claims()))}`;
    return `${input}.${createHmac("sha256", pem).update(input).digest("base64url")}`;
  }

  unsigned(alg = "none"): string {
    return `${b64(JSON.stringify({ alg, typ: "JWT", kid: "key-RS256" }))}.${b64(JSON.stringify(this.claims()))}.`;
  }
}
