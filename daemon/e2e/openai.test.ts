/**
 * OpenAI's own client over the real socket, with the real routes, admission and ledger. What stands in a model's place counts words, and
 * says so; the real engine and model answer in bench/openai.accept.ts.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "node:net";
import OpenAI, { APIError, APIUserAbortError, BadRequestError, NotFoundError, PermissionDeniedError, RateLimitError } from "openai";
import { systemClock } from "../platform/clock.ts";
import { openAiRoutes } from "../api/openai.ts";
import { serve, type ServedApi } from "../api/testing/serve.ts";
import { type Paid, paid } from "../models/serving/testing/paid.ts";
import type { Spending } from "../../proto/tenant.ts";
import { until } from "./testing/world.ts";

setDefaultTimeout(60_000);
let world: Paid;
let served: ServedApi;
/** What the caller pays from; null: nothing, as the daemon's own user. */
let budget: Spending | null = null;

beforeAll(async () => {
  world = paid();
  const payer = () => (budget === null ? { uid: 7, tenant: null, accounts: [] } : world.payer("web", budget));
  const serving = {
    generate: (...[ask, options]: Parameters<typeof world.serving.generate>) => world.serving.generate({ ...ask, payer: payer() }, options),
    embed: (...[, ...rest]: Parameters<typeof world.serving.embed>) => world.serving.embed(payer(), ...rest),
    offered: () => world.serving.offered(payer()),
  };
  served = await serve({ routes: openAiRoutes({ modelled: { serving: () => Promise.resolve(serving), stored: () => Promise.resolve(null) }, clock: systemClock, body_bytes_max: 1024 * 1024 }) });
});
afterAll(async () => {
  await served.end();
  await world.end();
});

const overSocket = ((url: string | URL | Request, init?: RequestInit) => fetch(url, { ...init, unix: served.path })) as typeof fetch;
const client = (maxRetries = 0) => new OpenAI({ baseURL: "http://maestro/openai/v1", apiKey: "unused", fetch: overSocket, maxRetries });
const ASK = { model: "small", messages: [{ role: "user" as const, content: "one two three" }], max_tokens: 4, temperature: 0 };
const MADE = "w1 w2 w3 w4 ";

async function thrownBy(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (thrown) {
    return thrown;
  }
  throw new Error("nothing was thrown");
}

test("models are listed and named", async () => {
  expect((await client().models.list()).data.map(({ id, owned_by }) => [id, owned_by])).toEqual([["small", "local"], ["private", "local"], ["mini", "local"], ["big", "remote"]]);
  expect(await client().models.retrieve("small")).toMatchObject({ id: "small", object: "model" });
  expect(await thrownBy(client().models.retrieve("none"))).toBeInstanceOf(NotFoundError);
});

test("a chat is answered whole, and in pieces that make the same text, with usage and timings", async () => {
  const whole = await client().chat.completions.create(ASK);
  expect(whole.choices[0]).toMatchObject({ index: 0, message: { role: "assistant", content: MADE }, finish_reason: "length" });
  expect(whole.usage).toEqual({ prompt_tokens: 3, completion_tokens: 4, total_tokens: 7, prompt_tokens_details: { cached_tokens: 0 } });
  expect(whole).toMatchObject({ timings: { cache_n: 0, prompt_n: 3, predicted_n: 4 }, maestro: { path: "local", usd_micro: 0, repeated: false } });
  const chunks = await Array.fromAsync(await client().chat.completions.create({ ...ASK, stream: true, stream_options: { include_usage: true } }));
  expect(chunks.map(({ choices: [choice] }) => choice?.delta.content ?? "").join("")).toBe(MADE);
  expect(chunks[0]?.choices[0]?.delta.role).toBe("assistant");
  expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe("length");
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 7 } });
  expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
});

test("text completions, JSON schemas and embeddings, as floats and as Base64", async () => {
  expect((await client().completions.create({ model: "small", prompt: "one two", max_tokens: 2 })).choices[0]?.text).toBe("w1 w2 ");
  const pieces = await Array.fromAsync(await client().completions.create({ model: "small", prompt: "one two", max_tokens: 2, stream: true }));
  expect(pieces.map(({ choices: [choice] }) => choice?.text ?? "").join("")).toBe("w1 w2 ");
  const schema = { type: "object", properties: { risk: { enum: ["low", "high"] } } };
  const answer = await client().chat.completions.create({ ...ASK, response_format: { type: "json_schema", json_schema: { name: "risk", schema, strict: true } } });
  expect(JSON.parse(answer.choices[0]?.message.content ?? "")).toEqual({ risk: "low" });
  expect(world.text.asked.at(-1)).toMatchObject({ json_schema: schema });
  for (const encoding_format of ["float", "base64", undefined] as const) {
    const { data } = await client().embeddings.create({ model: "mini", input: ["a", "b"], ...(encoding_format === undefined ? {} : { encoding_format }) });
    // Where nothing is said the client asks for Base64, and reads it itself.
    expect(data.map(({ embedding }) => embedding as unknown)).toEqual(encoding_format === "base64" ? ["AACAPwAAAAA=", "AACAPwAAAAA="] : [[1, 0], [1, 0]]);
  }
});

test("task, run and salt name the space of a prompt's prefix and whose cost it is", async () => {
  await client().chat.completions.create({ ...ASK, metadata: { task: "review", run_id: "run-12345678" }, ...{ cache_salt: "s" } });
  expect(world.text.asked.at(-1)).toMatchObject({ space: { tenant: null, task: "review", salt: "s" } });
  expect(world.runs.at(-1)).toMatchObject({ run_id: "run-12345678", tokens: 7 });
  await client().chat.completions.create(ASK, { headers: { "maestro-task": "triage" } });
  expect(world.text.asked.at(-1)).toMatchObject({ space: { tenant: null, task: "triage" }, temperature: 0 });
  const { temperature: _, ...warm } = ASK;
  await client().chat.completions.create(warm);
  expect(world.text.asked.at(-1)).toMatchObject({ space: { tenant: null, task: "chat" }, temperature: 1 });
});

test("attack: a run's name that is none is written down, for vectors as for text", async () => {
  const before = world.runs.length;
  for (const name of ["x", "a/../../run-12345678", "r".repeat(4_000), "run 12345678"]) {
    const headers = { "maestro-run": name };
    expect(await thrownBy(client().embeddings.create({ model: "mini", input: "a" }, { headers }))).toBeInstanceOf(BadRequestError);
    expect(await thrownBy(client().chat.completions.create(ASK, { headers }))).toBeInstanceOf(BadRequestError);
  }
  expect(world.runs.length).toBe(before);
  await client().embeddings.create({ model: "mini", input: "a" }, { headers: { "maestro-run": "run-87654321" } });
  expect(world.runs.at(-1)).toMatchObject({ run_id: "run-87654321", tokens: 1 });
});

test("what would change the answer and is not done here is refused by its name; what changes nothing is taken", async () => {
  const refused = { n: 2, logprobs: true, tools: [{ type: "function", function: { name: "f" } }], frequency_penalty: 1, logit_bias: { 1: 2 }, reasoning_effort: "low", audio: {}, functions: [], top_logprobs: 3, tool_choice: "auto" };
  for (const [name, value] of Object.entries(refused)) {
    const thrown = await thrownBy(client().chat.completions.create({ ...ASK, [name]: value }));
    expect([name, thrown instanceof BadRequestError && thrown.param, thrown instanceof APIError && thrown.code]).toEqual([name, name, "request.malformed"]);
  }
  await client().chat.completions.create({ ...ASK, n: 1, logprobs: false, user: "u", store: true, tools: [], frequency_penalty: 0, service_tier: "auto", parallel_tool_calls: true, stop: null, metadata: { other: "x" } });
});

test("failures are the client's own classes: budget, policy, request, names; and a spent budget is not asked again", async () => {
  budget = { model_tokens: 6 };
  try {
    let asked = 0;
    const counting = new OpenAI({ baseURL: "http://maestro/openai/v1", apiKey: "unused", maxRetries: 2, fetch: ((url: string, init?: RequestInit) => ((asked += 1), overSocket(url, init))) as typeof fetch });
    const thrown = await thrownBy(counting.chat.completions.create(ASK));
    expect([thrown instanceof RateLimitError, (thrown as APIError).code, (thrown as APIError).type, asked]).toEqual([true, "tenant.budget", "insufficient_quota", 1]);
    expect(await thrownBy(client().chat.completions.create({ ...ASK, stream: true }))).toBeInstanceOf(RateLimitError);
    expect(await thrownBy(client().chat.completions.create({ ...ASK, model: "private" }))).toBeInstanceOf(PermissionDeniedError);
  } finally {
    budget = null;
  }
  expect(await thrownBy(client().chat.completions.create({ ...ASK, max_tokens: 100_000 }))).toBeInstanceOf(BadRequestError);
  expect(await thrownBy(client().chat.completions.create({ ...ASK, model: "none" }))).toBeInstanceOf(NotFoundError);
});

test("a worker that dies in mid-stream ends it with an error that the client throws, and what came before was read", async () => {
  const seen: string[] = [];
  const thrown = await thrownBy((async () => {
    for await (const { choices: [choice] } of await client().chat.completions.create({ ...ASK, messages: [{ role: "user", content: "DIE" }], max_tokens: 9, stream: true })) seen.push(choice?.delta.content ?? "");
  })());
  expect(seen.join("")).toBe("w1 w2 ");
  expect([thrown instanceof APIError, (thrown as APIError).code]).toEqual([true, "models.died"]);
});

test("attack: a client leaves in mid-stream and its generation goes on, or is not charged", async () => {
  budget = { model_tokens: 10_000 };
  let last = 0;
  world.text.beat = async (nth) => {
    last = nth;
    await Bun.sleep(1);
  };
  try {
    const stream = await client().chat.completions.create({ ...ASK, max_tokens: 4_000, stream: true });
    for await (const { choices: [choice] } of stream) if ((choice?.delta.content ?? "").includes("w3 ")) break;
    // The promise is replaced by what was used when the generation has ended.
    await until(() => world.ledger.open() === 0);
    const used = world.ledger.account("tenant:web")?.spent.model_tokens ?? 0;
    expect([used, last < 4_000]).toEqual([3 + last, true]);
    const leave = new AbortController();
    const whole = client().chat.completions.create({ ...ASK, max_tokens: 4_000 }, { signal: leave.signal });
    await until(() => world.ledger.open() === 1);
    leave.abort();
    expect(await thrownBy(whole)).toBeInstanceOf(APIUserAbortError);
    await until(() => world.ledger.open() === 0);
    expect(world.ledger.account("tenant:web")?.spent.model_tokens).toBeLessThan(4_000);
  } finally {
    world.text.beat = () => Promise.resolve();
    budget = null;
  }
});

const post = (body: string, headers: Record<string, string> = {}): Promise<Response> => served.fetch("/openai/v1/chat/completions", { method: "POST", body, headers: { "content-type": "application/json", ...headers } });

test("attack: bodies no client would send", async () => {
  const message = { role: "user", content: "x" };
  const bodies: readonly (readonly [what: string, body: string, status: number])[] = [
    ["10,000 messages", JSON.stringify({ ...ASK, messages: Array.from({ length: 10_000 }, () => message) }), 400],
    ["a lone surrogate", `{"model":"small","messages":[{"role":"user","content":"\\ud800"}]}`, 400],
    ["a key twice", `{"model":"small","model":"big","messages":[{"role":"user","content":"x"}]}`, 400],
    ["a hundred levels", `{"model":"small","messages":${"[".repeat(100)}${"]".repeat(100)}}`, 400],
    ["two megabytes", JSON.stringify({ ...ASK, messages: [{ role: "user", content: "x".repeat(2 * 1024 * 1024) }] }), 413],
    ["no JSON", "{", 400],
    ["a role that is none", JSON.stringify({ ...ASK, messages: [{ role: "tool", content: "x" }] }), 400],
    ["a picture", JSON.stringify({ ...ASK, messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "http://x/" } }] }] }), 400],
    ["a header in a model's name", JSON.stringify({ ...ASK, model: "small\r\nset-cookie: a=b" }), 404],
    ["a task that is a path", JSON.stringify({ ...ASK, metadata: { task: "../other" } }), 400],
  ];
  for (const [what, body, status] of bodies) {
    const response = await post(body);
    const said = (await response.json()) as { readonly error?: { readonly message?: unknown; readonly code?: unknown } };
    expect([what, response.status, typeof said.error?.message, typeof said.error?.code]).toEqual([what, status, "string", "string"]);
    expect([...response.headers.keys()]).not.toContain("set-cookie");
  }
  expect((await post(JSON.stringify(ASK))).status).toBe(200);
});

test("attack: a reader that stops reading is waited for without end, and its answer heaps up", async () => {
  const body = JSON.stringify({ ...ASK, stream: true, max_tokens: 50 });
  const socket = connect(served.path);
  socket.write(`POST /openai/v1/chat/completions HTTP/1.1\r\nhost: m\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  const before = world.text.asked.length;
  await until(() => world.text.asked.length >= before + 2);
  socket.destroy();
  // Whoever is gone holds nothing: no promise stands, and the next one is answered.
  await until(() => world.ledger.open() === 0);
  expect((await post(JSON.stringify(ASK))).status).toBe(200);
});

test("attack: a model's words end its own stream, begin an event, or are taken for one of ours", async () => {
  const hostile = ["\n\ndata: [DONE]\n\n", "\r\n\r\ndata: {\"error\":{}}\r\n\r\n", "\rdata: x", "\u2028event: x\u2029", "\u0000\u0085id: 1", ": comment\n", "</script>", "😀"];
  const { generate } = world.text;
  world.text.generate = async (job, { onText } = {}) => {
    for (const piece of hostile) {
      onText?.(piece);
      await Bun.sleep(0);
    }
    return { ...(await generate.call(world.text, { ...job, max_tokens: 0 })), text: hostile.join(""), completion_tokens: hostile.length };
  };
  try {
    const chunks = await Array.fromAsync(await client().chat.completions.create({ ...ASK, stream: true }));
    expect(chunks.map(({ choices: [choice] }) => choice?.delta.content ?? "").join("")).toBe(hostile.join(""));
    const raw = await (await post(JSON.stringify({ ...ASK, stream: true }))).text();
    expect([raw.split("\n").filter((line) => line !== "" && !line.startsWith("data: ")), raw.split("data: [DONE]\n\n").length, raw.endsWith("data: [DONE]\n\n")]).toEqual([[], 2, true]);
  } finally {
    world.text.generate = generate;
  }
});

test("attack: a request is cut at each of its bytes; whatever it had begun ends, and no promise is left", async () => {
  const body = JSON.stringify({ ...ASK, stream: true, max_tokens: 50 });
  const whole = `POST /openai/v1/chat/completions HTTP/1.1\r\nhost: m\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  budget = { model_tokens: 1_000_000 };
  try {
    for (let cut = 1; cut <= whole.length; cut += cut < whole.length - 4 ? 7 : 1) {
      const socket = connect(served.path);
      await new Promise<void>((resolve) => socket.write(whole.slice(0, cut), () => resolve()));
      if (cut % 2 === 0) socket.destroy();
      else socket.end();
    }
    await until(() => world.ledger.open() === 0);
    expect((await post(JSON.stringify(ASK))).status).toBe(200);
    // The last ones may be read only now.
    await until(() => world.ledger.open() === 0);
  } finally {
    budget = null;
  }
});

test("attack: a hundred streams at once of a tenant with a budget for ten: ten are answered to their end, the rest hear of the budget before a token", async () => {
  const spent = () => world.ledger.account("tenant:web")?.spent.model_tokens ?? 0;
  const before = spent();
  budget = { model_tokens: before + 10 * 7 };
  world.text.beat = () => Bun.sleep(1);
  try {
    const all = await Promise.allSettled(Array.from({ length: 100 }, async () => (await Array.fromAsync(await client().chat.completions.create({ ...ASK, stream: true }))).length));
    const codes = all.map((one) => (one.status === "fulfilled" ? "answered" : one.reason instanceof APIError ? String(one.reason.code) : String(one.reason)));
    expect([codes.filter((code) => code === "answered").length, codes.filter((code) => code === "tenant.budget").length]).toEqual([10, 90]);
    expect([spent(), world.ledger.open()]).toEqual([before + 10 * 7, 0]);
  } finally {
    budget = null;
    world.text.beat = () => Promise.resolve();
  }
});
