/** Logarithm, exponential and gamma functions against values computed with 60 digits (mpmath 1.4.1). */
import { expect, test } from "bun:test";
import { createOffPolicy } from "./index.ts";
import special from "./vectors/special.json";

const kernel = createOffPolicy();
const ask: Record<keyof typeof special, (x: number, y: number) => number> = {
  ln: kernel.ln,
  exp: kernel.exp,
  gammaLn: kernel.gammaLn,
  lowerGammaLn: kernel.lowerGammaLn,
};

/** Of itself, whole domain, subnormal numbers and the roots included; what an incomplete gamma function is near one is not its own to say, so it is held against one there. */
const APART_MAX = { ln: 1e-15, exp: 1e-15, gammaLn: 1e-12, lowerGammaLn: 1e-13 } as const;

test.each(Object.keys(ask) as (keyof typeof special)[])("%s over its whole domain", (name) => {
  const rows: readonly number[][] = special[name];
  expect(rows.length).toBeGreaterThan(50);
  const apart = rows.filter((row) => {
    const want = row.at(-1) ?? Number.NaN;
    const got = ask[name](row[0] ?? Number.NaN, row[1] ?? Number.NaN);
    const scale = name === "lowerGammaLn" ? Math.max(1, Math.abs(want)) : Math.abs(want);
    return !(Math.abs(got - want) <= APART_MAX[name] * scale);
  });
  expect(apart).toEqual([]);
});

test("what is outside of them is no number", () => {
  expect([kernel.gammaLn(0), kernel.gammaLn(-1.5), kernel.lowerGammaLn(0, 1), kernel.lowerGammaLn(1, -1), kernel.ln(-1)]).toEqual(Array.from({ length: 5 }, () => Number.NaN));
  expect(kernel.lowerGammaLn(2, 0)).toBe(Number.NEGATIVE_INFINITY);
});
