/** Whoever would be judged by a model or a rule first takes it out of `maestro.yaml`: out of real commits, by the facts of a change and both checks. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { Limits } from "../../../../proto/config.ts";
import { Facts } from "../../../../proto/facts.ts";
import { Scratch, type Source } from "../../../platform/git/testing/scratch.ts";
import { THRESHOLDS } from "../../../testing/checks.ts";
import { collect } from "../../facts/collect.ts";
import { BUDGET, CFG, DRIVEN, MODULE } from "../../testing/formal.ts";
import { runCheck } from "../check.ts";
import invariants from "../invariants.ts";
import modelcheck from "../modelcheck.ts";

type Files = Readonly<Record<string, string | null>>;
const LIMITS = Value.Create(Limits).facts;
const SPECS = 'specs:\n  - {spec: specs/Budget.tla, code: ["src/**", "lib/**"]}\n';
const RULES = 'invariants: {folder: rules, code: ["src/**", "lib/**"]}\n';
const config = (...parts: readonly string[]): string => `version: 1\n${parts.join("")}`;
const { "rules/pay.yaml": PAY, "rules/targets.yaml": TARGETS } = DRIVEN;
const BASE: Files = { ...DRIVEN, ...BUDGET, "maestro.yaml": config(SPECS, RULES) };

let scratch: Scratch;
let serial = 0;
/** Heads of changes over `BASE`, committed and stored at once. */
const heads = new Map<string, string>();
const planned = new Map<string, Files>();
let over: { readonly git_dir: string; readonly object_format: "sha1" | "sha256"; readonly target: string };

const fresh = (): Source => scratch.source(`declared-${++serial}`);

beforeAll(async () => {
  scratch = await Scratch.create();
  const source = fresh();
  const target = await source.commit({ ...BASE });
  for (const [name, files] of planned) {
    source.git("checkout", "-q", "--detach", target);
    heads.set(name, await source.commit({ ...files }));
  }
  const { git_dir, object_format } = await scratch.stored(source, [target, ...heads.values()], `local:0:${++serial}`);
  over = { git_dir, object_format, target };
});
afterAll(() => scratch.dispose());

async function factsOf(git_dir: string, object_format: "sha1" | "sha256", target: string, head: string): Promise<Facts> {
  const [facts_path, policy_path] = [join(scratch.root, `facts-${++serial}`), join(scratch.root, `policy-${serial}`)];
  const { facts } = await collect({ kind: "facts", git: { ...scratch.tools }, git_dir, object_format, target, head, want_tree_sha256: false, trusted_target: true, facts_path, policy_path, deadline_ms: 60_000, limits: LIMITS, declared: { commands: {}, obligations: {} } });
  expect([Value.Check(Facts, facts), facts.history]).toEqual([true, "known"]);
  return facts;
}

/** What both checks say of facts; `files` come in the order of the rules' names. */
async function saidOf(facts: Facts) {
  const outcomes = await Promise.all([modelcheck, invariants].map((check) => runCheck(check, facts, { thresholds: THRESHOLDS, signal: new AbortController().signal })));
  const findings = outcomes.flatMap((outcome) => outcome.findings);
  return { results: outcomes.map(({ result }) => result), rules: findings.map(({ rule }) => rule), messages: findings.map(({ message }) => message), findings };
}

async function between(source: Source, target: string, ...tips: readonly string[]) {
  const { git_dir, object_format } = await scratch.stored(source, source.git("rev-list", target, ...tips).split("\n"), `local:0:${++serial}`);
  const said = [];
  for (const head of tips) said.push(await saidOf(await factsOf(git_dir, object_format, target, head)));
  return said;
}

async function changing(head: Files, base: Files): Promise<readonly string[]> {
  const source = fresh();
  const target = await source.commit({ ...base });
  return (await between(source, target, await source.commit({ ...head }))).flatMap(({ rules }) => rules);
}

/** Cases of a table, each a change over `BASE`. */
function changes<T extends readonly [string, Files, ...unknown[]]>(cases: readonly T[]): readonly T[] {
  for (const [name, files] of cases) planned.set(name, files);
  return cases;
}
const changeNamed = async (name: string) => saidOf(await factsOf(over.git_dir, over.object_format, over.target, heads.get(name) ?? ""));

describe("attack: the change leaves the models or the rules of the base out of maestro.yaml, so that the next one is not asked:", () => {
  const GONE: string[] = ["model.removed", "invariant.removed"];
  test.each(changes<readonly [string, Files, string[]]>([
    ["both entries go", { "maestro.yaml": config() }, GONE],
    ["the file goes", { "maestro.yaml": null }, GONE],
    ["the file has another name", { "maestro.yaml": null, "Maestro.yaml": config(SPECS, RULES) }, GONE],
    ["the list of models is empty", { "maestro.yaml": config("specs: []\n", RULES) }, ["model.removed"]],
    ["the entry hides in a comment", { "maestro.yaml": config(SPECS, RULES.replace(/^/, "# ")) }, ["invariant.removed"]],
    ["the model is another", { "maestro.yaml": config(SPECS.replace("Budget", "Idle"), RULES), "specs/Idle.tla": MODULE.replace("Budget", "Idle"), "specs/Idle.cfg": CFG }, ["model.removed"]],
    ["the model is asked what another file says", { "maestro.yaml": config(SPECS.replace("code:", "cfg: specs/Less.cfg, code:"), RULES), "specs/Less.cfg": "SPECIFICATION Spec\n" }, ["model.removed"]],
    ["the model mirrors less code", { "maestro.yaml": config(SPECS.replace(', "lib/**"', ""), RULES) }, ["model.weakened"]],
    ["targets are driven for less code", { "maestro.yaml": config(SPECS, RULES.replace('"src/**"', '"src/*.py"')) }, ["invariant.weakened"]],
    ["targets are driven for other code", { "maestro.yaml": config(SPECS, "invariants: {folder: rules}\n") }, ["invariant.changed"]],
    ["the folder is one that is not there", { "maestro.yaml": config(SPECS, RULES.replace("rules", "rule")) }, ["invariant.removed", "invariant.removed"]],
    ["the folder is one with rules that let more through", { "maestro.yaml": config(SPECS, RULES.replace("rules", "lax")), "lax/pay.yaml": PAY.replace("scope: payments", "scope: refunds"), "lax/targets.yaml": TARGETS.replace("runs: 50", "runs: 1") }, ["invariant.changed", "invariant.changed"]],
    ["nobody can read the file", { "maestro.yaml": "version: 1\nspecs: [\n" }, ["model.changed", "invariant.changed"]],
  ]))("%s", async (name, _, expected) => {
    const { results, rules } = await changeNamed(name);
    expect(rules).toEqual(expected);
    for (const [at, prefix] of ["model.", "invariant."].entries()) expect(results[at] === "fail").toBe(expected.some((rule) => rule.startsWith(prefix)));
  });

  test("where any source file has targets driven, some of them are fewer", async () => {
    expect(await changing({ "maestro.yaml": config('invariants: {folder: rules, code: ["src/**"]}\n') }, DRIVEN)).toEqual(["invariant.weakened"]);
  });

  test("a link stands there, to a file that still declares all of it; and what one commit takes out and the next puts back", async () => {
    const source = fresh();
    const target = await source.commit({ ...BASE, "real.yaml": config(SPECS, RULES) });
    await source.commit({ "maestro.yaml": config() });
    const back = await source.commit({ "maestro.yaml": config(SPECS, RULES), "notes.md": "a\n" });
    unlinkSync(join(source.path, "maestro.yaml"));
    symlinkSync("real.yaml", join(source.path, "maestro.yaml"));
    const [linked, same] = await between(source, target, await source.commit({}), back);
    expect([linked?.rules, same?.rules]).toEqual([["model.changed", "invariant.changed"], []]);
  });

  test("it is said at the file, and names what is asked no more", async () => {
    const { messages, findings } = await changeNamed("the model is asked what another file says");
    expect(messages).toEqual(["maestro.yaml declares specs/Budget.tla with specs/Budget.cfg no more; specs/Budget.tla is asked what stands in specs/Less.cfg"]);
    expect(findings.map(({ range }) => range?.path)).toEqual([{ u: "maestro.yaml" }]);
  });
});

test("attack: modules beside a declared one lie among the base's documents, and push one of them over a limit", async () => {
  const flood = Object.fromEntries(Array.from({ length: 520 }, (_, i) => [`rules/m/M${i}.tla`, "x\n"]));
  const rule = (id: string): string => PAY.replace("PAY.CAP", id);
  const models = (...names: readonly string[]): string => `specs:\n${names.map((name) => `  - {spec: rules/m/${name}.tla, code: ["a"]}\n`).join("")}`;
  const base = { "maestro.yaml": config(RULES, models("M1")), "rules/a.yaml": rule("PAY.A"), "rules/z.yaml": rule("PAY.Z") };
  expect(await changing({ ...flood, "maestro.yaml": config(RULES, models("M1", "M2")), "rules/z.yaml": null }, base)).toEqual(["invariant.removed"]);
});

describe("no removal:", () => {
  test.each(changes<readonly [string, Files]>([
    ["another key of maestro.yaml", { "maestro.yaml": config(SPECS, RULES, "thresholds: {size_lines_max: 9}\n") }],
    ["more code, in another spelling and order", { "maestro.yaml": config(SPECS.replace('"src/**", "lib/**"', '"bin/**", "/lib/**", "./src/**"'), RULES) }],
    ["one entry becomes two", { "maestro.yaml": config('specs:\n  - {spec: specs/Budget.tla, code: ["lib/**"]}\n  - {spec: specs/Budget.tla, cfg: specs/Budget.cfg, code: ["src/**"]}\n', RULES) }],
    ["model, configuration and rules move, and maestro.yaml with them", { "maestro.yaml": config(SPECS.replace("specs/", "models/"), RULES.replace("rules", "laws")), "specs/Budget.tla": null, "specs/Budget.cfg": null, "models/Budget.tla": MODULE, "models/Budget.cfg": CFG, "rules/pay.yaml": null, "rules/targets.yaml": null, "laws/cap.yaml": PAY, "laws/targets.yaml": TARGETS }],
    ["they are copied first, and the copies declared", { "maestro.yaml": config(SPECS.replace("specs/", "models/"), RULES.replace("rules", "laws")), "models/Budget.tla": MODULE, "models/Budget.cfg": CFG, "laws/pay.yaml": PAY, "laws/targets.yaml": TARGETS }],
  ]))("%s", async (name) => {
    expect((await changeNamed(name)).rules).toEqual([]);
  });

  test.each(changes<readonly [string, Files, string[]]>([
    ["attack: the model moves and asks less there", { "maestro.yaml": config(SPECS.replace("specs/", "models/"), RULES), "specs/Budget.tla": null, "specs/Budget.cfg": null, "models/Budget.tla": MODULE, "models/Budget.cfg": "SPECIFICATION Spec\n" }, ["model.removed", "model.removed"]],
    ["attack: beside the model that moves stands a Naturals of its own", { "maestro.yaml": config(SPECS.replace("specs/", "models/"), RULES), "models/Budget.tla": MODULE, "models/Budget.cfg": CFG, "models/Naturals.tla": "---- MODULE Naturals ----\n====\n" }, ["model.removed"]],
    ["attack: the model moves away from some of its code", { "maestro.yaml": config(SPECS.replace("specs/", "models/").replace('"src/**", ', ""), RULES), "models/Budget.tla": MODULE, "models/Budget.cfg": CFG }, ["model.removed"]],
    ["attack: the rules move, and a target gets another name on the way", { "maestro.yaml": config(SPECS, RULES.replace("rules", "laws")), "laws/pay.yaml": PAY, "laws/targets.yaml": TARGETS.replace("pay:", "pays:") }, ["invariant.removed"]],
  ]))("%s", async (name, _, expected) => {
    expect((await changeNamed(name)).rules).toEqual(expected);
  });

  test("what the target declares since the change forked off, the change did not take out", async () => {
    const source = fresh();
    await source.commit({ "maestro.yaml": config(), "a.txt": "a\n" });
    source.git("checkout", "-q", "-b", "topic");
    const clean = await source.commit({ "b.txt": "b\n" });
    const conflicting = await source.commit({ "a.txt": "topic\n" });
    source.git("checkout", "-q", "main");
    const target = await source.commit({ ...BASE, "a.txt": "main\n" });
    expect((await between(source, target, clean, conflicting)).flatMap(({ rules }) => rules)).toEqual([]);
  });
});
