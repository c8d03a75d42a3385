/** Markets that are wrong in one thing each, and that a test must notice. */
import type { PricerSettings } from "../../../kernels/oco/index.ts";
import type { Stepper } from "./simulate.ts";

/** AdaGrad of the same steps as the kernel's, uncapped by its promise, whose price rises while too much is used (1) or falls (-1). */
export function signedStepper({ resources }: PricerSettings, sign: 1 | -1): Stepper {
  const lines = resources.map(() => ({ price: 0, squares: 0, divisor: 0 }));
  return {
    prices: () => lines.map(({ price }) => price),
    step(use) {
      lines.forEach((line, i) => {
        const { capacity = 0, price_max = 0, step_max = 1 } = resources[i] ?? {};
        const gradient = capacity - (use[i] ?? []).reduce((sum, amount) => sum + amount, 0);
        line.squares += gradient * gradient;
        line.divisor = Math.max(line.divisor, line.squares, (0.5 * (gradient * gradient)) / (step_max * step_max));
        if (line.divisor > 0) line.price = Math.min(Math.max(line.price - (sign * price_max * Math.SQRT1_2 * gradient) / Math.sqrt(line.divisor), 0), price_max);
      });
    },
  };
}
