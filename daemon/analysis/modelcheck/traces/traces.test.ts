/** A short run against its model, and every way in which a recording could be taken for one. All machines, with faults: bench/traces.accept.ts. */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { ModelOutcome } from "../../../../proto/model.ts";
import { skipWithout } from "../../../testing/skip.ts";
import { modelRig, modelsHere } from "../testing/rig.ts";
import { judgeTrace, traceModels, verdictOf } from "./index.ts";
import { readRun } from "./lines.ts";
import { FAULTS, runOf } from "./testing/runs.ts";

setDefaultTimeout(120_000);

const SPECS = join(import.meta.dir, "../../../../specs");
const { toolchain, because } = await modelsHere();
const skipped = skipWithout(toolchain !== null, `no recorded run was held against its model: ${because}`);
const rig = toolchain === null ? null : modelRig(toolchain);
afterAll(() => rig?.[Symbol.asyncDispose]());

const action = (n: number, what = "Open"): string => JSON.stringify({ n, machine: "Ledger", of: 0, action: what, seen: { now_s: 1, stale: [], rows: [] } });
const run = (...lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");
const BEGIN = '{"begin":1}';

describe("a recording is no run", () => {
  for (const [title, text, why] of [
    ["where it is empty", "", "it is empty"],
    ["where nothing was recorded", run(BEGIN, '{"end":0}'), "nothing was recorded"],
    ["where it has no end", run(BEGIN, action(0)), "it has no end"],
    ["where the last process has no end", run(BEGIN, action(0), '{"end":1}', BEGIN, action(0)), "it has no end"],
    ["where its last line is cut", run(BEGIN, action(0), '{"end":1}').slice(0, -3), "its last line is cut"],
    ["where a line is cut and the rest follows", run(BEGIN, action(0).slice(0, 9), '{"end":1}'), "it was cut"],
    ["where an action is missing", run(BEGIN, action(0), action(2), '{"end":3}'), "action 2 where 1 comes"],
    ["where the last action is missing", run(BEGIN, action(0), '{"end":2}'), "1 actions were read of 2"],
    ["where it has no beginning", run(action(0), '{"end":1}'), "no process had begun"],
    ["where somebody else's machine acts", run(BEGIN, '{"n":0,"machine":"Toaster","of":0,"action":"Open","seen":{}}', '{"end":1}'), "no action of a known machine"],
  ] as const) {
    test(title, () => expect(() => readRun(text)).toThrow(why));
  }

  test("and one process that was killed is part of one that ended", () => {
    expect(readRun(run(BEGIN, action(0), BEGIN, action(0), '{"end":1}')).map(({ process }) => process)).toEqual([0, 1]);
  });

  test("attack: an action that its model has no word for is not left out", () => {
    expect(() => traceModels(run(BEGIN, action(0, "Forgive"), '{"end":1}'))).toThrow("the ledger has no action Forgive");
  });
});

describe("a release in a recording", () => {
  const key = (mark: string): string => JSON.stringify([mark, "repo", "local", "sha1", "main", "base", "head", false, null, null]);
  const gated = (mark: string, client: number, attempt: number): readonly (readonly [string, object])[] => [["Ask", { key: key(mark), client }], ["Join", { key: key(mark), client, clients: 1 }], ["Record", { key: key(mark), attempt, recorded: false }]];
  const release = (head = "head"): readonly [string, object] => ["Release", { repo_id: "repo", target_ref: "main", head }];
  const told = (...actions: readonly (readonly [string, object])[]): string => run(BEGIN, ...actions.map(([what, seen], n) => JSON.stringify({ n, machine: "Pipeline", of: 0, action: what, seen })), `{"end":${actions.length}}`);
  const rows = (text: string): string[] => traceModels(text).map((model) => model.rows.map(({ row }) => `${row.action}${row["mark"] === true ? "+" : ""}`).join(" "));

  test("parts those who ask before it from those who ask after it; one of another head is no part of it", () => {
    expect(rows(told(...gated("", 0, 1), release("other"), release(), ...gated("7", 1, 2)))).toEqual(["Ask Join Record Release Ask+ Join+ Record+"]);
    expect(rows(told(release(), ...gated("7", 0, 3)))).toEqual(["Ask Join Record"]);
  });

  test("attack: one that nobody recorded, a second one, one of an attempt that is not there", () => {
    expect(() => rows(told(...gated("", 0, 1), ...gated("7", 1, 2)))).toThrow("a release that nobody recorded");
    expect(() => rows(told(...gated("", 0, 1), release(), release()))).toThrow("a second release");
    expect(() => rows(told(...gated("", 0, 1).slice(0, 2), release()))).toThrow("an attempt from before this run");
  });
});

describe("TLC's answer", () => {
  const rows = [{ line: 2, row: { action: "A" } }, { line: 3, row: { action: "B" } }];
  const counts = { generated: 3, distinct: 3, left: 0, depth: 2 };
  const shown = (name: string | null, states: number, kind: "invariant" | "deadlock" = "invariant"): ModelOutcome => ({ result: "fail", violation: { kind, name, exit: 12 }, trace: { steps: Array.from({ length: states }, () => ({ action: null, state: { at: 1 } })), loop_at: null, stuttering: false }, counts });

  test("accepts only where a behaviour that is all of the run is shown", () => {
    expect(verdictOf({ rows }, shown("Unfinished", 3))).toEqual({ verdict: "accepted", actions: 2 });
    expect(verdictOf({ rows }, shown("Unfinished", 2)).verdict).toBe("unavailable");
    expect(verdictOf({ rows: [] }, shown("Unfinished", 1)).verdict).toBe("unavailable");
    expect(verdictOf({ rows }, shown(null, 3, "deadlock")).verdict).toBe("unavailable");
    expect(verdictOf({ rows }, { result: "unavailable", because: "time" }).verdict).toBe("unavailable");
  });

  test("a whole search that never came to the end refuses, and says which line the model does not go on with", () => {
    expect(verdictOf({ rows }, { result: "pass", counts, collision: null })).toMatchObject({ verdict: "refused", line: 3 });
  });

  test("an invariant that broke on the way refuses, even at the last line", () => {
    expect(verdictOf({ rows }, shown("Bounded", 3))).toMatchObject({ verdict: "refused", because: "Bounded does not hold any more", line: 3 });
  });
});

describe.skipIf(skipped)("the turnstile's own code", () => {
  const judged = async (text: string) => Promise.all(traceModels(text).map((model) => judgeTrace(SPECS, model, (request) => rig!.run(request))));
  const SIZE = { seed: "short", steps: 80 };

  test("does what its model does", async () => {
    expect(await judged(await runOf("Turnstile", SIZE))).toMatchObject([{ verdict: "accepted" }]);
  });

  test("with one comparison changed does not", async () => {
    const fault = FAULTS.find(({ file }) => file === "platform/pool/shares.ts")!;
    expect(await judged(await runOf("Turnstile", SIZE, fault))).toMatchObject([{ verdict: "refused", because: expect.stringContaining("no behaviour of the model") }]);
  });
});
