/** Prices and both sides of the certificate over slots whose use is made of integers: in every engine the same text. */
import { createFavours, createPricer } from "../../../kernels/oco/index.ts";

const SLOTS = 1_000;

export function marketSaid(): string {
  const resources = [{ capacity: 50_000, price_max: 4, step_max: 0.25 }, { capacity: 700, price_max: 0.05, step_max: 1 }];
  const favours = createFavours([0.7, 0.5], 0.3, 20);
  const lines = (["adagrad", "ogd"] as const).flatMap((method) => {
    const pricer = createPricer({ resources, method, window_slots: 360 });
    return Array.from({ length: SLOTS }, (_, slot) => {
      const certificate = pricer.step([[(slot * 7_919) % 60_000, (slot * 104_729) % 30_000], [(slot * 31) % 900, (slot * slot) % 400]]);
      return JSON.stringify([pricer.prices(), certificate, favours.step([(slot % 97) / 96, (slot % 13) / 12])]);
    });
  });
  return lines.join("\n");
}
