/** Serving over a real store, ledger and purse, with text that no model made: words that count themselves, and a fixed price for each. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { MaestroError } from "../../../../proto/errors.ts";
import { InferenceLimits, StoreLimits } from "../../../../proto/limits.ts";
import type { Generated, GenerateJob, Prompt } from "../../../../proto/model-work.ts";
import type { ModelsSetting } from "../../../../proto/models-config.ts";
import type { Spending } from "../../../../proto/tenant.ts";
import type { ActionGuard } from "../../../platform/action-guard.ts";
import { openPurses } from "../../../purse.ts";
import { openStore, type Store } from "../../../store/db.ts";
import { openLedger, type Ledger } from "../../../tenants/ledger/index.ts";
import { FakeClock } from "../../../testing/clock.ts";
import { SeededRandom } from "../../../testing/random.ts";
import type { Counted, GenerateOptions, TextModels } from "../../text/index.ts";
import { Serving, type ServingDeps } from "../index.ts";

export const DIGEST = "d".repeat(64);
/** Processor time of one token, of a prompt or an answer. */
export const TOKEN_CPU_US = 10;
const HOUR_S = 3_600;
/** Words of a prompt that are too many to count. */
const BEYOND = 50_000;

const words = (text: string): number => text.split(/\s+/).filter((word) => word !== "").length;
const textOf = (prompt: Prompt): string => ("text" in prompt ? prompt.text : prompt.messages.map(({ content }) => content).join(" "));

/** Stands where a model would: `w1 w2 w3 …`, one piece at a time, until it is told to stop; `DIE` in a prompt ends its worker after two. */
export class Counting implements Pick<TextModels, "generate" | "count" | "onGpu"> {
  /** Every call, in order. */
  readonly asked: (GenerateJob | string)[] = [];
  /** Awaited before each piece; of a test that holds a generation in the middle. */
  beat: (nth: number) => Promise<unknown> = () => Promise.resolve();

  /** Processor time that counting a prompt takes. */
  count_us = 0;

  count(model: string, prompt: Prompt, _: string | null, { standing }: GenerateOptions = {}): Promise<Counted> {
    this.asked.push(`count ${model}`);
    this.standings.push(standing);
    if (textOf(prompt).includes("DIE AT ONCE")) return Promise.reject(new MaestroError("models.died", "the worker ended with signal 9"));
    const tokens = words(textOf(prompt));
    return Promise.resolve(tokens > BEYOND ? { tokens: 0, beyond: `${tokens} tokens`, cpu_us: this.count_us } : { tokens, beyond: null, cpu_us: this.count_us });
  }

  /** Whether it stands where a model on a GPU would. */
  on_gpu = false;
  /** What the market was said to say of whoever asked, in order. */
  readonly standings: unknown[] = [];

  onGpu(): boolean {
    return this.on_gpu;
  }

  async generate(job: GenerateJob, { signal, onText, standing }: GenerateOptions = {}): Promise<Generated> {
    this.asked.push(job);
    this.standings.push(standing);
    const prompt_tokens = words(textOf(job.prompt));
    let text = "";
    let made = 0;
    while (made < job.max_tokens) {
      await this.beat(made);
      if (signal?.aborted === true) break;
      made += 1;
      if (made > 2 && textOf(job.prompt).includes("DIE")) throw new MaestroError("models.died", "the worker ended with signal 9");
      const piece = job.json_schema === undefined ? `w${made} ` : made === 1 ? '{"risk":"low"}' : "";
      text += piece;
      if (piece !== "") onText?.(piece);
    }
    const cpu_us = TOKEN_CPU_US * (prompt_tokens + made);
    return { text, finish: signal?.aborted === true ? "cancelled" : "length", prompt_tokens, cached_tokens: 0, completion_tokens: made, queued_us: 1, prompt_us: TOKEN_CPU_US * prompt_tokens, predicted_us: TOKEN_CPU_US * made, cpu_us, gpu_us: this.on_gpu ? cpu_us : 0, model_digest: DIGEST, engine: "counting 1", templated: "transcript", bounded: false };
  }
}

const SETTING: ModelsSetting = {
  text: [{ name: "small" }, { name: "private", tenants: ["lib"] }],
  embedding: "mini",
  remote: [{ id: "big", base_url: "https://models.example/v1", model: "b", usd_micro_per_1k: { prompt: 100, completion: 300 }, context_tokens: 8_192 }],
};

export interface Paid {
  readonly serving: Serving;
  readonly text: Counting;
  readonly ledger: Ledger;
  readonly store: Store;
  readonly runs: { readonly payer: string | null; readonly run_id: string; readonly tokens: number; readonly micro_usd: number }[];
  payer(tenant: string, budget: Spending): { readonly uid: number; readonly tenant: string; readonly accounts: { readonly key: string; readonly budget: Spending; readonly window_s: number }[] };
  end(): Promise<void>;
}

export function paid(more: Partial<ServingDeps> = {}, act?: ActionGuard, over?: Store): Paid {
  const root = mkdtempSync(join(tmpdir(), "serving-"));
  const store = over ?? openStore({ state_dir: root, limits: { ...Value.Create(StoreLimits), free_bytes_min: 1 }, fatal: () => undefined });
  const clock = new FakeClock();
  const ledger = openLedger({ store, now_s: () => Math.floor(clock.now_ms() / 1_000) });
  const purses = openPurses({ store, tenants: { ledger }, market: null });
  const text = new Counting();
  const runs: Paid["runs"][number][] = [];
  const serving = new Serving({
    setting: SETTING,
    limits: Value.Create(InferenceLimits),
    text: () => Promise.resolve(text),
    embed: (texts) => Promise.resolve({ vectors: texts.map(() => new Float32Array([1, 0])), truncated: [], tokens: texts.length, cpu_us: 5, model_digest: DIGEST }),
    stored: (name) => Promise.resolve(name === "mini" ? { name, kind: "embedding", digest: DIGEST, licence_id: "Apache-2.0", files: [], context_tokens: 256, template: "none", quantisation: "int8", memory_bytes: 1, dimensions: 2, origin: "file", imported_at: "2026-01-01T00:00:00Z" } : null),
    remote: () => Promise.reject(new MaestroError("models.denied", "this node is sealed")),
    answers: () => Promise.resolve(null),
    purse: (payer) => {
      const purse = purses.of(payer as Parameters<typeof purses.of>[0]);
      return Promise.resolve({ prices: purse.prices, short: purse.short, refused: purse.refused, settle: purses.settle, reserve: (name, amounts, ...rest) => (purse.reserve(name, amounts, ...rest), purses.standing(name)) });
    },
    used: ({ tenant }, run_id, took) => void runs.push({ payer: tenant, run_id, ...took }),
    clock,
    random: new SeededRandom("serving"),
    act,
    warn: (what) => {
      throw new Error(what);
    },
    ...more,
  });
  return {
    serving, text, ledger, store, runs,
    payer: (tenant, budget) => ({ uid: 7, tenant, accounts: [{ key: `tenant:${tenant}`, budget, window_s: HOUR_S }] }),
    async end() {
      await store.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
