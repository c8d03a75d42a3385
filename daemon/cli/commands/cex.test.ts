import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Counterexample, counterexampleBytes } from "../../../proto/counterexample.ts";
import { readCex } from "../../verifier/counterexample.ts";

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

const CAP = "id: PAY.CAP\nscope: payments\nwhen: [{event: payment}]\nfields: {spent: int, budget: int}\nassert:\n  - expr: spent <= budget\n    message: spent {{spent}} of {{budget}}\n";
const BY_HAND = { vars: ["spent", "budget"], states: [{ spent: 0, budget: 10 }, { spent: 12, budget: 10 }, { spent: 2, budget: 10 }] };
/** As Apalache writes it: whole numbers as text, a constant in every state that only `params` names, kinds of values that a rule never reads. */
const APALACHE = {
  "#meta": { format: "ITF", "format-description": "https://apalache-mc.org/docs/adr/015adr-trace.html", varTypes: { spent: "Int", who: "Str -> Set(Str)" }, description: "Created by Apalache" },
  params: ["budget"],
  vars: ["spent", "who"],
  states: [0, 11].map((spent, index) => ({ "#meta": { index }, budget: { "#bigint": "10" }, spent: { "#bigint": String(spent) }, who: { "#map": [["a", { "#set": [{ tag: "Some", value: { "#tup": [index, "x"] } }] }]] } })),
};

/** `maestro cex import` of that document. */
function imported(document: object, ...options: readonly string[]) {
  const rules = join(folder, "invariants");
  mkdirSync(rules, { recursive: true });
  writeFileSync(join(rules, "cap.yaml"), CAP);
  writeFileSync(join(folder, "trace.itf.json"), JSON.stringify(document, null, 2));
  const { stdout, stderr, exitCode } = Bun.spawnSync([process.execPath, join(import.meta.dir, "../main.ts"), "cex", "import", "trace.itf.json", "--invariant", "PAY.CAP", ...options], { cwd: folder, env: { HOME: folder, PATH: "/usr/bin:/bin" } });
  return { out: stdout.toString(), err: stderr.toString(), code: exitCode };
}

test("a trace written by hand, and one of Apalache, is held against a rule and cut where it breaks it; what was kept is shown again", () => {
  const { code, out } = imported(BY_HAND, "--out", "kept.json");
  expect([code, out.split("\n")[0], out.includes("1. step 1"), out.includes("2. step 2")]).toEqual([0, "PAY.CAP breaks: spent 12 of 10", true, false]);
  const kept = readCex(readFileSync(join(folder, "kept.json"), "utf8"));
  expect([kept?.engine, kept?.replay.verdict, kept?.trace?.length]).toEqual(["guard", "reproduced", 2]);
  const apalache = JSON.parse(imported(APALACHE, "--json").out) as Counterexample;
  expect([apalache.message, apalache.trace?.[1]?.state["who"]]).toEqual(["spent 11 of 10", { "#map": [["a", { "#set": [{ tag: "Some", value: { "#tup": [1, "x"] } }] }]] }]);
  // Out again, and in again.
  expect(imported(JSON.parse(shown(apalache, "--itf").out) as object).code).toBe(0);
});

test("attack: a trace that breaks nothing, or is of another model, is no counterexample, whatever it says of itself", () => {
  const said = { ...(JSON.parse(shown(CEX, "--itf").out) as object), vars: BY_HAND.vars, states: BY_HAND.states.filter(({ spent }) => spent < 10) };
  expect(imported(said)).toMatchObject({ code: 3, out: "", err: expect.stringContaining("breaks PAY.CAP") });
  expect(imported({ vars: ["cost"], states: [{ cost: 12 }] })).toMatchObject({ code: 2, out: "", err: expect.stringContaining("reads spent, budget, which is no variable of the trace; it has cost") });
});
