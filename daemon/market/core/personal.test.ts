import { expect, test } from "bun:test";
import fc from "fast-check";
import { choose, type Offer, UNBOUND } from "./choose.ts";
import { pricesFor } from "./personal.ts";

const amount = fc.integer({ min: 0, max: 1000 }).map((thousandths) => thousandths / 1000);
const offer: fc.Arbitrary<Offer> = fc.tuple(amount, amount, amount).map(([service, usd, tokens]) => ({ service, cost: usd, use: [usd, tokens] }));

test("who chooses by a tenant's own prices chooses as with its weight at the prices in force", () => {
  fc.assert(
    fc.property(fc.array(offer, { minLength: 1, maxLength: 5 }), amount, amount, amount, (offers, usd, tokens, favour) => {
      const own = pricesFor({ usd_micro: usd, tokens }, favour);
      const at = (arm: number): number => {
        const { service, cost, use } = offers[arm] as Offer;
        return (1 + favour) * service - cost - usd * (use[0] ?? 0) - tokens * (use[1] ?? 0);
      };
      const [one, other] = [choose(offers, [own.usd_micro ?? 0, own.tokens ?? 0], UNBOUND).arm, choose(offers, [usd, tokens], { ...UNBOUND, favour }).arm];
      expect(Math.abs(at(one) - at(other))).toBeLessThan(1e-9);
    }),
  );
});

test("a tenant below its floor is asked for nothing at all, whatever is priced; one without favour pays what everybody pays", () => {
  expect(pricesFor({ usd_micro: 3, gpu_us: 0.02 }, Number.POSITIVE_INFINITY)).toEqual({ usd_micro: -1, gpu_us: 0 });
  expect(pricesFor({ tokens: 2 }, Number.POSITIVE_INFINITY)).toEqual({ tokens: 0, usd_micro: -1 });
  expect(pricesFor({ tokens: 2 }, 0)).toEqual({ tokens: 2 });
  expect(pricesFor({ tokens: 2 }, 1)).toEqual({ tokens: 1, usd_micro: -0.5 });
});
