import { expect, test } from "bun:test";
import type { Formula } from "../../../proto/expr.ts";
import { parseFormula } from "./formula.ts";
import { printFormula } from "./print.ts";

const withoutSpans = (formula: Formula): string => JSON.stringify(formula, (name, value: unknown) => (name === "span" ? undefined : value));

test.each([
  "always a > 1 && b",
  "never (a || once b in 10m)",
  "eventually within 5m a == 1",
  "eventually a within 5m",
  "a leads_to b within 30s",
  "(a && e where x > 1) leads_to !(once b in 1h) within 1d",
  "a until b",
  "a until b within 5m",
  "count(e where failed || x in [1, 2]) in 1h <= 20",
  "count(e where agent == $agent in 1h) <= 20",
  "always (count(e) in 1h + n) * 2 <= 20 || once f where x > 1 in 5s",
  "always (a ? b : c) && !(d in list)",
])("%s is printed so that it parses to the same tree", (text) => {
  const formula = parseFormula(text);
  expect(withoutSpans(parseFormula(printFormula(formula)))).toBe(withoutSpans(formula));
});

test("both places of a time mean the same", () => {
  expect(withoutSpans(parseFormula("count(e where a == 1 in 1h) <= 2"))).toBe(withoutSpans(parseFormula("count(e where a == 1) in 1h <= 2")));
  expect(withoutSpans(parseFormula("eventually within 5m a"))).toBe(withoutSpans(parseFormula("eventually a within 5m")));
});
