/** Keyless signing against mock services, in this process and by the helper; what comes back is judged in `daemon/e2e/keyless.test.ts`. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { OBLIGATIONS_PREDICATE, STATEMENT_TYPE } from "../../../proto/attestation.ts";
import { utf8 } from "../../../proto/encoding.ts";
import type { KeylessSetting } from "../../../proto/keyless.ts";
import { parseHostConfig, resolveHost } from "../../config/host.ts";
import { FakeClock } from "../../testing/clock.ts";
import { failureOf } from "../testing/rig.ts";
import { createKeyless } from "./index.ts";
import { signKeyless } from "./sign.ts";
import { IDENTITY, ISSUER, MockServices, writeToken } from "./testing/services.ts";

const STATEMENT = utf8(JSON.stringify({ _type: STATEMENT_TYPE, subject: [{ name: "git:merged-tree", digest: { sha256: "ab".repeat(32) } }], predicateType: OBLIGATIONS_PREDICATE, predicate: {} }));
const FULCIO = "/api/v2/signingCert";
const REKOR = "/api/v2/log/entries";
const TSA = "/api/v1/timestamp";

let dir = "";
let token = "";
let mocks: MockServices;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "maestro-keyless-"));
  mocks = await MockServices.start();
}, 60_000);
afterAll(async () => {
  await mocks[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => {
  token = writeToken(join(dir, "token"));
  mocks.seen.length = 0;
  mocks.instead.clear();
});

const sign = (more: Partial<KeylessSetting> = {}, payload = STATEMENT, deadline_ms = 10_000) => signKeyless({ setting: mocks.setting(token, more), payload, now_s: Date.now() / 1000, deadline_ms }, token);
const failure = (more: Partial<KeylessSetting> = {}, payload?: Uint8Array, deadline_ms?: number) => failureOf(sign(more, payload, deadline_ms));
const asked = (): string[] => mocks.seen.map(({ path }) => path).sort();

describe("what is sent", () => {
  test("the token to Fulcio alone, the statement to nobody with version 2 of Rekor", async () => {
    const bundle = JSON.parse(await sign()) as { dsseEnvelope: { payload: string } };
    expect(Buffer.from(bundle.dsseEnvelope.payload, "base64")).toEqual(Buffer.from(STATEMENT));
    expect(asked()).toEqual([TSA, FULCIO, REKOR].sort());
    const jwt = JSON.parse(mocks.seen.find(({ path }) => path === FULCIO)!.body) as { credentials: { oidcIdentityToken: string } };
    for (const { path, body } of mocks.seen) {
      expect(body.includes(jwt.credentials.oidcIdentityToken)).toBe(path === FULCIO);
      expect(body).not.toContain(bundle.dsseEnvelope.payload);
    }
  });

  test("each signing has a key of its own", async () => {
    const keys = new Set<string>();
    for (let i = 0; i < 2; i++) keys.add((JSON.parse(await sign()) as { verificationMaterial: { certificate: { rawBytes: string } } }).verificationMaterial.certificate.rawBytes);
    expect(keys.size).toBe(2);
  });
});

describe("a token that would not do is never shown to anybody", () => {
  test.each([
    ["ended", { exp: Math.floor(Date.now() / 1000) - 1 }, "ended at"],
    ["ended before there was time", { exp: -1e300 }, "ended before there was time"],
    ["for another audience", { aud: "https://vault.example.org" }, "is for https://vault.example.org, not for sigstore"],
    ["for several others", { aud: ["a", "b"] }, "not for sigstore"],
    ["of another issuer", { iss: "https://evil.example.org" }, `not by ${ISSUER}`],
    ["without an end", { exp: undefined }, "lacks iss, sub, aud or exp"],
  ])("%s", async (_what, claims, words) => {
    writeToken(token, claims);
    expect(await failure()).toEqual({ code: "egress.denied", detail: expect.stringContaining(words) });
    expect(mocks.seen).toEqual([]);
  });

  test("no JWT, two lines, open to others, not there", async () => {
    for (const text of ["", "a.b", "a.!.c", `${"x".repeat(20_000)}.a.b`, "a.b.c\nd.e.f"]) {
      writeFileSync(token, text, { mode: 0o600 });
      expect((await failure()).code).toBe("egress.denied");
    }
    writeToken(token);
    chmodSync(token, 0o644);
    expect((await failure()).detail).toContain("can be read by other users");
    rmSync(token);
    expect((await failure()).detail).toContain("cannot be read");
    expect(mocks.seen).toEqual([]);
  });
});

describe("services that fail", () => {
  test("attack: a redirect is not followed, wherever it points", async () => {
    const thief: string[] = [];
    await using other = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: async (request) => (thief.push(await request.text()), new Response("{}")) });
    for (const path of [FULCIO, REKOR, TSA]) {
      for (const status of [301, 302, 307, 308]) {
        mocks.instead.clear();
        mocks.instead.set(path, () => new Response(null, { status, headers: { location: `http://127.0.0.1:${other.port}/` } }));
        expect((await failure()).code).toBe("egress.denied");
      }
    }
    expect(thief).toEqual([]);
  });

  test("a fault is tried three times, a refusal once; both are said with the service's name and words", async () => {
    mocks.instead.set(FULCIO, () => new Response("out of order", { status: 500 }));
    expect(await failure()).toEqual({ code: "egress.failed", detail: expect.stringMatching(/^Fulcio 127\.0\.0\.1:\d+ answered 500 out of order$/) });
    expect(asked()).toEqual([FULCIO, FULCIO, FULCIO]);
    mocks.seen.length = 0;
    mocks.instead.set(FULCIO, () => new Response("token expired", { status: 401 }));
    expect(await failure()).toEqual({ code: "egress.denied", detail: expect.stringContaining("answered 401 token expired") });
    expect(asked()).toEqual([FULCIO]);
  });

  test("a fault that passes is nobody's failure", async () => {
    let left = 2;
    mocks.instead.set(FULCIO, () => new Response(null, { status: 503 }));
    const own = mocks.instead.get(FULCIO)!;
    mocks.instead.set(FULCIO, (body, path) => {
      left -= 1;
      if (left === 0) mocks.instead.delete(FULCIO);
      return own(body, path);
    });
    expect(await sign()).toContain("verificationMaterial");
    expect(asked().filter((path) => path === FULCIO)).toHaveLength(3);
  });

  test("silence ends at the deadline; endless and senseless answers are refused; nothing half done comes back", async () => {
    mocks.instead.set(REKOR, () => new Promise(() => undefined));
    expect(await failure({}, STATEMENT, 400)).toMatchObject({ code: "egress.timeout", detail: expect.stringContaining("did not answer in time") });
    mocks.instead.set(REKOR, () => new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) }), { status: 201 }));
    expect(await failure()).toMatchObject({ code: "egress.refused", detail: expect.stringContaining("more than 262144 bytes") });
    for (const [path, body] of [[REKOR, "{}"], [REKOR, "[".repeat(1_000)], [FULCIO, '{"signedCertificateEmbeddedSct":{"chain":{"certificates":["nonsense"]}}}'], [TSA, "sorry"]] as const) {
      mocks.instead.clear();
      mocks.instead.set(path, () => new Response(body, { status: 201 }));
      expect((await failure()).code).toBe("egress.refused");
    }
  });

  test("attack: a service that repeats the token gets it into no failure, and so into no log", async () => {
    const jwt = readFileSync(token, "utf8").trim();
    const echoes: readonly ((jwt: string) => Response)[] = [
      (own) => new Response(`bad token ${own}`, { status: 401 }),
      (own) => new Response(`${own.slice(40)} is what you sent`, { status: 500 }),
      (own) => new Response(`{"${own}":1,"${own}":2}`, { status: 201 }),
    ];
    for (const echo of echoes) {
      mocks.instead.set(FULCIO, () => echo(jwt));
      const { detail } = await failure();
      expect(detail).toContain("[token]");
      for (let at = 0; at + 16 <= jwt.length; at++) expect(detail.includes(jwt.slice(at, at + 16))).toBe(false);
    }
  });

  test("attack: answers of a gigabyte in a megabyte of gzip end at the limit", async () => {
    mocks.instead.set(FULCIO, () => new Response(gzipSync(Buffer.alloc(64 << 20)), { status: 201, headers: { "content-encoding": "gzip" } }));
    expect(await failure()).toMatchObject({ code: "egress.refused", detail: expect.stringContaining("more than 262144 bytes") });
  });

  test("attack: a certificate of another key, or of somebody else, signs nothing", async () => {
    let first: string | null = null;
    const other = await MockServices.start();
    try {
      mocks.instead.set(FULCIO, async (body) => new Response((first ??= await (await fetch(`${other.url}${FULCIO}`, { method: "POST", body: Buffer.from(body) })).text()), { status: 201 }));
      await sign();
      expect(await failure()).toEqual({ code: "egress.refused", detail: "Fulcio certified another key" });
    } finally {
      await other[Symbol.asyncDispose]();
    }
    mocks.instead.clear();
    mocks.seen.length = 0;
    writeToken(token, { sub: "https://ci.example.org/somebody-else" });
    expect(await failure()).toEqual({ code: "egress.refused", detail: `Fulcio's certificate is of URI:https://ci.example.org/somebody-else, not of ${IDENTITY}` });
    expect(asked()).toEqual([FULCIO]);
  });

  test("attack: what is no statement of a node is not signed in its name", async () => {
    for (const text of ["{}", "not json", JSON.stringify({ _type: STATEMENT_TYPE, subject: [], predicateType: "https://slsa.dev/provenance/v0.9", predicate: {} })]) {
      expect((await failure({}, utf8(text))).code).toBe("egress.refused");
    }
    expect(mocks.seen).toEqual([]);
  });
});

describe("the core's side", () => {
  const config = (more: object = {}, modes = ["local"]) => ({ version: 1 as const, trust_domain: "ci.example.org", modes: modes as ["local"], ...more });
  const keyless = (given: Parameters<typeof resolveHost>[0]) => createKeyless({ host: resolveHost(given), state_dir: join(dir, "state"), git_folder: "/usr/bin", clock: new FakeClock() });

  test("a helper process signs, one statement at a time, and reads the token itself", async () => {
    const signer = keyless(config({ keyless: mocks.setting(token) }));
    try {
      const both = await Promise.allSettled([signer.sign(STATEMENT), signer.sign(STATEMENT)]);
      expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
      expect(both[1]).toMatchObject({ reason: { code: "request.busy" } });
      expect(both[0]).toMatchObject({ value: { identity: IDENTITY, issuer: ISSUER, bundle: expect.stringContaining("vnd.dev.sigstore.bundle.v0.3+json") } });
      writeToken(token, { aud: "another" });
      expect(await failureOf(signer.sign(STATEMENT))).toEqual({ code: "egress.denied", detail: expect.stringContaining("not for sigstore") });
    } finally {
      await signer.close();
    }
  }, 60_000);

  test("a sealed node refuses by name, and no request leaves it", async () => {
    const signer = keyless(config({ keyless: mocks.setting(token) }, ["sealed"]));
    expect(await failureOf(signer.sign(STATEMENT))).toEqual({ code: "egress.sealed", detail: expect.stringContaining("managed key is the only one") });
    await signer.close();
    expect(mocks.seen).toEqual([]);
    expect(await failureOf(keyless(config()).sign(STATEMENT))).toMatchObject({ code: "request.not_found" });
  });

  test("the configuration takes no address that a token must not go to, and no log without a time", () => {
    const parse = (lines: string) => parseHostConfig(utf8(`version: 1\ntrust_domain: ci.example.org\nmodes: [local]\nkeyless: {${lines}, oidc_token_file: /t, identity: me, issuer: "https://i"}\n`), "m.yaml").keyless;
    expect(parse('fulcio: "https://f", rekor: "https://r", tsa: "https://t"')?.fulcio).toBe("https://f");
    expect(parse('fulcio: "https://f", rekor: "https://r", rekor_version: 1')?.rekor_version).toBe(1);
    expect(() => parse('fulcio: "https://f", rekor: "https://r"')).toThrow("signs no time");
    expect(() => parse('fulcio: "http://f.example.org", rekor: "https://r", tsa: "https://t"')).toThrow("must be https");
    expect(() => parse('fulcio: "https://f", rekor: "ftp://r", tsa: "https://t"')).toThrow();
    expect(() => parse('fulcio: "https://f?x", rekor: "https://r", tsa: "https://t"')).toThrow();
  });
});
