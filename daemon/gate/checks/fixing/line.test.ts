/** A fix that is offered is applied, and its rule finds nothing any more. */
import { describe, expect, test } from "bun:test";
import { outcomeOf } from "../../../testing/checks.ts";
import { checksummedToken } from "../../../testing/tokens.ts";
import text from "../text.ts";

async function fixesOf(path: string, rule: string, now: string, old = ""): Promise<(string | null)[]> {
  const { findings } = await outcomeOf(text, [{ path, old, new: now }]);
  return findings.filter((finding) => finding.rule === rule).map(({ fix }) => fix?.replacement ?? null);
}

/** The file with each fix in place of its lines. */
async function applied(path: string, now: string): Promise<string> {
  const { findings } = await outcomeOf(text, [{ path, old: "", new: now }]);
  const lines = now.split("\n");
  for (const { fix, range } of findings) {
    if (range === null || fix === null || fix.replacement === null) throw new Error("no fix");
    lines.splice(range.start_line - 1, range.end_line - range.start_line + 1, fix.replacement);
  }
  return lines.join("\n");
}

describe("applying the fix", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["a.test.ts", 'test.only("a", f);\n', 'test("a", f);\n'],
    ["a.test.ts", 'describe.only.each([1])("of .only(", () => it.only("x", f));\n', 'describe.each([1])("of .only(", () => it("x", f));\n'],
    ["a.test.ts", 'test.concurrent.only("a", () => pick(user));\n', 'test.concurrent("a", () => pick(user));\n'],
    ["a.spec.js", '  fdescribe("fdescribe(", f);\n', '  describe("fdescribe(", f);\n'],
    ["a.spec.js", '  fit("a", f);\n', '  it("a", f);\n'],
    ["a_test.go", '\tFDescribe("a", func() {\n', '\tDescribe("a", func() {\n'],
    ["src/a.ts", "f();\n  debugger;\ng();\n", "f();\n\ng();\n"],
    ["src/a.ts", "function f() {\n  debugger\n}\n", "function f() {\n\n}\n"],
    ["src/a.py", "def f():\n    breakpoint()\n", "def f():\n    pass\n"],
    ["src/a.ts", 'const a = "\u202etxet\u202c";\n', 'const a = "txet";\n'],
  ];
  test.each(cases)("%s %j", async (path, now, then) => {
    const fixed = await applied(path, now);
    expect(fixed).toBe(then);
    expect((await outcomeOf(text, [{ path, old: "", new: fixed }])).findings).toEqual([]);
  });
});

describe("no fix where a machine cannot know it", () => {
  test.each([
    ["a body without braces: the next line would become it", "src/a.ts", "code.debugger", "if (x)\n  debugger;\ng();\n"],
    ["a statement among others", "src/a.ts", "code.debugger", "if (x) { debugger; }\n"],
    ["the line above is not seen", "src/a.ts", "code.debugger", "debugger;\n"],
    ["a call that does more", "src/a.py", "code.debugger", "import pdb; pdb.set_trace()\n"],
    ["another spelling", "spec/a_spec.rb", "test.focused", 'it "a", focus: true do\n'],
    ["an end of line that git does not count", "a.test.ts", "test.focused", 'x();\u2028test.only("a", f);\n'],
  ])("%s", async (_, path, rule, now) => {
    expect(await fixesOf(path, rule, now)).toEqual([null]);
  });

  test("attack: a credential on the line does not travel with its fix", async () => {
    const line = `test.only("a", () => login("${checksummedToken("ghp", "a fix")}"));\n`;
    expect(await fixesOf("a.test.ts", "test.focused", line)).toEqual([null]);
  });
});
