/** Admission and settlement of single requests, over a real ledger; the text is counted words, as no model is needed to spend. */
import { afterEach, expect, test } from "bun:test";
import { chatTokensAtMost } from "../../../proto/chat.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { MaestroError, type ErrorCode } from "../../../proto/errors.ts";
import { StoreLimits } from "../../../proto/limits.ts";
import type { StoredModel } from "../../../proto/model-store.ts";
import type { Generated, GenerateJob } from "../../../proto/model-work.ts";
import type { ResourceAmounts } from "../../../proto/resource.ts";
import { openStore, type Store } from "../../store/db.ts";
import { openLedger } from "../../tenants/ledger/index.ts";
import { FakeClock } from "../../testing/clock.ts";
import { estimate, FIRST_RATES, measured, priceOf, priorityAt } from "./estimate.ts";
import type { Ask } from "./index.ts";
import { type Paid, paid, TOKEN_CPU_US } from "./testing/paid.ts";

const open: Paid[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.end();
});
function opened(...more: Parameters<typeof paid>): Paid {
  const one = paid(...more);
  open.push(one);
  return one;
}

const job = (more: Partial<Ask["job"]> = {}): Ask["job"] => ({ model: "small", prompt: { text: "one two three" }, space: { tenant: "web", task: "completion" }, temperature: 0, max_tokens: 10, ...more });
const refusal = async (work: Promise<unknown>): Promise<ErrorCode> => {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof MaestroError) return thrown.code;
    throw thrown;
  }
  throw new Error("nothing was refused");
};
const spent = ({ ledger }: Paid, tenant = "web") => ledger.account(`tenant:${tenant}`);

test("tokens and processor time are promised before the first token and settled with what was used; a run is told its part", async () => {
  const world = opened();
  const during: unknown[] = [];
  world.text.beat = () => (during.push(spent(world)?.reserved.model_tokens, world.serving.busy), Promise.resolve());
  const answer = await world.serving.generate({ payer: world.payer("web", { model_tokens: 100 }), job: job(), keep: false, run_id: "run-12345" });
  expect(answer).toMatchObject({ prompt_tokens: 3, completion_tokens: 10, usd_micro: 0, repeated: false, path: "local" });
  expect(new Set(during)).toEqual(new Set([13, true]));
  // No daemon leaves while somebody waits, and one that nobody waits for may.
  expect(world.serving.busy).toBe(false);
  expect(spent(world)).toMatchObject({ spent: { model_tokens: 13, cpu_us: 13 * TOKEN_CPU_US }, reserved: { model_tokens: 0, cpu_us: 0 } });
  expect(world.runs).toEqual([{ payer: "web", run_id: "run-12345", tokens: 13, micro_usd: 0 }]);
  expect(world.ledger.open()).toBe(0);
  expect(world.serving.served()).toEqual([expect.objectContaining({ model: "small", tenant: "web", requests: 1, failed: 0, prompt_tokens: 3, completion_tokens: 10 })]);
});

test("attack: a tenant without budget has a model loaded, or a token made", async () => {
  const world = opened();
  expect(await refusal(world.serving.generate({ payer: world.payer("web", { model_tokens: 9 }), job: job(), keep: false }))).toBe("tenant.budget");
  expect(world.text.asked).toEqual([]);
  // The answer would fit, the prompt beside it does not: that takes a count, and makes no token.
  expect(await refusal(world.serving.generate({ payer: world.payer("lib", { model_tokens: 11 }), job: job(), keep: false }))).toBe("tenant.budget");
  expect(world.text.asked).toEqual(["count small"]);
  expect(spent(world, "lib")?.spent.model_tokens ?? 0).toBe(0);
});

test("attack: of many requests at once more is made than the budget has", async () => {
  const world = opened();
  const payer = world.payer("web", { model_tokens: 39 });
  const all = await Promise.allSettled(Array.from({ length: 8 }, () => world.serving.generate({ payer, job: job(), keep: false })));
  expect(all.filter(({ status }) => status === "fulfilled").length).toBe(3);
  expect(spent(world)).toMatchObject({ spent: { model_tokens: 39 }, reserved: { model_tokens: 0 } });
});

test("a generation that is given up half way is charged for what it took, and a worker that dies for what was seen", async () => {
  const world = opened();
  const payer = world.payer("web", { model_tokens: 1_000 });
  const leave = new AbortController();
  const left = world.serving.generate({ payer, job: job({ max_tokens: 500 }), keep: false }, { signal: leave.signal, onText: (piece) => piece === "w4 " && leave.abort() });
  expect(await refusal(left)).toBe("request.cancelled");
  expect(spent(world)).toMatchObject({ spent: { model_tokens: 7 }, reserved: { model_tokens: 0 } });
  expect(await refusal(world.serving.generate({ payer, job: job({ prompt: { text: "now DIE please" } }), keep: false }))).toBe("models.died");
  expect(spent(world)).toMatchObject({ spent: { model_tokens: 7 + 3 + 2 }, reserved: { model_tokens: 0 } });
});

test("attack: prompts that are too long, too dear, or kill the worker are counted again and again, at nobody's expense", async () => {
  const kept = new Map<string, Generated>();
  const answers = { get: (asked: GenerateJob) => kept.get(JSON.stringify(asked.prompt)) ?? null, put: (asked: GenerateJob, answer: Generated) => void kept.set(JSON.stringify(asked.prompt), answer) };
  const world = opened({ answers: () => Promise.resolve(answers), stored: () => Promise.resolve({ digest: "d".repeat(64) } as StoredModel) });
  world.text.count_us = 40;
  const payer = world.payer("web", { model_tokens: 60, cpu_us: 10_000_000 });
  const asked = (prompt: string, more: Partial<Ask["job"]> = {}) => world.serving.generate({ payer, job: job({ prompt: { text: prompt }, ...more }), keep: true });
  const spent_us: number[] = [];
  const after = async (work: Promise<unknown>, code: ErrorCode): Promise<void> => {
    const before = spent(world)?.spent.cpu_us ?? 0;
    expect(await refusal(work)).toBe(code);
    spent_us.push((spent(world)?.spent.cpu_us ?? 0) - before);
  };
  await after(asked("word ".repeat(60_000)), "models.context");
  await after(asked("word ".repeat(5_000)), "models.context");
  await after(asked("word ".repeat(100)), "tenant.budget");
  await after(asked("DIE AT ONCE"), "models.died");
  expect(spent_us).toEqual([40, 40, 40, "DIE AT ONCE".length]);
  // Of an answer it is a part of what that takes; of one that was kept it is all, where it had to be counted to find it.
  const before = spent(world)?.spent.cpu_us ?? 0;
  const { max_tokens: _, ...open_ended } = job({ prompt: { text: "a b" }, json_schema: { type: "null" } });
  const whole = () => world.serving.generate({ payer: world.payer("lib", { cpu_us: 10_000_000_000 }), job: { ...open_ended, space: { tenant: "lib", task: "t" } }, keep: true });
  const { cpu_us } = await whole();
  expect(spent(world, "lib")?.spent.cpu_us).toBe(cpu_us + 40);
  expect((await whole()).repeated).toBe(true);
  expect(spent(world, "lib")?.spent.cpu_us).toBe(cpu_us + 80);
  expect([spent(world)?.spent.cpu_us, world.ledger.open()]).toEqual([before, 0]);
  // Who has no processor time left has nothing counted.
  const counts = world.text.asked.length;
  expect(await refusal(world.serving.generate({ payer: world.payer("none", { cpu_us: 1 }), job: job(), keep: false }))).toBe("tenant.budget");
  expect(world.text.asked.length).toBe(counts);
});

test("names, tenants and room are asked before anything is promised", async () => {
  const world = opened();
  const payer = world.payer("web", {});
  const asked = (more: Partial<Ask["job"]>) => refusal(world.serving.generate({ payer, job: job(more), keep: false }));
  expect(await asked({ model: "none" })).toBe("models.unknown");
  expect(await asked({ model: "mini" })).toBe("models.unknown");
  expect(await asked({ model: "private" })).toBe("models.denied");
  expect(await asked({ model: "big" })).toBe("models.denied");
  expect(await asked({ max_tokens: 1_000_000 })).toBe("models.request");
  expect(await asked({ prompt: { text: "word ".repeat(4_090) } })).toBe("models.context");
  expect(world.ledger.open()).toBe(0);
  expect(world.text.asked).toEqual(["count small"]);
  expect(world.serving.offered(payer).map(({ name }) => name)).toEqual(["small", "mini", "big"]);
  expect(world.serving.offered({ ...payer, tenant: "lib" }).map(({ name }) => name)).toContain("private");
});

test("without max_tokens an answer may fill the context, up to the limit", async () => {
  const world = opened();
  const { max_tokens: _, ...rest } = job({ prompt: { text: "word ".repeat(4_000) } });
  expect(await world.serving.generate({ payer: world.payer("web", {}), job: rest, keep: false })).toMatchObject({ completion_tokens: 96 });
});

test("a whole answer that was kept costs nothing and makes no token", async () => {
  const kept = new Map<string, Generated>();
  const key = ({ priority: _, ...of }: GenerateJob) => JSON.stringify(of, Object.keys(of).sort());
  const stored = (name: string) => Promise.resolve<StoredModel>({ name, kind: "text", digest: "d".repeat(64), licence_id: "x", files: [], context_tokens: 1, template: "none", quantisation: "q", memory_bytes: 1, origin: "file", imported_at: "2026-01-01T00:00:00Z" });
  const world = opened({ stored, answers: () => Promise.resolve({ get: (of) => kept.get(key(of)) ?? null, put: (of, answer) => void kept.set(key(of), answer) }) });
  const payer = world.payer("web", { model_tokens: 13 });
  const first = await world.serving.generate({ payer, job: job(), keep: true });
  const pieces: string[] = [];
  expect(await world.serving.generate({ payer, job: job({ max_tokens: 10 }), keep: false }).catch((thrown: MaestroError) => thrown.code)).toBe("tenant.budget");
  const rich = world.payer("rich", { model_tokens: 13 });
  expect(await world.serving.generate({ payer: rich, job: job(), keep: true }, { onText: (piece) => void pieces.push(piece) })).toMatchObject({ text: first.text, repeated: true, completion_tokens: 10, cpu_us: 0 });
  expect(pieces).toEqual([first.text]);
  // Nothing was loaded for it.
  expect(world.text.asked.length).toBe(2);
  expect(spent(world, "rich")?.spent.model_tokens ?? 0).toBe(0);
});

test("money of a remote model is promised at its worst and settled with the tokens that were counted; one that breaks off is charged for what came", async () => {
  const world = opened({ remote: (_, { prompt }, { onText }) => ("text" in prompt && prompt.text.includes("DIE") ? (onText?.("half"), Promise.reject(new MaestroError("egress.failed", "it closed"))) : Promise.resolve({ text: "yes", finish: "stop", prompt_tokens: 100, completion_tokens: 1_000 })) });
  const payer = world.payer("web", { usd_micro: 500 });
  expect(await world.serving.generate({ payer, job: job({ model: "big", max_tokens: 1_000 }), keep: false })).toMatchObject({ text: "yes", usd_micro: 310, path: "remote" });
  expect(spent(world)).toMatchObject({ spent: { usd_micro: 310, model_tokens: 1_100 } });
  expect(await refusal(world.serving.generate({ payer, job: job({ model: "big", max_tokens: 1_000 }), keep: false }))).toBe("tenant.budget");
  expect(await refusal(world.serving.generate({ payer, job: job({ model: "big", max_tokens: 10, prompt: { text: "DIE" } }), keep: false }))).toBe("egress.failed");
  expect(spent(world)?.spent.usd_micro).toBeGreaterThan(310);
  expect(world.ledger.open()).toBe(0);
});

test("attack: another server counts as many tokens as may be believed, and more is spent than was promised", async () => {
  // Short messages: what is around them counts for more than they do.
  const messages = Array.from({ length: 40 }, () => ({ role: "user" as const, content: "x" }));
  const worst = chatTokensAtMost({ messages, json_schema: undefined }).tokens;
  const world = opened({ remote: (_, { max_tokens }) => Promise.resolve({ text: "y", finish: "filtered", prompt_tokens: worst, completion_tokens: max_tokens }) });
  const [most, ask] = [priceOf({ prompt: worst, predicted: 10 }, { prompt: 100, completion: 300 }), { job: job({ model: "big", prompt: { messages } }), keep: false }];
  expect(await refusal(world.serving.generate({ payer: world.payer("web", { usd_micro: most - 1 }), ...ask }))).toBe("tenant.budget");
  // What was held back is told apart from an end.
  expect(await world.serving.generate({ payer: world.payer("web", { usd_micro: most }), ...ask })).toMatchObject({ usd_micro: most, finish: "filtered" });
  expect(spent(world)?.spent.usd_micro).toBe(most);
});

test("embeddings: batch and dimensions are bounded, and tokens are settled", async () => {
  const world = opened();
  const payer = world.payer("web", { model_tokens: 1_000 });
  expect((await world.serving.embed(payer, "mini", ["a", "b"], { dimensions: 2 })).vectors.length).toBe(2);
  expect(spent(world)).toMatchObject({ spent: { model_tokens: 2 }, reserved: { model_tokens: 0 } });
  expect(await refusal(world.serving.embed(payer, "mini", ["a"], { dimensions: 3 }))).toBe("models.request");
  expect(await refusal(world.serving.embed(payer, "mini", Array.from({ length: 257 }, () => "a")))).toBe("models.request");
  expect(await refusal(world.serving.embed(payer, "small", ["a"]))).toBe("models.unknown");
  expect(await refusal(world.serving.embed(world.payer("poor", { model_tokens: 1 }), "mini", ["a"]))).toBe("tenant.budget");
});

test("on a GPU its time is promised before the first token, charged with what was used, and refused to who has none left", async () => {
  const world = opened();
  world.text.on_gpu = true;
  const during: unknown[] = [];
  world.text.beat = () => (during.push(spent(world)?.reserved.gpu_us), Promise.resolve());
  const payer = world.payer("web", { gpu_us: 10_000_000 });
  expect(await world.serving.generate({ payer, job: job(), keep: false })).toMatchObject({ gpu_us: 13 * TOKEN_CPU_US });
  // Of a GPU nothing was measured yet: as on a slow core, twice.
  expect(new Set(during)).toEqual(new Set([2 * (3 * 5_000 + 10 * 50_000)]));
  expect(spent(world)).toMatchObject({ spent: { gpu_us: 13 * TOKEN_CPU_US }, reserved: { model_tokens: 0 } });
  expect(spent(world)?.reserved.gpu_us ?? 0).toBe(0);
  expect(world.serving.served()[0]).toMatchObject({ gpu_us: 13 * TOKEN_CPU_US });
  const made = world.text.asked.length;
  expect(await refusal(world.serving.generate({ payer: world.payer("poor", { gpu_us: 1_000 }), job: job({ space: { tenant: "poor", task: "t" } }), keep: false }))).toBe("tenant.budget");
  expect(world.text.asked.slice(made)).toEqual(["count small"]);
  // Moved to the processor no time of a GPU is asked for, and what was learnt of it stays.
  world.text.on_gpu = false;
  expect(await world.serving.generate({ payer: world.payer("poor", { gpu_us: 1_000 }), job: job({ space: { tenant: "poor", task: "t" } }), keep: false })).toMatchObject({ gpu_us: 0 });
});

test("who asks says with what share and at what price, before its tokens are counted and after: its place on a GPU may hang on it", async () => {
  const purse = { prices: () => ({ prices: { gpu_us: 0.002, usd_micro: -0.5 } }), short: () => null, refused: () => undefined, reserve: (_: string, amounts: ResourceAmounts) => amounts, settle: () => undefined };
  const world = opened({ purse: () => Promise.resolve(purse) });
  await world.serving.generate({ payer: world.payer("web", {}), job: job(), keep: false });
  expect(world.text.standings).toEqual([{ behind: true, usd_per_s: 0.002 }, { behind: true, usd_per_s: 0.002 }]);
});

test("estimates: twice what it took of late; a tenant short of its share waits less", () => {
  expect(estimate({ prompt: 100, predicted: 10 }, FIRST_RATES)).toEqual({ tokens: 110, cpu_us: 2 * (100 * 5_000 + 10 * 50_000) });
  const after = measured(FIRST_RATES, { prompt_tokens: 100, cached_tokens: 100, completion_tokens: 10, prompt_us: 0, predicted_us: 1_000, cpu_us: 1_000, gpu_us: 0 });
  expect(after.cpu).toEqual({ prompt: 5_000, predicted: 50_000 * 0.75 + 100 * 0.25 });
  expect(priceOf({ prompt: 1, predicted: 0 }, { prompt: 1, completion: 0 })).toBe(1);
  expect([priorityAt({}), priorityAt({ usd_micro: 0.5 }), priorityAt({ usd_micro: -0.5 }), priorityAt({ usd_micro: -1 })]).toEqual([5, 5, 7, 9]);
});

test("attack: work that goes on until its deadline, an answer or vectors, is had for nothing", async () => {
  const late = new MaestroError("worker.deadline", "300000 ms");
  const world = opened({
    text: () => Promise.resolve({ onGpu: () => false, count: () => Promise.resolve({ tokens: 3, beyond: null, cpu_us: 0 }), generate: (_, { onText } = {}) => (["a ", "b "].forEach((piece) => onText?.(piece)), Promise.reject(late)) }),
    embed: (texts, { onTook }) => (onTook({ tokens: 7, cpu_us: 70 }), Promise.reject(texts.length === 1 ? new MaestroError("request.cancelled", "gone") : new MaestroError("models.died", "signal 9"))),
  });
  const payer = world.payer("web", {});
  expect(await refusal(world.serving.generate({ payer, job: job(), keep: false }))).toBe("worker.deadline");
  expect(spent(world)).toMatchObject({ spent: { model_tokens: 3 + 2, cpu_us: 3 * FIRST_RATES.cpu.prompt + 2 * FIRST_RATES.cpu.predicted }, reserved: { model_tokens: 0 } });
  // A caller that leaves between two parts of its texts pays for those that were done; one that brings the worker down for all.
  expect(await refusal(world.serving.embed(payer, "mini", ["a"]))).toBe("request.cancelled");
  expect(spent(world)?.spent.model_tokens).toBe(5 + 7);
  expect(await refusal(world.serving.embed(payer, "mini", ["a", "b"]))).toBe("models.died");
  expect(spent(world)?.spent.model_tokens).toBe(5 + 7 + 2 * (1 + 16));
  expect(world.ledger.open()).toBe(0);
});

test("attack: a question elsewhere is asked and given up before its first piece, again and again, and the operator's money is spent for nobody", async () => {
  let sent = true;
  const world = opened({ remote: (_, __, { onAsked }) => ((sent ? onAsked?.() : undefined), Promise.reject(new MaestroError("request.cancelled", "the caller left"))) });
  const payer = world.payer("web", { usd_micro: 500 });
  const ask = () => refusal(world.serving.generate({ payer, job: job({ model: "big", max_tokens: 1_000 }), keep: false }));
  sent = false;
  expect(await ask()).toBe("request.cancelled");
  expect(spent(world)?.spent.usd_micro ?? 0).toBe(0);
  sent = true;
  expect(await ask()).toBe("request.cancelled");
  expect(spent(world)?.spent.usd_micro).toBeGreaterThanOrEqual(300);
  expect(await ask()).toBe("tenant.budget");
});

test("attack: another server sends more than it was asked for and breaks off, and more is charged than was promised", async () => {
  const world = opened({ remote: (_, __, { onText }) => (onText?.("x".repeat(10_000)), Promise.reject(new MaestroError("egress.failed", "it closed"))) });
  const payer = world.payer("web", { usd_micro: 500 });
  expect(await refusal(world.serving.generate({ payer, job: job({ model: "big", max_tokens: 10 }), keep: false }))).toBe("egress.failed");
  const prompt = chatTokensAtMost({ messages: [{ role: "user", content: "one two three" }], json_schema: undefined }).tokens;
  expect(spent(world)?.spent.usd_micro).toBe(priceOf({ prompt, predicted: 10 }, { prompt: 100, completion: 300 }));
});

test("attack: a daemon is killed in the middle of a generation: its promise is charged in full, once, and not before its time is over", async () => {
  const state_dir = mkdtempSync(join(tmpdir(), "serving-killed-"));
  const store = (): Store => openStore({ state_dir, limits: { ...Value.Create(StoreLimits), free_bytes_min: 1 }, fatal: () => undefined });
  const first = paid({}, undefined, store());
  const begun = Promise.withResolvers<void>();
  first.text.beat = () => (begun.resolve(), new Promise(() => undefined));
  void first.serving.generate({ payer: first.payer("web", {}), job: job(), keep: false }).catch(() => undefined);
  await begun.promise;
  // What is durable now is all that the next daemon has.
  await first.end();
  const now_s = Math.floor(new FakeClock().now_ms() / 1_000);
  const at = async (s: number) => {
    const next = store();
    const account = openLedger({ store: next, now_s: () => now_s + s }).account("tenant:web");
    await next.close();
    return account;
  };
  try {
    expect(await at(1)).toMatchObject({ spent: { model_tokens: 0 }, reserved: { model_tokens: 13 } });
    for (const s of [900, 901]) expect(await at(s)).toMatchObject({ spent: { model_tokens: 13 }, reserved: { model_tokens: 0 } });
  } finally {
    rmSync(state_dir, { recursive: true, force: true });
  }
});
