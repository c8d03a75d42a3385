import { expect, test } from "bun:test";
import { dropOf, spreadOf, type Result } from "./figures.ts";
import { PERTURBATIONS, perturbed } from "./perturbations.ts";
import { readScenarios } from "./scenario.ts";
import { changeOf } from "./changes.ts";

test("mean, nearest-rank percentiles and the share of at least 0.8", () => {
  expect(spreadOf(Array.from({ length: 20 }, (_, i) => (i + 1) / 20))).toEqual({ count: 20, mean: 0.525, p5: 0.05, p95: 0.95, passed: 0.25 });
  expect(spreadOf([0.8, 0.79])).toMatchObject({ passed: 0.5, p5: 0.79, p95: 0.8 });
});

test("a drop is over the scenarios that were asked in both ways", () => {
  const result = (id: string, score: number): Result => ({ id, score, kind: "fix", missed: [] });
  expect(dropOf("noisy", [result("a", 1), result("b", 0.5), result("c", 0)], [result("a", 0.6), result("b", 0.5)])).toEqual({ way: "noisy", count: 2, original: 0.75, perturbed: 0.55, drop: 0.2 });
});

const made = readScenarios("development").filter(({ source }) => source === "made");

test("each way changes something of many scenarios and nothing of what they ask; an answer in the other words comes back in the first ones", () => {
  for (const way of PERTURBATIONS) {
    const all = made.flatMap((scenario) => perturbed(way, scenario, changeOf(scenario, [])) ?? []);
    // Made changes are small: few have two pieces to put in another order.
    expect([way, all.length >= (way === "reordered" ? 3 : 8)]).toEqual([way, true]);
    for (const { scenario, change } of all) expect([change.title, change.before, change.after]).not.toEqual(Object.values(changeOf(made.find(({ id }) => id === scenario.id) ?? scenario, [])));
  }
  const scenario = made.find(({ id }) => id === "risk-made-auth-removed");
  if (scenario === undefined) throw new Error("no such scenario");
  const [renamed, moved] = (["renamed", "moved"] as const).map((way) => perturbed(way, scenario, changeOf(scenario, [])));
  expect([renamed?.change.after["src/routes.ts"]?.includes("deleteUserQz("), renamed?.restored("deleteUserQz goes"), moved?.restored("in packages/core/src/routes.ts:3")]).toEqual([true, "deleteUser goes", "in src/routes.ts:3"]);
});

test("what a report says follows names and folders", () => {
  const scenario = made.find(({ id }) => id === "triage-ubsan");
  if (scenario === undefined) throw new Error("no such scenario");
  const moved = perturbed("moved", scenario, changeOf(scenario, []))?.scenario.report;
  expect([moved?.when.file, moved?.text?.startsWith("packages/core/src/mid.c:4:15")]).toEqual(["packages/core/src/mid.c", true]);
});
