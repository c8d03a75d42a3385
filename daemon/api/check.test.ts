/** What a caller is told whose request has another shape: the field, and what would fit there. */
import { expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { EpisodeReport } from "../../proto/episode.ts";
import { RouteRequest } from "../../proto/routing.ts";
import { checker } from "./check.ts";

const said = (check: (value: unknown) => unknown, value: unknown): string => {
  try {
    return `took ${String(check(value))}`;
  } catch (error) {
    return (error as { readonly detail: string }).detail;
  }
};

test("a field of two kinds names both, one of some words names these, and of two shapes the nearer one says what is wrong", () => {
  const report = checker<unknown>(EpisodeReport, "body");
  const episode = { key: "run-7", router: "models", context: {}, eligible: [{ arm: "a", propensity: 1 }], executed: "a" };
  expect(said(report, { ...episode, outcome: { reward: "NaN" } })).toBe("body/outcome/reward: Expected number or null");
  expect(said(report, { ...episode, eligible: [{ arm: "a" }] })).toBe("body/eligible/0/propensity: Expected required property");
  const asked = checker<unknown>(RouteRequest, "body");
  expect(said(asked, { replay: "episode 7" })).toStartWith("body/replay: Expected string to match");
  expect(said(asked, { router: "models", context: {}, without: "large" })).toBe("body/without: Expected array");
  expect(said(checker<unknown>({ split: Type.Union([Type.Literal("search"), Type.Literal("all")]) }, "body"), { split: "none" })).toBe('body/split: Expected "search" or "all"');
});

test("attack: a thousand wrong items in a body of two shapes are counted no further than needed, and none of them is repeated", () => {
  const two = Type.Union([Type.Object({ words: Type.Array(Type.String()) }), Type.Object({ numbers: Type.Array(Type.Number()) })]);
  const text = said(checker<unknown>(two, "body"), { words: Array.from({ length: 1_000 }, () => ({ password: "hunter2" })) });
  expect([text.length < 100, text.includes("hunter2")]).toEqual([true, false]);
});
