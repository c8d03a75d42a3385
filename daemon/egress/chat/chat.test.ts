/** Remote models: a server of this test that answers as the OpenAI API does, well or badly; in this process, and by the helper. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { CHAT_ANSWER_BYTES_MAX, CHAT_STREAM_BYTES_MAX, CHAT_TEXT_BYTES_MAX, type ChatJob } from "../../../proto/chat.ts";
import type { RemoteModel } from "../../../proto/models-config.ts";
import { resolveHost } from "../../config/host.ts";
import { FakeClock } from "../../testing/clock.ts";
import { failureOf } from "../testing/rig.ts";
import { chat } from "./ask.ts";
import { createRemoteChat } from "./index.ts";

const KEY = "key-of-the-operator-0123456789";
const NOW_MS = 1_700_000_000_000;
let dir = "";
let seen: { path: string; headers: Headers; body: Record<string, unknown> }[] = [];
let answer: (request: Request) => Response | Promise<Response>;
let fake: ReturnType<typeof Bun.serve>;

const whole = (content = "yes", more: object = {}) => Response.json({ model: "large-2", choices: [{ message: { content }, finish_reason: "stop" }], usage: { prompt_tokens: 12, completion_tokens: 1 }, ...more });
const events = (...lines: readonly string[]) => new Response(lines.map((line) => `data: ${line}\n\n`).join(""), { headers: { "content-type": "text/event-stream; charset=utf-8" } });
const delta = (content: string, finish_reason: string | null = null) => JSON.stringify({ model: "large-2", choices: [{ delta: { content }, finish_reason }] });
const endless = (piece: Uint8Array, type: string) => new Response(new ReadableStream({ pull: (controller) => controller.enqueue(piece) }), { headers: { "content-type": type } });

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "maestro-chat-"));
  writeFileSync(join(dir, "key"), `${KEY}\n`, { mode: 0o600 });
  fake = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      seen.push({ path: new URL(request.url).pathname, headers: request.headers, body: JSON.parse(await request.text()) as Record<string, unknown> });
      return answer(request);
    },
  });
});
afterAll(async () => {
  await fake.stop(true);
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => {
  seen = [];
  answer = () => whole();
});

const where = (more: Partial<RemoteModel> = {}): RemoteModel => ({ id: "large", base_url: `http://127.0.0.1:${fake.port}/v1`, model: "large-2", key_file: join(dir, "key"), usd_micro_per_1k: { prompt: 150, completion: 600 }, context_tokens: 8_192, ...more });
const job = (more: Partial<ChatJob> = {}): ChatJob => ({ kind: "chat", model: "large", messages: [{ role: "system", content: "Answer with yes or no." }, { role: "user", content: "Is it so?" }], max_tokens: 16, temperature: 0, stream: false, deadline_ms: 5_000, ...more });
const ask = (more: Partial<ChatJob> = {}, to: Partial<RemoteModel> = {}) => chat(where(to), job(more), () => undefined, NOW_MS);

describe("what is asked", () => {
  test("the configured model at its address with its key; schema, stops and sampling as the API names them", async () => {
    expect(await ask({ stop: ["END"], seed: 7, json_schema: { type: "object" } })).toEqual({ kind: "chat", text: "yes", finish: "stop", prompt_tokens: 12, completion_tokens: 1, tokens_by: "reported", answered_by: "large-2" });
    const [{ path, headers, body } = { path: "", headers: new Headers(), body: {} }] = seen;
    expect([path, headers.get("authorization"), headers.get("accept-encoding")]).toEqual(["/v1/chat/completions", `Bearer ${KEY}`, "identity"]);
    expect(body).toEqual({ model: "large-2", messages: job().messages, max_tokens: 16, temperature: 0, seed: 7, stop: ["END"], stream: false, response_format: { type: "json_schema", json_schema: { name: "answer", strict: true, schema: { type: "object" } } } });
  });

  test("without a key none is sent; a key file that others may read sends nothing", async () => {
    const { key_file: _, ...open } = where();
    await chat(open, job(), () => undefined, NOW_MS);
    expect(seen[0]?.headers.has("authorization")).toBe(false);
    writeFileSync(join(dir, "shared"), KEY, { mode: 0o644 });
    chmodSync(join(dir, "shared"), 0o644);
    expect(await failureOf(ask({}, { key_file: join(dir, "shared") }))).toEqual({ code: "egress.denied", detail: expect.stringContaining("can be read by other users") });
    expect(seen).toHaveLength(1);
  });

  test("attack: a message that still shows a credential, or the very key, is not sent", async () => {
    const token = `ghp_${"aB3dE5gH7jK9mN1pQ3sT5vX7zA9cE1gI3kM5"}`;
    for (const content of [`deploy with ${token}`, `the key is ${KEY}`, "postgres://app:s3cret@db/x"]) {
      expect(await failureOf(ask({ messages: [{ role: "user", content: "hello" }, { role: "user", content }] }))).toEqual({ code: "models.denied", detail: expect.stringContaining("message 2 shows") });
    }
    // Nor in what stands beside the messages, which is sent as it is.
    expect(await failureOf(ask({ stop: ["\n", token] }))).toEqual({ code: "models.denied", detail: expect.stringContaining("a stop string shows") });
    for (const json_schema of [{ enum: ["a", token] }, { type: "object", properties: { [token]: {} } }, { description: `one\n"${KEY}"` }]) {
      expect(await failureOf(ask({ json_schema }))).toEqual({ code: "models.denied", detail: expect.stringContaining("the JSON schema shows") });
    }
    expect(seen).toEqual([]);
  });
});

describe("a stream", () => {
  test("pieces come in order and are the text; usage comes last; half a character waits for its other half", async () => {
    const utf8 = new TextEncoder().encode([delta("a "), delta("\ud83d"), delta("\ude00 ü", "length"), JSON.stringify({ choices: [], usage: { prompt_tokens: 9, completion_tokens: 3 } }), "[DONE]"].map((line) => `data: ${line}\r\n\r\n`).join(": heartbeat\n\n"));
    // One byte at a time: no line and no character comes whole.
    answer = () => new Response(new ReadableStream({ start: (controller) => { for (const byte of utf8) controller.enqueue(Uint8Array.of(byte)); controller.close(); } }), { headers: { "content-type": "text/event-stream" } });
    const pieces: string[] = [];
    const reply = await chat(where(), job({ stream: true }), (text) => pieces.push(text), NOW_MS);
    expect(reply).toMatchObject({ text: "a 😀 ü", finish: "length", prompt_tokens: 9, completion_tokens: 3, tokens_by: "reported" });
    expect(pieces).toEqual(["a ", "😀 ü"]);
    expect(seen[0]?.body).toMatchObject({ stream: true, stream_options: { include_usage: true } });
  });

  test("that ends in the middle, or says an error in the middle, is no answer", async () => {
    answer = () => events(delta("half"));
    expect(await failureOf(ask({ stream: true }))).toEqual({ code: "egress.failed", detail: expect.stringContaining("ended its answer in the middle") });
    answer = () => events(delta("half"), JSON.stringify({ error: { message: "overloaded" } }));
    expect((await failureOf(ask({ stream: true }))).code).toBe("egress.failed");
  });
});

describe("a server that refuses", () => {
  test.each([
    [401, {}, "no", "egress.denied", null],
    [403, {}, "no", "egress.denied", null],
    [402, {}, "no", "egress.denied", null],
    [404, {}, "no such model", "models.unknown", null],
    [400, {}, "temperature must be 1", "models.request", null],
    [400, {}, "This model's maximum context length is 8192 tokens", "models.context", null],
    [413, {}, "large", "models.context", null],
    [429, { "retry-after": "7" }, "slow down", "models.busy", 7],
    [500, {}, "oops", "egress.failed", null],
    [503, { "retry-after": "3" }, "oops", "egress.failed", 3],
  ])("%i %p %p is %s, asked to wait %p s", async (status, headers, words, code, retry_after_s) => {
    answer = () => new Response(words, { status, headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])) });
    await expect(ask()).rejects.toMatchObject({ code, retry_after_s, detail: expect.stringContaining(`large (127.0.0.1:${fake.port}) answered ${status}`) });
    expect(seen).toHaveLength(1);
  });

  test("attack: its words carry neither our key nor what moves a terminal", async () => {
    for (const echo of [KEY, KEY.slice(4), `\x1b[2J${KEY}\u202e`]) {
      answer = () => new Response(`bad key ${echo}`, { status: 401 });
      const { detail } = await failureOf(ask());
      for (let at = 0; at + 16 <= KEY.length; at++) expect(detail.includes(KEY.slice(at, at + 16))).toBe(false);
      expect(detail).toMatch(/^[\x20-\x7e]*$/);
    }
  });

  test("nobody there", async () => {
    expect(await failureOf(ask({}, { base_url: "http://127.0.0.1:1/v1" }))).toEqual({ code: "egress.failed", detail: expect.stringContaining("cannot be reached") });
  });
});

describe("attack: hostile answers", () => {
  test("a redirect is not followed: neither key nor prompt goes anywhere else", async () => {
    const thief: string[] = [];
    await using other = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: async (request) => (thief.push(await request.text()), whole()) });
    for (const status of [301, 302, 303, 307, 308]) {
      answer = () => new Response(null, { status, headers: { location: `http://127.0.0.1:${other.port}/v1/chat/completions` } });
      expect((await failureOf(ask())).code).toBe("egress.denied");
    }
    expect(thief).toEqual([]);
  });

  test("endless answers, whole or streamed, in one line or many, end at their limit", async () => {
    const spaces = new Uint8Array(65_536).fill(0x20);
    for (const [response, words] of [
      [() => endless(spaces, "application/json"), `sent more than ${CHAT_ANSWER_BYTES_MAX} bytes`],
      [() => endless(spaces, "text/event-stream"), "sent an event of more than 65536 characters"],
      [() => endless(new TextEncoder().encode(`data: ${delta("x".repeat(30_000))}\n\n`), "text/event-stream"), `sent more than ${CHAT_TEXT_BYTES_MAX} bytes of text`],
      [() => endless(new TextEncoder().encode(`: ${"x".repeat(60_000)}\n`), "text/event-stream"), `sent more than ${CHAT_STREAM_BYTES_MAX} bytes`],
    ] as const) {
      answer = response;
      expect(await failureOf(ask({ stream: true }))).toEqual({ code: "egress.refused", detail: expect.stringContaining(words) });
    }
  }, 120_000);

  test("a gigabyte in a megabyte of gzip ends at the limit", async () => {
    answer = () => new Response(gzipSync(Buffer.alloc(64 << 20, 0x20)), { headers: { "content-encoding": "gzip", "content-type": "application/json" } });
    expect(await failureOf(ask())).toEqual({ code: "egress.refused", detail: expect.stringContaining("sent more than") });
  });

  test("silence, and a byte at a time, end at the deadline", async () => {
    answer = () => new Promise(() => undefined);
    expect(await failureOf(ask({ deadline_ms: 150 }))).toEqual({ code: "egress.timeout", detail: expect.stringContaining("did not answer in time") });
    let dripped = 0;
    answer = () => new Response(new ReadableStream({ pull: async (controller) => { await Bun.sleep(5); dripped += 1; controller.enqueue(Uint8Array.of(0x20)); } }), { headers: { "content-type": "application/json" } });
    expect((await failureOf(ask({ deadline_ms: 4_000 }))).code).toBe("egress.timeout");
    expect(dripped).toBeGreaterThan(1);
  });

  test("an answer that is none", async () => {
    for (const text of ["", "[", "[".repeat(100_000), "null", "{}", '{"choices":[]}', '{"choices":[{"message":{"content":null}}]}', '{"choices":[{"message":{"content":["a"]}}]}', '{"choices":{"0":{"message":{"content":"a"}}}}', "<html>"]) {
      answer = () => new Response(text, { headers: { "content-type": "application/json" } });
      expect((await failureOf(ask())).code).toBe("egress.refused");
    }
  });

  test("an event that is none", async () => {
    for (const line of ["{", "[]", '{"choices":"no"}', '{"choices":[{"delta":{"content":7}}]}', "[".repeat(30_000)]) {
      answer = () => events(line, "[DONE]");
      expect((await failureOf(ask({ stream: true }))).code).toBe("egress.refused");
    }
  });

  test("a count of tokens that cannot be true is not paid: more than was asked for, none, less than the text has, no number", async () => {
    for (const usage of [{ prompt_tokens: 12, completion_tokens: 17 }, { prompt_tokens: 1e12, completion_tokens: 1 }, { prompt_tokens: 0, completion_tokens: 1 }, { prompt_tokens: 12, completion_tokens: 0 }, { prompt_tokens: 12, completion_tokens: -1 }, { prompt_tokens: 1.5, completion_tokens: 1 }, { prompt_tokens: "12", completion_tokens: 1 }, null]) {
      answer = () => whole("yes", { usage });
      const { tokens_by, prompt_tokens, completion_tokens } = await ask();
      expect(tokens_by).toBe("counted");
      expect(completion_tokens).toBe(2);
      expect(prompt_tokens).toBeLessThan(200);
    }
  });
});

describe("certificates", () => {
  /** A key and a certificate of its own for 127.0.0.1. */
  function selfSigned(name: string): { readonly key: string; readonly cert: string; readonly file: string } {
    const [key, file] = [join(dir, `${name}.key`), join(dir, `${name}.crt`)];
    const { exitCode } = Bun.spawnSync(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", file, "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"], { stdout: "ignore", stderr: "ignore" });
    expect(exitCode).toBe(0);
    return { key: readFileSync(key, "utf8"), cert: readFileSync(file, "utf8"), file };
  }

  test("the server's own authority is believed where ca_file names it, another one's and none are not, and nothing is asked then", async () => {
    const [own, other] = [selfSigned("own"), selfSigned("other")];
    let asked = 0;
    await using secure = Bun.serve({ port: 0, hostname: "127.0.0.1", tls: { key: own.key, cert: own.cert }, fetch: () => ((asked += 1), whole()) });
    const base_url = `https://127.0.0.1:${secure.port}/v1`;
    expect((await ask({}, { base_url, ca_file: own.file })).text).toBe("yes");
    expect(asked).toBe(1);
    for (const more of [{}, { ca_file: other.file }]) expect(await failureOf(ask({}, { base_url, ...more }))).toEqual({ code: "egress.denied", detail: expect.stringContaining("certificate that is not accepted") });
    expect((await failureOf(ask({}, { base_url, ca_file: join(dir, "none.crt") }))).detail).toContain("cannot be read");
    expect(asked).toBe(1);
  });
});

describe("the core's side", () => {
  const remote = (modes: ["local"] | ["sealed"], models: { remote: RemoteModel[] } | undefined) => createRemoteChat({ host: resolveHost({ version: 1, trust_domain: "ci.example.org", modes, ...(models === undefined ? {} : { models }) }), state_dir: join(dir, "state"), git_folder: "/usr/bin", clock: new FakeClock() });
  const { kind: _kind, stream: _stream, ...question } = job();

  test("a helper process asks, with the key it reads itself; pieces come through; a model of no entry is refused there", async () => {
    const chats = remote(["local"], { remote: [where()] });
    try {
      answer = (request) => (request.headers.get("accept")?.startsWith("text/event-stream") ? events(delta("one "), delta("two", "stop"), "[DONE]") : whole());
      expect(await chats.ask(question)).toMatchObject({ text: "yes", tokens_by: "reported" });
      const pieces: string[] = [];
      expect(await chats.ask(question, { onText: (text) => pieces.push(text) })).toMatchObject({ text: "one two", tokens_by: "counted" });
      expect(pieces).toEqual(["one ", "two"]);
      expect(seen.map(({ headers }) => headers.get("authorization"))).toEqual([`Bearer ${KEY}`, `Bearer ${KEY}`]);
      expect((await failureOf(chats.ask({ ...question, model: "huge" }))).code).toBe("models.unknown");
      answer = () => new Response("later", { status: 429, headers: { "retry-after": "9" } });
      await expect(chats.ask(question)).rejects.toMatchObject({ code: "models.busy", retry_after_s: 9 });
    } finally {
      await chats.close();
    }
  }, 60_000);

  test("a caller that leaves takes the connection with it", async () => {
    const chats = remote(["local"], { remote: [where()] });
    const closed = Promise.withResolvers<void>();
    const leaving = new AbortController();
    answer = (request) => {
      request.signal.addEventListener("abort", () => closed.resolve());
      setTimeout(() => leaving.abort(), 0);
      return new Promise(() => undefined);
    };
    try {
      expect((await failureOf(chats.ask(question, { signal: leaving.signal }))).code).toBe("request.cancelled");
      await closed.promise;
    } finally {
      await chats.close();
    }
  }, 60_000);

  test("attack: a sealed node asks nobody, and one without an entry has nobody to ask", async () => {
    const sealed = createRemoteChat({ host: { ...resolveHost({ version: 1, trust_domain: "ci.example.org", modes: ["sealed"] }), models: { remote: [where()] } }, state_dir: join(dir, "state"), git_folder: "/usr/bin", clock: new FakeClock() });
    expect(await failureOf(sealed.ask(question))).toEqual({ code: "egress.sealed", detail: expect.stringContaining("models of this node") });
    expect((await failureOf(remote(["local"], undefined).ask(question))).code).toBe("models.unknown");
    expect(seen).toEqual([]);
  });
});
