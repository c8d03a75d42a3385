import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RESOURCES } from "../../../proto/resource.ts";
import type { ArmEntry, RouterEntry, Share } from "../../../proto/routing.ts";
import { type Asked, cellsOf, drawn, placeOf, propensities, usageOf } from "./propensities.ts";

const number = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const armOf = (id: string) =>
  fc.record({
    id: fc.constant(id),
    reversible: fc.boolean(),
    reward: fc.oneof(fc.constantFrom(0, 0.5, 1), number(-1, 1)),
    usage: fc.uniqueArray(fc.record({ resource: fc.constantFrom(...RESOURCES), fixed: number(0, 1e12), per: fc.constantFrom({}, { size: 3 }, { size: 1e12, constructor: 5 }) }), { selector: ({ resource }) => resource, maxLength: 4 }),
  });
const arms = fc.oneof({ weight: 20, arbitrary: fc.integer({ min: 1, max: 6 }) }, { weight: 1, arbitrary: fc.constant(64) }).chain((many) => fc.tuple(...Array.from({ length: many }, (_, i) => armOf(`a${i}`))));
const context = fc.oneof(fc.constant({}), fc.record({ size: fc.oneof(fc.constantFrom(0, -0, -1e300, 1.7e308, Number.NaN), fc.double()) }), fc.record({ size: fc.constant("9") }));
const prices = fc.record(Object.fromEntries(RESOURCES.map((name) => [name, number(0, 1e9)])), { requiredKeys: [] });
const seen = fc.record({ count: fc.integer({ min: 0, max: 40 }), mean: fc.oneof(fc.constantFrom(0, 1), number(-1, 1)) });

interface Scene extends Asked {
  readonly policy: Asked["policy"];
}

/** Any router, any policy of it, and any of its arms that can answer. */
const scene: fc.Arbitrary<Scene> = fc
  .tuple(arms, context, prices, fc.infiniteStream(fc.tuple(fc.boolean(), seen)), fc.record({ base: fc.nat(), learned: fc.boolean(), fallback: fc.boolean(), value_usd_micro: fc.constantFrom(0, 1, 20_000, Number.MAX_SAFE_INTEGER), explored: fc.option(fc.tuple(number(0, 1), number(0, 0.5))), asks: number(0, 1) }))
  .map(([all, given, at, stream, { base, learned, fallback, value_usd_micro, explored, asks }]) => {
    const picked = all.map((arm) => ({ arm, ...Object.fromEntries([["take", stream.next().value]]) as { take: [boolean, { count: number; mean: number }] } }));
    const some = picked.filter(({ take: [eligible] }) => eligible).map(({ arm }) => arm);
    const eligible: ArmEntry[] = some.length > 0 ? some : all.slice(0, 1);
    const policy = { buckets: [{ field: "size", edges: [0, 5] }], count_min: 10, exploration: { epsilon: asks, floor: 0 } };
    const cells = cellsOf({ cells: [{ at: placeOf(policy, given), seen: picked.map(({ arm, take: [, found] }) => ({ arm: arm.id, ...found })) }] });
    const router: RouterEntry = {
      id: "r", context: [{ name: "size", type: "number" }], arms: all, baseline: all[base % all.length]?.id ?? "a0", reward: { name: "n", version: 1, min: -1, max: 1 }, value_usd_micro, outcome_s: 60,
      ...(explored === null ? {} : { exploration: { epsilon: explored[0], floor: explored[1] } }),
    };
    return { router, policy: learned ? { ...policy, cells } : null, context: given, eligible, prices: at, fallback };
  });

type Answer = typeof propensities;
const of = (shares: readonly Share[], id: string): number => shares.find(({ arm }) => arm === id)?.propensity ?? Number.NaN;
const sure = ({ router, eligible }: Scene): ArmEntry | undefined => eligible.find(({ id }) => id === router.baseline);

/** Everything that is promised of an answer; throws at the first that does not hold. */
const PROMISES: Readonly<Record<string, (asked: Scene, answer: Answer) => void>> = {
  "each eligible arm has a chance, and they add up to one"(asked, answer) {
    const shares = answer(asked);
    expect(shares.map(({ arm }) => arm)).toEqual(asked.eligible.map(({ id }) => id));
    expect(shares.every(({ propensity }) => propensity >= 0 && propensity <= 1)).toBe(true);
    expect(Math.abs(shares.reduce((sum, { propensity }) => sum + propensity, 0) - 1)).toBeLessThan(1e-12);
  },
  "whatever is drawn was drawn at the floor or above: the largest weight is one over it"(asked, answer) {
    const { router, eligible, fallback } = asked;
    if (router.exploration === undefined || fallback === true) return;
    const kept = Math.min(router.exploration.floor, 1 / eligible.length);
    for (const { propensity } of answer(asked)) if (propensity > 0) expect(propensity).toBeGreaterThanOrEqual(kept);
    if (eligible.length > 1) for (const { id, reversible } of eligible) if (reversible) expect(of(answer(asked), id)).toBeGreaterThanOrEqual(kept);
  },
  "an arm that cannot be undone is never explored: at most one has any chance, and the same where nothing is explored"(asked, answer) {
    const shares = answer(asked);
    const taken = asked.eligible.filter(({ id, reversible }) => !reversible && of(shares, id) > 0);
    expect(taken.length).toBeLessThan(2);
    const { exploration: _, ...unexplored } = asked.router;
    for (const { id } of taken) expect(of(answer({ ...asked, router: unexplored }), id)).toBe(1);
  },
  "where too little was seen of the baseline, nothing but exploration leaves it"(asked, answer) {
    const baseline = sure(asked);
    const { policy, router, context: given } = asked;
    if (baseline === undefined || policy === null) return;
    const count = policy.cells.get(placeOf(policy, given).join(" "))?.find(({ arm }) => arm === baseline.id)?.count ?? 0;
    if (count >= policy.count_min) return;
    const { exploration: _, ...unexplored } = router;
    expect(of(answer({ ...asked, router: unexplored }), baseline.id)).toBe(1);
  },
  "an arm of which too little was seen is not chosen for what was seen of it"(asked, answer) {
    const { policy, router, context: given, fallback } = asked;
    if (sure(asked) === undefined || policy === null || fallback === true) return;
    const { exploration: _, ...unexplored } = router;
    for (const { arm, propensity } of answer({ ...asked, router: unexplored })) {
      const count = policy.cells.get(placeOf(policy, given).join(" "))?.find((each) => each.arm === arm)?.count ?? 0;
      if (propensity > 0 && count < policy.count_min) expect(arm).toBe(router.baseline);
    }
  },
  "with nothing learned, and no worth of a reward said, the baseline answers"(asked, answer) {
    const baseline = sure(asked);
    if (baseline === undefined || asked.policy !== null || asked.router.value_usd_micro > 0) return;
    const { exploration: _, ...unexplored } = asked.router;
    expect(of(answer({ ...asked, router: unexplored }), baseline.id)).toBe(1);
  },
  "in a fallback the baseline alone answers, and nothing is explored"(asked, answer) {
    const baseline = sure(asked);
    if (baseline !== undefined) expect(of(answer({ ...asked, fallback: true }), baseline.id)).toBe(1);
  },
  "no policy explores more than the operator lets it"(asked, answer) {
    const { router, policy, eligible, fallback } = asked;
    if (policy === null || fallback === true) return;
    const reversible = eligible.filter((arm) => arm.reversible).length;
    const { epsilon, floor } = router.exploration ?? { epsilon: 0, floor: 0 };
    const least = Math.min(...answer(asked).filter(({ propensity }) => propensity > 0).map(({ propensity }) => propensity));
    if (reversible > 1 && epsilon === 0 && floor === 0) expect(least).toBeGreaterThanOrEqual(1 / eligible.length);
    const most = Math.max(...answer(asked).map(({ propensity }) => propensity));
    const chosen = answer(asked).filter(({ propensity }) => propensity > 0).length;
    expect(most * chosen + Math.max(epsilon, floor * reversible) + 1e-9).toBeGreaterThanOrEqual(1);
  },
};

const RUNS = 200;
function breaks(answer: Answer): string | null {
  for (const [name, holds] of Object.entries(PROMISES)) {
    const found = fc.check(fc.property(scene, (asked) => (holds(asked, answer), true)), { numRuns: RUNS, endOnFailure: true });
    if (found.failed) return `${name} (seed ${found.seed}, path ${found.counterexamplePath}): ${found.errorInstance instanceof Error ? found.errorInstance.message : ""}`;
  }
  return null;
}

test("what is promised of propensities holds of any router, policy, context and prices", () => {
  expect(breaks(propensities)).toBeNull();
});

const MUTANTS: Readonly<Record<string, Answer>> = {
  "the floor is forgotten": (asked) => propensities({ ...asked, router: { ...asked.router, ...(asked.router.exploration === undefined ? {} : { exploration: { ...asked.router.exploration, floor: 0 } }) } }),
  "every arm is explored": (asked) => propensities({ ...asked, eligible: asked.eligible.map((arm) => ({ ...arm, reversible: true })) }),
  "one row is enough": (asked) => propensities({ ...asked, policy: asked.policy === null ? null : { ...asked.policy, count_min: 0 } }),
  "a fallback is not heard": (asked) => propensities({ ...asked, fallback: false }),
  "the policy says how much is explored": (asked) => propensities({ ...asked, router: { ...asked.router, exploration: { epsilon: asked.policy?.exploration.epsilon ?? 0, floor: 0 } } }),
  "rewards count for nothing": (asked) => propensities({ ...asked, router: { ...asked.router, value_usd_micro: 1 }, policy: null }),
  "rounded to hundredths": (asked) => propensities(asked).map(({ arm, propensity }) => ({ arm, propensity: Math.round(propensity * 100) / 100 })),
  "the last arm is left out": (asked) => propensities(asked).slice(0, -1),
};
/** Some break one in a hundred scenes, so that one look in 170 sees none of those. */
const LOOKS_MAX = 20;
describe("a wrong rule breaks a promise", () => {
  for (const [name, answer] of Object.entries(MUTANTS)) {
    test(name, () => {
      let found: string | null = null;
      for (let looks = 0; looks < LOOKS_MAX && found === null; looks++) found = breaks(answer);
      expect(found).not.toBeNull();
    });
  }
});

describe("attacks", () => {
  const [local, large]: ArmEntry[] = [
    { id: "local", reversible: true, reward: 0.5, usage: [{ resource: "tokens", fixed: 10, per: { prompt: 1, answer: 2 } }] },
    { id: "large", reversible: true, reward: 1 },
  ];

  test("a number below zero in one field does not pay for another", () => {
    expect(usageOf(local as ArmEntry, { prompt: 100, answer: -1e9 })).toEqual({ tokens: 110 });
  });

  test("a number without end takes more than any budget holds, and free of charge it is still no NaN", () => {
    expect(usageOf(local as ArmEntry, { prompt: 1.7e308, answer: 1.7e308 })).toEqual({ tokens: 1e15 });
    const router: RouterEntry = { id: "r", context: [], arms: [local as ArmEntry, large as ArmEntry], baseline: "local", reward: { name: "n", version: 1, min: 0, max: 1 }, value_usd_micro: 1, outcome_s: 1 };
    expect(propensities({ router, policy: null, context: { prompt: 1.7e308 }, eligible: router.arms, prices: { tokens: 0 } })).toEqual([{ arm: "local", propensity: 0 }, { arm: "large", propensity: 1 }]);
  });

  test("the order of fields in a stored configuration changes no bit of what an arm takes", () => {
    const per = { c: 0.1, a: 0.2, b: 0.3 };
    const arm = (order: string): ArmEntry => ({ id: "x", reversible: true, reward: 0, usage: [{ resource: "tokens", per: Object.fromEntries([...order].map((name) => [name, per[name as "a"]])) }] });
    const given = { a: 1e15 / 3, b: 1e15 / 7, c: 1e15 / 11 };
    expect(new Set(["abc", "acb", "bac", "bca", "cab", "cba"].map((order) => usageOf(arm(order), given).tokens)).size).toBe(1);
  });

  test("a field that every object inherits, a missing one and the word undefined are in no bucket of a policy", () => {
    const buckets = [{ field: "constructor", values: [String(Object)] }, { field: "kind", values: ["undefined", "true"] }, { field: "size", edges: [1, 2] }];
    expect(placeOf({ buckets }, {})).toEqual([1, 2, 3]);
    expect(placeOf({ buckets }, { kind: true, size: Number.NaN })).toEqual([1, 1, 3]);
    expect(placeOf({ buckets }, { size: 1 })).toEqual([1, 2, 1]);
  });

  test("equal worth moves nobody from a baseline that cannot be undone, and is shared by arms that can", () => {
    const same = { reward: 0.5, usage: [] };
    const [fixed, one, two, other] = [{ id: "fixed", reversible: false, ...same }, { id: "one", reversible: true, ...same }, { id: "two", reversible: true, ...same }, { id: "other", reversible: false, ...same }];
    const router: RouterEntry = { id: "r", context: [], arms: [one, fixed, two, other], baseline: "fixed", reward: { name: "n", version: 1, min: 0, max: 1 }, value_usd_micro: 1, outcome_s: 1 };
    const ask = (baseline: string, eligible: ArmEntry[]): number[] => propensities({ router: { ...router, baseline }, policy: null, context: {}, eligible, prices: {} }).map(({ propensity }) => propensity);
    expect(ask("fixed", [one, fixed, two, other])).toEqual([0, 1, 0, 0]);
    expect(ask("one", [one, fixed, two, other])).toEqual([0.5, 0, 0.5, 0]);
    expect(ask("one", [fixed, other])).toEqual([1, 0]);
  });

  test("prices that are none are an error, never an arm", () => {
    const router: RouterEntry = { id: "r", context: [], arms: [local as ArmEntry, large as ArmEntry], baseline: "local", reward: { name: "n", version: 1, min: 0, max: 1 }, value_usd_micro: 1, outcome_s: 1 };
    expect(() => propensities({ router, policy: null, context: {}, eligible: router.arms, prices: { tokens: Number.NaN } })).toThrow("no numbers to choose by");
  });

  test("a draw takes an arm that has a chance, at each end of the line, and where rounding left it short", () => {
    const shares = [{ arm: "a", propensity: 0 }, { arm: "b", propensity: 0.1 }, { arm: "c", propensity: 0.2 }, { arm: "d", propensity: 0.7 - 1e-12 }, { arm: "e", propensity: 0 }];
    expect([0, 0.0999, 0.1, 0.3000001, 1 - 2 ** -53].map((u) => drawn(shares, u).arm)).toEqual(["b", "b", "c", "d", "d"]);
    expect(() => drawn([{ arm: "a", propensity: 0 }], 0)).toThrow("no arm");
  });
});
