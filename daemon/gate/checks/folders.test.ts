/** Numbers of a folder's `maestro.yaml` in the checks that read numbers. */
import { expect, test } from "bun:test";
import { THRESHOLDS } from "../../testing/checks.ts";
import { factsOf, type TextChange } from "../../testing/facts.ts";
import { runCheck, type Check } from "./check.ts";
import paths from "./paths.ts";
import size from "./size.ts";
import tests from "./tests.ts";

const folders = [{ path: "pay", thresholds: { ...THRESHOLDS, size_lines_max: 10, large_binary_bytes_max: 100, tests_removed_max: 0, assertions_removed_max: 0 } }];
const told = async (check: Check, changes: TextChange[]) => (await runCheck(check, factsOf(changes), { thresholds: THRESHOLDS, folders, signal: new AbortController().signal })).findings.map(({ rule, range }) => `${rule} ${range === null ? "change" : "u" in range.path ? range.path.u : ""}`);
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
