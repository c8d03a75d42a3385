import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { toBase64, utf8 } from "../../proto/encoding.ts";
import { Outcome } from "../../proto/outcome.ts";
import type { CommandJob } from "../../proto/worker.ts";
import { checksummedToken } from "../testing/tokens.ts";
import { Keep } from "./kept.ts";
import { commandOutcome } from "./outcome.ts";

const fits = TypeCompiler.Compile(Outcome);
let folder: string;
let keep: Keep;
beforeAll(() => {
  folder = mkdtempSync(`${tmpdir()}/maestro-outcome-`);
  keep = new Keep(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ran {
  readonly code?: number;
  readonly sarif?: string;
  readonly junit?: string;
  readonly absent?: string;
  readonly tail?: string;
}

async function came({ code = 0, sarif, junit, absent, tail = "" }: Ran): Promise<Outcome> {
  const text = sarif ?? junit;
  const output: CommandJob["output"] = sarif !== undefined || absent !== undefined ? "sarif" : junit !== undefined ? "junit" : "exit";
  const report = absent !== undefined ? { absent } : text === undefined ? null : await keep.put(utf8(text));
  const outcome = await commandOutcome({ kind: "command", command: "lint", cwd: "", code, output, report, tail: toBase64(utf8(tail)), gaps: [] });
  expect([...fits.Errors(outcome)]).toEqual([]);
  return outcome;
}

const shown = ({ result, because, findings }: Outcome): unknown => [result, because, findings.map(({ rule, severity }) => `${rule} ${severity}`)];
const results = (...list: object[]): string => JSON.stringify({ version: "2.1.0", runs: [{ results: list }] });
const ERROR = { ruleId: "no-undef", level: "error", message: { text: "m" } };
const WARNING = { ruleId: "complexity", level: "warning", message: { text: "m" } };

describe("exit code, report, and what they come to together", () => {
  const cases: readonly (readonly [string, Ran, unknown])[] = [
    ["0 alone passes", {}, ["pass", null, []]],
    ["another code alone fails", { code: 2 }, ["fail", null, ["command.lint.exit error"]]],
    ["0 and a clean report passes", { sarif: results() }, ["pass", null, []]],
    ["0 and a finding fails all the same", { sarif: results(ERROR) }, ["fail", null, ["command.lint.no-undef error"]]],
    ["1 and a finding is that finding", { code: 1, sarif: results(ERROR) }, ["fail", null, ["command.lint.no-undef error"]]],
    ["1 and only a warning: the tool failed on something", { code: 1, sarif: results(WARNING) }, ["fail", null, ["command.lint.exit error", "command.lint.complexity warning"]]],
    ["1 and a clean report: it failed", { code: 1, sarif: results() }, ["fail", null, ["command.lint.exit error"]]],
    ["0 and no report is no answer", { absent: "it left no /scratch/out.sarif" }, ["unavailable", "its report: it left no /scratch/out.sarif; it ended with exit code 0", []]],
    ["0 and a broken report is no answer", { sarif: "{}" }, ["unavailable", "its report: it is not SARIF 2.1.0; it ended with exit code 0", []]],
    ["a broken report tells its program's last words", { code: 3, sarif: "", tail: "cannot find module x\n" }, ["unavailable", "its report: JSON: expected a value at character 0; it ended with exit code 3; it said: cannot find module x", []]],
    ["JUnit, all well", { junit: '<testsuite><testcase name="a"/></testsuite>' }, ["pass", null, []]],
    ["JUnit, one failed", { code: 1, junit: '<testsuite><testcase name="a"><failure/></testcase></testsuite>' }, ["fail", null, ["command.lint.test-failed error"]]],
    ["JUnit, one broke", { code: 1, junit: '<testsuite><testcase name="a"><error/></testcase></testsuite>' }, ["fail", null, ["command.lint.test-error error"]]],
    ["JUnit without a test", { junit: "<testsuite/>" }, ["unavailable", "its report: it holds no test; it ended with exit code 0", []]],
  ];
  test.each(cases)("%s", async (_, ran, says) => expect(shown(await came(ran))).toEqual(says));
});

test("attack: a credential that a program prints is masked in the tail, in a message and in an excerpt", async () => {
  const token = checksummedToken("ghp", "printed");
  const printed = await came({ code: 1, tail: `deploying\nwith ${token}\n` });
  expect(printed.findings[0]?.excerpt).toStartWith("deploying\nwith ghp_");
  const found = await came({ sarif: results({ ...ERROR, message: { text: `token ${token}` }, locations: [{ physicalLocation: { artifactLocation: { uri: "a" }, region: { snippet: { text: token } } } }] }) });
  expect(JSON.stringify([printed, found])).not.toContain(token);
});

test("attack: a credential that the cut of a line falls into is masked before it is cut", async () => {
  const token = checksummedToken("ghp", "cut");
  const said = async (tail: string): Promise<string> => (await came({ code: 1, tail })).findings[0]?.excerpt ?? "";
  const [first, last] = [await said(`${"word ".repeat(48)}${token} ${"and on ".repeat(90)}`), await said(`${"word ".repeat(90)}${token}${" and on".repeat(18)}`)];
  expect([first.startsWith("word word"), last.endsWith("and on")]).toEqual([true, true]);
  expect([first.includes(token.slice(4, 9)), last.includes(token.slice(-9))]).toEqual([false, false]);
});

test("of a long output the first and the last lines are kept, and how many are not", async () => {
  const lines = Array.from({ length: 300 }, (_, i) => `line ${i + 1} ${i % 7 === 0 ? "with more of it than the others have" : ""}`.trimEnd());
  const kept = (await came({ code: 1, tail: `${lines.join("\n")}\n` })).findings[0]?.excerpt?.split("\n") ?? [];
  const gap = kept.findIndex((line) => line.endsWith("lines are not kept)"));
  expect(kept.slice(0, gap)).toEqual(lines.slice(0, 10));
  expect(kept.slice(gap + 1)).toEqual(lines.slice(-14));
  expect(kept[gap]).toBe(`(${300 - 10 - 14} lines are not kept)`);
  const long = (await came({ code: 1, tail: Array.from({ length: 40 }, () => "x".repeat(5_000)).join("\n") })).findings[0]?.excerpt ?? "";
  expect([long.length <= 1_800, long.startsWith("xxx"), long.includes("x…x"), long.endsWith("xxx")]).toEqual([true, true, true, true]);
  const short = lines.slice(0, 20).join("\n");
  expect((await came({ code: 1, tail: short })).findings[0]?.excerpt).toBe(short);
});

test("attack: ten thousand notes do not push an error out of the list, and what is cut is counted", async () => {
  const notes = Array.from({ length: 10_000 }, (_, i) => ({ ruleId: "n", level: "note", message: { text: `m${i}` } }));
  const outcome = await came({ sarif: results(...notes, ERROR) });
  expect([outcome.findings.length, outcome.findings_cut, outcome.findings[0]?.rule]).toEqual([5000, 5001, "command.lint.no-undef"]);
});

test("attack: names that are no names become ones that settings and cards can carry", async () => {
  const ids = ["@typescript-eslint/no-unused-vars", "CVE-2021-44228", "../../etc/passwd", "\u202e", "", "a".repeat(300), "S1234:java", "__proto__"];
  const outcome = await came({ sarif: results(...ids.map((ruleId) => ({ ruleId, level: "error", message: { text: "m" } }))) });
  expect(outcome.findings.map(({ rule }) => rule)).toEqual([
    "command.lint.typescript-eslint.no-unused-vars", "command.lint.cve-2021-44228", "command.lint.etc.passwd", "command.lint.unnamed", "command.lint.unnamed",
    `command.lint.${"a".repeat(60)}`, "command.lint.s1234.java", "command.lint.proto",
  ]);
});

test("equal findings have fingerprints of their own, and a shifted one keeps its", async () => {
  const at = (startLine: number) => ({ ...ERROR, locations: [{ physicalLocation: { artifactLocation: { uri: "a" }, region: { startLine } } }] });
  const [one, two] = (await came({ sarif: results(at(1), at(2)) })).findings;
  const [shifted] = (await came({ sarif: results(at(90)) })).findings;
  expect(one?.fingerprint).not.toBe(two?.fingerprint ?? "");
  expect(shifted?.fingerprint).toBe(one?.fingerprint ?? "");
});

test("attack: a report that was changed after it was kept is not read", async () => {
  const report = await keep.put(utf8(results(ERROR)));
  await Bun.write(report.path, results());
  await expect(commandOutcome({ kind: "command", command: "lint", cwd: "", code: 0, output: "sarif", report, tail: "", gaps: [] })).rejects.toMatchObject({ code: "worker.protocol" });
});
