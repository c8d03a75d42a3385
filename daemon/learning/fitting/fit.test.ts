/** A table of what was seen, and which places it tells apart. */
import { expect, test } from "bun:test";
import { canonicalNumbers } from "../../../proto/canonical.ts";
import type { RouterEntry } from "../../../proto/routing.ts";
import { always, logOf, routerOf, type WorldOptions } from "../evaluation/testing/worlds.ts";
import { policyProblem } from "../routing/policy.ts";
import { createBuckets } from "./buckets.ts";
import { createFit } from "./fit.ts";

const OPTIONS: WorldOptions = { arms: [{ share: 0.75, reward: always(0.5) }, { share: 0.25, reward: always(0.8) }], favourite: 1 };
const ROUTER: RouterEntry = { ...routerOf(OPTIONS), context: [{ name: "size", type: "choice", values: ["small", "large"] }, { name: "lines", type: "number" }, { name: "draft", type: "boolean" }, { name: "note", type: "text" }] };
const SETTINGS = { router: ROUTER, buckets: [{ field: "size", values: ["small", "large"] }], count_min: 30, exploration: { epsilon: 0.1, floor: 0.02 } };

test("the same decisions give the same document, whatever their order, and it is one of this router", () => {
  const lessons = [...logOf(OPTIONS, 2_000, 1)].map(({ context, executed, shares, reward }) => ({ context, executed: `arm-${executed}`, propensity: shares[executed] ?? 0, reward }));
  const made = (rows: typeof lessons) => {
    const fit = createFit(SETTINGS);
    for (const row of rows) fit.add(row);
    return fit.policy();
  };
  const policy = made(lessons);
  expect(canonicalNumbers(made(lessons.toReversed()))).toBe(canonicalNumbers(policy));
  expect(policyProblem(policy, ROUTER)).toBeNull();
  expect(policy.cells.map(({ at }) => at)).toEqual([[0], [1]]);
  for (const { seen } of policy.cells) {
    expect(seen.map(({ arm }) => arm)).toEqual(["arm-0", "arm-1"]);
    expect(Math.abs((seen[1]?.mean ?? 0) - 0.8)).toBeLessThan(0.1);
  }
  expect(policy.cells.flatMap(({ seen }) => seen).reduce((sum, { count }) => sum + count, 0)).toBe(2_000);
});

test("means of equal rewards stay within their bounds, so that the policy can be read", () => {
  const fit = createFit(SETTINGS);
  for (let i = 0; i < 1_000; i++) fit.add({ context: { size: "small" }, executed: "arm-0", propensity: 0.1 + (i % 7) / 10, reward: 1 });
  expect(policyProblem(fit.policy(), ROUTER)).toBeNull();
  expect(() => createFit({ ...SETTINGS, buckets: [0, 1, 2].map((i) => ({ field: `f${i}`, edges: Array.from({ length: 30 }, (_, edge) => edge) })) })).toThrow(RangeError);
});

test("poisoned counts: a report that claims the smallest propensity there is outweighs nothing, and leaves a policy that can be read", () => {
  const fit = createFit(SETTINGS);
  for (let i = 0; i < 2_000; i++) fit.add({ context: { size: "small" }, executed: "arm-1", propensity: 0.25, reward: 0 });
  for (const propensity of [1e-300, Number.MIN_VALUE]) fit.add({ context: { size: "small" }, executed: "arm-1", propensity, reward: 1 });
  const policy = fit.policy();
  expect(policyProblem(policy, ROUTER)).toBeNull();
  expect(policy.cells[0]?.seen[0]).toMatchObject({ arm: "arm-1", count: 2_002 });
  expect(policy.cells[0]?.seen[0]?.mean).toBeLessThan(0.25);
});

test("fields are told apart as far as the rows go, numbers at their quartiles, texts never", () => {
  const chosen = (rows: number) => {
    const buckets = createBuckets(ROUTER);
    for (let i = 0; i < rows; i++) buckets.add({ size: "small", lines: i % 100, draft: true, note: "x" });
    return buckets.chosen(30);
  };
  expect(chosen(10_000)).toEqual({ buckets: [{ field: "size", values: ["small", "large"] }, { field: "lines", edges: [25, 50, 75] }, { field: "draft", values: ["false", "true"] }], skipped: [] });
  // 400 rows are enough for six places of two arms, and lines would make fifteen.
  expect(chosen(400)).toEqual({ buckets: [{ field: "size", values: ["small", "large"] }], skipped: ["lines", "draft"] });
  expect(chosen(0)).toEqual({ buckets: [], skipped: ["size", "draft"] });
});
