import { describe, expect, test } from "bun:test";
import type { ModelRun } from "../../../proto/formal.ts";
import type { ModelOutcome } from "../../../proto/model.ts";
import { changesOf, THRESHOLDS } from "../../testing/checks.ts";
import { factsOf } from "../../testing/facts.ts";
import { runCheck, type CheckContext } from "./check.ts";
import { wantsContent } from "./index.ts";
import modelcheck from "./modelcheck.ts";

const [rule] = modelcheck.rules;
if (rule === undefined) throw new Error("no rule");
const { change, declared, ran } = rule.fails;
const FAILED = ran as ModelOutcome;

/** The check over the example's change, where TLC answers so the first time and so the second. */
async function judged(first: ModelOutcome | null, second: ModelOutcome | null = first) {
  const run = (outcome: ModelOutcome | null): ModelRun | null => (outcome === null ? null : { id: "0".repeat(64), outcome, spec_sha256: null, tool: null });
  const context: CheckContext = { thresholds: THRESHOLDS, signal: new AbortController().signal, runs: { model: ({ again }) => run(again ? second : first), property: () => null, evaluation: () => null } };
  const outcome = await runCheck(modelcheck, factsOf(changesOf(change), { wants: wantsContent, ...declared }), context);
  return { ...outcome, violated: outcome.findings.filter((finding) => finding.rule === "model.violated") };
}

describe("a model is violated only where TLC says so twice, in the same words", () => {
  test("twice the same: a counterexample that reproduces", async () => {
    const { result, violated } = await judged(FAILED);
    expect([result, JSON.parse(violated[0]?.cex ?? "{}")]).toMatchObject(["fail", { replay: { verdict: "reproduced" } }]);
  });

  test("attack: another behaviour the second time is no counterexample, and no pass", async () => {
    const other: ModelOutcome = { ...FAILED, trace: { steps: [{ action: null, state: { waiting: 9 } }], loop_at: null, stuttering: false } } as ModelOutcome;
    const { result, because, violated } = await judged(FAILED, other);
    expect([result, violated]).toEqual(["unavailable", []]);
    expect(because).toContain("TLC answered another thing when it was asked again");
  });

  test.each([["not run at all", null, null], ["not run again", FAILED, null], ["a run that was cut off", { result: "unavailable", because: "wall_ms" }, null]] as const)("%s: unavailable", async (_, first, second) => {
    const { result, violated } = await judged(first, second);
    expect([result, violated]).toEqual(["unavailable", []]);
  });

  test("a behaviour that is longer than a counterexample holds is refused all the same, and said", async () => {
    const steps = Array.from({ length: 300 }, (_, waiting) => ({ action: null, state: { waiting } }));
    const { result, violated } = await judged({ ...FAILED, trace: { steps, loop_at: null, stuttering: false } } as ModelOutcome);
    expect([result, violated[0]?.cex, violated[0]?.counterexample]).toEqual(["fail", undefined, "the counterexample is not kept: its 300 states are more than a counterexample holds, or their values are"]);
  });

  test("attack: a credential among the values is masked", async () => {
    const secret = `${"ghp"}_a8Kx2ZqT7bNc4RmW9vYd1LsF6hPj3E2f3OhS`;
    const { violated } = await judged({ ...FAILED, trace: { steps: [{ action: null, state: { token: secret } }], loop_at: null, stuttering: false } } as ModelOutcome);
    expect(violated[0]?.cex?.includes(secret)).toBe(false);
    expect(violated[0]?.cex).toContain('"token"');
  });
});
