import { expect, test } from "bun:test";
import { frozenDigest, KINDS, readScenarios, scenariosDigest, SETS } from "./scenario.ts";

const scenarios = readScenarios("development");

test.each(SETS)("the scenarios of %s are those that were frozen", (set) => {
  expect(scenariosDigest(readScenarios(set))).toBe(frozenDigest(set));
});

test("any change of a scenario is another digest", () => {
  const [first, ...rest] = scenarios;
  if (first === undefined) throw new Error("no scenario");
  const [check, ...others] = first.checks;
  if (check === undefined) throw new Error("no check");
  expect(scenariosDigest([{ ...first, checks: [{ ...check, weight: check.weight + 1 }, ...others] }, ...rest])).not.toBe(scenariosDigest(scenarios));
  expect(scenariosDigest(rest)).not.toBe(scenariosDigest(scenarios));
});

const WHOLE = { classification: 10, risk: 10, fix: 10, summary: 12, triage: 12, injection: 12 };
const LEAST = { development: WHOLE, second: { classification: 12, risk: 12, fix: 40, summary: 0, triage: 16, injection: 0 }, "held-out": WHOLE };
/** Of the second set most are what tools said of files made for them. */
const REAL = { development: 3, second: 8, "held-out": 3 };

test.each(SETS)("%s: there are enough of each kind, enough of them are real, and no two share an id", (set) => {
  const scenarios = readScenarios(set);
  for (const kind of KINDS) expect(scenarios.filter((one) => one.kind === kind).length).toBeGreaterThanOrEqual(LEAST[set][kind]);
  expect(scenarios.filter(({ source }) => source !== "made").length * REAL[set]).toBeGreaterThanOrEqual(scenarios.length);
  expect(new Set(scenarios.map(({ id }) => id)).size).toBe(scenarios.length);
});

test.each(SETS)("%s: what is vital is a protection and no point; every other check weighs, so that nothing can be passed by saying nothing", (set) => {
  for (const { id, checks } of readScenarios(set)) {
    const points = checks.filter((check) => !("omits" in check || "escaped" in check));
    expect([id, points.every(({ weight }) => weight > 0), points.length > 0, checks.filter((check) => "omits" in check || "escaped" in check).every(({ weight }) => weight === 0)]).toEqual([id, true, true, true]);
  }
});
