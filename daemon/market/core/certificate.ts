/**
 * Both sides of the regret certificate, computed once more from what the log says: use and prices in force, slot by
 * slot. The regret is that of the prices in the log, whoever made them; the promise is what the kernel's steps would have
 * given for the same use. Prices that were moved by anything else break it sooner or later. Pure.
 */
import { type Certificate, createPricer, type PricerSettings } from "../../../kernels/oco/index.ts";

export interface SlotRow {
  /** In force while the slot was open. */
  readonly prices: readonly number[];
  /** By resource and tenant, natural units. */
  readonly use: readonly (readonly number[])[];
}

export interface Certified extends Certificate {
  /** Prices in force were those that the kernel's steps give. */
  readonly stepped: boolean;
}

const sumOf = (row: readonly number[]): number => row.reduce((sum, amount) => sum + amount, 0);

/** Of every prefix. Rows have to begin with the market's first slot. */
export function certified(settings: PricerSettings, rows: readonly SlotRow[]): Certified[] {
  const pricer = createPricer(settings);
  const { resources, window_slots } = settings;
  const window = resources.map(() => ({ paid: 0, gradients: 0 }));
  let over = 0;
  let stepped = true;
  return rows.map(({ prices, use }, slot) => {
    stepped &&= pricer.prices().every((price, i) => price === prices[i]);
    let regret = over;
    window.forEach((line, i) => {
      const { capacity = 0, price_max = 0 } = resources[i] ?? {};
      const gradient = capacity - sumOf(use[i] ?? []);
      line.paid += gradient * (prices[i] ?? 0);
      line.gradients += gradient;
      regret += line.paid + Math.max(0, -line.gradients) * price_max;
    });
    if (window_slots > 0 && (slot + 1) % window_slots === 0) {
      over = regret;
      for (const line of window) [line.paid, line.gradients] = [0, 0];
    }
    return { regret, promise: pricer.step(use).promise, stepped };
  });
}
