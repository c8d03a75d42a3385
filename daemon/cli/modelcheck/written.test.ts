import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { traceLines, violationText } from "./written.ts";

setDefaultTimeout(60_000);

const CLI = join(import.meta.dir, "../main.ts");
const folder = mkdtempSync(join(tmpdir(), "modelcheck-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = { name: "Next", module: "Spec", from: { line: 4, column: 1 }, to: { line: 4, column: 9 } };

describe("a counterexample", () => {
  test("shows each step with its action, and of its state what changed", () => {
    const steps = [{ action: null, state: { x: 0, y: { "#set": [1, { "#unserializable": "m1" }] } } }, { action: at, state: { x: 1, y: { "#set": [1, { "#unserializable": "m1" }] } } }];
    expect(traceLines({ steps, loop_at: 0, stuttering: false })).toEqual(["   1  (initial state)", "        x = 0", "        y = {1, m1}", "   2  Next  Spec:4", "        x = 1", "      and again from 1, for ever"]);
    expect(traceLines({ steps: [], loop_at: null, stuttering: true })).toEqual(["      and nothing more, for ever"]);
  });

  test("says what is violated, and TLC's code", () => {
    expect(violationText({ kind: "invariant", name: "Small", exit: 12 })).toBe("invariant is violated: Small (TLC's 12)");
    expect(violationText({ kind: "deadlock", name: null, exit: 11 })).toBe("deadlock: nothing can happen any more (TLC's 11)");
  });
});

const modelcheck = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, CLI, "modelcheck", "--folder", folder, ...args], { env: { PATH: process.env["PATH"] ?? "", HOME: folder, ...env } });
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
};

describe("maestro modelcheck", () => {
  test("of a folder without a model, or of a name that is none, is a usage error", () => {
    expect(modelcheck([])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("has no model at all") });
  });

  test("without the jar knows nothing, says what to do, and exits as a hold does", () => {
    writeFileSync(join(folder, "A.tla"), "---- MODULE A ----\n====\n");
    writeFileSync(join(folder, "A.cfg"), "");
    const { exitCode, stdout } = modelcheck([], { MAESTRO_TLA_DIR: join(folder, "nowhere") });
    expect([exitCode, stdout]).toEqual([3, expect.stringMatching(/^UNKNOWN +A +.*npm run tools obtains it/)]);
    const json = JSON.parse(modelcheck(["--json"], { MAESTRO_TLA_DIR: join(folder, "nowhere") }).stdout) as { rows: unknown[] };
    expect(json.rows).toMatchObject([{ name: "A", as_wanted: false, outcome: { result: "unavailable" } }]);
  });
});
