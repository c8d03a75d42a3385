/** Numbers of a folder's `maestro.yaml` in the checks that read numbers. */
import { describe, expect, test } from "bun:test";
import { THRESHOLDS } from "../../testing/checks.ts";
import { factsOf, type TextChange } from "../../testing/facts.ts";
import { runCheck, type Check } from "./check.ts";
import paths from "./paths.ts";
import size from "./size.ts";
import tests from "./tests.ts";
import text from "./text.ts";

const folders = [{ path: "pay", thresholds: { ...THRESHOLDS, size_lines_max: 10, large_binary_bytes_max: 100, tests_removed_max: 0, assertions_removed_max: 0 } }];
const outcome = (check: Check, changes: TextChange[]) => runCheck(check, factsOf(changes), { thresholds: THRESHOLDS, folders, signal: new AbortController().signal });
const told = async (check: Check, changes: TextChange[]) => (await outcome(check, changes)).findings.map(({ rule, range }) => `${rule} ${range === null ? "change" : "u" in range.path ? range.path.u : ""}`);
const lines = (count: number) => "a;\n".repeat(count);

test("the lines below a folder are counted against its own limit, and stand in its largest file", async () => {
  expect(await told(size, [{ path: "pay/a.ts", old: null, new: lines(4) }, { path: "pay/b.ts", old: null, new: lines(7) }, { path: "src/c.ts", old: null, new: lines(50) }])).toEqual(["size.unreviewable pay/b.ts"]);
  expect(await told(size, [{ path: "pay/a.ts", old: null, new: lines(10) }, { path: "payroll/c.ts", old: null, new: lines(50) }])).toEqual([]);
});

test("a binary is as large as its folder says", async () => {
  const binary = (path: string): TextChange => ({ path, old: null, new: "x", binary_bytes: 200 });
  expect(await told(paths, [binary("pay/a.png"), binary("src/a.png")])).toEqual(["file.large-binary pay/a.png"]);
});

test("tests that go below a folder count against its own limit", async () => {
  const suite = (count: number) => Array.from({ length: count }, (_, i) => `test("${i}", () => {\n  expect(f(${i})).toBe(1);\n});\n`).join("");
  const source = { path: "src/f.ts", old: "a\n", new: "b\n" };
  expect(await told(tests, [{ path: "pay/a.test.ts", old: suite(3), new: suite(2) }, source])).toEqual(["test.weakened pay/a.test.ts"]);
  expect(await told(tests, [{ path: "src/a.test.ts", old: suite(3), new: suite(2) }, source])).toEqual([]);
});

describe("attack: laid down where it is only a note, then moved to where a folder's rules refuse it", () => {
  const debug = "export function run() {\n  debugger;\n}\n";
  const baselines = async (changes: TextChange[]) => {
    const { findings, comparison } = await outcome(text, changes);
    return [...findings.map(({ baseline }) => baseline), ...(comparison?.fixed ?? []).map(({ count }) => `fixed ${count}`)];
  };

  test.each([["into it", "else/a.ts", "pay/b.ts"], ["out of it", "pay/a.ts", "else/b.ts"]])("%s, as one file gone and another come: new", async (_, from, to) => {
    expect(await baselines([{ path: from, old: debug, new: null }, { path: to, old: null, new: debug }])).toEqual(["new", "fixed 1"]);
    expect(await baselines([{ path: from, old: `a();\n${debug}`, new: "a();\n" }, { path: to, old: "b();\n", new: `b();\n${debug}` }])).toEqual(["new", "fixed 1"]);
  });

  test("whoever shaped the change, a rename across the border is no place that stays", async () => {
    expect(await baselines([{ path: "pay/b.ts", old_path: "else/a.ts", old: debug, new: debug.replace("  debugger", "    debugger") }])).toEqual(["new", "fixed 1"]);
  });

  test("below the same folder, and where none has a word, it is the same one", async () => {
    expect(await baselines([{ path: "pay/a.ts", old: debug, new: null }, { path: "pay/sub/b.ts", old: null, new: debug }])).toEqual(["existing"]);
    expect(await baselines([{ path: "else/a.ts", old: debug, new: null }, { path: "payroll/b.ts", old: null, new: debug }])).toEqual(["existing"]);
  });
});

test("attack: laid down among fixtures, where policy excuses it, then moved to what is run: new", async () => {
  const debug = "export function run() {\n  debugger;\n}\n";
  const baselines = async (from: string, to: string) => (await outcome(text, [{ path: from, old: debug, new: null }, { path: to, old: null, new: debug }])).findings.map(({ baseline }) => baseline);
  expect(await baselines("fixtures/a.ts", "src/a.ts")).toEqual(["new"]);
  expect(await baselines("test/a.ts", "src/a.ts")).toEqual(["new"]);
  expect(await baselines("lib/a.ts", "src/a.ts")).toEqual(["existing"]);
});
