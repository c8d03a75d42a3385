/** Attacks on tokens: each is refused by the very code the daemon asks, with keys read from files. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BEARER_HEADER, CAPABILITY_HEADER } from "../../proto/token.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { OidcIssuer } from "../../proto/tenant.ts";
import { timestampOf } from "../verifier/time.ts";
import { CiSystem, DOMAIN, NOW_S, Operator } from "./testing/issuer.ts";
import { credentialOf, type Grant, Tokens } from "./tokens.ts";

const folder = mkdtempSync(join(tmpdir(), "tok-"));
const operator = new Operator();
const ci = new CiSystem();
let now_s = NOW_S;
let tokens: Tokens;

const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

const oidc: OidcIssuer = { issuer: "https://ci.example.org", audience: "maestro", jwks_file: file("jwks.json", ci.jwks()), tenant: "web", repositories: [{ claim: "acme/app", id: "acme/app" }] };
const deps = { trust_domain: DOMAIN, now_s: () => now_s, oidc: [oidc], capabilities: { trust_file: file("trust.json", operator.trustFile()), revoked: ["revoked-1"] } };

beforeAll(async () => {
  tokens = await Tokens.open(deps);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function outcome(check: Promise<Grant>): Promise<string> {
  try {
    return `granted ${(await check).tenant}`;
  } catch (error) {
    if (error instanceof MaestroError && error.code === "auth.token") return error.detail;
    throw error;
  }
}
const capability = (text: string): Promise<string> => outcome(tokens.check({ kind: "capability", text }));
const job = (text: string): Promise<string> => outcome(tokens.check({ kind: "oidc", text }));

describe("capability tokens", () => {
  test("a sound one grants what it says", async () => {
    expect(await tokens.check({ kind: "capability", text: operator.token() })).toEqual({ tenant: "web", verbs: ["gate", "read"], repositories: ["acme/*"], bound: null, jti: "token-0001", budget: null });
  });

  const stranger = new Operator();
  const attacks: readonly (readonly [attack: string, token: () => string, because: string])[] = [
    ["another key's signature", () => operator.token({}, stranger.key), "the signature is not its key's"],
    ["a key the operator does not know", () => stranger.token(), "no capability key of that fingerprint"],
    ["another host's token", () => operator.token({ trust_domain: "other.example.org" }), "it is for other.example.org"],
    ["expired", () => operator.token({ issued_at: timestampOf(NOW_S - 7200), expires_at: timestampOf(NOW_S) }), "it expired at"],
    ["not yet valid", () => operator.token({ issued_at: timestampOf(NOW_S + 600) }), "it is valid from"],
    ["valid for years", () => operator.token({ expires_at: timestampOf(NOW_S + 300 * 86_400) }), "it would live longer"],
    ["revoked", () => operator.token({ jti: "revoked-1" }), "revoked-1 was revoked"],
    ["a body of one token under another's signature", () => splice(operator.token({ tenant: "root-like" }), operator.token()), "the signature is not its key's"],
    ["no signature", () => operator.token().replace(/\.[^.]*$/, "."), "not a capability token"],
    ["a third part", () => `${operator.token()}.AAAA`, "not a capability token"],
    ["padding behind it", () => `${operator.token()}=`, "not a capability token"],
    ["a body that is not canonical", () => withBody((text) => text.replace("{", "{ ")), "not in canonical form"],
    ["a duplicate key", () => withBody((text) => text.replace('"tenant":"web"', '"tenant":"web","tenant":"lib"')), 'duplicate key "tenant"'],
    ["an unknown field", () => withBody((text) => text.replace('"verbs"', '"unlimited":true,"verbs"')), "/body/unlimited"],
    ["megabytes", () => `mcap1.${"A".repeat(1_000_000)}.AA`, "longer than"],
    ["nothing of the kind", () => "mcap1", "not a capability token"],
  ];
  for (const [attack, token, because] of attacks) test(`attack: ${attack}`, async () => expect(await capability(token())).toContain(because));

  test("attack: a key of another role signs capabilities", async () => {
    const trust_file = file("policy-role.json", operator.trustFile({ role: "policy" }));
    await expect(Tokens.open({ ...deps, capabilities: { trust_file } })).rejects.toThrow("names no key of role capability");
  });

  test("attack: a key that the same trust file names for policy signs a capability", async () => {
    const mixed = await Tokens.open({ ...deps, capabilities: { trust_file: file("mixed.json", operator.trustFile({ also: stranger.key })) } });
    expect(await outcome(mixed.check({ kind: "capability", text: operator.token() }))).toBe("granted web");
    expect(await outcome(mixed.check({ kind: "capability", text: stranger.token() }))).toContain("no capability key of that fingerprint");
  });

  test("attack: a key for one repository signs for all, or past its own end", async () => {
    const narrow = await Tokens.open({ ...deps, capabilities: { trust_file: file("narrow.json", operator.trustFile({ repository_ids: ["acme/app"] })) } });
    expect(await outcome(narrow.check({ kind: "capability", text: operator.token({ repositories: ["acme/app"] }) }))).toBe("granted web");
    expect(await outcome(narrow.check({ kind: "capability", text: operator.token({ repositories: ["*"] }) }))).toContain("may not speak for these repositories");
    const ending = await Tokens.open({ ...deps, capabilities: { trust_file: file("ending.json", operator.trustFile({ to_s: NOW_S + 60 })) } });
    expect(await outcome(ending.check({ kind: "capability", text: operator.token() }))).toContain("not valid for all of the token's time");
  });

  test("a token that was good is refused the second it expires, though its signature is remembered", async () => {
    const text = operator.token({ jti: "short-lived", expires_at: timestampOf(NOW_S + 10) });
    expect(await capability(text)).toBe("granted web");
    now_s = NOW_S + 10;
    const late = await capability(text);
    now_s = NOW_S;
    expect(late).toContain("it expired");
  });

  test("each byte of a token matters", async () => {
    const text = operator.token();
    for (let at = 6; at < text.length; at += 5) {
      const flipped = `${text.slice(0, at)}${text[at] === "A" ? "B" : "A"}${text.slice(at + 1)}`;
      expect(await capability(flipped)).not.toContain("granted");
    }
  });

  test("without an operator's keys none is taken", async () => {
    const closed = await Tokens.open({ ...deps, capabilities: null, oidc: [] });
    expect(await outcome(closed.check({ kind: "capability", text: operator.token() }))).toContain("takes no capability tokens");
    expect(await outcome(closed.check({ kind: "oidc", text: ci.token() }))).toContain("takes no job tokens");
  });

  function splice(body: string, signature: string): string {
    return `${body.slice(0, body.lastIndexOf("."))}${signature.slice(signature.lastIndexOf("."))}`;
  }

  /** The text changed and signed again by the right key, so that only its form can be what is wrong. */
  function withBody(change: (text: string) => string): string {
    const [, body = ""] = operator.token().split(".");
    const bytes = Buffer.from(change(Buffer.from(body, "base64url").toString()));
    const signed = operator.key.sign(Buffer.concat([Buffer.from("maestro/v1/capability\0"), bytes]));
    return `mcap1.${bytes.toString("base64url")}.${Buffer.from(signed).toString("base64url")}`;
  }
});

describe("job tokens", () => {
  for (const algorithm of ["RS256", "ES256", "EdDSA"] as const) {
    test(`one signed with ${algorithm} binds to its repository, commit and target`, async () => {
      const grant = await tokens.check({ kind: "oidc", text: ci.token({}, {}, algorithm) });
      expect(grant).toEqual({ tenant: "web", verbs: ["gate", "read"], repositories: null, bound: { repository: "acme/app", head: "a".repeat(40), target_ref: "refs/heads/main" }, jti: "job-token-7", budget: null });
    });
  }

  test("attack: a job of a branch named refs/heads/main, to speak for main", async () => {
    const grant = await tokens.check({ kind: "oidc", text: ci.token({ ref: "refs/heads/refs/heads/main" }) });
    expect(grant.bound?.target_ref).toBe("refs/heads/refs/heads/main");
  });

  test("attack: a tag called main, which GitLab names as shortly as the branch, does not speak for the branch", async () => {
    const target = async (claims: Record<string, string>) => (await tokens.check({ kind: "oidc", text: ci.token(claims) })).bound?.target_ref;
    expect(await target({ ref: "main", ref_type: "tag" })).toBe("refs/tags/main");
    expect(await target({ ref: "refs/tags/main", ref_type: "tag" })).toBe("refs/tags/main");
    expect([await target({ ref: "main", ref_type: "branch" }), await target({ ref: "main" })]).toEqual(["refs/heads/main", "refs/heads/main"]);
    expect(await outcome(tokens.check({ kind: "oidc", text: ci.token({ ref: "main", ref_type: "merge_request" }) }))).toContain("neither branch nor tag");
  });

  test("a merge request's target is the branch it goes into", async () => {
    const grant = await tokens.check({ kind: "oidc", text: ci.token({ ref: "refs/pull/7/merge", base_ref: "release", ref_type: "branch" }) });
    expect(grant.bound?.target_ref).toBe("refs/heads/release");
  });

  const other = new CiSystem();
  const attacks: readonly (readonly [attack: string, token: () => string, because: string])[] = [
    ["alg none", () => ci.unsigned(), "alg"],
    ["alg None, as some readers take it", () => ci.unsigned("None"), "alg"],
    ["HS256 with the public key as its secret", () => ci.signedWithPublicKey(), "alg"],
    ["a sound signature by an algorithm that is not on the list", () => ci.signedWithRs512(), '"alg"'],
    ["another CI system's key under the same kid", () => other.token(), "signature verification failed"],
    ["a kid that is a path", () => ci.token({}, { kid: "../../../../etc/passwd" }), "no applicable key"],
    ["a kid that nobody has", () => ci.token({}, { kid: "constructor" }), "no applicable key"],
    ["no kid", () => ci.token({}, { kid: undefined }), "names no key"],
    ["a key of its own in the header", () => other.token({}, { jwk: other.keys.RS256.publicKey.export({ format: "jwk" }) }), "brings jwk"],
    ["an address of keys", () => ci.token({}, { jku: "https://evil.example.org/jwks.json" }), "brings jku"],
    ["a critical extension", () => ci.token({}, { crit: ["b64"], b64: false }), "brings crit"],
    ["the signature of one algorithm under the name of another", () => ci.token({}, { alg: "ES256" }, "RS256"), "no applicable key"],
    ["another issuer", () => ci.token({ iss: "https://evil.example.org" }), "its issuer is none"],
    ["another audience", () => ci.token({ aud: "sigstore" }), "its audience is not this daemon"],
    ["expired", () => ci.token({ iat: NOW_S - 600, exp: NOW_S - 60 }), '"exp"'],
    ["issued in the future", () => ci.token({ iat: NOW_S + 600, exp: NOW_S + 900 }), '"iat"'],
    ["no expiry", () => ci.token({ exp: undefined }), '"exp"'],
    ["valid for a week", () => ci.token({ exp: NOW_S + 7 * 86_400 }), "lives longer"],
    ["a repository the operator did not map", () => ci.token({ repository: "evil/app" }), "maps no repository to evil/app"],
    ["a repository in another case", () => ci.token({ repository: "Acme/App" }), "maps no repository"],
    ["no commit", () => ci.token({ sha: undefined }), "no claim sha"],
    ["a list where a name belongs", () => ci.token({ repository: ["acme/app"] }), "no claim repository"],
    ["a duplicate key in the payload", () => ci.signed('{"alg":"RS256","kid":"key-RS256"}', JSON.stringify(ci.claims()).replace("{", '{"repository":"evil/app",'), "RS256"), "payload is not"],
    ["a duplicate key in the header", () => ci.signed('{"alg":"none","alg":"RS256","kid":"key-RS256"}', JSON.stringify(ci.claims()), "RS256"), "header is not"],
    ["megabytes", () => `${"A".repeat(1_000_000)}.A.A`, "longer than"],
    ["five parts, as an encrypted token has", () => `${ci.token()}.AA.AA`, "JW"],
    ["text", () => "hello", "header is not"],
  ];
  for (const [attack, token, because] of attacks) test(`attack: ${attack}`, async () => expect(await job(token())).toContain(because));

  test("the jti of a job's token can be revoked", async () => {
    expect(await job(ci.token({ jti: "revoked-1" }))).toContain("revoked-1 was revoked");
  });

  test("attack: another user may write the file of keys, or the trust file of capabilities", async () => {
    for (const [name, mode] of [["group.json", 0o664], ["all.json", 0o646]] as const) {
      const jwks_file = file(name, ci.jwks());
      chmodSync(jwks_file, mode);
      await expect(Tokens.open({ ...deps, oidc: [{ ...oidc, jwks_file }] })).rejects.toThrow("could have been written by others");
      const trust_file = file(name, operator.trustFile());
      await expect(Tokens.open({ ...deps, capabilities: { trust_file } })).rejects.toThrow("could have been written by others");
    }
  });

  const files: readonly (readonly [what: string, text: string, because: string])[] = [
    ["a shared secret among the keys", '{"keys":[{"kty":"oct","kid":"k","k":"AAAA"}]}', "RSA, EC or OKP"],
    ["a private key", `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"AA","d":"AA"}]}`, "private key"],
    ["a key without a name", '{"keys":[{"kty":"RSA","n":"AA","e":"AQAB"}]}', "each with its kid"],
    ["no keys", '{"keys":[]}', "each with its kid"],
    ["a duplicate key", '{"keys":[],"keys":[]}', "cannot be read"],
  ];
  for (const [what, text, because] of files) {
    test(`a key file with ${what} keeps the daemon from starting`, async () => {
      const jwks_file = file("bad.json", text);
      await expect(Tokens.open({ ...deps, oidc: [{ ...oidc, jwks_file }] })).rejects.toThrow(because);
    });
  }
});

describe("which token a request brings", () => {
  test("ours, a job's, or none", () => {
    expect(credentialOf(new Headers())).toBeNull();
    expect(credentialOf(new Headers({ [CAPABILITY_HEADER]: "x" }))).toEqual({ kind: "capability", text: "x" });
    expect(credentialOf(new Headers({ [BEARER_HEADER]: "Bearer a.b.c" }))).toEqual({ kind: "oidc", text: "a.b.c" });
  });
  test("attack: two of them, or another scheme", () => {
    expect(() => credentialOf(new Headers({ [CAPABILITY_HEADER]: "x", [BEARER_HEADER]: "Bearer a" }))).toThrow("bring one");
    expect(() => credentialOf(new Headers({ [BEARER_HEADER]: "Basic cm9vdDo=" }))).toThrow("not of the form");
  });
});
