/** Each rule about this daemon has a fault of real code that it sees. Three of them here; `npm run nightly -- mutants` plays all. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { criticalFlows } from "../flows.ts";
import { shippedDocuments } from "../shipped.ts";
import { MUTANTS } from "./mutants.ts";
import { playMutant, playSound } from "./play.ts";

const ROOT = Bun.fileURLToPath(new URL("../../..", import.meta.url));
/** Rules about what others do: no code of ours makes their events, so none of it can have the fault. */
const ABOUT_OTHERS = ["INV.BUDGET.CAP"];

test("every rule that ships has its mutant, and no mutant is of a rule that is gone", () => {
  const { documents } = shippedDocuments();
  expect([...new Set(MUTANTS.map(({ id }) => id))].sort()).toEqual(documents.map(({ id }) => id).filter((id) => !ABOUT_OTHERS.includes(id)).sort());
  expect(documents.filter(({ severity }) => severity === "critical").length).toBeGreaterThanOrEqual(24);
  const guarding = new Set(criticalFlows().flatMap(({ cover }) => (Array.isArray(cover) ? cover : [])));
  expect([...guarding].filter((id) => !MUTANTS.some((mutant) => mutant.id === id))).toEqual([]);
});

test("every mutant is of code that is there, once", () => {
  const lost = MUTANTS.flatMap(({ id, edits }) => edits.filter(({ file, from }) => readFileSync(join(ROOT, file), "utf8").split(from).length !== 2).map(({ file }) => `${id}: ${file}`));
  expect(lost).toEqual([]);
});

const TRIED = ["INV.LEDGER.CAP", "INV.LOG.ENTRY_ONCE", "INV.QUEUE.FAIR"];

test.each(MUTANTS.filter(({ id }) => TRIED.includes(id)).map((mutant) => [mutant.id, mutant] as const))("%s sees the fault, which without it goes on unnoticed", async (id, mutant) => {
  expect(await playMutant(mutant)).toEqual({ stopped_by: id, without: null });
}, 120_000);

test("the same work without a fault is stopped by nothing", async () => {
  expect(await playSound("ledger")).toEqual({ stopped_by: null, without: null });
}, 120_000);
