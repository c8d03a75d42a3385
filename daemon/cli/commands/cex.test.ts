import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Counterexample, counterexampleBytes } from "../../../proto/counterexample.ts";

const folder = mkdtempSync(join(tmpdir(), "maestro-cex-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const CEX: Counterexample = {
  type: "maestro.cex/v1", invariant: "PAY.CAP", engine: "tlc", message: "too much \u001b[31m", inputs: null, trace: [{ action: "Init", location: null, state: { spent: 0 } }, { action: "Pay", location: null, state: { spent: 4 } }],
  loop_at: null, stutter: false, seed: null, path: null, smt2_sha256: null, spec_sha256: null, replay: { command: ["maestro", "modelcheck", "Pay"], verdict: "reproduced" },
};

/** `maestro cex show FILE` as a person types it. */
function shown(cex: Counterexample, ...options: readonly string[]) {
  const path = join(folder, "cex.json");
  writeFileSync(path, counterexampleBytes(cex));
  const { stdout, stderr, exitCode } = Bun.spawnSync([process.execPath, join(import.meta.dir, "../main.ts"), "cex", "show", path, ...options], { env: { HOME: folder, PATH: "/usr/bin:/bin" } });
  return { out: stdout.toString(), err: stderr.toString(), code: exitCode };
}

test("maestro cex shows a counterexample step by step, escaped, and as a trace for others' tools", () => {
  const text = shown(CEX);
  expect([text.code, text.out.includes("1. Pay"), text.out.includes("\u001b")]).toEqual([0, true, false]);
  expect(JSON.parse(shown(CEX, "--itf").out)).toMatchObject({ vars: ["spent"], states: [{ spent: 0 }, { spent: 4 }] });
});

test("attack: one that claims more than was seen is not shown", () => {
  const { code, out } = shown({ ...CEX, replay: { ...CEX.replay, verdict: "not-reproduced" } });
  expect([code, out]).toEqual([3, ""]);
});
