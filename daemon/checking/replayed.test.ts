import { expect, test } from "bun:test";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import type { Candidate } from "../../proto/counterexample.ts";
import { Finding } from "../../proto/outcome.ts";
import { NOT_REPRODUCED_RULE, replayed, type Replayer } from "./replayed.ts";

const CANDIDATE: Candidate = {
  type: "maestro.cex/v1", invariant: "ledger.sum", engine: "smt", message: "more is spent than there is", inputs: { spent: 11, budget: 10 }, trace: null, loop_at: null, stutter: false,
  seed: null, path: null, smt2_sha256: "a".repeat(64), spec_sha256: null, replay: { command: ["maestro", "invariants", "replay"] },
};
/** The real condition, asked with the candidate's own values. */
const ledger: Replayer = { engine: "smt", breaks: async ({ inputs }) => Number(inputs?.["spent"]) > Number(inputs?.["budget"]) };

test("what breaks when it is replayed is a counterexample, and says how to see it", async () => {
  const found = await replayed(CANDIDATE, ledger);
  expect(found).toEqual({ kind: "counterexample", counterexample: { ...CANDIDATE, replay: { command: ["maestro", "invariants", "replay"], verdict: "reproduced" } } });
});

test("attack: a model that breaks nothing is never shown as a counterexample; it is a fault of ours, without its values", async () => {
  const found = await replayed({ ...CANDIDATE, inputs: { spent: 9_999_777, budget: 9_999_888 } }, ledger);
  if (found.kind !== "not-reproduced") throw new Error("it was shown");
  expect(found.finding.rule).toBe(NOT_REPRODUCED_RULE);
  expect(TypeCompiler.Compile(Finding).Check(found.finding)).toBe(true);
  expect(JSON.stringify(found.finding)).not.toContain("9999");
});

test("a replay that could not be made is no verdict either way, and another engine's replayer is a bug", async () => {
  await expect(replayed(CANDIDATE, { engine: "smt", breaks: () => Promise.reject(new Error("no process")) })).rejects.toThrow("no process");
  await expect(replayed(CANDIDATE, { ...ledger, engine: "tlc" })).rejects.toThrow(TypeError);
  await expect(replayed({ ...CANDIDATE, inputs: null }, ledger)).rejects.toThrow("exactly one");
});
