/**
 * Requests of the Azure LLM inference traces of 2023 (CC-BY 4.0), beside the checkout, with values and arms as
 * notes/learning.md section 3 has them: two priced resources, dollars and seconds of a GPU, in slots of ten seconds.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Offer } from "../core/choose.ts";

const FOLDER = join(import.meta.dir, "../../../../shared/fixtures/traces");
export const hasTraces = existsSync(FOLDER);
export const SLOT_MS = 10_000;
/** Slots in the 60 seconds that a peak is taken over. */
export const PEAK_SLOTS = 6;
/** Dollars for a dollar, dollars for a second of a GPU. */
export const PRICE_MAX = [4, 0.05] as const;
export const USD = 0;

/** Quality, dollars for 1,000 tokens in and out, seconds of a GPU for 1,000 tokens. */
const ARMS = [
  { quality: 0, into: 0, out: 0, gpu: 0 },
  { quality: 0.55, into: 0, out: 0, gpu: 0.6 },
  { quality: 0.75, into: 0.0005, out: 0.0015, gpu: 0 },
  { quality: 1, into: 0.003, out: 0.015, gpu: 0 },
] as const;

export interface Asked {
  /** Since the first request. */
  readonly at_ms: number;
  readonly tenant: number;
  readonly into: number;
  readonly out: number;
  /** What its best answer is worth, in dollars. */
  readonly value: number;
}

const MASK = (1n << 64n) - 1n;

/** splitmix64 (Steele, Lea, Flood 2014) of a counter, in [0, 1). */
export function splitmix(counter: number): number {
  let z = (BigInt(counter) * 0x9e3779b97f4a7c15n) & MASK;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return Number((z ^ (z >> 31n)) >> 11n) / 2 ** 53;
}

/** Requests of which each draw of the values has its own counters. */
const DRAW_COUNTERS = 10_000_000;
/** Log-normal by Box and Muller; `draw` 0 is the one of the notes. */
export function valueOf(nth: number, draw = 0): number {
  const from = nth + draw * DRAW_COUNTERS;
  return 0.02 * Math.exp(0.8 * Math.sqrt(-2 * Math.log(splitmix(from + 1) || 1e-18)) * Math.cos(2 * Math.PI * splitmix(from + 1_000_000)));
}

function rowsOf(file: string, tenant: number): { at: number; into: number; out: number; tenant: number }[] {
  const lines = readFileSync(join(FOLDER, file), "utf8").trim().split("\n").slice(1);
  return lines.map((line) => {
    const [at = "", into, out] = line.split(",");
    return { at: Date.parse(`${at.slice(0, 23).replace(" ", "T")}Z`), into: Number(into), out: Number(out), tenant };
  });
}

let read: readonly Asked[] | undefined;

/** Both traces as one hour of two tenants, in the order of time. */
export function azureHour(): readonly Asked[] {
  if (read !== undefined) return read;
  const rows = [...rowsOf("azure_llm_2023_code.csv", 0), ...rowsOf("azure_llm_2023_conv.csv", 1)].sort((a, b) => a.at - b.at);
  const first = rows[0]?.at ?? 0;
  read = rows.map(({ at, into, out, tenant }, nth) => ({ at_ms: at - first, tenant, into, out, value: valueOf(nth) }));
  return read;
}

/** Whole units in a natural one, of each of the two resources. */
export const WHOLE = 1_000_000;
const whole = (natural: number): number => Math.round(natural * WHOLE) / WHOLE;

/** What each arm would make of a request; use is that of the ledger, in whole units. */
function offersOf({ value, into, out }: Asked): Offer[] {
  return ARMS.map((arm) => {
    const usd = (into / 1000) * arm.into + (out / 1000) * arm.out;
    return { service: value * arm.quality, cost: usd, use: [whole(usd), whole(((into + out) / 1000) * arm.gpu)] };
  });
}

/** A request with its offers, made once for many runs. */
export interface Posed extends Asked {
  readonly offers: readonly Offer[];
}

/** By slot. */
export function posed(requests: readonly Asked[]): readonly (readonly Posed[])[] {
  const last = Math.floor((requests.at(-1)?.at_ms ?? 0) / SLOT_MS);
  const slots: Posed[][] = Array.from({ length: last + 1 }, () => []);
  for (const request of requests) slots[Math.floor(request.at_ms / SLOT_MS)]?.push({ ...request, offers: offersOf(request) });
  return slots;
}
