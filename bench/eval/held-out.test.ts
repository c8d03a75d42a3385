import { expect, test } from "bun:test";
import { misjudged, readAnswers } from "./by-hand.ts";
import { Bench } from "./grading.ts";
import { frozenDigest, readScenarios, type Scenario } from "./scenario.ts";

const [development, held] = [readScenarios("development"), readScenarios("held-out")];
const commits = (scenarios: readonly Scenario[]): string[] => scenarios.flatMap(({ source }) => (source === "made" ? [] : source.commit));

test("no held-out scenario is one of the development set or about one of its commits", () => {
  expect(frozenDigest("held-out")).not.toBe(frozenDigest("development"));
  expect(held.filter(({ id }) => development.some((one) => one.id === id))).toEqual([]);
  expect(commits(held).filter((commit) => commits(development).includes(commit))).toEqual([]);
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
