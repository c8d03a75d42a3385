/** Declared models and invariants through the whole gate: the real TLC, the real solver, the real sandbox. Few runs, since each takes a second; more in bench/formal-gate.accept.ts. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { modelsHere } from "../analysis/modelcheck/testing/rig.ts";
import { skipWithout } from "../testing/skip.ts";
import { BUDGET, cexOf, checkOf, documentOf, DRIVEN, FAULT, FormalWorld, rulesOf } from "./testing/formal.ts";

setDefaultTimeout(120_000);

let world: FormalWorld;
beforeAll(async () => {
  world = await FormalWorld.open();
});
afterAll(() => world[Symbol.asyncDispose]());

const { toolchain, because } = await modelsHere();
const skipped = skipWithout(toolchain !== null, `no model was checked in a gate: ${because}`);

test.skipIf(skipped)("a seeded fault is refused with the behaviour that shows it, on the card and in the bundle", async () => {
  const result = await world.gated({ "specs/Budget.tla": FAULT }, BUDGET);
  expect([result.verdict, checkOf(result, "modelcheck")?.result, rulesOf(result)]).toEqual(["refuse", "fail", ["model.violated refuse", "model.changed hold"]]);
  const [cex] = cexOf(result);
  expect(cex).toMatchObject({ type: "maestro.cex/v1", engine: "tlc", invariant: "Budget.Within", replay: { verdict: "reproduced" } });
  expect(cex?.trace?.at(-1)).toEqual({ action: "Spend", location: { path: { u: "specs/Budget.tla" }, start_line: 5, end_line: 5 }, state: { spent: 4 } });
  // The same bytes, under a leaf that holds their digest.
  const [listed] = result.card.counterexamples?.listed ?? [];
  expect(documentOf(result, `counterexample/${listed?.sha256.slice(0, 32)}.json`)).toBe(listed?.document ?? "none");
});

test("attack: a Naturals of its own beside the model is not run, and not passed", async () => {
  const result = await world.gated({ "specs/Naturals.tla": "---- MODULE Naturals ----\na + b == 0\na <= b == TRUE\na < b == TRUE\n====\n" }, BUDGET);
  expect(checkOf(result, "modelcheck")).toMatchObject({ result: "unavailable", because: expect.stringContaining("Naturals.tla stands beside the specification") });
  expect(result.verdict).toBe("hold");
});

const CAP = "id: SPEND.CAP\nscope: payments\nwhen:\n  - event: payment\nfields: {spent: int, budget: int}\nassert:\n  - expr: spent <= budget\n";
const RULES = { "maestro.yaml": "version: 1\ninvariants: {folder: rules}\n", "rules/cap.yaml": CAP };

test("an invariant that lets more through is held, with values it stopped before and the question to the solver in the bundle", async () => {
  const result = await world.gated({ "rules/cap.yaml": CAP.replace("spent <= budget", "spent <= budget + 1") }, RULES);
  expect([result.verdict, rulesOf(result)]).toEqual(["hold", ["invariant.weakened hold"]]);
  const [cex] = cexOf(result);
  expect(cex).toMatchObject({ engine: "smt", invariant: "SPEND.CAP", replay: { verdict: "reproduced" } });
  expect(Number(cex?.inputs?.["spent"])).toBe(Number(cex?.inputs?.["budget"]) + 1);
  const text = documentOf(result, `smt/${cex?.smt2_sha256?.slice(0, 32)}.smt2.txt`) ?? "";
  expect(text).toMatch(/^; sha256 of the question below: [0-9a-f]{64}\n; z3-(?:native|wasm) [0-9.]+ answered: sat\n/);
  expect(Bun.SHA256.hash(text.split("\n").slice(3).join("\n"), "hex")).toBe(cex?.smt2_sha256 ?? "");
});

test("attack: the base's rules cannot be asked, and the change lies low until they can", async () => {
  const result = await world.gated({ "src/a.ts": "export const a = 2;\n" }, { "maestro.yaml": RULES["maestro.yaml"], "rules/cap.yaml": CAP.replace("spent <=", "spend <="), "src/a.ts": "export const a = 1;\n" });
  expect(checkOf(result, "invariants")).toMatchObject({ result: "unavailable", because: expect.stringContaining("rules/cap.yaml:7") });
  expect([result.verdict, rulesOf(result)]).toEqual(["hold", ["gate.check-unavailable hold"]]);
});

test("attack: a driver outside the declared code is bent first, and the code in the next change", async () => {
  const base = { ...DRIVEN, "maestro.yaml": 'version: 1\ninvariants: {folder: rules, code: ["src/**"]}\n', "rules/targets.yaml": "targets:\n  pay:\n    invariants: [PAY.CAP]\n    model: {module: test/drive.ts, export: drive}\n    actions: {pay: {args: {ask: int}}}\n", "test/drive.ts": "export const drive = 1;\n" };
  const { card, verdict } = await world.gated({ "test/drive.ts": "export const drive = 2;\n" }, base);
  expect(card.reasons.map(({ rule, effect }) => `${rule} ${effect}`)).toContain("invariant.driver-changed note");
  // Neither is a driver, and it was driven all the same.
  expect(verdict).toBe("hold");
});

test("attack: the declared folder is one letter off, or its documents lie a folder deeper, and nobody notices that no rule is asked", async () => {
  for (const base of [{ "rule/cap.yaml": CAP }, { "rules/pay/cap.yaml": CAP }]) {
    const result = await world.gated({ "src/a.ts": "export const a = 2;\n" }, { ...base, "maestro.yaml": RULES["maestro.yaml"], "src/a.ts": "export const a = 1;\n" });
    expect([checkOf(result, "invariants")?.result, checkOf(result, "invariants")?.because, result.verdict]).toEqual(["unavailable", expect.stringContaining("no document lies there"), "hold"]);
  }
});

test("attack: a person's change leaves models and rules out of maestro.yaml, so that the next one is asked nothing", async () => {
  const base = { ...RULES, ...BUDGET, "maestro.yaml": `${BUDGET["maestro.yaml"]}invariants: {folder: rules}\n` };
  for (const head of ["version: 1\n", null]) {
    const result = await world.gated({ "maestro.yaml": head }, base);
    expect([result.verdict, rulesOf(result)]).toEqual(["hold", ["invariant.removed hold", "model.removed hold"]]);
  }
});
