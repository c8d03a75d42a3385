import { expect, test } from "bun:test";
import fc from "fast-check";
import { Value } from "@sinclair/typebox/value";
import { PER_NATURAL_UNIT, RESOURCES } from "../../../proto/resource.ts";
import { RouterEntry } from "../../../proto/routing.ts";
import { decide } from "./decide.ts";
import { optionsOf } from "./options.ts";

const arm = fc.record({ reward: fc.integer({ min: 0, max: 20 }), usd: fc.integer({ min: 0, max: 9 }), tokens: fc.integer({ min: 0, max: 9 }) });
const routerOf = (arms: readonly { readonly reward: number; readonly usd: number; readonly tokens: number }[], value_usd_micro = 50_000): RouterEntry =>
  Value.Default(RouterEntry, { id: "models", context: [{ name: "size", type: "number" }], baseline: "a0", reward: { name: "solved", version: 1, min: 0, max: 1 }, value_usd_micro, arms: arms.map(({ reward, usd, tokens }, i) => ({ id: `a${i}`, reward: reward / 20, reversible: true, usage: [{ resource: "usd_micro", fixed: usd * 1000 }, { resource: "tokens", per: { size: tokens } }] })) }) as RouterEntry;

test("what is read back of a decision has the arm that was taken, and at its prices none was better; the same prices, worth and use would decide it again", () => {
  fc.assert(
    fc.property(fc.array(arm, { minLength: 2, maxLength: 5 }), fc.tuple(fc.integer({ min: -1000, max: 4000 }), fc.integer({ min: 0, max: 100 })), fc.integer({ min: 0, max: 5000 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (arms, [dollar, tokens], size, u) => {
      const router = routerOf(arms);
      const prices = { usd_micro: dollar / 1000, tokens: tokens / 1000 };
      const { drawn, eligible } = decide({ router, policy: null }, { context: { size }, eligible: router.arms, forced: null, prices }, u);
      const { chosen, worth, use } = optionsOf({ router, policy: null }, { context: { size }, eligible, prices, forced: null, drawn }) ?? { chosen: -1, worth: [], use: [] };
      expect(router.arms[chosen]?.id).toBe(drawn);
      const scores = worth.map((value, i) => value - RESOURCES.reduce((sum, resource) => sum + ((use[i]?.[resource] ?? 0) / PER_NATURAL_UNIT[resource]) * (resource === "usd_micro" || resource === "tokens" ? prices[resource] : 0), 0));
      expect(Math.max(...scores) - (scores[chosen] ?? 0)).toBeLessThan(1e-9);
    }),
    { numRuns: 100 },
  );
});

test("nothing is read back where no price decides: no worth in dollars, the baseline alone, an arm that is configured no more", () => {
  const three = [{ reward: 5, usd: 1, tokens: 1 }, { reward: 9, usd: 2, tokens: 1 }, { reward: 1, usd: 0, tokens: 0 }];
  const eligible = ["a0", "a1", "a2"].map((id) => ({ arm: id, propensity: 1 / 3 }));
  const episode = { context: { size: 1 }, eligible, prices: {}, forced: null, drawn: "a1" };
  expect(optionsOf({ router: routerOf(three), policy: null }, episode)?.chosen).toBe(1);
  expect(optionsOf({ router: routerOf(three, 0), policy: null }, episode)).toBeNull();
  expect(optionsOf({ router: routerOf(three), policy: null }, { ...episode, forced: "constraint", drawn: "a0" })).toBeNull();
  expect(optionsOf({ router: routerOf(three.slice(0, 2)), policy: null }, episode)).toBeNull();
});
