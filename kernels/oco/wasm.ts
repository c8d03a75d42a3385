/** The kernel behind a typed face: what one slot used goes in, the prices of the next come out. */
import { kernelBytes, loadKernel } from "../loader.ts";
import reference from "./oco.wasm" with { type: "file" };

const SHAPE = {
  RESOURCES: "constant", TENANTS: "constant", CAPACITY: "constant", PRICE_MAX: "constant", STEP_MAX: "constant", USE: "constant", PRICE: "constant", SQUARES: "constant", BEGAN: "constant",
  DIVISOR: "constant", GRADIENTS: "constant", PAID: "constant", CLOSED: "constant", REPORT: "constant", FLOOR: "constant", SERVED: "constant", WEIGHT: "constant",
  step: "function", favour: "function", jain: "answer",
} as const;

export const PRICED_MAX = 8;
export const SHARERS_MAX = 64;

export interface Priced {
  /** What may be used in one slot, in natural units. */
  readonly capacity: number;
  readonly price_max: number;
  /** Largest change of the price in one slot, as a share of `price_max`, in (0, 1]. */
  readonly step_max: number;
}

export interface PricerSettings {
  readonly resources: readonly Priced[];
  readonly method: "adagrad" | "ogd";
  /** Slots after which the steps begin anew, so that they do not shrink to nothing; 0 never. */
  readonly window_slots: number;
}

/** Everything that carries over from slot to slot; a pricer restored from it goes on with the same bits. */
export interface PricerState {
  readonly price: readonly number[];
  readonly squares: readonly number[];
  readonly began: readonly number[];
  readonly divisor: readonly number[];
  readonly gradients: readonly number[];
  readonly paid: readonly number[];
  /** Regret and promise of the windows that are over, slots of this window. */
  readonly closed: readonly number[];
}

/** Both sides of the certificate, in the unit of price times use: `regret` is at most `promise`, whatever arrived. */
export interface Certificate {
  readonly regret: number;
  readonly promise: number;
}

export interface Pricer {
  /** What each resource had used by the end of a slot, by tenant; moves the prices. */
  step(use: readonly (readonly number[])[]): Certificate;
  readonly prices: () => readonly number[];
  readonly state: () => PricerState;
}

const CARRIED = { price: "PRICE", squares: "SQUARES", began: "BEGAN", divisor: "DIVISOR", gradients: "GRADIENTS", paid: "PAID" } as const;
const NAMES = Object.keys(CARRIED) as (keyof typeof CARRIED)[];
const CLOSED_CELLS = 3;
/** Beyond these a square has no number left, and without it neither a step nor a promise has. */
const AMOUNT_MIN = 1e-100;
const AMOUNT_MAX = 1e100;
const STEP_MIN = 1e-9;
const amount = (value: number, least: number): boolean => value >= least && value <= AMOUNT_MAX;

export function startState(resources: number): PricerState {
  const zeros = Array.from({ length: resources }, () => 0);
  return { price: zeros, squares: zeros, began: zeros, divisor: zeros, gradients: zeros, paid: zeros, closed: [0, 0, 0] };
}

/** Throws `RangeError` for settings that price nothing. */
function checked({ resources, window_slots }: PricerSettings): void {
  if (resources.length === 0 || resources.length > PRICED_MAX) throw new RangeError(`${resources.length} resources; 1 to ${PRICED_MAX} can be priced`);
  for (const { capacity, price_max, step_max } of resources) if (!(amount(capacity, AMOUNT_MIN) && amount(price_max, AMOUNT_MIN) && step_max >= STEP_MIN && step_max <= 1)) throw new RangeError(`capacity ${capacity}, price_max ${price_max}, step_max ${step_max}: each has to be above zero (${AMOUNT_MIN} to ${AMOUNT_MAX}), and the last from ${STEP_MIN} to 1`);
  if (!(Number.isInteger(window_slots) && window_slots >= 0)) throw new RangeError(`a window of ${window_slots} slots`);
}

/** Throws `RangeError` for a state that no pricer of these settings was in: one that was damaged, or kept under other settings. */
function fitting(from: PricerState, { resources }: PricerSettings): void {
  for (const name of NAMES) if (from[name].length !== resources.length) throw new RangeError(`a pricer's state has ${from[name].length} of ${name}; there are ${resources.length} resources`);
  const least = (name: (typeof NAMES)[number]): number => (name === "gradients" || name === "paid" ? Number.NEGATIVE_INFINITY : 0);
  const numbers = NAMES.every((name) => from[name].every((value) => Number.isFinite(value) && value >= least(name)));
  const priced = from.price.every((price, i) => price <= (resources[i]?.price_max ?? 0));
  if (!numbers || !priced || from.closed.length !== CLOSED_CELLS || !from.closed.every(Number.isFinite)) throw new RangeError("a pricer's state holds what no slot leaves: a number that is none, or a price outside its bounds");
}

/** An instance of its own. Not re-entrant, and nothing here awaits. */
export function createPricer(settings: PricerSettings, from: PricerState = startState(settings.resources.length), bytes: Uint8Array<ArrayBuffer> = kernelBytes(reference)): Pricer {
  checked(settings);
  fitting(from, settings);
  const { resources, method, window_slots } = settings;
  const count = resources.length;
  const kernel = loadKernel(bytes, SHAPE);
  const cells = (at: number, length = count) => new Float64Array(kernel.memory.buffer, at, length);
  cells(kernel.CAPACITY).set(resources.map(({ capacity }) => capacity));
  cells(kernel.PRICE_MAX).set(resources.map(({ price_max }) => price_max));
  cells(kernel.STEP_MAX).set(resources.map(({ step_max }) => step_max));
  const closed = cells(kernel.CLOSED, CLOSED_CELLS);
  const carried = NAMES.map((name) => [name, cells(kernel[CARRIED[name]])] as const);
  for (const [name, at] of carried) at.set(from[name]);
  closed.set(from.closed);
  const use = cells(kernel.USE, PRICED_MAX * SHARERS_MAX);
  const report = cells(kernel.REPORT, 2);
  const price = cells(kernel.PRICE);

  return {
    prices: () => [...price],
    state: () => ({ ...(Object.fromEntries(carried.map(([name, at]) => [name, [...at]])) as Record<(typeof NAMES)[number], number[]>), closed: [...closed] }),
    step(used) {
      const tenants = used[0]?.length ?? 0;
      if (used.length !== count || tenants > SHARERS_MAX || used.some((row) => row.length !== tenants)) throw new RangeError(`use of ${used.length} resources by ${tenants} tenants; ${count} and at most ${SHARERS_MAX}`);
      // One loop by index: `set` of a plain array and a callback for each number took nine tenths of a step (measured, bench/market.ts).
      for (let i = 0; i < count; i++) {
        const row = used[i] as readonly number[];
        for (let k = 0; k < tenants; k++) {
          const taken = row[k] as number;
          if (!amount(taken, 0)) throw new RangeError(`use has to be a number from zero to ${AMOUNT_MAX}`);
          use[i * SHARERS_MAX + k] = taken;
        }
      }
      kernel.step(count, tenants, window_slots, method === "ogd" ? 1 : 0);
      return { regret: report[0] ?? Number.NaN, promise: report[1] ?? Number.NaN };
    },
  };
}

export interface Favours {
  /** Weights after a slot in which each tenant was `served` that share of what it asked for; `null` where it asked for nothing. */
  step(served: readonly (number | null)[]): readonly number[];
  /** Jain's fairness index of these shares, those without demand left out. */
  jain(served: readonly (number | null)[]): number;
}

/** Duals of promised shares; `from` are weights as `step` gave them. */
export function createFavours(floors: readonly number[], rate: number, weight_max: number, from: readonly number[] = floors.map(() => 0), bytes: Uint8Array<ArrayBuffer> = kernelBytes(reference)): Favours {
  const count = floors.length;
  if (count > SHARERS_MAX || from.length !== count) throw new RangeError(`${count} tenants and ${from.length} weights; at most ${SHARERS_MAX}, and one each`);
  if (!floors.every((floor) => floor >= 0 && floor <= 1) || !from.every((weight) => weight >= 0 && weight <= weight_max) || !amount(rate, AMOUNT_MIN) || !amount(weight_max, 0)) throw new RangeError(`floors ${floors.join(", ")} at rate ${rate}, weights ${from.join(", ")} to ${weight_max}: shares lie between 0 and 1, and nothing below zero is a weight`);
  const kernel = loadKernel(bytes, SHAPE);
  const cells = (at: number) => new Float64Array(kernel.memory.buffer, at, count);
  cells(kernel.FLOOR).set(floors);
  const weight = cells(kernel.WEIGHT);
  weight.set(from);
  const bring = (served: readonly (number | null)[]): void => {
    if (served.length !== count) throw new RangeError(`shares of ${served.length} tenants; there are ${count}`);
    if (!served.every((share) => share === null || amount(share, 0))) throw new RangeError("a served share has to be a number, at least zero, or null");
    cells(kernel.SERVED).set(served.map((share) => share ?? -1));
  };
  return {
    step(served) {
      bring(served);
      kernel.favour(count, rate, weight_max);
      return [...weight];
    },
    jain(served) {
      bring(served);
      return kernel.jain(count);
    },
  };
}
