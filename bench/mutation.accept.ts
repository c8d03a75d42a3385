/** The shipped policy's tests, tried with OPA over every mutant of its Rego. */
import { expect } from "bun:test";
import { join } from "node:path";
import { mutatePolicy } from "../daemon/cli/mutation/index.ts";
import { mutationText } from "../daemon/cli/mutation/faces.ts";
import { findOpa } from "../daemon/cli/mutation/opa.ts";
import { GOALS } from "../daemon/cli/mutation/score.ts";
import { accepts } from "./rig/accepts.ts";
import { opa } from "./rig/tools.ts";

const tool = await opa();
const TIME_MS_MAX = 500_000;

accepts(tool, "notices at least 92 % of the faults put into the shipped policy, with at most 5 % declared equivalent", async () => {
  tool.path();
  const found = await findOpa();
  if (found === null) throw new Error("the opa just built is not found");
  const { facts, result } = await mutatePolicy(found, join(import.meta.dir, "../policies/default"), { goals: GOALS, time_ms_max: TIME_MS_MAX, sample: null, progress: () => undefined });
  process.stdout.write(`${mutationText(facts, result)}\n`);
  expect(result.faults).toEqual([]);
  expect(result.score_permille).toBeGreaterThanOrEqual(920);
  // A tool that changes nothing would report no survivor either.
  expect(result.killed).toBeGreaterThan(60);
});
