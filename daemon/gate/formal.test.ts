/** Declared models and invariants through the whole gate: the real TLC, the real solver, the real sandbox. Few runs, since each takes a second; more in bench/formal-gate.accept.ts. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { modelsHere } from "../analysis/modelcheck/testing/rig.ts";
import { skipWithout } from "../testing/skip.ts";
import { BUDGET, cexOf, checkOf, documentOf, FAULT, FormalWorld, rulesOf } from "./testing/formal.ts";

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
