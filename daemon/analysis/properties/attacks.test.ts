/** Targets that cheat, break, hang, forget or do nothing: none of them passes, and none makes a counterexample of what nobody can see again. */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { skipWithout } from "../../testing/skip.ts";
import { budget, planIn, Rig, type Run } from "./testing/rig.ts";

setDefaultTimeout(120_000);
const rig = new Rig();
const { usable } = await rig.sandbox.tier("bwrap");
const skipped = skipWithout(usable, "bubblewrap does not work here, so no target was driven in it");
afterAll(() => rig.close());

const SPEND = "actions: {spend: {args: {amount: {type: money, min: 0, max: 200}}}}";
const MODEL = `t: {invariants: [INV.CAP], model: {module: t.ts, export: t}, ${SPEND}}`;
const HONEST = "{ init: () => ({ spent: 0, budget: 100 }), step: (s, _, { amount }) => (s.spent + amount <= s.budget ? { ...s, spent: s.spent + amount } : s) }";

/** What becomes of a module that is the target. */
async function outcomeOf(source: string, run: Run = { runs: 30 }, targets = MODEL, rule?: string) {
  const { outcome } = await rig.run(planIn(budget(targets, rule), "t"), rig.treeOf({ "t.ts": source }), run);
  return outcome;
}
const because = (reason: string, text: string) => ({ result: "unavailable", reason, because: expect.stringContaining(text) });

describe.skipIf(skipped)("is no pass:", () => {
  test("a target that swallows its calls", async () => {
    expect(await outcomeOf("export const t = { init: () => ({ spent: 0, budget: 100 }), step: (s) => s };")).toMatchObject(because("vacuous", "changed none of budget, spent"));
  });

  test("a target that ends the process with 0 before anything was asked", async () => {
    expect(await outcomeOf("export const t = { init: () => process.exit(0), step: (s) => s };")).toMatchObject(because("not_run", "left no report"));
  });

  test("a forged report, written by a target that ends the process once it is there", async () => {
    const report = { counts: { cases: 30, calls: 300, asked: 300, changed: 300, skipped: 0, actions: { spend: 270, init: 30 } }, failed: null };
    const forger = `import { writeFileSync } from "node:fs";
      if (process.argv.join(" ").includes("drive") === false) { writeFileSync(process.env.PROPERTY_REPORT, ${JSON.stringify(JSON.stringify(report))}); process.exit(0); }
      export const t = { init: () => ({ spent: 0, budget: 100 }), step: (s, _, { amount }) => ({ ...s, spent: s.spent + amount }) };`;
    // It stays honest where it is driven from outside, so the rule breaks there.
    expect(await outcomeOf(forger)).toMatchObject({ result: "fail", counterexample: { seed: null, replay: { verdict: "reproduced" } } });
    expect(await outcomeOf(forger.replace("{ ...s, spent: s.spent + amount }", "process.exit(0)"))).toMatchObject(because("not_run", "cases driven from outside did not come back"));
  });

  test("a target that throws, with the shortest way there", async () => {
    expect(await outcomeOf(`export const t = { init: () => ({ spent: 0, budget: 100 }), step: (s, _, { amount }) => { if (amount > 150) throw new Error("overdrawn"); return { ...s, spent: amount % 100 }; } };`)).toMatchObject(because("target", "overdrawn, after spend({\"amount\":151})"));
  });

  test("a target that never ends, by the limit that it passed", async () => {
    expect(await outcomeOf("export const t = { init: () => { while (true); }, step: (s) => s };", { runs: 5, limits: { wall_ms: 400 } })).toMatchObject(because("not_run", "it passed wall_ms"));
  });

  test("a state that cannot be copied: the target's fault, not ours", async () => {
    expect(await outcomeOf("export const t = { init: () => ({ spent: 0, budget: 100 }), step: (s) => ({ ...s, get spent() { throw new Error('not today'); } }) };", { runs: 5 })).toMatchObject(because("target", "not today"));
    expect(await outcomeOf("export const t = { init: () => ({ spent: 0, budget: 100 }), step: (s) => { const spent = []; spent.push(spent); return { ...s, spent }; } };", { runs: 5 })).toMatchObject(because("target", "cyclic"));
  });

  test("a process that ends with a complaint, although every case kept the rule", async () => {
    expect(await outcomeOf(`process.exitCode = 7; export const t = ${HONEST};`)).toMatchObject(because("target", "no case broke the rule, and yet it ended with 7"));
  });

  test("a module that is not there", async () => {
    expect(await outcomeOf("export const other = 1;")).toMatchObject({ result: "unavailable", reason: "not_run" });
  });

  test("a rule whose `when` names none of the actions", () => {
    const folder = budget(`t: {invariants: [INV.CAP], model: {module: t.ts, export: t}, actions: {spend: {event: other}}}`);
    expect(() => planIn(folder, "t")).toThrow("no action of t is an event of INV.CAP, which is asked of spending");
  });

  test("a `pre` that leaves everything out", async () => {
    const rule = "pre: [{expr: spent > budget}]\nassert: [{expr: spent <= budget || spent > budget}]";
    expect(await outcomeOf(`export const t = ${HONEST};`, { runs: 10 }, MODEL, rule)).toMatchObject(because("vacuous", "spend never came to be called"));
  });
});

test.skipIf(skipped)("a pass says of which conditions the second side was never needed", async () => {
  const rule = "assert: [{expr: spent <= 100 || budget > 100}, {expr: spent == 0 || spent <= budget}]";
  expect(await outcomeOf(`export const t = ${HONEST};`, { runs: 30 }, MODEL, rule)).toMatchObject({ result: "pass", unmet: ["assert.0"] });
});

describe.skipIf(skipped)("is no counterexample:", () => {
  test("a failure that is seen once: the target counts calls over all cases", async () => {
    const flaky = "let calls = 0; export const t = { init: () => ({ spent: 0, budget: 100 }), step: (s) => { calls += 1; return { ...s, spent: calls > 20 ? 101 : calls }; } };";
    expect(await outcomeOf(flaky)).toMatchObject(because("flaky", "seen once and not again"));
  });

  test("a failure that is another one each time", async () => {
    expect(await outcomeOf("export const t = { init: () => ({ spent: 0, budget: 100 }), step: (s) => ({ ...s, spent: 101 + Math.floor(Math.random() * 1e12) }) };")).toMatchObject(because("flaky", "each time another way"));
  });
});

describe.skipIf(skipped)("a function", () => {
  const clamp = (body: string, rule?: string) => outcomeOf(`export const clamp = (spent, budget) => ${body};`, { runs: 50 }, "t: {invariants: [INV.CAP], function: {module: t.ts, export: clamp, args: [{field: spent, min: 0, max: 1000}, {field: budget, min: 0, max: 1000}], returns: spent}}", rule);

  test("is given fields and gives one; broken, its inputs stand with the result, in whole micro-dollars", async () => {
    expect(await clamp("Math.min(spent, budget)")).toMatchObject({ result: "pass" });
    expect(await clamp("Math.min(spent, budget + 7)")).toMatchObject({ result: "fail", counterexample: { inputs: { spent: 1, budget: 0 }, trace: null, message: "spent 0.000001 of 0.00" } });
  });

  test("with post is judged by what it was given, and pre leaves cases out", async () => {
    const rule = "pre: [{expr: spent <= budget}]\npost: [{expr: spent == old(spent), message: 'from {{old.spent}} to {{spent}}'}]";
    expect(await clamp("Math.min(spent, budget)", rule)).toMatchObject({ result: "pass", counts: { skipped: expect.any(Number) } });
    expect(await clamp("Math.min(spent, 9)", rule)).toMatchObject({ result: "fail", counterexample: { inputs: null, trace: [{ action: "given", state: { spent: 10 } }, { action: 'clamp({"spent":10,"budget":10})', state: { spent: 9 } }] } });
  });
});

const python = Bun.which("python3");
describe.skipIf(skipped || skipWithout(python !== null, "python3 is not here, so no program in another language was a target"))("a program in another language", () => {
  const program = (check: string): string => `import json, sys
for line in sys.stdin:
    ask = json.loads(line)
    if "init" in ask:
        state = {"spent": 0, "budget": 2500000}
    elif ask["action"] == "spend" and ${check}:
        state["spent"] += ask["args"]["amount"]
    print(json.dumps({"state": state}), flush=True)
`;
  const plan = () => planIn(budget("t: {invariants: [INV.CAP], command: {argv: [python3, agent.py]}, actions: {spend: {args: {amount: {type: money, min: 0, max: 3000000}}}}}"), "t");

  test("keeps the rule over its lines, and with a fault breaks it, in micro-dollars", async () => {
    const right = await rig.run(plan(), rig.treeOf({ "agent.py": program('state["spent"] + ask["args"]["amount"] <= state["budget"]') }), { runs: 30 });
    expect(right.outcome).toMatchObject({ result: "pass" });
    const wrong = await rig.run(plan(), rig.treeOf({ "agent.py": program('state["spent"] <= state["budget"]') }), { runs: 100 });
    expect(wrong.outcome).toMatchObject({ result: "fail", counterexample: { message: "spent 2.500001 of 2.50" } });
    // To the micro-dollar, by a few calls: of two sums neither of which breaks it alone, none can be left out.
    const trace = wrong.outcome.result === "fail" ? (wrong.outcome.counterexample.trace ?? []) : [];
    expect([trace.length < 6, trace.at(-1)?.state]).toEqual([true, { spent: 2_500_001, budget: 2_500_000 }]);
  });

  test("that answers nonsense, or dies, has not answered", async () => {
    const dies = await rig.run(plan(), rig.treeOf({ "agent.py": "import sys\nsys.stdin.readline()\nprint('{\"state\": {\"spent\": 0, \"budget\": 5}}', flush=True)\n" }), { runs: 5 });
    expect(dies.outcome).toMatchObject(because("target", "the program ended without an answer"));
    const nonsense = await rig.run(plan(), rig.treeOf({ "agent.py": "print('hello', flush=True)\n" }), { runs: 5 });
    expect(nonsense.outcome).toMatchObject({ result: "unavailable", reason: "target" });
  });
});
