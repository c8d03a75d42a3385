/** Calls per second of generated property tests, one of each kind of target, against tests of the same that somebody wrote by hand for fast-check; and what one run in the sandbox takes. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testFile } from "../daemon/analysis/properties/emit/test-file.ts";
import { insideSources } from "../daemon/analysis/properties/sandboxed.ts";
import { budget, planIn, Rig, ROOT } from "../daemon/analysis/properties/testing/rig.ts";
import { type Bench, median } from "./figure.ts";

const ROUNDS = 3;
const STEPS = 20;
const SPEND = "actions: {spend: {args: {amount: {type: money, min: 0, max: 200}}}}";

const TARGET = `export const clamp = (spent, budget) => ({ spent: Math.min(spent, budget) });
export const account = { init: () => ({ spent: 0, budget: 100 }), step: (s, _action, { amount }) => (s.spent + amount <= s.budget ? { ...s, spent: s.spent + amount } : { ...s, spent: 0 }) };
`;
const PROGRAM = `const state = { spent: 0, budget: 100 };
for await (const line of console) {
  const { init, args } = JSON.parse(line);
  if (init) state.spent = 0;
  else state.spent = state.spent + args.amount <= state.budget ? state.spent + args.amount : 0;
  process.stdout.write(JSON.stringify({ state }) + "\\n");
}
`;

const head = (imports: string): string => `import { test } from "bun:test";\nimport fc from "fast-check";\n${imports}\nconst numRuns = Number(process.env["PROPERTY_RUNS"]);\n`;
const CASES = `fc.array(fc.record({ amount: fc.integer({ min: 0, max: 200 }) }), { minLength: 1, maxLength: ${STEPS}, size: "max" })`;
const BY_HAND = {
  function: `${head('import { clamp } from "./target.ts";')}test("clamp", () => {
  const whole = fc.integer({ min: 0, max: 1000 });
  fc.assert(fc.property(whole, whole, (spent, budget) => clamp(spent, budget).spent <= budget), { numRuns, seed: 1 });
}, 600_000);\n`,
  model: `${head('import { account } from "./target.ts";')}test("account", () => {
  fc.assert(fc.property(${CASES}, (steps) => {
    let state = account.init();
    for (const args of steps) {
      state = account.step(state, "spend", args);
      if (state.spent > state.budget) return false;
    }
    return true;
  }), { numRuns, seed: 1 });
}, 600_000);\n`,
  command: `${head("")}test("program", async () => {
  const child = Bun.spawn([process.execPath, "program.ts"], { stdin: "pipe", stdout: "pipe" });
  const reader = child.stdout.getReader();
  const ask = async (message) => { child.stdin.write(JSON.stringify(message) + "\\n"); child.stdin.flush(); return JSON.parse(Buffer.from((await reader.read()).value).toString()).state; };
  await fc.assert(fc.asyncProperty(${CASES}, async (steps) => {
    await ask({ init: true });
    for (const args of steps) {
      const state = await ask({ step: 1, action: "spend", args });
      if (state.spent > state.budget) return false;
    }
    return true;
  }), { numRuns, seed: 1 });
  child.kill();
}, 600_000);\n`,
} as const;

const TARGETS = {
  function: "t: {invariants: [INV.CAP], function: {module: target.ts, export: clamp, args: [{field: spent, min: 0, max: 1000}, {field: budget, min: 0, max: 1000}]}}",
  model: `t: {invariants: [INV.CAP], model: {module: target.ts, export: account}, ${SPEND}}`,
  command: `t: {invariants: [INV.CAP], command: {argv: [${process.execPath}, program.ts]}, ${SPEND}}`,
} as const;
const RUNS = { function: 20_000, model: 5_000, command: 500 } as const;

/** Milliseconds of one `bun test` with that many cases. */
function milliseconds(folder: string, file: string, runs: number): number {
  const start = performance.now();
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, "test", `./${file}`], { cwd: folder, env: { PATH: process.env["PATH"] ?? "", HOME: folder, PROPERTY_RUNS: String(runs) } });
  if (exitCode !== 0) throw new Error(`${file}: ${stderr.toString()}`);
  return performance.now() - start;
}

export const bench: Bench = async (figure) => {
  const folder = mkdtempSync(join(tmpdir(), "bench-properties-"));
  const rig = new Rig();
  try {
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "target.ts"), TARGET);
    writeFileSync(join(folder, "program.ts"), PROGRAM);
    for (const kind of ["function", "model", "command"] as const) {
      const plan = planIn(budget(TARGETS[kind]), "t");
      const written = testFile(plan, { specifier: "./target.ts", file: `${kind}.test.ts`, inside: insideSources() });
      if ("because" in written) throw new Error(written.because);
      writeFileSync(join(folder, `${kind}.test.ts`), written.text);
      writeFileSync(join(folder, `${kind}-by-hand.test.ts`), BY_HAND[kind]);
      const rounds = Array.from({ length: ROUNDS }, () => {
        const took = (file: string): number => Math.max(0.1, milliseconds(folder, file, RUNS[kind]) - milliseconds(folder, file, 10));
        return { ours: took(`${kind}.test.ts`), theirs: took(`${kind}-by-hand.test.ts`) };
      });
      const rate = (ms: number): number => (RUNS[kind] / ms) * 1_000;
      figure({ figure: `cases per second, ${kind}${kind === "function" ? "" : `, up to ${STEPS} calls each`}`, value: rate(median(rounds.map(({ ours }) => ours))), unit: "cases/s", better: "more", peer: { name: "fast-check by hand", value: rate(median(rounds.map(({ theirs }) => theirs))) }, note: "the start of the process taken off; by hand nothing is counted, copied or kept for the counterexample" });
    }
    const tier = await rig.sandbox.tier("bwrap");
    if (!tier.usable) return void process.stderr.write(`SKIPPED: ${tier.because}; ${tier.remedy}\n`);
    const plan = planIn(budget(TARGETS.model), "t");
    const tree = rig.treeOf({ "target.ts": TARGET });
    const whole: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const { outcome, us } = await rig.run(plan, tree);
      if (outcome.result !== "pass") throw new Error(JSON.stringify(outcome));
      whole.push(us / 1_000);
    }
    figure({ figure: "one model in the sandbox: 200 cases, then 25 from outside", value: median(whole), unit: "ms", better: "less" });
  } finally {
    await rig.close();
    rmSync(folder, { recursive: true, force: true });
  }
};
