/** Job tokens of a CI system (OpenID Connect), checked against keys that lie on this machine; nothing is fetched. */
import type { JSONWebKeySet, JWTPayload } from "jose";
import { parseStrict } from "../../proto/canonical.ts";
import { TOKEN_CHARACTERS_MAX } from "../../proto/token.ts";
import { MaestroError } from "../../proto/errors.ts";
import { branchRef } from "../../proto/remote.ts";
import type { Json } from "../../proto/json.ts";
import type { BoundChange, OidcIssuer } from "../../proto/tenant.ts";
import { readOperatorFile } from "../platform/operator-file.ts";

/** Asymmetric and current. `none` needs no key and HS256 takes a public key for a secret, so neither is here. */
const ALGORITHMS = ["RS256", "ES256", "EdDSA"] as const;
/** Key types those algorithms use (RFC 7518 section 6.1, RFC 8037). */
const KEY_TYPES = ["RSA", "EC", "OKP"];
/** Headers that bring or name a key of the sender's choosing (RFC 7515 section 4.1). */
const FOREIGN_KEYS = ["jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "crit"];
const JWKS_LIMITS = { bytes_max: 256 * 1024, depth_max: 8 };
const PART_LIMITS = { bytes_max: TOKEN_CHARACTERS_MAX, depth_max: 6 };
/** How far the issuer's clock and ours may be apart. */
const SKEW_S_MAX = 30;
/** Job tokens live minutes; one that lives longer than this was not made for a job. */
const LIFE_S_MAX = 24 * 3600;
const CLAIMS = { repository: "repository", sha: "sha", ref: "ref", target_ref: "base_ref" };

/** What a job's token proves. */
export interface JobClaims {
  readonly source: OidcIssuer;
  readonly bound: BoundChange;
  readonly jti: string | null;
  readonly expires_s: number;
}

type Fields = Readonly<Record<string, Json>>;

const refused = (because: string, cause?: unknown): MaestroError => new MaestroError("auth.token", because, { cause });

const isFields = (value: Json): value is Record<string, Json> => typeof value === "object" && value !== null && !Array.isArray(value);

/** One part of a token. The library would read a duplicate key as its last value; here it is no token. */
function partOf(text: string | undefined, name: string): Fields {
  try {
    const value = parseStrict(Uint8Array.fromBase64(text ?? "", { alphabet: "base64url" }), PART_LIMITS);
    if (isFields(value)) return value;
  } catch (cause) {
    throw refused(`the token's ${name} is not what RFC 7519 describes`, cause);
  }
  throw refused(`the token's ${name} is no object`);
}

/** Throws `trust.malformed` for a file that others could have written, or that is no JWKS. */
function keysIn(path: string): JSONWebKeySet {
  const read = readOperatorFile(path, JWKS_LIMITS.bytes_max);
  if ("because" in read) throw new MaestroError("trust.malformed", `${path} ${read.because}`, { cause: read.cause });
  let value: Json;
  try {
    value = parseStrict(read.bytes, JWKS_LIMITS);
  } catch (cause) {
    throw new MaestroError("trust.malformed", `${path} cannot be read as a JWKS`, { cause });
  }
  return keySet(value, path);
}

function keySet(value: Json, path: string): JSONWebKeySet {
  const keys = isFields(value) ? value["keys"] : undefined;
  const sound = Array.isArray(keys) && keys.length > 0 && keys.every((key) => isFields(key) && KEY_TYPES.includes(String(key["kty"])) && typeof key["kid"] === "string");
  if (!sound) throw new MaestroError("trust.malformed", `${path}: a JWKS of public RSA, EC or OKP keys, each with its kid, is expected`);
  if (keys.some((key) => isFields(key) && key["d"] !== undefined)) throw new MaestroError("trust.malformed", `${path}: this is a private key; give the public half`);
  return { keys: keys.map((key) => ({ ...(isFields(key) ? key : {}) })) };
}

function claim(payload: Fields, name: string): string {
  const value = payload[name];
  if (typeof value !== "string" || value === "") throw refused(`the token has no claim ${name}`);
  return value;
}

export class OidcVerifier {
  private constructor(
    private readonly jose: typeof import("jose"),
    private readonly sources: readonly { readonly source: OidcIssuer; readonly keys: JSONWebKeySet }[],
  ) {}

  /** Reads the key files. Throws `trust.malformed`. */
  static async open(issuers: readonly OidcIssuer[]): Promise<OidcVerifier> {
    const sources = issuers.map((source) => ({ source, keys: keysIn(source.jwks_file) }));
    // Loaded only where somebody needs it.
    return new OidcVerifier(await import("jose"), sources);
  }

  /** Throws `auth.token` unless a pinned key of an issuer the operator named signed it for us, for one change, and it is still valid. */
  async check(token: string, now_s: number): Promise<JobClaims> {
    if (token.length > TOKEN_CHARACTERS_MAX) throw refused(`longer than ${TOKEN_CHARACTERS_MAX} characters`);
    const [head, body] = token.split(".");
    const header = partOf(head, "header");
    const payload = partOf(body, "payload");
    const foreign = FOREIGN_KEYS.find((name) => header[name] !== undefined);
    if (foreign !== undefined) throw refused(`the token brings ${foreign}; only pinned keys count`);
    if (typeof header["kid"] !== "string") throw refused("the token names no key (kid)");
    const known = this.sources.filter(({ source }) => source.issuer === payload["iss"]);
    if (known.length === 0) throw refused("its issuer is none that the operator named");
    const wanted = known.find(({ source }) => [payload["aud"]].flat().includes(source.audience));
    if (wanted === undefined) throw refused("its audience is not this daemon");
    const proved = await this.signed(token, wanted, now_s);
    return claimsOf(wanted.source, payload, proved);
  }

  private async signed(token: string, { source, keys }: { readonly source: OidcIssuer; readonly keys: JSONWebKeySet }, now_s: number): Promise<JWTPayload> {
    const { createLocalJWKSet, jwtVerify, errors } = this.jose;
    try {
      const { payload } = await jwtVerify(token, createLocalJWKSet(keys), {
        algorithms: [...ALGORITHMS],
        issuer: source.issuer,
        audience: source.audience,
        currentDate: new Date(now_s * 1000),
        requiredClaims: ["exp", "iat"],
        maxTokenAge: LIFE_S_MAX,
        clockTolerance: SKEW_S_MAX,
      });
      return payload;
    } catch (cause) {
      // The library's messages name the claim or the step, never the token.
      if (cause instanceof errors.JOSEError || cause instanceof TypeError) throw refused(cause.message, cause);
      throw cause;
    }
  }
}

/**
 * The ref that a job ran on. GitLab names branches and tags alike by their short name, and `ref_type` says which it was (its and GitHub's
 * documentation of ID tokens): a tag called `main` must not speak for the branch.
 */
function ownRef(name: string, type: Json | undefined): string {
  if (type === undefined || type === "branch") return branchRef(name);
  if (type !== "tag") throw refused("its ref_type is neither branch nor tag");
  return name.startsWith("refs/") ? name : `refs/tags/${name}`;
}

function claimsOf(source: OidcIssuer, payload: Fields, { exp = 0, iat = 0, jti }: JWTPayload): JobClaims {
  if (exp - iat > LIFE_S_MAX) throw refused(`it lives longer than ${LIFE_S_MAX} s`);
  const names = { ...CLAIMS, ...source.claims };
  const repository = claim(payload, names.repository);
  const mapped = source.repositories.find((entry) => entry.claim === repository);
  if (mapped === undefined) throw refused(`the operator maps no repository to ${repository}`);
  const into = payload[names.target_ref];
  // A merge request names the branch it goes into; a push is to its own.
  const target_ref = typeof into === "string" && into !== "" ? branchRef(into) : ownRef(claim(payload, names.ref), payload["ref_type"]);
  return { source, bound: { repository: mapped.id, head: claim(payload, names.sha), target_ref }, jti: jti ?? null, expires_s: exp };
}
