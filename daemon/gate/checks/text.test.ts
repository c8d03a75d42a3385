import { describe, expect, test } from "bun:test";
import { adding, outcomeOf, placesOf } from "../../testing/checks.ts";
import text from "./text.ts";

const START = "<".repeat(7);
const END = ">".repeat(7);

describe("merge.conflict-marker", () => {
  const places = (old: string | null, now: string) => placesOf(text, "merge.conflict-marker", [{ path: "a.ts", old, new: now }]);

  test("needs both ends", async () => {
    expect(await places(null, `${START} HEAD\na\n`)).toEqual([]);
    expect(await places(null, `${END} x\n`)).toEqual([]);
    expect(await places(null, `a\n${START} HEAD\na\n=======\nb\n${END} x\n`)).toEqual(["a.ts:2"]);
  });

  test("line endings, missing labels and a missing last newline do not hide it", async () => {
    expect(await places(null, `${START} HEAD\r\na\r\n=======\r\nb\r\n${END} x\r\n`)).toEqual(["a.ts:1"]);
    expect(await places(null, `${START}\na\n=======\nb\n${END}`)).toEqual(["a.ts:1"]);
  });

  test("ends in distant hunks still belong together", async () => {
    const body = Array.from({ length: 40 }, (_, i) => `line ${i}\n`).join("");
    expect(await places(`top\n${body}end\n`, `top\n${START} HEAD\n${body}${END} x\nend\n`)).toEqual(["a.ts:2"]);
  });

  test("a conflict that was already there is not the change's", async () => {
    const conflict = `${START} HEAD\na\n=======\nb\n${END} x\n`;
    expect(await places(`${conflict}end\n`, `${conflict}the end\n`)).toEqual([]);
  });
});

describe("text.bidi-control", () => {
  test("in code, configuration and files without an extension, not in prose or translations", async () => {
    const line = "a\u202eb\n";
    for (const path of ["a.py", "Makefile", "config.yml", "bin/run", "docs/build.js", "src/license.ts", "src/lang/parser.rs"]) expect(await placesOf(text, "text.bidi-control", adding(path, line))).toEqual([`${path}:1`]);
    for (const path of ["README.md", "locales/he.json", "po/ar.po"]) expect(await placesOf(text, "text.bidi-control", adding(path, line))).toEqual([]);
  });

  test("attack: code in a folder of translations runs like any other", async () => {
    for (const path of ["src/i18n/auth.ts", "locales/index.js", "app/translations/load.py"]) expect(await placesOf(text, "text.bidi-control", adding(path, "a\u202eb\n"))).toEqual([`${path}:1`]);
  });

  test("ZWJ and ZWNJ pass, as a Kannada locale in TypeScript needs them", async () => {
    expect(await placesOf(text, "text.bidi-control", adding("src/kn.ts", "\u0cb0\u0ccd\u200d\u200c\n"))).toEqual([]);
  });

  test("the excerpt names the control instead of printing it", async () => {
    const { findings } = await outcomeOf(text, adding("a.py", "x = '\u2066'\n"));
    expect(findings[0]?.excerpt).toBe("x = '<LRI>'");
  });
});

describe("test.focused", () => {
  const places = (path: string, line: string) => placesOf(text, "test.focused", adding(path, `${line}\n`));

  test.each([
    ["a.test.ts", "it.only('x', () => {})"], ["a.test.ts", "describe.concurrent.only('x', f)"], ["a.test.ts", "  test.only.each([1])('x', f)"],
    ["a.test.js", "fit('x', f)"], ["a.test.js", "  fit.each([1])('x', f)"], ["a.spec.js", "fdescribe('x', f)"], ["test/a.js", "t.only('x', f)"], ["cypress/a.js", "context.only('x', f)"],
    ["e2e/a.ts", "test.describe.only('x', f)"], ["a_test.go", "FIt(\"x\", func() {})"], ["a_test.go", "\tFDescribe(\"x\", func() {})"],
    ["spec/a_spec.rb", "  fit \"x\" do"], ["spec/a_spec.rb", "  it \"x\", :focus do"], ["tests/ATest.php", "it('x', $f)->only();"],
    ["a.test.ts", "it.only(`x`, f)\r"],
  ])("%s: %s", async (path, line) => {
    expect(await places(path, line)).toEqual([`${path}:1`]);
  });

  test.each([
    ["src/query.ts", "it.only('x')", "not a test file"], ["a.test.ts", "// it.only('x', f)", "a comment"], ["a.test.ts", " * it.only('x', f)", "a block comment"],
    ["a.test.ts", "const s = \"it.only('x')\"", "a string"], ["a.test.ts", "expect(user.only('name'))", "a method of something else"], ["a.test.ts", "profit('x')", "a longer word"],
    ["a.test.ts", "outfit(1)", "a longer word"], ["a.test.ts", "expect(fit(text, columns)).toBe(shown)", "a function of that name"], ["a.test.ts", "expect(fit('a', 12)).toBe('a')", "the same with a text"], ["a.test.ts", "model.fit(x)", "a method"], ["tests/ATest.php", "$request->only(['a'])", "a method with arguments"],
    ["a_test.go", "x.FIt(1)", "a method"], ["test_a.py", "model.fit(x)", "no focus in this language"],
  ])("%s: %s is %s", async (path, line) => {
    expect(await places(path, line)).toEqual([]);
  });

  test("a file renamed while one test in it is focused", async () => {
    const body = (call: string) => `${Array.from({ length: 20 }, (_, i) => `test("t${i}", f);\n`).join("")}${call}("last", f);\n`;
    const change = { path: "test/new.test.ts", old_path: "test/old.test.ts", old: body("test"), new: body("test.only") };
    const { findings } = await outcomeOf(text, [change]);
    expect(findings.map((finding) => finding.range?.start_line)).toEqual([21]);
    const moved = await outcomeOf(text, [{ ...change, path: "test/elsewhere.test.ts" }]);
    expect(moved.findings[0]?.fingerprint).toBe(findings[0]?.fingerprint as string);
  });
});

describe("code.debugger", () => {
  const places = (path: string, line: string) => placesOf(text, "code.debugger", adding(path, `${line}\n`));

  test.each([
    ["a.ts", "  debugger;"], ["a.js", "if (x) { debugger }"], ["a.js", "if (x) debugger;"], ["a.js", "f();debugger;g()"], ["a.js", "debugger"],
    ["a.py", "    breakpoint()"], ["a.py", "x = 1; breakpoint()"], ["a.py", "import pdb; pdb.set_trace()"], ["a.rb", "binding.pry"], ["a.go", "\truntime.Breakpoint()"],
  ])("%s: %s", async (path, line) => {
    expect(await places(path, line)).toEqual([`${path}:1`]);
  });

  test.each([
    ["a.ts", "type Kind = \"debugger;\""], ["a.ts", "attach(debugger_)"], ["a.ts", "x.debugger = 1;"], ["a.ts", "// debugger;"], ["a.tsx", "<p>the debugger stops</p>"],
    ["a.py", "def breakpoint(self):"], ["a.py", "ide.breakpoint()"], ["a.py", "# breakpoint()"], ["README.md", "debugger;"], ["a.ts", "const s = `debugger;`"],
  ])("%s: %s passes", async (path, line) => {
    expect(await places(path, line)).toEqual([]);
  });

  test("a statement that only moved within the file says so", async () => {
    const change = [{ path: "a.js", old: "debugger;\na\nb\nc\n", new: "a\nb\nc\nif (x) {\n  debugger;\n}\n" }];
    const { findings } = await outcomeOf(text, change);
    expect(findings.map((finding) => finding.tags)).toEqual([["at-base"]]);
  });
});

test("two equal lines are two findings, and a shifted line keeps its fingerprint", async () => {
  const twice = await outcomeOf(text, adding("a.js", "debugger;\ndebugger;\n"));
  expect(new Set(twice.findings.map((finding) => finding.fingerprint)).size).toBe(2);
  const shifted = await outcomeOf(text, adding("a.js", "\n\n    debugger;\n"));
  expect(shifted.findings[0]?.fingerprint).toBe(twice.findings[0]?.fingerprint as string);
});

test("what a line check could not see is a gap, never silence", async () => {
  const outcome = await outcomeOf(text, [
    { path: "a.bin", old: null, new: "x", binary_bytes: 10 },
    { path: "big.js", old: null, new: "x\n", truncated: true },
    { path: "model.pt", old: null, new: "version 1\n", lfs: true },
    { path: "sub", old: null, new: "x", mode: "160000" },
    { path: "gone.bin", old: "x", new: null, binary_bytes: 0 },
  ]);
  expect(outcome.gaps.map((gap) => gap.what)).toEqual(["a.bin", "big.js", "model.pt", "sub"]);
});

test("non-UTF-8 paths and text are read, and the path stays exact", async () => {
  const path = new Uint8Array([0x61, 0xff, 0x2e, 0x6a, 0x73]);
  const { findings } = await outcomeOf(text, [{ path, old: null, new: new Uint8Array([0xff, 0x0a, ...new TextEncoder().encode("debugger;\n")]) }]);
  expect(findings[0]?.range?.path).toEqual({ b64: path.toBase64() });
  expect(findings[0]?.range?.start_line).toBe(2);
});

test("a credential on a reported line is masked in its excerpt", async () => {
  const secret = ["hunter", "2Kq9ZxW4vB7nM1pL0"].join("");
  const { findings } = await outcomeOf(text, adding("a.js", `connect("${secret}"); debugger;\n`));
  expect(findings[0]?.excerpt).toContain("hunt…(23)");
  expect(JSON.stringify(findings)).not.toContain(secret.slice(4));
});

test("attack: program text behind a Git LFS pointer is not called looked at", async () => {
  const pointer = { old: null, new: "version 1\n", lfs: true };
  const code = await outcomeOf(text, [{ path: "src/a.ts", ...pointer }]);
  const model = await outcomeOf(text, [{ path: "model.pt", ...pointer }]);
  expect([code.result, model.result]).toEqual(["unavailable", "pass"]);
  expect(code.because).toContain("src/a.ts");
});

test.each(["\r", "\u2028", "\u2029"])("attack: a comment ends where the compiler's line ends (%j), not where the diff's does", async (end) => {
  expect(await placesOf(text, "test.focused", adding("a.test.js", `// hi${end}test.only("a", f);\n`))).toEqual(["a.test.js:1"]);
  expect(await placesOf(text, "code.debugger", adding("a.js", `// hi${end}debugger;\n`))).toEqual(["a.js:1"]);
  expect(await placesOf(text, "code.debugger", adding("a.py", `# hi${end}breakpoint()\n`))).toEqual(["a.py:1"]);
});
