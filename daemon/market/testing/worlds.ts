/** Worlds made of the traces' hour: thirteen tenants of whom one is poor, the hour again and again, and a day whose level rises and falls. */
import type { PricerSettings } from "../../../kernels/oco/index.ts";
import { totalOf } from "../core/control.ts";
import { columnsOf, type Columns } from "../../../kernels/oco/loss.ts";
import { type Asked, azureHour, posed, type Posed, PRICE_MAX, splitmix, valueOf } from "./azure.ts";
import { fixedStepper, type Run, simulate } from "./simulate.ts";

type Slots = readonly (readonly Posed[])[];

export interface World {
  readonly slots: Slots;
  readonly tenants: number;
  /** At no price. */
  readonly free: Run;
}

function world(slots: Slots, tenants: number, log: boolean): World {
  return { slots, tenants, free: simulate({ slots, tenants, stepper: fixedStepper([0, 0]), log }) };
}

/** AdaGrad with the shipped cap; capacity of each resource is `part` of what is used of it at no price. */
export function settingsFor({ free }: World, part: number, window_slots: number): PricerSettings {
  const slots = free.began.length;
  return { resources: PRICE_MAX.map((price_max, i) => ({ capacity: (part * totalOf(free.began, i)) / slots, price_max, step_max: 0.25 })), method: "adagrad", window_slots };
}

export function hourWorld(requests = azureHour()): World & { readonly columns: Columns } {
  const hour = world(posed(requests), 2, true);
  return { ...hour, columns: columnsOf(hour.free.logged, PRICE_MAX.length) };
}

/** The same hour as others could have had it: other values, slots that begin elsewhere, a part of it, backwards, one of the two loads. */
export function otherHours(): ReadonlyMap<string, readonly Asked[]> {
  const hour = azureHour();
  const end = hour.at(-1)?.at_ms ?? 0;
  const hours = new Map<string, readonly Asked[]>();
  for (let draw = 1; draw < 12; draw++) hours.set(`draw ${draw}`, hour.map((request, nth) => ({ ...request, value: valueOf(nth, draw) })));
  for (const later of [1_000, 3_000, 5_000, 8_000]) hours.set(`${later} ms later`, hour.map((request) => ({ ...request, at_ms: request.at_ms + later })));
  for (let quarter = 0; quarter < 4; quarter++) hours.set(`quarter ${quarter}`, hour.filter(({ at_ms }) => Math.min(3, Math.floor((4 * at_ms) / end)) === quarter).map((request) => ({ ...request, at_ms: request.at_ms - (quarter * end) / 4 })));
  hours.set("backwards", hour.map((request) => ({ ...request, at_ms: end - request.at_ms })).reverse());
  ["code alone", "chats alone"].forEach((name, tenant) => hours.set(name, hour.filter((request) => request.tenant === tenant)));
  return hours;
}

const TENANTS = 13;
export const POOR = 12;

/** Counters of one draw of who asks. */
const TENANT_COUNTERS = 30_000_000;

/** Thirteen tenants of the same load; what the last asks for is worth 0.15 of the others'. Draws differ in who asks for what, and in what it is worth. */
export function thirteenWorld(draw = 0): World {
  const requests = azureHour().map((request, nth) => {
    const tenant = Math.floor(splitmix(nth + 5_000_000 + draw * TENANT_COUNTERS) * TENANTS);
    const value = valueOf(nth, draw);
    return { ...request, tenant, value: tenant === POOR ? value * 0.15 : value };
  });
  return world(posed(requests), TENANTS, true);
}

/** The hour's slots `times` on end, as they came or each time in another order. */
export function again(slots: Slots, times: number, shuffle: boolean): Slots {
  return Array.from({ length: times }, (_, round) => {
    const order = [...slots];
    for (let i = order.length - 1; shuffle && i > 0; i--) {
      const j = Math.floor(splitmix(7_000_000 + round * 1000 + i) * (i + 1));
      [order[i], order[j]] = [order[j] as readonly Posed[], order[i] as readonly Posed[]];
    }
    return order;
  }).flat();
}

const HOURS = 24;
/** Golden ratio: its multiples spread evenly, so that a thinned hour is as uneven as the whole one. */
const SPREAD = 0.618_033_988_749_895;

/** Hours of the trace, thinned so that the load swings by 70 % about its mean over a day; `part` of all requests are kept at most. */
export function dayWorld(part: number): World & { readonly hours: readonly Slots[] } {
  const hour = posed(azureHour());
  const hours = Array.from({ length: HOURS }, (_, h) => {
    const kept = (part * (1 + 0.7 * Math.sin((2 * Math.PI * h) / HOURS))) / 1.7;
    let nth = h * 1000;
    return hour.map((slot) => slot.filter(() => (++nth * SPREAD) % 1 < kept));
  });
  return { ...world(hours.flat(), 2, false), hours };
}
