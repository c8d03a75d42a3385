/** Mock Fulcio, Rekor, timestamp authority and token issuer on one loopback port; every certificate of theirs says that it is a mock's. */
import { generateKeyPairSync, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import { fulcioHandler, initializeCA, initializeCTLog, initializeTSA, tsaHandler } from "@sigstore/mock";
import { toBase64 } from "../../../../proto/encoding.ts";
import type { KeylessSetting } from "../../../../proto/keyless.ts";
import { mockRekorV1, mockRekorV2, type MockLog } from "./rekor.ts";

export const IDENTITY = "https://ci.example.org/maestro";
export const ISSUER = "https://issuer.mock.example.org";
const HOUR_MS = 3_600_000;

type Answer = (body: Uint8Array, path: string) => Promise<Response> | Response;

export interface Seen {
  readonly path: string;
  readonly body: string;
}

const keys = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve });

/** RFC 3161 query to what the mock reads: the SHA-256 lies 5 bytes before the end. */
const queryOf = (der: Uint8Array): string => (der[0] === 0x30 ? JSON.stringify({ artifactHash: toBase64(der.slice(-35, -3)), hashAlgorithm: "sha256", certificates: true }) : Buffer.from(der).toString());

export class MockServices implements AsyncDisposable {
  readonly seen: Seen[] = [];
  /** In place of the mock's own answer, by path. */
  readonly instead = new Map<string, Answer>();
  readonly #server: ReturnType<typeof Bun.serve>;

  private constructor(
    private readonly answers: ReadonlyMap<string, Answer>,
    /** `trusted_root.json` of these mocks. */
    readonly trusted_root: Uint8Array,
    /** What version 2 of Rekor makes of a request. */
    readonly logged: (body: unknown) => unknown,
  ) {
    this.#server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => this.#answer(request) });
  }

  /** `unlogged`: its certificates stand in no transparency log. */
  static async start({ unlogged = false }: { readonly unlogged?: boolean } = {}): Promise<MockServices> {
    const now = new Date(0);
    const ct = await initializeCTLog(keys("P-256"), now);
    const ca = await initializeCA(keys("P-384"), unlogged ? undefined : ct, now);
    const tsa = await initializeTSA(keys("P-384"), now);
    // The services' common clock is set when their certificates exist: those begin when they are made, whatever clock was given, and a second
    // that turns meanwhile would date every answer before its signer. Whole seconds: the library reads fractions of exactly three digits, and
    // DER writes as few as there are.
    now.setTime(Math.floor(Date.now() / 1000) * 1000);
    const logs = [mockRekorV1("rekor-v1.mock.example.org", () => Math.floor(now.getTime() / 1000)), mockRekorV2("rekor-v2.mock.example.org")] as const;
    const fulcio = fulcioHandler(ca);
    const stamps = tsaHandler(tsa);
    const handled = async (fn: typeof fulcio.fn, body: string): Promise<Response> => {
      const { statusCode, response } = await fn(body);
      return new Response(typeof response === "string" ? response : new Uint8Array(response.buffer, response.byteOffset, response.byteLength), { status: statusCode });
    };
    const logged = (log: MockLog) => (body: Uint8Array) => Response.json(log.answer(JSON.parse(Buffer.from(body).toString())), { status: 201 });
    const answers = new Map<string, Answer>([
      [fulcio.path, (body) => handled(fulcio.fn, Buffer.from(body).toString())],
      [stamps.path, (body) => handled(stamps.fn, queryOf(body))],
      ["/api/v1/log/entries", logged(logs[0])],
      ["/api/v2/log/entries", logged(logs[1])],
    ]);
    const bytes = (view: ArrayBufferView): string => toBase64(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    const validFor = { start: new Date(now.getTime() - HOUR_MS).toISOString() };
    const subject = { organization: "sigstore.mock", commonName: "mock" };
    const root = {
      mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
      tlogs: logs.map(({ host, spki, log_id, key_details }) => ({ baseUrl: `https://${host}`, hashAlgorithm: "SHA2_256", publicKey: { rawBytes: toBase64(spki), keyDetails: key_details, validFor }, logId: { keyId: toBase64(log_id) } })),
      certificateAuthorities: [{ subject, uri: "https://fulcio.mock.example.org", certChain: { certificates: [{ rawBytes: bytes(ca.rootCertificate) }] }, validFor }],
      ctlogs: [{ baseUrl: "https://ct.mock.example.org", hashAlgorithm: "SHA2_256", publicKey: { rawBytes: toBase64(ct.publicKey), keyDetails: "PKIX_ECDSA_P256_SHA_256", validFor }, logId: { keyId: bytes(ct.logID) } }],
      timestampAuthorities: [{ subject, uri: "https://tsa.mock.example.org", certChain: { certificates: [{ rawBytes: bytes(tsa.intCertificate) }, { rawBytes: bytes(tsa.rootCertificate) }] }, validFor }],
    };
    return new MockServices(answers, Buffer.from(JSON.stringify(root)), (body) => logs[1].answer(body));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  setting(oidc_token_file: string, more: Partial<KeylessSetting> = {}): KeylessSetting {
    return { fulcio: this.url, rekor: this.url, tsa: this.url, oidc_token_file, identity: IDENTITY, issuer: ISSUER, ...more };
  }

  async #answer(request: Request): Promise<Response> {
    const path = new URL(request.url).pathname;
    const body = await request.bytes();
    this.seen.push({ path, body: Buffer.from(body).toString("latin1") });
    const answer = this.instead.get(path) ?? this.answers.get(path);
    return answer === undefined ? new Response("no such path", { status: 404 }) : answer(body, path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }
}

/** A token of the mock issuer: its form is right, and nobody here checks who signed it. */
export function mockToken(claims: Readonly<Record<string, unknown>> = {}): string {
  const { privateKey } = keys("P-256");
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const body = `${part({ alg: "ES256" })}.${part({ iss: ISSUER, sub: IDENTITY, aud: "sigstore", exp: Math.floor(Date.now() / 1000) + 600, ...claims })}`;
  return `${body}.${sign("sha256", Buffer.from(body), privateKey).toString("base64url")}`;
}

export function writeToken(path: string, claims: Readonly<Record<string, unknown>> = {}): string {
  writeFileSync(path, `${mockToken(claims)}\n`, { mode: 0o600 });
  return path;
}
