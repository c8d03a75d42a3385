/** A gate's statement signed keyless, through the command line, against mock services that say they are mocks. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { generateKeyPairSync, sign } from "node:crypto";
import { attest } from "sigstore";
import { OBLIGATIONS_PREDICATE, STATEMENT_TYPE, type HashedRekord } from "../../proto/attestation.ts";
import type { Bundle } from "../../proto/bundle.ts";
import { toBase64, utf8 } from "../../proto/encoding.ts";
import { judge } from "../cli/sigstore/judge.ts";
import { certificateFrom, logIntoV2, timestampOf } from "../egress/keyless/services.ts";
import { signKeyless } from "../egress/keyless/sign.ts";
import { IDENTITY, ISSUER, MockServices, mockToken, writeToken } from "../egress/keyless/testing/services.ts";
import type { Source } from "../platform/git/testing/scratch.ts";
import { preAuthEncoding } from "../verifier/dsse.ts";
import { World } from "./testing/world.ts";

const TREE = "ab".repeat(32);
const STATEMENT = utf8(JSON.stringify({ _type: STATEMENT_TYPE, subject: [{ name: "git:merged-tree", digest: { sha256: TREE } }], predicateType: OBLIGATIONS_PREDICATE, predicate: {} }));

let world: World;
let mocks: MockServices;
let repository: Source;
let root = "";
beforeAll(async () => {
  world = new World();
  mocks = await MockServices.start();
  root = world.path("mock-trusted-root.json");
  writeFileSync(root, mocks.trusted_root);
  const keyless = mocks.setting(writeToken(world.path("token")));
  writeFileSync(world.path("host.yaml"), JSON.stringify({ version: 1, trust_domain: "local", modes: ["local"], keyless }));
  await world.daemon(["--config", world.path("host.yaml"), "--state", world.state_dir, "--socket", world.socket_path]);
  repository = await world.changed({}, { "src/a.ts": "export const a = 1;\n" });
}, 60_000);
afterAll(async () => {
  await mocks[Symbol.asyncDispose]();
  await world.dispose();
});
beforeEach(() => {
  mocks.instead.clear();
  mocks.seen.length = 0;
});

const FULCIO = "/api/v2/signingCert";
const kept = (): string[] => readdirSync(`${world.state_dir}/bundles`).filter((name) => name.endsWith(".keyless.sigstore.json"));

test("a gate asks nobody; on request its statement is signed once more, kept beside the evidence, and judged by other people's rules", async () => {
  mocks.instead.set(FULCIO, () => new Response("out of order", { status: 500 }));
  const gated = await world.judged(repository);
  expect([gated.verified, mocks.seen]).toEqual(["verified", []]);
  const evidence = `${world.state_dir}/bundles/${gated.proof.bundle_sha256}.json`;
  const before = readFileSync(evidence);

  const down = await world.run(["keyless", gated.gate_id, "--trusted-root", root]);
  expect([down.code, down.stderr, kept()]).toEqual([69, expect.stringContaining("answered 500 out of order"), []]);
  mocks.instead.clear();
  // What comes back but does not stand up under the caller's own root is not kept either.
  writeFileSync(world.path("empty-root.json"), JSON.stringify({ mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1" }));
  const unproved = await world.run(["keyless", gated.gate_id, "--trusted-root", world.path("empty-root.json"), "--out", world.path("never.json")]);
  expect([unproved.code, unproved.stderr, existsSync(world.path("never.json"))]).toEqual([1, expect.stringContaining("nothing was written"), false]);

  const signed = await world.run(["keyless", gated.gate_id, "--trusted-root", root, "--json"]);
  expect([signed.code, signed.stderr]).toEqual([0, ""]);
  const { path, verification } = JSON.parse(signed.stdout) as { path: string; verification: { result: string; predicate_type: string; digest: string } };
  expect(verification).toMatchObject({ result: "verified", predicate_type: OBLIGATIONS_PREDICATE });
  expect(path).toBe(evidence.replace(/\.json$/, ".keyless.sigstore.json"));
  expect(readFileSync(evidence)).toEqual(before);

  // The managed key's own attestation, by the same command's rules: two signatures, one statement.
  const [own] = (JSON.parse(before.toString()) as Bundle).attestations;
  const body = JSON.parse(Buffer.from(own!.verificationMaterial.tlogEntries[0]!.canonicalizedBody, "base64").toString()) as HashedRekord;
  const key = utf8(`-----BEGIN PUBLIC KEY-----\n${body.spec.hashedRekordV002.signature.verifier.publicKey.rawBytes}\n-----END PUBLIC KEY-----\n`);
  const managed = await judge({ bundle: utf8(JSON.stringify(own)), trusted_root: null, file_or_digest: verification.digest, wanted: { key }, predicate_type: OBLIGATIONS_PREDICATE, now: new Date() });
  expect(managed).toMatchObject({ result: "verified", not_proved: expect.arrayContaining([expect.stringContaining("is a log of the trusted root")]) });
  expect(own!.dsseEnvelope.payload).toBe((JSON.parse(readFileSync(path, "utf8")) as { dsseEnvelope: { payload: string } }).dsseEnvelope.payload);

  const verify = (identity: string) => world.run(["verify-bundle", "--bundle", path, "--certificate-identity", identity, "--certificate-oidc-issuer", ISSUER, "--trusted-root", root, verification.digest]);
  expect(await verify(IDENTITY)).toMatchObject({ code: 0, stdout: expect.stringContaining(`signed by ${IDENTITY}`) });
  expect(await verify(`${IDENTITY}/other`)).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("certificate.identity") });
}, 60_000);

const asked = (from: MockServices) => ({ trusted_root: from.trusted_root, file_or_digest: `sha256:${TREE}`, wanted: { identity: IDENTITY, issuer: ISSUER }, predicate_type: null, now: new Date() });

/** As keyless signing does it, but over whatever type of payload. */
async function signed(from: MockServices, payload_type: string): Promise<Uint8Array> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const deadline = AbortSignal.timeout(10_000);
  const certificate = await certificateFrom(from.url, { jwt: mockToken(), public_key_pem: publicKey.export({ type: "spki", format: "pem" }).toString(), proof: sign("sha256", utf8(IDENTITY), privateKey) }, deadline);
  const message = preAuthEncoding(STATEMENT, payload_type);
  const signature = sign("sha256", message, privateKey);
  const envelope = { payload: toBase64(STATEMENT), payloadType: payload_type, signatures: [{ sig: toBase64(signature) }] };
  const entry = await logIntoV2(from.url, { envelope, message, signature, certificate }, deadline);
  const rfc3161Timestamps = [{ signedTimestamp: await timestampOf(from.url, signature, deadline) }];
  return utf8(JSON.stringify({ mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json", verificationMaterial: { certificate: { rawBytes: toBase64(certificate.raw) }, tlogEntries: [entry], timestampVerificationData: { rfc3161Timestamps } }, dsseEnvelope: envelope }));
}

test("attack: sound in everything but one: another payload type, a certificate that no log saw, an entry of somebody else's certificate", async () => {
  const IN_TOTO = "application/vnd.in-toto+json";
  expect(await judge({ ...asked(mocks), bundle: await signed(mocks, IN_TOTO) })).toMatchObject({ result: "verified" });
  expect(await judge({ ...asked(mocks), bundle: await signed(mocks, "application/json") })).toMatchObject({ code: "statement.malformed" });
  await using unlogged = await MockServices.start({ unlogged: true });
  expect(await judge({ ...asked(unlogged), bundle: await signed(unlogged, IN_TOTO) })).toMatchObject({ code: "certificate.chain" });
  const { verificationMaterial } = JSON.parse(Buffer.from(await signed(mocks, IN_TOTO)).toString()) as { verificationMaterial: { certificate: { rawBytes: string } } };
  mocks.instead.set("/api/v2/log/entries", (body) => {
    const asks = JSON.parse(Buffer.from(body).toString()) as { hashedRekordRequestV002: { signature: { verifier: { x509Certificate: { rawBytes: string } } } } };
    asks.hashedRekordRequestV002.signature.verifier.x509Certificate.rawBytes = verificationMaterial.certificate.rawBytes;
    return Response.json(mocks.logged(asks), { status: 201 });
  });
  expect(await judge({ ...asked(mocks), bundle: await signed(mocks, IN_TOTO) })).toMatchObject({ code: "log.entry", detail: "the log entry holds another certificate" });
}, 60_000);

test("both versions of Rekor, and what the sigstore package signs against the same services, get the same verdict", async () => {
  const question = asked(mocks);
  const token = writeToken(world.path("token"));
  const setting = mocks.setting(token);
  const { tsa: _none, ...untimed } = setting;
  for (const one of [setting, { ...setting, rekor_version: 1 as const }, { ...untimed, rekor_version: 1 as const }]) {
    const bundle = utf8(await signKeyless({ setting: one, payload: STATEMENT, now_s: Date.now() / 1000, deadline_ms: 10_000 }, token));
    expect(await judge({ ...question, bundle })).toMatchObject({ result: "verified" });
  }
  const theirs = await attest(Buffer.from(STATEMENT), "application/vnd.in-toto+json", { fulcioURL: mocks.url, rekorURL: mocks.url, tsaServerURL: mocks.url, identityToken: mockToken() });
  expect(await judge({ ...question, bundle: utf8(JSON.stringify(theirs)) })).toMatchObject({ result: "verified" });

  const bundle = utf8(JSON.stringify(theirs));
  await using strangers = await MockServices.start();
  expect(await judge({ ...question, bundle, trusted_root: strangers.trusted_root })).toMatchObject({ result: "failed" });
  expect(await judge({ ...question, bundle, wanted: { identity: IDENTITY, issuer: "https://other.example.org" } })).toMatchObject({ code: "certificate.identity" });
  expect(await judge({ ...question, bundle, file_or_digest: `sha256:${"cd".repeat(32)}` })).toMatchObject({ code: "artifact.digest" });
}, 60_000);
