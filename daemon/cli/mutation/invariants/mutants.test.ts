/** Faults put into invariants: every operator finds its place, examples notice, and what none notices is told. */
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mutationText } from "../faces.ts";
import { GOALS } from "../score.ts";
import { holdsInvariants, mutateInvariants } from "./index.ts";
import { invariantMutants } from "./mutants.ts";
import { OPERATORS } from "./operators.ts";

const work = mkdtempSync(join(tmpdir(), "maestro-mutants-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const OPTIONS = { goals: GOALS, time_ms_max: 60_000, sample: null };

const WEAK = `id: A.B
scope: s
when: [{event: call}]
fields: {spent: int, budget: int, tags: list<int>}
assert:
  - expr: spent <= budget && (tags.all(t, t > 0))
examples:
  holds: {with: {spent: 1, budget: 2, tags: [1]}}
  breaks: {with: {spent: 3, budget: 2, tags: [1]}}
`;
const STRONG = WEAK.replace("holds: {with: {spent: 1, budget: 2, tags: [1]}}", "holds: [{with: {spent: 2, budget: 2, tags: [1]}}, {with: {spent: 1, budget: 2, tags: []}}]").replace("breaks: {with: {spent: 3, budget: 2, tags: [1]}}", "breaks: [{with: {spent: 3, budget: 2, tags: [1]}}, {with: {spent: 1, budget: 2, tags: [0, 1]}}]");
const TIMED = `id: C.D
scope: s
when: [{event: call}, {event: reply}]
fields: {n: int, key: string}
per: key
keys_max: 10
temporal:
  - {formula: "call where n > 1 leads_to reply within 10s"}
  - {formula: "always !(n == 7) || once call in 5s"}
  - {formula: "count(call where n < 9) in 1m <= 3"}
examples:
  holds: {trace: [{at: 0s, event: call, with: {n: 2, key: a}}, {at: 10s, event: reply, with: {n: 1, key: a}}, {at: 1m}]}
  breaks: {trace: [{at: 0s, event: call, with: {n: 2, key: a}}, {at: 11s, event: reply, with: {n: 1, key: a}}, {at: 1m}]}
`;

function folderOf(name: string, files: Readonly<Record<string, string>>): string {
  mkdirSync(join(work, name));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(work, name, file), text);
  return join(work, name);
}
const mutantsOf = (text: string) => invariantMutants([{ name: "a.yaml", text }]).mutants;

test("examples that look at one side of a bound leave the other to be wrong; better ones notice every fault", () => {
  const weak = mutateInvariants(folderOf("weak", { "a.yaml": WEAK }), OPTIONS);
  expect(weak.result.survived.map(({ operator, line, before, replacement }) => `${line} ${operator} ${before} -> ${replacement}`)).toEqual([
    "6 drop-condition tags.all(t, t > 0) -> ",
    "6 relational spent <= budget -> spent < budget",
    "6 quantifier tags.all(t, t > 0) -> tags.exists(t, t > 0)",
    "6 relational t > 0 -> t >= 0",
    "6 constant 0 -> -1",
  ]);
  expect(weak.result.faults.join()).toContain("the goal is 92 %");
  expect(mutationText(weak.facts, weak.result)).toContain("tags.all(t, t > 0)");
  const strong = mutateInvariants(folderOf("strong", { "a.yaml": STRONG }), OPTIONS);
  expect([strong.result.survived, strong.result.faults, strong.result.killed]).toEqual([[], [], strong.result.tried.length]);
  expect(strong.result.tried[0]?.by).toContain("A.B examples.");
  expect(readFileSync(join(work, "strong/a.yaml"), "utf8")).toBe(STRONG);
});

test("every operator finds its place, in time too, and each mutant is another rule", () => {
  const all = [...mutantsOf(STRONG), ...mutantsOf(TIMED)];
  expect(new Set(all.map(({ operator }) => operator))).toEqual(new Set(OPERATORS));
  const told = all.map(({ operator, before, replacement }) => `${operator}: ${before} -> ${replacement}`);
  for (const wanted of ["connective: spent <= budget && tags.all(t, t > 0) -> spent <= budget || tags.all(t, t > 0)", "drop-condition: spent <= budget -> ", "negation: t > 0 -> !(t > 0)", "constant: 0 -> 1", "bound: (call where n > 1) leads_to (reply) within 10s -> (call where n > 1) leads_to (reply) within 10s1ms", "negation: !(n == 7) -> n == 7", "bound: count(call where n < 9) in 1m -> count(call where n < 9) in 59s999ms", "drop-condition: call where n > 1 -> call"]) expect(told).toContain(wanted);
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  // A rule that is moved, or that another one is put before, keeps the ids of its mutants.
  expect(mutantsOf(`# moved\n${STRONG}`).map(({ id }) => id)).toEqual(mutantsOf(STRONG).map(({ id }) => id));
});

test("a declared equivalent is tried all the same, and rules that are not whole or have no examples say nothing", () => {
  const { result } = mutateInvariants(folderOf("few", { "a.yaml": STRONG }), OPTIONS);
  const lying = folderOf("lying", { "a.yaml": STRONG, "equivalent-mutants.txt": `${result.tried[0]?.id} It is claimed that nobody can tell.\n` });
  expect(mutateInvariants(lying, OPTIONS).result.faults.join()).toContain("is declared equivalent and is killed");
  expect(() => mutateInvariants(folderOf("broken", { "a.yaml": STRONG.replace("spent <=", "spend <=") }), OPTIONS)).toThrow("a.yaml:6: there is no field spend");
  expect(() => mutateInvariants(folderOf("none", { "a.yaml": STRONG.slice(0, STRONG.indexOf("examples")) }), OPTIONS)).toThrow("has examples");
  const late = mutateInvariants(join(work, "strong"), { ...OPTIONS, time_ms_max: -1 }).result;
  expect([late.not_run, late.faults.join().includes("were not tried")]).toEqual([late.tried.length, true]);
});

test("a folder with Rego is a policy, and one without an id is nothing", () => {
  expect([holdsInvariants(join(work, "strong")), holdsInvariants(folderOf("rego", { "a.yaml": STRONG, "p.rego": "" })), holdsInvariants(folderOf("data", { "a.yaml": "x: 1\n" })), holdsInvariants(join(work, "absent"))]).toEqual([true, false, false, false]);
});

test("the rules that ship have examples that notice at least 92 % of the faults put into them", () => {
  const { result } = mutateInvariants(join(import.meta.dir, "../../../../invariants"), OPTIONS);
  expect(result.faults).toEqual([]);
  expect(result.score_permille).toBeGreaterThanOrEqual(920);
  expect(result.killed).toBeGreaterThan(500);
}, 60_000);
