/** What a generation may take before it has begun, from what earlier ones took. Pure. */
import type { Generated } from "../../../proto/model-work.ts";
import type { GpuStanding } from "../gpu/index.ts";
import type { Prices, ResourceAmounts } from "../../../proto/resource.ts";
import { PER_NATURAL_UNIT, RESOURCES } from "../../../proto/resource.ts";

/** Microseconds of a processor or a GPU for one token, of a prompt and of an answer. */
interface Rate {
  readonly prompt: number;
  readonly predicted: number;
}

export interface Rates {
  readonly cpu: Rate;
  readonly gpu: Rate;
}

/** Of a small model on one slow core, until it was measured: 291 tokens of a prompt and 30 of an answer in a second are 3.4 and 33 ms. */
export const FIRST_RATES: Rates = { cpu: { prompt: 5_000, predicted: 50_000 }, gpu: { prompt: 0, predicted: 0 } };
/** A promise is what the work may take: twice of what it took of late. */
const MARGIN = 2;
/** Weight of the newest measurement. */
const NEWEST = 0.25;

/** Tokens that were looked at and made, and which the request would have at most. */
export interface Tokens {
  readonly prompt: number;
  readonly predicted: number;
}

const timeOf = ({ prompt, predicted }: Rate, tokens: Tokens, margin: number): number => Math.ceil(margin * (prompt * tokens.prompt + predicted * tokens.predicted));

/** What is promised for `tokens` at these rates; a model elsewhere takes money, and no time of this machine. */
export function estimate(tokens: Tokens, rates: Rates, margin = MARGIN): ResourceAmounts {
  const [cpu_us, gpu_us] = [timeOf(rates.cpu, tokens, margin), timeOf(rates.gpu, tokens, margin)];
  return { tokens: tokens.prompt + tokens.predicted, cpu_us, ...(gpu_us === 0 ? {} : { gpu_us }) };
}

/** Microseconds that cutting a byte of a prompt into tokens takes at most: a megabyte takes a second. */
const COUNT_US_PER_BYTE = 1;

/** What counting a prompt's tokens takes, before any is known. */
export const counting = (bytes: number): ResourceAmounts => ({ tokens: 0, cpu_us: Math.ceil(COUNT_US_PER_BYTE * bytes) });

/** Millionths of a dollar, rounded up: no call is free because it is short. */
export function priceOf(tokens: Tokens, { prompt, completion }: { readonly prompt: number; readonly completion: number }): number {
  return Math.ceil((tokens.prompt * prompt + tokens.predicted * completion) / 1_000);
}

type Measured = Pick<Generated, "prompt_tokens" | "cached_tokens" | "completion_tokens" | "prompt_us" | "predicted_us" | "cpu_us" | "gpu_us">;

/** The rates after one more measurement. Its time is split between prompt and answer as the clock was. */
export function measured(rates: Rates, { prompt_tokens, cached_tokens, completion_tokens, prompt_us, predicted_us, cpu_us, gpu_us }: Measured): Rates {
  const evaluated = prompt_tokens - cached_tokens;
  const total = prompt_us + predicted_us;
  if (total <= 0) return rates;
  const blend = (before: number, us: number, tokens: number): number => (tokens <= 0 ? before : before * (1 - NEWEST) + (us / tokens) * NEWEST);
  const share = (before: Rate, us: number): Rate => ({ prompt: blend(before.prompt, (us * prompt_us) / total, evaluated), predicted: blend(before.predicted, (us * predicted_us) / total, completion_tokens) });
  // On the processor nothing is learnt of what it takes on a GPU.
  return { cpu: share(rates.cpu, cpu_us), gpu: gpu_us === 0 ? rates.gpu : share(rates.gpu, gpu_us) };
}

/** What work took of which nobody counted the time: what such work took of late. */
export const taken = (tokens: Tokens, rates: Rates): ResourceAmounts => estimate(tokens, rates, 1);

/** Where the model lies now. On a GPU, until that was measured, a token is taken to need as long there as on a slow core. */
export const ratesAt = ({ cpu, gpu }: Rates, on_gpu: boolean): Rates => ({ cpu, gpu: on_gpu ? { prompt: gpu.prompt || FIRST_RATES.cpu.prompt, predicted: gpu.predicted || FIRST_RATES.cpu.predicted } : FIRST_RATES.gpu });

/** Dollars that so much is worth at these prices, money included. */
export function worthOf(amounts: ResourceAmounts, prices: Prices): number {
  return RESOURCES.reduce((sum, resource) => sum + ((amounts[resource] ?? 0) / PER_NATURAL_UNIT[resource]) * ((prices[resource] ?? 0) + (resource === "usd_micro" ? 1 : 0)), 0);
}

const PRIORITY_MIDDLE = 5;
const PRIORITY_MAX = 9;
/** Priorities above the middle that a market's prices may raise one to; below it they lower none. */
const STEPS = PRIORITY_MAX - PRIORITY_MIDDLE;

/** Who waits first where a market has prices: a tenant short of its promised share, whose money counts for less than it is, by how much less. */
export function priorityAt({ usd_micro = 0 }: Prices): number {
  return PRIORITY_MIDDLE + Math.min(STEPS, Math.ceil(Math.max(0, -usd_micro) * STEPS));
}

/** The same for a place on a GPU: whether the promised share is short, and what a second there is charged. */
export const standingAt = ({ usd_micro = 0, gpu_us = 0 }: Prices): GpuStanding => ({ behind: usd_micro < 0, usd_per_s: Math.max(0, gpu_us) });
