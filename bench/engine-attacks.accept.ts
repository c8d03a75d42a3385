/** What is done to engines in flight, through the socket of a real daemon with the real engine and models: stopped, killed, left by their clients, asked in bad faith. */
import { afterAll, expect } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { alive, until, World } from "../daemon/e2e/testing/world.ts";
import { Operator } from "../daemon/tenants/testing/issuer.ts";
import { openStore } from "../daemon/store/db.ts";
import { openLedger } from "../daemon/tenants/ledger/index.ts";
import { systemClock } from "../daemon/platform/clock.ts";
import { SeededRandom } from "../daemon/testing/random.ts";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../proto/limits.ts";
import { accepts } from "./rig/accepts.ts";
import { EMBEDDING_MODEL, engineFolder, storeModel, TEXT_MODEL } from "./rig/models.ts";
import { embeddingWorkers, textWorkers } from "./rig/workers.ts";

const engines = await engineFolder();
const tool = { name: "engines in flight", version: `${TEXT_MODEL}, engines ${engines.version}` };
const SILENCE_MS = 4_000;
const MIB = 1024 * 1024;
const TENANTS = ["web", "lib"] as const;
type TenantName = (typeof TENANTS)[number];

const world = new World();
const operator = new Operator(Math.floor(Date.now() / 1000));
afterAll(() => world.dispose());

function configure(): string {
  writeFileSync(world.path("trust-cap.json"), operator.trustFile());
  const config = [
    "version: 1", "trust_domain: ci.example.org", "modes: [local]",
    `models: {text: [{name: ${TEXT_MODEL}, context_tokens: 1024}], embedding: ${EMBEDDING_MODEL}, engine_folder: ${engines.path()}}`,
    `limits: {inference: {silence_ms: ${SILENCE_MS}}, server: {json_bytes_max: ${16 * MIB}}}`,
    `capabilities: {trust_file: ${world.path("trust-cap.json")}}`,
    `tenants:\n${TENANTS.map((id) => `- {id: ${id}, uids: [${process.getuid?.()}], shared_uid: true, budget: {window: day, model_tokens: 10000000}}`).join("\n")}`,
  ].join("\n");
  writeFileSync(world.path("host.yaml"), config, { mode: 0o600 });
  return world.path("host.yaml");
}

let started: Promise<unknown> | null = null;
const daemon = (): Promise<unknown> =>
  (started ??= (async () => {
    mkdirSync(world.state_dir, { recursive: true, mode: 0o700 });
    await world.daemon([], { MAESTRO_CONFIG: configure() });
    for (const name of [TEXT_MODEL, EMBEDDING_MODEL]) await storeModel(world.client, name);
  })());

const tokens = new Map(TENANTS.map((tenant, i) => [tenant, operator.token({ tenant, jti: `${tenant}-token-000${i}` })]));

interface Said {
  readonly status: number;
  readonly text: string;
  /** Of the refusal, or of a stream's last event. */
  readonly code: string | null;
  readonly message: string;
  readonly pieces: readonly string[];
  /** A stream that said so. */
  readonly done: boolean;
  readonly prompt_tokens: number;
  readonly ms: number;
}
interface How {
  readonly tenant?: TenantName;
  readonly signal?: AbortSignal;
  readonly onPiece?: (piece: string) => void;
  readonly path?: string;
}

async function post(path: string, body: unknown, { tenant, signal }: How = {}): Promise<Response> {
  const authorization = `Bearer ${tenant === undefined ? "unused" : tokens.get(tenant)}`;
  return fetch(`http://maestro/openai/v1/${path}`, { unix: world.socket_path, method: "POST", headers: { "content-type": "application/json", authorization }, body: typeof body === "string" ? body : JSON.stringify(body), ...(signal === undefined ? {} : { signal }) });
}

interface Event {
  readonly choices?: readonly { readonly text?: string; readonly message?: { readonly content: string }; readonly delta?: { readonly content?: string } }[];
  readonly usage?: { readonly prompt_tokens: number };
  readonly error?: { readonly code: string; readonly message: string };
}

/** Bytes that are no UTF-8 throw. */
async function* events(response: Response): AsyncGenerator<string, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let waiting = "";
  for await (const chunk of response.body ?? []) {
    waiting += decoder.decode(chunk, { stream: true });
    const parts = waiting.split("\n\n");
    waiting = parts.pop() ?? "";
    for (const part of parts) if (part.startsWith("data: ")) yield part.slice("data: ".length);
  }
}

async function said(body: object, how: How = {}): Promise<Said> {
  const began_ms = performance.now();
  const response = await post(how.path ?? "completions", { model: TEXT_MODEL, temperature: 0, cache: "off", ...body }, how);
  const pieces: string[] = [];
  let [code, message, done, prompt_tokens]: [string | null, string, boolean, number] = [null, "", false, 0];
  const take = ({ choices = [], usage, error }: Event): void => {
    const [{ text, message: whole, delta } = {}] = choices;
    const piece = text ?? whole?.content ?? delta?.content ?? "";
    if (piece !== "") pieces.push(piece), how.onPiece?.(piece);
    if (usage !== undefined) prompt_tokens = usage.prompt_tokens;
    if (error !== undefined) [code, message] = [error.code, error.message];
  };
  if (response.headers.get("content-type")?.startsWith("text/event-stream") === true) {
    for await (const data of events(response)) {
      if (data === "[DONE]") done = true;
      else take(JSON.parse(data) as Event);
    }
  } else take((await response.json()) as Event);
  return { status: response.status, text: pieces.join(""), code, message, pieces, done, prompt_tokens, ms: performance.now() - began_ms };
}

const worker = async () => (await world.status()).models?.workers.find(({ model }) => model === TEXT_MODEL);
const idle = (): Promise<void> => until(async () => (await worker())?.running === 0 && (await worker())?.waiting === 0);
async function textPid(): Promise<number> {
  const pids = await textWorkers((await world.status()).daemon.pid);
  expect(pids.length).toBe(1);
  return pids[0] ?? 0;
}
const RETRYABLE = ["models.died", "models.busy"];

/** Asks for the daemon's state until `over`; how long each answer took. */
async function answersUntil(over: Promise<unknown>): Promise<number[]> {
  let ended = false;
  void over.finally(() => (ended = true)).catch(() => undefined);
  const took: number[] = [];
  while (!ended) {
    const began_ms = performance.now();
    await world.client.status();
    took.push(performance.now() - began_ms);
    await Bun.sleep(50);
  }
  return took.sort((a, b) => a - b);
}

const prompt = (nth: number): string => `Chapter ${nth}. The keeper of the lighthouse counted`;
const undisturbed = new Map<number, string>();
async function aloneText(nth: number, max_tokens = 24): Promise<string> {
  const before = undisturbed.get(nth);
  if (before !== undefined) return before;
  const { text, status } = await said({ prompt: prompt(nth), max_tokens });
  expect(status).toBe(200);
  undisturbed.set(nth, text);
  return text;
}

accepts(tool, "attack: the worker is stopped under three streams; the hang is noticed in its time, the next request has a new worker, and the daemon answers all the while", async () => {
  await daemon();
  await aloneText(0);
  const pid = await textPid();
  const heard = [0, 0, 0];
  const streams = heard.map((_, i) => said({ prompt: prompt(10 + i), max_tokens: 600, stream: true }, { tenant: "web", onPiece: () => heard[i]!++ }));
  await until(() => heard.every((pieces) => pieces > 0));
  process.kill(pid, "SIGSTOP");
  const stopped_ms = performance.now();
  const all = Promise.all(streams);
  const took = await answersUntil(all);
  const noticed_ms = performance.now() - stopped_ms;
  for (const { code, done, message } of await all) {
    expect([code, done]).toEqual(["models.died", false]);
    expect(message).toContain("worker.deadline");
  }
  expect(noticed_ms).toBeGreaterThan(SILENCE_MS - 1_000);
  expect(noticed_ms).toBeLessThan(2 * SILENCE_MS);
  expect(alive(pid)).toBe(false);
  process.stdout.write(`| status beside a stopped worker: median ${took[took.length >> 1]?.toFixed(1)} ms, longest ${took.at(-1)?.toFixed(1)} ms of ${took.length} |\n`);
  // A daemon that waits for the stopped worker has one answer as late as that; of a machine that pauses one or two are late.
  expect([(took[took.length >> 1] ?? 0) < 100, (took.at(-1) ?? 0) < SILENCE_MS - 500]).toEqual([true, true]);
  expect((await said({ prompt: prompt(0), max_tokens: 24 }, { tenant: "web" })).text).toBe(await aloneText(0));
  expect(await textPid()).not.toBe(pid);
});

accepts(tool, "attack: the embedding worker is stopped; its request is told in time to come again, the next one has a new worker and the same vector, and the daemon answers all the while", async () => {
  await daemon();
  const embedded = async (): Promise<{ status: number; body: string }> => {
    const response = await post("embeddings", { model: EMBEDDING_MODEL, input: ["the keeper of the lighthouse"], encoding_format: "base64" }, { tenant: "web" });
    return { status: response.status, body: await response.text() };
  };
  const vectorIn = ({ body }: { readonly body: string }): unknown => (JSON.parse(body) as { readonly data?: readonly { readonly embedding: string }[] }).data?.[0]?.embedding;
  const before = await embedded();
  expect([before.status, typeof vectorIn(before)]).toEqual([200, "string"]);
  const pids = await embeddingWorkers((await world.status()).daemon.pid);
  expect(pids.length).toBe(1);
  const pid = pids[0]!;
  process.kill(pid, "SIGSTOP");
  const stopped_ms = performance.now();
  const asked = embedded();
  const took = await answersUntil(asked);
  const noticed_ms = performance.now() - stopped_ms;
  const { status, body } = await asked;
  expect([status, (JSON.parse(body) as { readonly error: { readonly code: string } }).error.code]).toEqual([503, "models.died"]);
  expect([noticed_ms > SILENCE_MS - 1_000, noticed_ms < 3 * SILENCE_MS, alive(pid)]).toEqual([true, true, false]);
  process.stdout.write(`| status beside a stopped embedding worker: median ${took[took.length >> 1]?.toFixed(1)} ms of ${took.length} |\n`);
  expect(vectorIn(await embedded())).toEqual(vectorIn(before));
  expect(await embeddingWorkers((await world.status()).daemon.pid)).not.toContain(pid);
});

for (const [signal, count] of [["SIGKILL", 16], ["SIGSEGV", 16]] as const) {
  accepts(tool, `attack: the worker gets ${signal} under ${count} streams of two tenants; what was under way may be asked again, and everybody in line is answered`, async () => {
    await daemon();
    const expected = await Promise.all(Array.from({ length: count }, (_, i) => aloneText(20 + i)));
    const pid = await textPid();
    let heard = 0;
    const streams = expected.map((_, i) => said({ prompt: prompt(20 + i), max_tokens: 24, stream: true }, { tenant: TENANTS[i % 2]!, onPiece: () => heard++ }));
    await until(() => heard > 3);
    process.kill(pid, signal);
    const answers = await Promise.all(streams);
    const died = answers.flatMap(({ code }, i) => (code === null ? [] : [i]));
    expect(died.length).toBeGreaterThan(0);
    expect(died.length).toBeLessThanOrEqual(4);
    for (const [i, { code, done, text }] of answers.entries()) {
      if (code === null) expect([i, done, text]).toEqual([i, true, expected[i] ?? ""]);
      else expect([RETRYABLE.includes(code), done, (expected[i] ?? "").startsWith(text)]).toEqual([true, false, true]);
    }
    for (const i of died) expect((await said({ prompt: prompt(20 + i), max_tokens: 24 }, { tenant: TENANTS[i % 2]! })).text).toBe(expected[i] ?? "");
    await idle();
  });
}

accepts(tool, "attack: four megabytes of prompt are refused in a moment, as text, as messages, and as one line without a space", async () => {
  await daemon();
  await aloneText(0);
  for (const text of ["word ".repeat((4 * MIB) / 5), "a".repeat(4 * MIB), "é".repeat(2 * MIB), "\u0301".repeat(2 * MIB)]) {
    const { status, code, ms } = await said({ prompt: text, max_tokens: 4 }, { tenant: "web" });
    expect([status, code]).toEqual([400, "models.context"]);
    expect(ms).toBeLessThan(10_000);
  }
});

const rssOf = (pid: number): number => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;

accepts(tool, "attack: 64 clients leave at any moment; four others read what they read alone, nothing is left behind, and no memory grows", async () => {
  await daemon();
  const expected = await Promise.all([60, 61, 62, 63].map((nth) => aloneText(nth)));
  const random = new SeededRandom(9);
  const below = (end: number): number => new DataView(random.bytes(4).buffer).getUint32(0) % end;
  const round = async (): Promise<void> => {
    const leaving = Array.from({ length: 64 }, async (_, i) => {
      const [stop, at_ms] = [new AbortController(), below(6_000)];
      const timer = setTimeout(() => stop.abort(), at_ms);
      await said({ prompt: `${i} ${"the harbour and the ship ".repeat(below(60))}`, max_tokens: 400, stream: i % 3 > 0 }, { tenant: "web", signal: stop.signal }).catch((error: unknown) => expect(String(error)).toContain("abort"));
      clearTimeout(timer);
    });
    const others = [60, 61, 62, 63].map(async (nth) => {
      await Bun.sleep(below(2_000));
      return said({ prompt: prompt(nth), max_tokens: 24, stream: nth % 2 === 0 }, { tenant: "lib" });
    });
    expect((await Promise.all(others)).map(({ text }) => text)).toEqual(expected);
    await Promise.all(leaving);
    await idle();
  };
  await round();
  const pids = [(await world.status()).daemon.pid, await textPid()];
  const before = pids.map(rssOf);
  const grown = (sizes: readonly number[]): boolean => sizes.some((bytes, i) => bytes >= 1.2 * (before[i] ?? 0));
  let after: readonly number[] = before;
  // What is lost grows with every round, and what the garbage collector has not taken yet does not.
  for (let rounds = 0; rounds === 0 || (rounds < 4 && grown(after)); rounds++) {
    await round();
    expect(await textPid()).toBe(pids[1] ?? 0);
    after = pids.map(rssOf);
  }
  process.stdout.write(`| resident before and after: daemon ${before[0]! >> 20} and ${after[0]! >> 20} MiB, worker ${before[1]! >> 20} and ${after[1]! >> 20} MiB |\n`);
  expect(grown(after)).toBe(false);
  // All four sequences are free: four at once are under way again.
  const heard = new Set<number>();
  const four = [0, 1, 2, 3].map((i) => said({ prompt: prompt(70 + i), max_tokens: 600, stream: true }, { tenant: "lib", onPiece: () => heard.add(i) }));
  await until(() => heard.size === 4);
  expect((await worker())?.running).toBe(4);
  await Promise.all(four);
});

accepts(tool, "attack: characters that are cut between tokens, marks by the thousand, NUL and half characters; pieces are whole and together the answer", async () => {
  await daemon();
  const prompts = ["🙂🙃🙂🙃🙂🙃🙂🙃🙂🙃", "👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", "日本語の文章を続けてください。日本語の", "e\u0301".repeat(200), "a\u0000b\u0000a\u0000b\u0000a\u0000", "\u202e\u200b\ufeff\u2028", "ꙮ𒐫𓀀𝔘𝔫𝔦".repeat(4)];
  for (const [i, text] of prompts.entries()) {
    for (const sampled of [{}, { temperature: 2, top_p: 1, top_k: 1_000, seed: 7 + i }]) {
      const asked = { prompt: text, max_tokens: 24, ...sampled };
      const whole = await said(asked);
      const streamed = await said({ ...asked, stream: true });
      expect([whole.status, streamed.done, streamed.text]).toEqual([200, true, whole.text]);
      for (const piece of streamed.pieces) expect(piece.isWellFormed()).toBe(true);
    }
  }
  // NUL ends no text.
  expect((await said({ prompt: `a\u0000${"word ".repeat(100)}`, max_tokens: 1 })).prompt_tokens).toBeGreaterThan(100);
  expect((await said({ prompt: "e\u0301".repeat(5_000), max_tokens: 1 })).code).toBe("models.context");
  for (const lone of ["\\ud800", "\\udc00x", "x\\ud83d"]) {
    const refused = await post("completions", `{"model":"${TEXT_MODEL}","prompt":"${lone}","max_tokens":1}`);
    expect([refused.status, ((await refused.json()) as Event).error?.code]).toEqual([400, "request.malformed"]);
  }
});

accepts(tool, "attack: a stop string that lies across three tokens and more: nothing of it is shown", async () => {
  await daemon();
  const { text, pieces } = await said({ prompt: prompt(0), max_tokens: 60, stream: true });
  let tried = 0;
  for (let i = 2; i + 3 < pieces.length; i += 3) {
    const stop = `${pieces[i]!.slice(-1)}${pieces[i + 1]}${pieces[i + 2]}${pieces[i + 3]!.slice(0, 1)}`;
    const until_stop = text.slice(0, text.indexOf(stop));
    for (const stream of [true, false]) {
      const cut = await said({ prompt: prompt(0), max_tokens: 60, stop: [stop, "\u0000never"], stream });
      expect([stop, cut.text]).toEqual([stop, until_stop]);
    }
    tried += 1;
  }
  expect(tried).toBeGreaterThan(3);
});

const nested = (depth: number, leaf: object): object => (depth === 0 ? leaf : { type: "object", properties: { a: nested(depth - 1, leaf) } });
const lists = (depth: number, leaf: object): object => (depth === 0 ? leaf : { type: "array", items: lists(depth - 1, leaf), minItems: 256, maxItems: 256 });
const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const BOMBS: Readonly<Record<string, unknown>> = {
  "15 objects in each other": nested(15, { type: "string" }),
  "24 objects in each other": nested(24, { type: "string" }),
  "500 values": { enum: many(500, (i) => `value ${i} of many`) },
  "500 long values": { enum: many(500, (i) => `${"x".repeat(100)}${i}`) },
  "10,000 values": { enum: many(10_000, String) },
  "lists of lists of lists": lists(14, { type: "string", maxLength: 256 }),
  "400 strings of 256": { type: "object", properties: Object.fromEntries(many(400, (i) => [`p${i}`, { type: "string", minLength: 256, maxLength: 256 }])) },
  "400 lists of 256 strings": { type: "object", properties: Object.fromEntries(many(200, (i) => [`p${i}`, { type: "array", items: { type: "string" }, minItems: 256 }])) },
  "integers to the end": { type: "integer", minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
  "integers past the end": { type: "integer", minimum: -1e300, maximum: 1e300 },
  "a string of a thousand million": { type: "string", maxLength: 1_000_000_000 },
  "at least a thousand million": { type: "string", minLength: 1_000_000_000 },
  "a reference to itself": { $ref: "#" },
  "references in a circle": { $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } }, $ref: "#/$defs/a" },
  "a pattern that never ends": { type: "string", pattern: "^(a+)+$" },
  "32 choices of 6 levels": { anyOf: many(32, (i) => nested(6, { const: i })) },
  "a name of 60,000 characters": { type: "object", properties: { ["n".repeat(60_000)]: { type: "null" } } },
  "types without end": { type: many(400, () => "string") },
  "a name that objects have": JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{"type":"null"}}}'),
};

accepts(tool, "attack: schemas made to explode are refused with a sentence, or cost a bounded time and not other people's turns", async () => {
  await daemon();
  const expected = await aloneText(0);
  for (const [name, schema] of Object.entries(BOMBS)) {
    const asked = { messages: [{ role: "user", content: "As JSON:" }], max_tokens: 8, response_format: { type: "json_schema", json_schema: { name: "bomb", schema } } };
    const bomb = said(asked, { tenant: "web", path: "chat/completions" });
    const other = said({ prompt: prompt(0), max_tokens: 24 }, { tenant: "lib" });
    const [{ status, code, message, ms }, beside] = await Promise.all([bomb, other]);
    process.stdout.write(`| ${name} | ${code ?? status} | ${Math.round(ms)} ms | beside it ${Math.round(beside.ms)} ms |\n`);
    if (status !== 200) expect([name, code, message.length > 10]).toEqual([name, code === "request.malformed" ? "request.malformed" : "models.request", true]);
    expect([name, beside.text]).toEqual([name, expected]);
    // One that explodes takes minutes, or all memory.
    expect(Math.max(ms, beside.ms)).toBeLessThan(60_000);
  }
});

accepts(tool, "attack: a model is removed under those it answers: they read to the end, nobody else does, and what was made with it comes back to nobody", async () => {
  await daemon();
  await aloneText(0);
  const repeated = async (): Promise<boolean> => ((await (await post("completions", { model: TEXT_MODEL, temperature: 0, prompt: prompt(0), max_tokens: 24 })).json()) as { readonly maestro?: { readonly repeated: boolean } }).maestro?.repeated ?? false;
  await repeated();
  expect(await repeated()).toBe(true);
  const pid = await textPid();
  let heard = 0;
  const running = said({ prompt: prompt(80), max_tokens: 900, stream: true }, { onPiece: () => heard++ });
  await until(() => heard > 2);
  const removed = world.run(["models", "remove", TEXT_MODEL]);
  await until(async () => !(await world.client.models()).models.some(({ model }) => model.name === TEXT_MODEL));
  expect((await said({ prompt: prompt(0), max_tokens: 24 })).code).toBe("models.unknown");
  expect(await running).toMatchObject({ done: true, code: null });
  expect(await removed).toMatchObject({ code: 0, stdout: expect.stringContaining("is removed"), stderr: expect.stringContaining("goes when what it was asked before is answered") });
  expect(alive(pid)).toBe(false);
  await storeModel(world.client, TEXT_MODEL);
  expect(await repeated()).toBe(false);
  expect((await said({ prompt: prompt(0), max_tokens: 24 })).text).toBe(await aloneText(0));
});

accepts(tool, "after all of it nothing stands promised", async () => {
  await daemon();
  await idle();
  const { daemon: { pid } } = await world.status();
  process.kill(pid, "SIGTERM");
  await until(() => !alive(pid));
  const store = openStore({ state_dir: world.state_dir, limits: Value.Create(StoreLimits), fatal: () => undefined });
  try {
    const ledger = openLedger({ store, now_s: () => Math.floor(systemClock.now_ms() / 1_000) });
    expect(ledger.open()).toBe(0);
    for (const tenant of TENANTS) expect(ledger.account(`tenant:${tenant}`)).toMatchObject({ reserved: { model_tokens: 0, cpu_us: 0 } });
  } finally {
    await store.close();
  }
});
