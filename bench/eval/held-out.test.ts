import { expect, test } from "bun:test";
import { misjudged, readAnswers } from "./by-hand.ts";
import { Bench } from "./grading.ts";
import { frozenDigest, readScenarios, SETS, type Scenario } from "./scenario.ts";

const readable = [...readScenarios("development"), ...readScenarios("second")];
const held = readScenarios("held-out");
const commits = (scenarios: readonly Scenario[]): string[] => scenarios.flatMap(({ source }) => (source === "made" ? [] : source.commit));

/** Numbers, as whoever reads the failure may not read the set. */
test("no held-out scenario is one of a development set or about one of its commits, and no commit is in both of those", () => {
  expect(new Set(SETS.map(frozenDigest)).size).toBe(SETS.length);
  expect(held.filter(({ id }) => readable.some((one) => one.id === id)).length).toBe(0);
  expect(commits(held).filter((commit) => commits(readable).includes(commit)).length).toBe(0);
  const [first, second] = [commits(readScenarios("development")), commits(readScenarios("second"))];
  expect(second.filter((commit) => first.includes(commit))).toEqual([]);
});

test("a good answer by hand, in words, passes, and a lazy one does not", () => {
  const bench = new Bench();
  try {
    expect(misjudged(bench, (kind) => kind !== "fix")).toEqual([]);
    expect(readAnswers().length).toBeGreaterThanOrEqual(40);
  } finally {
    bench.dispose();
  }
});
