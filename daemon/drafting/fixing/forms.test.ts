/** What tools of many languages say, one complaint each: what is mended, and what stays as it is where the file does not bear the complaint out. */
import { expect, test } from "bun:test";
import type { Card } from "../../../proto/card.ts";
import type { FileChange } from "../../../proto/facts.ts";
import type { CheckFinding } from "../../../proto/findings.ts";
import { write } from "../index.ts";

function patched(path: string, code: string, printed: string): string {
  const lines = code.split("\n").slice(0, code.endsWith("\n") ? -1 : undefined);
  const change: FileChange = { path: { u: path }, old_path: null, status: "added", old: null, new: null, binary: false, lfs: false, hunks: [{ old_start: 0, old_lines: 0, new_start: 1, new_lines: lines.length, lines: lines.map((text) => ({ op: "+", text })) }], truncated: false };
  const card: unknown = { verdict: "refuse", reasons: [], next: [], checks: [], gaps: [], title: "" };
  const finding: unknown = { check: "command.x", finding: { rule: "command.x.exit", message: "it ended with exit code 1", range: null, severity: "error", fingerprint: "f".repeat(64), baseline: "new", tags: [], excerpt: printed, counterexample: null, fix: null } };
  const text = write({ card: card as Card, findings: [finding as CheckFinding], files: [{ change, old: null, new: code, unread: null }], gaps: [], title: "" }, { tasks: ["fix"], said: [], exemplars: [] })[0]!.text;
  return text.startsWith("No mechanical fix is known") ? "" : text.split("\n").filter((line) => /^[-+](?![-+]{2} )/.test(line)).join("\n");
}

test.each([
  ["eslint: texts put together", "a.js", 'return "a " + b + "!";\n', "a.js:1:8: Unexpected string concatenation  prefer-template", '-return "a " + b + "!";\n+return `a ${b}!`;'],
  ["eslint: else behind a return", "a.js", "function f(a) {\n  if (a) {\n    return 1;\n  } else {\n    return 2;\n  }\n}\n", "/change/a.js\n  4:10  error  Unnecessary 'else' after 'return'  no-else-return\n", "-  } else {\n-    return 2;\n-  }\n+  }\n+  return 2;"],
  ["tsc: await in a function that gives a promise", "a.ts", "function f(): Promise<number> {\n  return await g();\n}\n", "a.ts(2,10): error TS1308: 'await' expressions are only allowed within async functions and at the top levels of modules.", "-function f(): Promise<number> {\n+async function f(): Promise<number> {"],
  ["tsc: a promise as a condition", "a.ts", "async function f() {\n  if (known(1)) {\n    g();\n  }\n}\n", "a.ts(2,7): error TS2801: This condition will always return true since this 'Promise<boolean>' is always defined.", "-  if (known(1)) {\n+  if (await known(1)) {"],
  ["tsc: a name of another module, wherever it is used", "a.ts", 'import { parse } from "./p";\nparse(1);\n', `a.ts(1,10): error TS2724: '"./p"' has no exported member named 'parse'. Did you mean 'parser'?`, '-import { parse } from "./p";\n+import { parser } from "./p";\n-parse(1);\n+parser(1);'],
  ["vet: what is never reached", "a.go", "package a\n\nfunc f() int {\n\treturn 1\n\treturn 2\n}\n", "vet: ./a.go:5:2: unreachable code", "-\treturn 2"],
  ["go: the same name in other letters", "a.go", "package a\n\nvar a = strings.toUpper(b)\n", "./a.go:3:17: undefined: strings.toUpper (but have ToUpper)", "-var a = strings.toUpper(b)\n+var a = strings.ToUpper(b)"],
  ["errcheck", "a.go", "package a\n\nfunc F(p string) error {\n\tos.Remove(p)\n\treturn nil\n}\n", "a.go:4:11:\tos.Remove(p)", "-\tos.Remove(p)\n+\tif err := os.Remove(p); err != nil {\n+\t\treturn err\n+\t}"],
  ["go: a map that was never made", "a.go", "package a\n\nfunc f() {\n\tvar m map[string]int\n\tm[\"a\"] = 1\n}\n", "panic: assignment to entry in nil map\n\t/change/a.go:5 +0x1\n", "-\tvar m map[string]int\n+\tm := make(map[string]int)"],
  ["flake8: two complaints of one line", "a.py", "a = 1 #b\n", "a.py:1:6: E261 at least two spaces before inline comment\na.py:1:7: E262 inline comment should start with '# '\n", "-a = 1 #b\n+a = 1  # b"],
  ["mypy: a function that gives None", "a.py", "def f(a: int) -> str:\n    return None\n", 'a.py:2: error: Incompatible return value type (got "None", expected "str")  [return-value]', "-def f(a: int) -> str:\n+def f(a: int) -> str | None:"],
  ["Python: a method that is near", "a.py", "def f(a):\n    return a.spilt()\n", "  File \"/tree/a.py\", line 2, in f\n    return a.spilt()\nAttributeError: 'str' object has no attribute 'spilt'. Did you mean: 'split'?\n", "-    return a.spilt()\n+    return a.split()"],
  ["gcc: a parameter", "a.c", "int f(int a, void *b) {\n    return a;\n}\n", "a.c:1:20: error: unused parameter ‘b’ [-Werror=unused-parameter]", "+    (void)b;"],
  ["gcc: a sum that begins with anything", "a.c", "int f(const int *l, int n) {\n    int sum;\n    for (int i = 0; i < n; i++)\n        sum += l[i];\n    return sum;\n}\n", "a.c:5:12: error: ‘sum’ may be used uninitialized [-Werror=maybe-uninitialized]", "-    int sum;\n+    int sum = 0;"],
  ["ASan: freed twice", "a.c", "void f(char *p, int n) {\n    free(p);\n    if (n) {\n        free(p);\n        return;\n    }\n}\n", "    #1 0x1 in f /change/a.c:4:9\nSUMMARY: AddressSanitizer: double-free (/b+0x1) in free\n", "-        free(p);"],
  ["ASan: read behind its free", "a.c", "int f(struct n *p) {\n    free(p);\n    return p->v;\n}\n", "    #0 0x1 in f /change/a.c:3:12\nSUMMARY: AddressSanitizer: heap-use-after-free /change/a.c:3 in f\n", "-    free(p);\n-    return p->v;\n+    int result = p->v;\n+    free(p);\n+    return result;"],
  ["ASan: given back otherwise than taken", "a.cpp", "int main() {\n    int *l = new int[8];\n    delete l;\n}\n", "    #1 0x1 in main a.cpp:2\nSUMMARY: AddressSanitizer: alloc-dealloc-mismatch (/b+0x1)\n", "-    delete l;\n+    delete[] l;"],
  ["shellcheck: how it ended", "a.sh", "#!/bin/sh\nrun a\nif [ $? -ne 0 ]; then\n  b\nfi\n", "a.sh:3:6: note: Check exit code directly with e.g. 'if ! mycmd;', not indirectly with $?. [SC2181]", "-run a\n-if [ $? -ne 0 ]; then\n+if ! run a; then"],
  ["rustc: one of several names", "src/a.rs", "use std::collections::{BTreeMap, HashMap};\n\nfn a(b: HashMap<u8, u8>) {}\n", "error: unused import: `BTreeMap`\n --> src/a.rs:1:24\n", "-use std::collections::{BTreeMap, HashMap};\n+use std::collections::HashMap;"],
  ["javac, in Maven's form", "src/A.java", "class A {\n    int a = 1\n}\n", "[ERROR] /tree/src/A.java:[2,14] ';' expected\n", "-    int a = 1\n+    int a = 1;"],
  ["Kotlin", "src/A.kt", "fun f(): Int {\n    var a = 1\n    return a\n}\n", "src/A.kt:2:9: warning: variable is never modified, so it can be declared using 'val'.", "-    var a = 1\n+    val a = 1"],
  ["rubocop", "a.rb", "def f\n  return 1\nend\n", "a.rb:2:3: C: [Correctable] Style/RedundantReturn: Redundant return detected.", "-  return 1\n+  1"],
  ["JSON, whose reader names no file", "a.json", '{\n  "a": 1,\n}\n', "SyntaxError: Expected double-quoted property name in JSON at position 11\n", '-  "a": 1,\n+  "a": 1'],
  ["make", "Makefile", "a: b\n    cc b\n", "Makefile:2: *** missing separator.  Stop.", "-    cc b\n+\tcc b"],
  ["hadolint", "Dockerfile", "FROM a:1\nADD b /b\n", "Dockerfile:2 DL3020 error: Use COPY instead of ADD for files and folders", "-ADD b /b\n+COPY b /b"],
  ["stylelint", "a.css", "a {\n  margin: 0px;\n}\n", "a.css\n  2:12  ✖  Unexpected unit  length-zero-no-unit\n", "-  margin: 0px;\n+  margin: 0;"],
  ["yamllint", "a.yaml", "a: yes\n", "a.yaml\n  1:4       warning  truthy value should be one of [false, true]  (truthy)\n", "-a: yes\n+a: true"],
  ["sqlfluff", "a.sql", "select a FROM b;\n", "== [a.sql] FAIL\nL:   1 | P:   1 | CP01 | Keywords must be consistently upper case.\n", "-select a FROM b;\n+SELECT a FROM b;"],
  ["codespell, twice in a line", "a.md", "We recieve and seperate.\n", "a.md:1: recieve ==> receive\na.md:1: seperate ==> separate\n", "-We recieve and seperate.\n+We receive and separate."],
] as const)("%s", (_, path, code, printed, expected) => expect(patched(path, code, printed)).toBe(expected));

test.each([
  ["a sum of numbers", "a.js", 'return a + b + "!";\n', "a.js:1:8: Unexpected string concatenation  prefer-template"],
  ["else behind what does not leave", "a.js", "if (a) {\n  b();\n} else {\n  c();\n}\n", "a.js:3:3: Unnecessary 'else' after 'return'  no-else-return"],
  ["a function that somebody calls, made a promise", "a.ts", "function f() {\n  return await g();\n}\nconst a = f() + 1;\n", "a.ts(2,10): error TS1308: 'await' expressions are only allowed within async functions"],
  ["what is reached", "a.go", "package a\n\nfunc f(a bool) int {\n\tif a {\n\t\treturn 1\n\t}\n\treturn 2\n}\n", "vet: ./a.go:7:2: unreachable code"],
  ["a label below", "a.go", "package a\n\nfunc f() {\n\treturn\nend:\n\tg()\n}\n", "vet: ./a.go:6:2: unreachable code"],
  ["an error of a function that gives none", "a.go", "package a\n\nfunc F(p string) {\n\tos.Remove(p)\n}\n", "a.go:4:11:\tos.Remove(p)"],
  ["a map that is made further on", "a.go", "package a\n\nfunc f() {\n\tvar m map[string]int\n\tm = g()\n\tm[\"a\"] = 1\n}\n", "panic: assignment to entry in nil map\n\t/change/a.go:6 +0x1\n"],
  ["a value that only its author knows", "a.c", "int f(int a) {\n    int b;\n    if (a)\n        b = 2;\n    return b;\n}\n", "a.c:5:12: error: ‘b’ may be used uninitialized [-Werror=maybe-uninitialized]"],
  ["freed on one of two ways", "a.c", "void f(char *p, int n) {\n    if (n) {\n        free(p);\n        return;\n    }\n    free(p);\n}\n", "    #1 0x1 in f /change/a.c:6:5\nSUMMARY: AddressSanitizer: double-free (/b+0x1) in free\n"],
  ["a parameter that is read", "a.c", "int f(int a) {\n    return a;\n}\n", "a.c:1:11: error: unused parameter ‘a’ [-Werror=unused-parameter]"],
  ["words that are meant to be several", "a.sh", "#!/bin/sh\nfor a in $(ls b); do c; done\n", "a.sh:2:10: warning: Quote this to prevent word splitting. [SC2046]"],
  ["JSON with more that is wrong", "a.json", '{\n  "a": 1,\n  b\n}\n', "SyntaxError: Unexpected token in JSON\n"],
  ["a program in a container that needs a shell", "Dockerfile", "FROM a:1\nCMD a && b\n", "Dockerfile:2 DL3025 warning: Use arguments JSON notation for CMD and ENTRYPOINT arguments"],
  ["an archive that is unpacked", "Dockerfile", "FROM a:1\nADD a.tar.gz /b\n", "Dockerfile:2 DL3020 error: Use COPY instead of ADD for files and folders"],
  ["a word of code", "a.py", "recieve = 1\n", "a.py:1: recieve ==> receive\n"],
  ["a key of several lines", "a.js", "f({\n  a: {\n    b: 1,\n  },\n  a: 2,\n});\n", "a.js:5:3: Duplicate key 'a'  no-dupe-keys"],
  ["a Java import that is used", "src/A.java", "import a.List;\n\nclass A { List a; }\n", "[WARN] /tree/src/A.java:1:8: Unused import - a.List. [UnusedImports]"],
] as const)("attack: %s: no patch", (_, path, code, printed) => expect(patched(path, code, printed)).toBe(""));
