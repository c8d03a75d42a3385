/** A market in slots over posed requests, of the same parts that the daemon puts together. Time is the requests' own. */
import { createFavours, createPricer, type PricerSettings } from "../../../kernels/oco/index.ts";
import type { SlotRow } from "../core/certificate.ts";
import { type Choice, choose, type Offer, scoreOf, UNBOUND } from "../core/choose.ts";
import type { LoggedRequest, LoggedSlot } from "../../../kernels/oco/loss.ts";
import { pricesFor } from "../core/personal.ts";
import { aimsOf, createShares, windowsOf } from "../core/shares.ts";
import { createSlots, type Slots, startSlots } from "../core/slots.ts";
import { type Posed, SLOT_MS, WHOLE } from "./azure.ts";

/** Prices of the next slot from what this one used, by resource and tenant. */
export interface Stepper {
  readonly prices: () => readonly number[];
  step(use: readonly (readonly number[])[]): unknown;
}

export const kernelStepper = (settings: PricerSettings): Stepper => createPricer(settings);
export const fixedStepper = (prices: readonly number[]): Stepper => ({ prices: () => prices, step: () => undefined });

export interface Promises {
  readonly floors: readonly number[];
  /** Which of the two that keep them is at work; the guard over arms, over a tenant's own prices, or over such prices without forgiving what is paid: a mutant. */
  readonly guard: boolean | "prices" | "unforgiving";
  readonly duals: boolean;
  /** Tenant that is never served: a mutant. */
  readonly starved?: number;
}

export interface Scene {
  readonly slots: readonly (readonly Posed[])[];
  readonly tenants: number;
  readonly stepper: Stepper;
  readonly promises?: Promises;
  /** `late`: use is not reserved, and counts when it is known, this many slots after: a mutant. */
  readonly late_slots?: number;
  /** Requests are logged for the exact regret. */
  readonly log?: boolean;
}

export interface Answer {
  readonly at_ms: number;
  readonly tenant: number;
  readonly served: number;
  readonly due: number;
}

export interface Run {
  /** Use that the steps saw. */
  readonly rows: readonly SlotRow[];
  /** Use by slot and resource, by when the work began. */
  readonly began: readonly (readonly number[])[];
  /** Sum of scores, by slot. */
  readonly scores: readonly number[];
  readonly logged: readonly LoggedSlot[];
  readonly answers: readonly Answer[];
  /** Value less dollars, of all. */
  readonly net: number;
  readonly by: Readonly<Record<Choice["by"], number>>;
}

const RESOURCES = 2;
const DUAL_RATE = 1;
const FAVOUR_MAX = 20;
const REFUSED: Offer = { service: 0, cost: 0, use: [0, 0] };

/** Reserves and settles, or lets use be known late. */
function counting(slots: Slots, late_slots: number) {
  const known = new Map<number, (readonly [tenant: number, amounts: readonly number[]])[]>();
  let now = 0;
  return {
    took(tenant: number, use: readonly number[]): void {
      const amounts = use.map((natural) => Math.round(natural * WHOLE));
      if (late_slots === 0) {
        slots.reserve(tenant, amounts);
        slots.settle(tenant, amounts, amounts);
      } else known.set(now + late_slots, [...(known.get(now + late_slots) ?? []), [tenant, amounts]]);
    },
    close(): readonly (readonly number[])[] {
      for (const [tenant, amounts] of known.get(now) ?? []) slots.settle(tenant, amounts.map(() => 0), amounts);
      now++;
      return slots.close().map((row) => row.map((amount) => amount / WHOLE));
    },
  };
}

/** What the loss is over: arms that a promise took away were not open to the request, and a favoured tenant's service weighs more. */
const loggedOf = (offers: readonly Offer[], choice: Choice, service_min: number, favour: number): LoggedRequest => {
  const open = choice.by === "floor" ? offers.filter(({ service }) => service >= service_min) : offers;
  return { worth: open.map((offer) => scoreOf(offer, [], favour)), use: open.map(({ use }) => use) };
};

function ownPrices([usd = 0, gpu = 0]: readonly number[], favour: number, forgiving: boolean): number[] {
  const { usd_micro = 0, gpu_us = 0 } = pricesFor({ usd_micro: usd, gpu_us: gpu }, favour);
  return [forgiving ? usd_micro : Math.max(0, usd_micro), gpu_us];
}

export function simulate({ slots, tenants, stepper, promises, late_slots = 0, log = true }: Scene): Run {
  const none = Array.from({ length: tenants }, () => 0);
  const shares = createShares(promises === undefined || promises.guard === false ? none : promises.floors, windowsOf(SLOT_MS));
  const favours = promises?.duals === true ? createFavours(aimsOf(promises.floors), DUAL_RATE, FAVOUR_MAX) : null;
  const counted = counting(createSlots(startSlots(RESOURCES, tenants, 0)), late_slots);
  let favour: readonly number[] = none;
  const [rows, began, scores, logged, answers]: [SlotRow[], number[][], number[], LoggedSlot[], Answer[]] = [[], [], [], [], []];
  const by = { prices: 0, room: 0, floor: 0, short: 0 };
  let net = 0;
  for (const slot of slots) {
    const prices = stepper.prices();
    const use = [0, 0];
    const requests: LoggedRequest[] = [];
    let scored = 0;
    for (const { tenant, offers, at_ms, value } of slot) {
      const service_min = promises?.guard === true ? shares.service_min(tenant, value) : 0;
      const weight = favour[tenant] ?? 0;
      const own = promises?.guard === "prices" || promises?.guard === "unforgiving" ? ownPrices(prices, shares.behind(tenant) ? Number.POSITIVE_INFINITY : weight, promises.guard === "prices") : null;
      const choice = promises?.starved === tenant ? { arm: -1, by: "prices" as const } : own === null ? choose(offers, prices, { favour: weight, room: UNBOUND.room, service_min, turn: 0 }) : choose(offers, own, UNBOUND);
      const taken = offers[choice.arm] ?? REFUSED;
      by[choice.by]++;
      net += taken.service - taken.cost;
      scored += scoreOf(taken, prices, weight);
      taken.use.forEach((amount, i) => (use[i] = (use[i] ?? 0) + amount));
      counted.took(tenant, taken.use);
      // What is asked for counts in full: the best answer's value, whatever it would cost.
      shares.record(tenant, taken.service, value, at_ms);
      if (!log) continue;
      answers.push({ at_ms, tenant, served: taken.service, due: value });
      requests.push(loggedOf(offers, choice, service_min, weight));
    }
    const seen = counted.close();
    rows.push({ prices, use: seen });
    began.push(use);
    scores.push(scored);
    if (log) logged.push({ prices, requests });
    stepper.step(seen);
    const served = shares.close();
    if (favours !== null) favour = favours.step(served);
  }
  return { rows, began, scores, logged, answers, net, by };
}
