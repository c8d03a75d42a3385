/** The steps of prices and weights as their papers write them, one resource at a time; used by tests alone. */
import type { Certificate, PricerSettings } from "./wasm.ts";

interface Line {
  price: number;
  squares: number;
  began: number;
  divisor: number;
  gradients: number;
  paid: number;
}

/** Same order of every operation as the kernel's, so that prices are equal to the bit. */
export function createReferencePricer({ resources, method, window_slots }: PricerSettings) {
  const lines: Line[] = resources.map(() => ({ price: 0, squares: 0, began: 0, divisor: 0, gradients: 0, paid: 0 }));
  const over = { regret: 0, promise: 0 };
  let slots = 0;

  function move(line: Line, nth: number, used: number): void {
    const { capacity, price_max, step_max } = resources[nth] as PricerSettings["resources"][number];
    const g = capacity - used;
    line.paid += g * line.price;
    line.gradients += g;
    line.squares += g * g;
    if (method === "adagrad") line.divisor = Math.max(line.divisor, line.began + line.squares, (0.5 * (g * g)) / (step_max * step_max));
    else {
      line.began = Math.max(line.began, Math.abs(g), Math.abs(g) / (step_max * Math.sqrt(slots)));
      line.divisor = 0.5 * line.began * line.began * slots;
    }
    if (line.divisor > 0) line.price = Math.min(Math.max(line.price - (price_max * Math.SQRT1_2 * g) / Math.sqrt(line.divisor), 0), price_max);
  }

  const promise = ({ began, squares, divisor }: Line, most: number): number =>
    method === "adagrad" ? most * Math.SQRT1_2 * (Math.sqrt(divisor) + Math.sqrt(began + squares) - Math.sqrt(began)) : 1.5 * most * Math.sqrt(2 * divisor);

  return {
    prices: () => lines.map(({ price }) => price),
    step(use: readonly (readonly number[])[]): Certificate {
      slots++;
      const now = { ...over };
      lines.forEach((line, nth) => {
        move(line, nth, (use[nth] ?? []).reduce((sum, amount) => sum + amount, 0));
        const most = resources[nth]?.price_max ?? 0;
        now.regret += line.paid + Math.max(0, -line.gradients) * most;
        now.promise += promise(line, most);
      });
      if (window_slots > 0 && slots >= window_slots) {
        slots = 0;
        Object.assign(over, now);
        for (const line of lines) {
          const began = method === "ogd" ? 0 : line.squares / 20;
          Object.assign(line, { began, divisor: began, squares: 0, gradients: 0, paid: 0 });
        }
      }
      return now;
    },
  };
}
