import type { Facts, FileChange } from "../../../proto/facts.ts";
import { pathText } from "../../../proto/scalar.ts";
import { defineCheck } from "./check.ts";
import { classify, type Language } from "../../checking/classify.ts";
import { codeOnly } from "./reading/code.ts";
import { addedLines, lineGaps, newSide, removedLines, type NumberedLine } from "./reading/lines.ts";
import { INLINE_TESTS, TEST_PATTERNS, type TestPatterns } from "./reading/test-code.ts";
import { normalised } from "../../checking/line.ts";
import { findingList, type FindingList } from "./reporting/finding.ts";

interface Count {
  tests: number;
  assertions: number;
}

interface TestFile {
  readonly file: FileChange;
  readonly language: Language;
  readonly patterns: TestPatterns;
}

/** Both paths count: a test moved out of the test folder is still a test that was there. */
function isTest(file: FileChange): boolean {
  return classify(pathText(file.path)).test || (file.old_path !== null && classify(pathText(file.old_path)).test);
}

function testFiles(files: readonly FileChange[]): TestFile[] {
  return files.flatMap((file) => {
    const { language, generated } = classify(pathText(file.path));
    const patterns = language === null ? undefined : TEST_PATTERNS[language];
    if (language === null || patterns === undefined || generated || !(isTest(file) || INLINE_TESTS.has(language))) return [];
    return [{ file, language, patterns }];
  });
}

function count(lines: Iterable<NumberedLine>, { language, patterns }: TestFile, sign: 1 | -1, into: Count): void {
  for (const { text } of lines) {
    const test = patterns.test.test(text);
    const assertion = patterns.assertion.test(text);
    if (!test && !assertion) continue;
    const code = codeOnly(text, language);
    if (test && patterns.test.test(code)) into.tests += sign;
    // `@ts-expect-error` stands in a comment and asserts all the same.
    if (assertion && (patterns.assertion.test(code) || text.includes("@ts-expect-error"))) into.assertions += sign;
  }
}

/** Source lines beside tests and settings; without them the change is about the tests themselves. */
function sourceChanges(files: readonly FileChange[]): boolean {
  return files.some((file) => file.hunks.length > 0 && !isTest(file) && classify(pathText(file.path)).source);
}

function weakened(facts: Facts, tests: readonly TestFile[], tests_max: number, assertions_max: number, list: FindingList): void {
  const total: Count = { tests: 0, assertions: 0 };
  let worst: { file: FileChange; lost: number } | null = null;
  for (const one of tests) {
    const own: Count = { tests: 0, assertions: 0 };
    count(addedLines(one.file), one, 1, own);
    count(removedLines(one.file), one, -1, own);
    total.tests += own.tests;
    total.assertions += own.assertions;
    const lost = -own.tests * 10 - own.assertions;
    if (lost > (worst?.lost ?? 0)) worst = { file: one.file, lost };
  }
  if (-total.tests <= tests_max && -total.assertions <= assertions_max) return;
  if (!sourceChanges(facts.files)) return;
  list.add({
    rule: "test.weakened", severity: "warning",
    message: `tests ${total.tests >= 0 ? "+" : ""}${total.tests}, assertions ${total.assertions >= 0 ? "+" : ""}${total.assertions} while source changes`,
    ...(worst === null ? {} : { file: worst.file }), fix: "Keep the tests, or say in the change why they go.",
  });
}

/** A block that a skip may stand in because of the machine: `if testing.Short() {`, `except ImportError:`. */
const CONDITION = /^\s*(?:\}\s*)?(?:if|else|elif|except|catch|case|default|guard|unless|when)\b/;
const depthOf = (text: string): number => text.length - text.trimStart().length;

/** Numbers of the added lines that stand directly in a conditional block. */
function conditional(file: FileChange): Set<number> {
  const numbers = new Set<number>();
  let before: NumberedLine | null = null;
  for (const line of newSide(file)) {
    if (before !== null && line.added && before.number === line.number - 1 && CONDITION.test(before.text) && depthOf(line.text) > depthOf(before.text)) numbers.add(line.number);
    before = line;
  }
  return numbers;
}

function skipped(tests: readonly TestFile[], list: FindingList): void {
  for (const { file, language, patterns } of tests) {
    const { skipped: pattern } = patterns;
    if (pattern === null) continue;
    const before = new Set<string>();
    for (const line of removedLines(file)) if (pattern.test(line.text)) before.add(normalised(line.text));
    const excused = conditional(file);
    for (const line of addedLines(file)) {
      if (excused.has(line.number) || !pattern.test(line.text) || !pattern.test(codeOnly(line.text, language)) || before.has(normalised(line.text))) continue;
      list.add({ rule: "test.skipped", severity: "warning", message: "a test that no longer runs, or may fail", file, line: line.number, text: line.text, fix: "Let it run, or remove it and say why." });
    }
  }
}

/** Tests whose lines were cut cannot be counted, deleted ones above all: enough other text in front of them would hide that they go. */
function uncounted(tests: readonly TestFile[]): string | null {
  const cut = tests.find(({ file }) => file.truncated);
  return cut === undefined ? null : `the lines of ${pathText(cut.file.path)} were cut at a limit, so its tests were not counted`;
}

const suite = (count: number): string => Array.from({ length: count }, (_, i) => `test("case ${i}", () => {\n  expect(f(${i})).toBe(${i});\n});\n`).join("");

export default defineCheck({
  id: "tests",
  question: "Do the tests still test as much as before?",
  contents: [],
  reads: ["revert", "merge", "actor"],
  rules: [
    {
      id: "test.weakened",
      title: "Fewer tests while source changes",
      why: "The cheapest way to make a failing change pass is to remove what fails.",
      passes: { says: "Tests move to another file.", change: [{ path: "test/a.test.ts", old: suite(6), new: suite(1) }, { path: "test/b.test.ts", old: null, new: suite(5) }, { path: "src/f.ts", old: "a\n", new: "b\n" }] },
      fails: { says: "Five of six tests go while the source changes.", change: [{ path: "test/a.test.ts", old: suite(6), new: suite(1) }, { path: "src/f.ts", old: "a\n", new: "b\n" }] },
      cannot_see: "Whether an assertion got weaker, tests made from data tables, assertion helpers with other names, languages without patterns. Counts lines, not a syntax tree. A revert or merge commit by an agent is not exempt.",
      replay: "5 of 2,200 changes (4 by people, 1 by an agent)",
    },
    {
      id: "test.skipped",
      content: true,
      title: "Test skipped or allowed to fail",
      why: "A skipped test reports green for what nobody checks.",
      passes: { says: "A skip is taken away.", change: [{ path: "test/a.test.ts", old: "test.skip(\"a\", f);\n", new: "test(\"a\", f);\n" }] },
      fails: { says: "A skip is added.", change: [{ path: "test/a.test.ts", old: "test(\"a\", f);\n", new: "test.skip(\"a\", f);\n" }] },
      cannot_see: "Options such as { skip: true }, skips under a condition (skipIf, pytest.mark.skipif, a call directly inside an if), early returns, filters in configuration or on the command line.",
      replay: "1 of 2,200 changes",
    },
  ],
  run(facts, { thresholds, folders = [] }) {
    const tests = testFiles(facts.files);
    if (tests.length === 0) return { not_applicable: "the change touches no test file" };
    const list = findingList();
    // "Revert" is the change's own word and a merge commit is easily made, so neither excuses an agent.
    const exempt = (facts.revert || facts.merge) && (facts.actor.class === "human" || facts.actor.class === "bot");
    if (!exempt) {
      weakened(facts, tests, thresholds.tests_removed_max, thresholds.assertions_removed_max, list);
      for (const { path, thresholds: own } of list.seen().findings.length > 0 ? [] : folders) {
        weakened(facts, tests.filter(({ file }) => pathText(file.path).startsWith(`${path}/`)), own.tests_removed_max, own.assertions_removed_max, list);
      }
    }
    skipped(tests, list);
    return list.seen(lineGaps(tests.map(({ file }) => file)), uncounted(tests));
  },
});
