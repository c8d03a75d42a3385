import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { Facts } from "../../../proto/facts.ts";
import { Outcome } from "../../../proto/outcome.ts";
import { canonicalText } from "../../../proto/canonical.ts";
import { changesOf, outcomeOf, THRESHOLDS } from "../../testing/checks.ts";
import { factsOf } from "../../testing/facts.ts";
import { runCheck, type Check } from "./check.ts";
import { CHECKS, wantsContent } from "./index.ts";

const validOutcome = TypeCompiler.Compile(Outcome);
const validFacts = TypeCompiler.Compile(Facts);
const RULES = CHECKS.flatMap((check: Check) => check.rules.map((rule) => ({ check, rule, name: rule.id })));

describe("registration", () => {
  test("the list is the directory: every check file is registered once, and nothing else is", () => {
    const files = readdirSync(import.meta.dir).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && name !== "index.ts" && name !== "check.ts");
    expect(CHECKS.map((check) => `${check.id}.ts`).toSorted()).toEqual(files.toSorted());
  });

  test("ids of checks and rules are unique", () => {
    const ids = [...CHECKS.map((check) => check.id), ...RULES.map(({ rule }) => rule.id)];
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("importing the list loads no scanner, parser or policy engine, only the schemas of the contract", async () => {
    const script = `await import(${JSON.stringify(join(import.meta.dir, "index.ts"))}); console.log(Object.keys(require.cache).filter((path) => path.includes("node_modules") && !path.includes("@sinclair/typebox")).join("\\n"));`;
    const child = Bun.spawnSync([process.execPath, "-e", script], { cwd: import.meta.dir });
    expect(child.stderr.toString()).toBe("");
    expect(child.stdout.toString().trim()).toBe("");
    // The probe itself must see a loaded package, or an empty answer would prove nothing.
    const canary = Bun.spawnSync([process.execPath, "-e", script.replace("await import(", `await import("yaml"); await import(`)], { cwd: import.meta.dir });
    expect(canary.stdout.toString()).toContain("node_modules/yaml");
  });
});

describe("every rule's own examples", () => {
  test.each(RULES)("$name: what passes", async ({ check, rule }) => {
    const outcome = await outcomeOf(check, changesOf(rule.passes.change), { ...rule.passes.declared, ran: rule.passes.ran, evaluated: rule.passes.evaluated });
    expect(outcome.findings.filter((finding) => finding.rule === rule.id)).toEqual([]);
    expect(outcome.result).not.toBe("unavailable");
  });

  test.each(RULES.filter(({ rule }) => rule.fails.elsewhere === undefined))("$name: what fails", async ({ check, rule }) => {
    const facts = factsOf(changesOf(rule.fails.change), { wants: wantsContent });
    expect([...validFacts.Errors(facts)]).toEqual([]);
    const outcome = await outcomeOf(check, changesOf(rule.fails.change), { ...rule.fails.declared, ran: rule.fails.ran, evaluated: rule.fails.evaluated });
    expect(outcome.findings.map((finding) => finding.rule)).toContain(rule.id);
    expect(outcome.result).toBe("fail");
    expect([...validOutcome.Errors(outcome)]).toEqual([]);
    expect(canonicalText(outcome).length).toBeGreaterThan(0);
  });

  test.each(RULES)("$name: says what it is, why, what it cannot see and how often it fired", ({ rule }) => {
    for (const text of [rule.title, rule.why, rule.cannot_see, rule.replay, rule.passes.says, rule.fails.says]) expect(text.length).toBeGreaterThan(5);
  });
});

test("how often a rule fired is the figure of docs/replay.md, or said to be none", () => {
  const report = readFileSync(join(import.meta.dir, "../../../docs/replay.md"), "utf8");
  const table = new Map([...report.matchAll(/^\| `([a-z.-]+)` \| (\d+) \|/gm)].map(([, rule, changes]) => [rule, changes]));
  const claimed = RULES.flatMap(({ name, rule }) => [...rule.replay.matchAll(/^(\d+) of [\d,]+ changes/g)].map(([, changes]) => [name, changes] as const));
  expect(claimed.map(([name]) => [name, table.get(name) ?? "0"])).toEqual(claimed.map(([name, changes]) => [name, changes ?? ""]));
  expect([...table.keys()].filter((name) => !claimed.some(([rule]) => rule === name))).toEqual([]);
  expect(table.size).toBeGreaterThan(5);
});

describe("running a check", () => {
  const context = { thresholds: THRESHOLDS, signal: new AbortController().signal };
  const answering = (answer: Awaited<ReturnType<Check["run"]>>): Check => ({ id: "x", question: "?", contents: [], reads: [], rules: [], run: () => answer });
  const facts = factsOf([]);

  test("a check that was stopped is unavailable, whatever it says", async () => {
    const stopped = new AbortController();
    stopped.abort();
    const outcome = await runCheck(answering({ findings: [], findings_cut: 0, gaps: [], blind: null }), facts, { ...context, signal: stopped.signal });
    expect(outcome.result).toBe("unavailable");
  });

  test("blindness outweighs findings, so a decoy finding cannot soften it", async () => {
    const { findings } = await outcomeOf(CHECKS[0], changesOf(CHECKS[0].rules[0]?.fails.change ?? []));
    const outcome = await runCheck(answering({ findings, findings_cut: 0, gaps: [], blind: "cut" }), facts, context);
    expect([outcome.result, outcome.because, outcome.findings.length > 0]).toEqual(["unavailable", "cut", true]);
  });

  test("files missing from the facts altogether make every check unavailable, an inapplicable one too", async () => {
    const cut = { ...facts, gaps: [{ what: "changed files", because: "more than 100000; the rest was not looked at" }] };
    for (const answer of [{ findings: [], findings_cut: 0, gaps: [], blind: null }, { not_applicable: "no file" }]) {
      expect((await runCheck(answering(answer), cut, context)).result).toBe("unavailable");
    }
  });

  test("gaps beyond the limit are counted, not dropped", async () => {
    const gaps = Array.from({ length: 1000 }, (_, i) => ({ what: `file-${i}`, because: "binary" }));
    const outcome = await runCheck(answering({ findings: [], findings_cut: 0, gaps, blind: null }), facts, context);
    expect(outcome.gaps.length).toBe(256);
    expect(outcome.gaps.at(-1)?.what).toBe("745 more gaps");
    expect([...validOutcome.Errors(outcome)]).toEqual([]);
  });

  test("a change of no file asks nothing of any check about files", async () => {
    for (const check of CHECKS) expect((await runCheck(check, facts, context)).result).toBe("not_applicable");
  });
});
