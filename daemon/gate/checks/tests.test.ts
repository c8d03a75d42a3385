import { describe, expect, test } from "bun:test";
import { adding, outcomeOf, placesOf } from "../../testing/checks.ts";
import type { FactsOptions, TextChange } from "../../testing/facts.ts";
import tests from "./tests.ts";

const SOURCE: TextChange = { path: "src/f.ts", old: "a\n", new: "b\n" };
const suite = (count: number) => Array.from({ length: count }, (_, i) => `test("c${i}", () => {\n  expect(f(${i})).toBe(${i});\n});\n`).join("");

async function weakened(changes: readonly TextChange[], options: FactsOptions = {}) {
  const { findings } = await outcomeOf(tests, changes, options);
  return findings.filter((finding) => finding.rule === "test.weakened").map((finding) => finding.message);
}

describe("test.weakened", () => {
  const shrinking = (from: number, to: number): TextChange[] => [{ path: "test/a.test.ts", old: suite(from), new: suite(to) }, SOURCE];

  test("two tests may go, three may not", async () => {
    expect(await weakened(shrinking(6, 4))).toEqual([]);
    expect(await weakened(shrinking(6, 3))).toEqual(["tests -3, assertions -3 while source changes"]);
  });

  test("four assertions may go, five may not", async () => {
    const body = (count: number) => `test("a", () => {\n${"  expect(x).toBe(1);\n".repeat(count)}});\n`;
    const change = (count: number): TextChange[] => [{ path: "a.test.ts", old: body(10), new: body(count) }, SOURCE];
    expect(await weakened(change(6))).toEqual([]);
    expect(await weakened(change(5))).toEqual(["tests +0, assertions -5 while source changes"]);
  });

  test("a deleted test file counts whole, and one renamed out of the test folder keeps counting", async () => {
    expect((await weakened([{ path: "a.test.ts", old: suite(5), new: null }, SOURCE])).length).toBe(1);
    expect((await weakened([{ path: "src/a.ts", old_path: "test/a.ts", old: suite(30), new: suite(20) }, SOURCE])).length).toBe(1);
  });

  test("without a change of source it is a clean-up: tests, settings and documents alone", async () => {
    const deleted: TextChange = { path: "a.test.ts", old: suite(9), new: null };
    expect(await weakened([deleted])).toEqual([]);
    expect(await weakened([deleted, { path: "eslint.config.js", old: "a\n", new: "b\n" }, { path: "package.json", old: "{}\n", new: "{ }\n" }, { path: "README.md", old: "a\n", new: "b\n" }])).toEqual([]);
  });

  test("a migration from one assertion library to another balances (fastify a4e9fd2)", async () => {
    const old = Array.from({ length: 12 }, (_, i) => `expectAssignable<T${i}>(\n  f(${i})\n)\n// @ts-expect-error  No overload matches this call.\ng(${i})\n`).join("");
    const now = Array.from({ length: 12 }, (_, i) => `expect(\n  f(${i})\n).type.toBeAssignableTo<T${i}>()\nexpect(g).type.not.toBeCallableWith(${i})\n`).join("");
    expect(await weakened([{ path: "test/types/a.test-d.ts", old, new: now }, SOURCE])).toEqual([]);
  });

  test("a migration to expected compiler errors balances (fastify 436e1f0)", async () => {
    const old = Array.from({ length: 12 }, (_, i) => `expectError(f(${i}))\n`).join("");
    const now = Array.from({ length: 12 }, (_, i) => `// @ts-expect-error  Not a number.\nf(${i})\n`).join("");
    expect(await weakened([{ path: "test/types/a.test-d.ts", old, new: now }, SOURCE])).toEqual([]);
  });

  test("tap to node:test balances", async () => {
    const old = `t.plan(2)\nt.equal(a, 1)\nt.same(b, c)\nt.notOk(d)\nt.error(err)\n`.repeat(5);
    const now = `t.plan(2)\nassert.strictEqual(a, 1)\nt.assert.deepStrictEqual(b, c)\nassert.ok(!d)\nassert.ifError(err)\n`.repeat(5);
    expect(await weakened([{ path: "test/a.js", old, new: now }, SOURCE])).toEqual([]);
  });

  test("a person's revert or merge is exempt; an agent's own word is not enough", async () => {
    for (const claim of [{ revert: true }, { merge: true }]) {
      expect(await weakened(shrinking(9, 1), { ...claim, actor: "human" })).toEqual([]);
      expect((await weakened(shrinking(9, 1), { ...claim, actor: "agent" })).length).toBe(1);
      expect((await weakened(shrinking(9, 1), { ...claim, actor: "unknown" })).length).toBe(1);
    }
  });

  test("commented out is gone", async () => {
    const commented = suite(6).replaceAll(/^(?=.)/gm, "// ");
    expect((await weakened([{ path: "a.test.ts", old: suite(6), new: commented }, SOURCE])).length).toBe(1);
  });

  test.each<[string, string]>([
    ["a_test.go", "func TestA(t *testing.T) {\n\tif x {\n\t\tt.Fatal(x)\n\t}\n}\n"], ["tests/test_a.py", "def test_a():\n    assert f()\n"], ["src/lib.rs", "#[test]\nfn a() {\n    assert_eq!(1, 1);\n}\n"],
    ["spec/a_spec.rb", "it \"works\" do\n  expect(a).to eq 1\nend\n"], ["src/test/ATest.java", "@Test\nvoid a() {\n  assertEquals(1, 1);\n}\n"],
  ])("%s", async (path, one) => {
    const many = Array.from({ length: 6 }, (_, i) => one.replace(/([Aa])\(/, `$1${i}(`).replace("works", `works ${i}`)).join("");
    expect(await weakened([{ path, old: many, new: one }, { path: "src/main.go", old: "a\n", new: "b\n" }])).toEqual(["tests -5, assertions -5 while source changes"]);
  });
});

describe("test.skipped", () => {
  test.each([
    ["a.test.ts", "it.skip('x', f)"], ["a.test.ts", "xdescribe('x', f)"], ["a.test.ts", "test.fixme('x', f)"], ["tests/test_a.py", "@pytest.mark.skip(reason='x')"], ["tests/test_a.py", "@pytest.mark.xfail"],
    ["a_test.go", "\tt.Skip(\"x\")"], ["src/lib.rs", "#[ignore]"], ["src/test/ATest.java", "  @Disabled"], ["src/test/ATest.kt", "@Ignore(\"x\")"], ["spec/a_spec.rb", "xit \"x\" do"],
    ["tests/ATest.php", "$this->markTestSkipped('x');"], ["ATests.cs", "[Fact(Skip = \"x\")]"],
  ])("%s: %s", async (path, line) => {
    expect(await placesOf(tests, "test.skipped", adding(path, `${line}\n`))).toEqual([`${path}:1`]);
  });

  test.each([
    ["a.test.ts", "it.skipIf(windows)('x', f)"], ["a.test.ts", "stream.skip(3)"], ["a.test.ts", "// it.skip('x', f)"], ["tests/test_a.py", "@pytest.mark.skipif(windows)"], ["src/a.ts", "it.skip('x')"],
    ["a_test.go", "// t.Skip()"], ["a.test.ts", "iterator.take(2).skip(1)"],
  ])("%s: %s passes", async (path, line) => {
    expect(await placesOf(tests, "test.skipped", adding(path, `${line}\n`))).toEqual([]);
  });

  test.each([
    ["a_test.go", "\tif testing.Short() {\n\t\tt.Skip(\"slow\")\n\t}\n"], ["tests/test_a.py", "    if opa is None:\n        pytest.skip(\"OPA is required\")\n"], ["tests/test_a.py", "try:\n    import x\nexcept ImportError:\n    pytest.skip(\"no x\", allow_module_level=True)\n"],
  ])("%s: a skip because of the machine, as chainloop and AGT have them: %p", async (path, text) => {
    expect(await placesOf(tests, "test.skipped", adding(path, text))).toEqual([]);
  });

  test("a skip that only moved or changed its indent is not new", async () => {
    expect(await placesOf(tests, "test.skipped", [{ path: "a.test.ts", old: "it.skip('x', f)\na\n", new: "a\n  it.skip('x', f)\n" }])).toEqual([]);
  });
});

test("attack: deleted tests behind enough other deleted text are not called counted", async () => {
  const cut = { path: "test/a.test.ts", old: "test('a', f);\n", new: null, truncated: true };
  const { result, because } = await outcomeOf(tests, [{ path: "src/f.ts", old: "a\n", new: "b\n" }, cut]);
  expect([result, because]).toEqual(["unavailable", expect.stringContaining("test/a.test.ts")]);
});
