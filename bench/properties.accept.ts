/** Every shipped target in the sandbox as `maestro invariants test` runs it, a fault in the real reporter, and kept tests under plain `bun test`. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { planIn, Rig, ROOT, shipped, type Seeded } from "../daemon/analysis/properties/testing/rig.ts";
import { skipWithout } from "../daemon/testing/skip.ts";

const DEADLINE_MS = 300_000;
const rig = new Rig();
const { usable } = await rig.sandbox.tier("bwrap");
const skipped = skipWithout(usable, "bubblewrap does not work here, so no property test was run in it");
const kept = mkdtempSync(join(tmpdir(), "maestro-kept-"));
afterAll(async () => {
  rmSync(kept, { recursive: true, force: true });
  await rig.close();
});

const maestro = (...args: readonly string[]) => {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, join(ROOT, "daemon/cli/main.ts"), "invariants", ...args], { cwd: ROOT });
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
};

test.skipIf(skipped)("every shipped target keeps its rules", () => {
  const { exitCode, stdout } = maestro("test");
  expect({ exitCode, other: stdout.split("\n").filter((line) => line !== "" && !line.startsWith("pass ")) }).toEqual({ exitCode: 0, other: [] });
  expect(stdout.split("\n").length).toBeGreaterThan(shipped().targets.size);
}, DEADLINE_MS);

const RETRY: Seeded ={
  target: "retry",
  invariant: "INV.RETRY.BOUNDED",
  fault: { file: "daemon/reporter/reporter.ts", text: "doubled_ms * (0.5 + random() / 2)", becomes: "doubled_ms * random()" },
  runs: 10,
  message: "before attempt 2",
  actions: [/^init$/, /^refused\(\{"dice":0\}\)$/, /^(?:refused|taken)/],
};

test.skipIf(skipped)("a reporter that waits for nothing is found, and the whole dice are shrunk to zero", async () => {
  const plan = planIn(shipped(), RETRY.target, RETRY.invariant);
  const { outcome } = await rig.run(plan, await rig.bundled(plan.module, RETRY.fault), { runs: RETRY.runs });
  expect(outcome).toMatchObject({ result: "fail", counterexample: { message: expect.stringContaining(RETRY.message), replay: { verdict: "reproduced" } } });
  if (outcome.result === "fail") expect(outcome.counterexample.trace?.map(({ action }) => action)).toEqual(RETRY.actions.map((action) => expect.stringMatching(action)));
}, DEADLINE_MS);

test("a test that somebody keeps runs under plain bun test, beside the code it is about", () => {
  const file = join(ROOT, "daemon", "analysis", "properties", `kept-${process.pid}.test.ts`);
  try {
    expect(maestro("generate", "queue", "--invariant", "INV.QUEUE.BOUNDED", "--out", file)).toMatchObject({ exitCode: 0 });
    expect(maestro("generate", "queue", "--invariant", "INV.QUEUE.BOUNDED", "--out", file)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("is there already") });
    const { exitCode, stderr } = Bun.spawnSync([process.execPath, "test", file], { cwd: kept });
    expect({ exitCode, said: stderr.toString() }).toEqual({ exitCode: 0, said: expect.stringContaining("INV.QUEUE.BOUNDED holds of queue") });
  } finally {
    rmSync(file, { force: true });
  }
}, DEADLINE_MS);
