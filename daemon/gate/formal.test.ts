/** Declared models through the whole gate: the real TLC in the real sandbox over a change. Few runs, since each takes a second; more in bench/formal-gate.accept.ts. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { Bundle } from "../../proto/bundle.ts";
import type { Counterexample } from "../../proto/counterexample.ts";
import { fromBase64, fromUtf8Lossy } from "../../proto/encoding.ts";
import type { GateResult } from "../../proto/api.ts";
import { modelsHere } from "../analysis/modelcheck/testing/rig.ts";
import { World } from "../testing/core.ts";
import { skipWithout } from "../testing/skip.ts";

setDefaultTimeout(120_000);

let world: World;
let serial = 0;
beforeAll(async () => {
  world = await World.open({});
});
afterAll(() => world[Symbol.asyncDispose]());

const { toolchain, because } = await modelsHere();
const sandboxed = skipWithout(Bun.which("bwrap") !== null, "no target was driven in a gate: needs bubblewrap");
const skipped = skipWithout(toolchain !== null, `no model was checked in a gate: ${because}`);

const CONFIG = 'version: 1\nspecs:\n  - spec: specs/Budget.tla\n    code: ["src/**"]\n';
const MODULE = "---- MODULE Budget ----\nEXTENDS Naturals\nVARIABLE spent\nInit == spent = 0\nSpend == spent < 3 /\\ spent' = spent + 1\nNext == Spend\nSpec == Init /\\ [][Next]_spent\nWithin == spent <= 3\n====\n";
const CFG = "SPECIFICATION Spec\nINVARIANT Within\nCHECK_DEADLOCK FALSE\n";
const BASE = { "maestro.yaml": CONFIG, "specs/Budget.tla": MODULE, "specs/Budget.cfg": CFG, "src/budget.ts": "1\n" };
/** The guard forgets its bound. */
const FAULT = MODULE.replace("spent < 3", "spent < 4");

async function gated(head: Record<string, string | null>, base: Record<string, string> = BASE): Promise<GateResult> {
  const source = world.scratch.source(`source${serial++}`);
  await source.commit(base, "base");
  const target = source.git("rev-parse", "HEAD");
  const tip = await source.commit(head, "change");
  const intake = await world.received(source, [target, tip], `demo${serial}`);
  return world.gate(intake, { target_ref: "refs/heads/main", target, head: tip });
}

const checkOf = ({ card }: GateResult) => card.checks.find(({ check }) => check === "modelcheck");
const rules = ({ card }: GateResult): string[] => card.reasons.filter(({ effect, observed }) => effect !== "note" && !observed).map(({ rule, effect }) => `${rule} ${effect}`);

test.skipIf(skipped)("a seeded fault is refused with the behaviour that shows it, and asking less does not help", async () => {
  const result = await gated({ "specs/Budget.tla": FAULT, "specs/Budget.cfg": CFG.replace("INVARIANT Within\n", "") });
  expect([result.verdict, checkOf(result)?.result]).toEqual(["refuse", "fail"]);
  expect(rules(result)).toEqual(["model.violated refuse", "model.changed hold", "model.weakened hold"]);
  const [shown] = result.card.counterexamples?.listed ?? [];
  expect(JSON.parse(shown?.document ?? "{}")).toMatchObject({ type: "maestro.cex/v1", engine: "tlc", invariant: "Budget.Within", replay: { verdict: "reproduced" } });
  expect((JSON.parse(shown?.document ?? "{}") as Counterexample).trace?.at(-1)).toEqual({ action: "Spend", location: { path: { u: "specs/Budget.tla" }, start_line: 5, end_line: 5 }, state: { spent: 4 } });
  // The same bytes travel in the bundle, under a leaf that holds their digest.
  const bundle = JSON.parse(fromUtf8Lossy(fromBase64(result.bundle) ?? new Uint8Array(0))) as Bundle;
  const document = bundle.documents?.find(({ name }) => name === `counterexample/${shown?.sha256.slice(0, 32)}.json`);
  expect(fromUtf8Lossy(fromBase64(document?.content ?? "") ?? new Uint8Array(0))).toBe(shown?.document ?? "none");
  expect(result.card.reasons[0]?.because).toContain("specs/Budget.tla under the base's configuration: invariant Within is violated");
});

test("a change that touches neither model nor code is not held up by either", async () => {
  const result = await gated({ "README.md": "hello\n" });
  expect(checkOf(result)).toMatchObject({ result: "not_applicable", because: "the change touches no declared model and none of the code they mirror" });
});

test("attack: a Naturals of its own beside the model is not run, and not passed", async () => {
  const result = await gated({ "specs/Naturals.tla": "---- MODULE Naturals ----\na + b == 0\na <= b == TRUE\na < b == TRUE\n====\n" });
  expect(checkOf(result)?.result).toBe("unavailable");
  expect(checkOf(result)?.because).toContain("Naturals.tla stands beside the specification");
  expect(result.verdict).toBe("hold");
});

const CAP = "id: SPEND.CAP\nscope: payments\nwhen:\n  - event: payment\nfields: {spent: int, budget: int}\nassert:\n  - expr: spent <= budget\n";
const RULES = { "maestro.yaml": "version: 1\ninvariants: {folder: rules}\n", "rules/cap.yaml": CAP };

test("an invariant that lets more through is held, with values it stopped before and the question to the solver in the bundle", async () => {
  const result = await gated({ "rules/cap.yaml": CAP.replace("spent <= budget", "spent <= budget + 1") }, RULES);
  expect([result.verdict, rules(result)]).toEqual(["hold", ["invariant.weakened hold"]]);
  const [shown] = result.card.counterexamples?.listed ?? [];
  const cex = JSON.parse(shown?.document ?? "{}") as Counterexample;
  expect(cex).toMatchObject({ engine: "smt", invariant: "SPEND.CAP", replay: { verdict: "reproduced" } });
  expect(Number(cex.inputs?.["spent"])).toBe(Number(cex.inputs?.["budget"]) + 1);
  const bundle = JSON.parse(fromUtf8Lossy(fromBase64(result.bundle) ?? new Uint8Array(0))) as Bundle;
  const asked = bundle.documents?.find(({ name }) => name === `smt/${cex.smt2_sha256?.slice(0, 32)}.smt2.txt`);
  const text = fromUtf8Lossy(fromBase64(asked?.content ?? "") ?? new Uint8Array(0));
  expect(text).toMatch(/^; sha256 of the question below: [0-9a-f]{64}\n; z3-(?:native|wasm) [0-9.]+ answered: sat\n/);
  expect(Bun.SHA256.hash(text.split("\n").slice(3).join("\n"), "hex")).toBe(cex.smt2_sha256 ?? "");
});

test("attack: the rule and the line that declares it go in one change; what the base declares counts", async () => {
  const result = await gated({ "rules/cap.yaml": null, "maestro.yaml": "version: 1\n" }, RULES);
  expect(rules(result)).toContain("invariant.removed hold");
});

const PAY = "id: PAY.CAP\nscope: payments\nwhen:\n  - event: payment\nfields: {ask: int, budget: int, spent: int}\nassert:\n  - expr: spent <= budget\n    message: spent {{spent}} of {{budget}}\n";
const TARGETS = "targets:\n  pay:\n    invariants: [PAY.CAP]\n    function: {module: src/pay.ts, export: pay, args: [ask, budget], returns: spent}\n    runs: 50\n";
const pay = (returns: string): string => `export const pay = (ask: number, budget: number): number => ${returns};\n`;
const DRIVEN = { "maestro.yaml": "version: 1\ninvariants: {folder: rules}\n", "rules/pay.yaml": PAY, "rules/targets.yaml": TARGETS, "src/pay.ts": pay("Math.min(ask, budget)") };

test.skipIf(sandboxed)("code that breaks a rule of the base is refused with shrunk inputs that break it; the change's own rules do not count", async () => {
  const result = await gated({ "src/pay.ts": pay("ask"), "rules/pay.yaml": PAY.replace("spent <= budget", "spent <= ask") }, DRIVEN);
  expect([result.verdict, rules(result)]).toEqual(["refuse", ["invariant.violated refuse", "invariant.weakened hold"]]);
  const cex = (result.card.counterexamples?.listed ?? []).map(({ document }) => JSON.parse(document ?? "{}") as Counterexample).find(({ engine }) => engine === "fast-check");
  expect(cex).toMatchObject({ invariant: "PAY.CAP", replay: { verdict: "reproduced" } });
});

test.skipIf(sandboxed)("code that keeps the rules passes, and a target that cannot be driven is not passed", async () => {
  expect((await gated({ "src/pay.ts": pay("Math.min(budget, ask)") }, DRIVEN)).verdict).toBe("admit");
  const gone = await gated({ "src/pay.ts": null }, DRIVEN);
  expect(gone.card.checks.find(({ check }) => check === "invariants")?.result).toBe("unavailable");
});
