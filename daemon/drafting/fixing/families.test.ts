/** What compilers, linters, sanitizers and tests say of ordinary changes, in their own words: what is mended, and where the file does not bear the complaint out. */
import { expect, test } from "bun:test";
import type { Card } from "../../../proto/card.ts";
import type { FileChange } from "../../../proto/facts.ts";
import type { CheckFinding } from "../../../proto/findings.ts";
import { write } from "../index.ts";

/** What a tool printed, and the tail of it is all that is kept. */
function patched(path: string, code: string, printed: string): string {
  const lines = code.split("\n").slice(0, code.endsWith("\n") ? -1 : undefined);
  const change: FileChange = { path: { u: path }, old_path: null, status: "added", old: null, new: null, binary: false, lfs: false, hunks: [{ old_start: 0, old_lines: 0, new_start: 1, new_lines: lines.length, lines: lines.map((text) => ({ op: "+", text })) }], truncated: false };
  const card: unknown = { verdict: "refuse", reasons: [], next: [], checks: [], gaps: [], title: "" };
  const finding: unknown = { check: "command.lint", finding: { rule: "command.lint.exit", message: "it ended with exit code 1", range: null, severity: "error", fingerprint: "f".repeat(64), baseline: "new", tags: [], excerpt: printed, counterexample: null, fix: null } };
  const text = write({ card: card as Card, findings: [finding as CheckFinding], files: [{ change, old: null, new: code, unread: null }], gaps: [], title: "" }, { tasks: ["fix"], said: [], exemplars: [] })[0]!.text;
  return text.startsWith("No mechanical fix is known") ? "" : text.split("\n").filter((line) => /^[-+](?![-+]{2} )/.test(line)).join("\n");
}

const CACHE = "package a\n\ntype Cache struct {\n\tmu    sync.Mutex\n\titems map[string]int\n}\n\nfunc (c *Cache) Put(k string) {\n\tc.mu.Lock()\n\tdefer c.mu.Unlock()\n\tc.items[k] = 1\n}\n\nfunc (c *Cache) Get(k string) int {\n\treturn c.items[k]\n}\n";
const RACE = "WARNING: DATA RACE\n  a.(*Cache).Get()\n      /change/a.go:15 +0xbc\n";

test.each([
  ["tsc: a type among values", "a.ts", 'import { area, Shape } from "./s.ts";\n', "a.ts(1,16): error TS1484: 'Shape' is a type and must be imported using a type-only import when 'verbatimModuleSyntax' is enabled.", '-import { area, Shape } from "./s.ts";\n+import { area, type Shape } from "./s.ts";'],
  ["tsc: a path without its ending", "a.ts", 'import { s } from "./s";\n', "a.ts(1,19): error TS2835: Relative import paths need explicit file extensions in ECMAScript imports when '--moduleResolution' is 'node16' or 'nodenext'. Did you mean './s.js'?", '-import { s } from "./s";\n+import { s } from "./s.js";'],
  ["tsc: a member that overrides", "a.ts", "class A extends B {\n  protected async get(a: string) {}\n}\n", "a.ts(2,3): error TS4114: This member must have an 'override' modifier because it overrides a member in the base class 'B'.", "-  protected async get(a: string) {}\n+  protected override async get(a: string) {}"],
  ["tsc: a parameter", "a.ts", "f((line, index) => {\n  g(line);\n});\n", "a.ts(1,10): error TS6133: 'index' is declared but its value is never read.", "-f((line, index) => {\n+f((line, _index) => {"],
  ["eslint: a const that is counted up", "a.js", "const n = 0;\nfor (const a of b) n += a;\n", "/change/a.js\n  2:20  error  'n' is constant  no-const-assign\n", "-const n = 0;\n+let n = 0;"],
  ["eslint: a backslash in a class", "a.js", "const r = /^[\\w\\-]+$/;\n", "/change/a.js\n  1:15  error  Unnecessary escape character: \\-  no-useless-escape\n", "-const r = /^[\\w\\-]+$/;\n+const r = /^[\\w-]+$/;"],
  ["eslint: a value replaced by falling through", "a.js", "switch (a) {\n  case 1:\n    b = 1;\n  case 2:\n    b = 2;\n}\n", "/change/a.js\n  4:3  error  Expected a 'break' statement before 'case'  no-fallthrough\n", "+    break;"],
  ["eslint: a type that typeof never gives", "a.js", 'if (typeof a === "strnig") b();\n', "/change/a.js\n  1:18  error  Invalid typeof comparison value  valid-typeof\n", '-if (typeof a === "strnig") b();\n+if (typeof a === "string") b();'],
  ["eslint: one name twice", "a.js", "f({ a: a, b });\n", "/change/a.js\n  1:5  error  Expected property shorthand  object-shorthand\n", "-f({ a: a, b });\n+f({ a, b });"],
  ["eslint: a body without braces", "a.js", "if (a) b();\nc();\n", "/change/a.js\n  1:8  error  Expected { after 'if' condition  curly\n", "-if (a) b();\n+if (a) { b(); }"],
  ["pylint: no encoding", "a.py", 'with open(p) as h:\n    h.read()\n', "a.py:1:5: W1514: Using open without explicitly specifying an encoding (unspecified-encoding)", '-with open(p) as h:\n+with open(p, encoding="utf-8") as h:'],
  ["mypy: no return type", "a.py", "def f(a: int):\n    g(a)\n", "a.py:1: error: Function is missing a return type annotation  [no-untyped-def]", "-def f(a: int):\n+def f(a: int) -> None:"],
  ["pytest: a module that is not imported", "a.py", "def f(a):\n    return json.dumps(a)\n", "E       NameError: name 'json' is not defined\n\na.py:2: NameError\n", "+import json\n+\n+"],
  ["ruff: a name of the typing module, with the imports", "a.py", "import os\n\n\ndef f(a: Optional[str]):\n    return os.path.join(a)\n", "a.py:4:10: F821 Undefined name `Optional`", "+from typing import Optional"],
  ["flake8: blank lines", "a.py", "import os\n\ndef f():\n    return os\n", "a.py:3:1: E302 expected 2 blank lines, found 1", "+"],
  ["flake8: a lambda with a name", "a.py", "f = lambda a, b=1: a + b\n", "a.py:1:1: E731 do not assign a lambda expression, use a def", "-f = lambda a, b=1: a + b\n+def f(a, b=1):\n+    return a + b"],
  ["flake8: a pattern", "a.py", 're.match("\\d+", a)\n', "a.py:1:11: W605 invalid escape sequence '\\d'", '-re.match("\\d+", a)\n+re.match(r"\\d+", a)'],
  ["go vet: a copied lock", "a.go", "package a\n\nfunc (c Cache) Put() {\n\tc.mu.Lock()\n}\n", "a.go:3:9: Put passes lock by value: example.org/a.Cache contains sync.Mutex", "-func (c Cache) Put() {\n+func (c *Cache) Put() {"],
  ["go vet: a context without an end", "a.go", "package a\n\nfunc F(ctx context.Context) error {\n\tctx, _ = context.WithTimeout(ctx, time.Second)\n\treturn g(ctx)\n}\n", "a.go:4:7: the cancel function returned by context.WithTimeout should be called, not discarded, to avoid a context leak", "-\tctx, _ = context.WithTimeout(ctx, time.Second)\n+\tctx, cancel := context.WithTimeout(ctx, time.Second)\n+\tdefer cancel()"],
  ["staticcheck: a comparison with false", "a.go", "package a\n\nvar b = c.ok == false\n", "a.go:3:9: should omit comparison to bool constant, can be simplified to !c.ok (S1002)", "-var b = c.ok == false\n+var b = !c.ok"],
  ["staticcheck: an error's text", "a.go", 'package a\n\nvar e = errors.New("Name is missing.")\n', "a.go:3:20: error strings should not be capitalized (ST1005)", '-var e = errors.New("Name is missing.")\n+var e = errors.New("name is missing")'],
  ["go build: a value of two", "a.go", "package a\n\nfunc F() error {\n\tn, err := g()\n\treturn err\n}\n", "./a.go:4:2: declared and not used: n", "-\tn, err := g()\n+\t_, err := g()"],
  ["go build: a package that is not imported", "a.go", 'package a\n\nimport (\n\t"errors"\n\t"time"\n)\n\nvar b = strings.ToUpper("a")\n', "./a.go:8:9: undefined: strings", '+\t"strings"'],
  ["go test: one step too far", "a.go", "package a\n\nfunc S(l []int) (s int) {\n\tfor i := 0; i <= len(l); i++ {\n\t\ts += l[i]\n\t}\n\treturn\n}\n", "panic: runtime error: index out of range [2] with length 2\n\na.S(...)\n\t/change/a.go:5\n", "-\tfor i := 0; i <= len(l); i++ {\n+\tfor i := 0; i < len(l); i++ {"],
  ["go test -race: the lock of the other methods", "a.go", CACHE, RACE, "+\tc.mu.Lock()\n+\tdefer c.mu.Unlock()"],
  ["clang: a format from outside", "a.c", "void f(const char *l) {\n  printf(l);\n}\n", "a.c:2:10: warning: format string is not a string literal (potentially insecure) [-Wformat-security]", '-  printf(l);\n+  printf("%s", l);'],
  ["gcc: the second of two verbs", "a.c", 'void f(long n) {\n  printf("%d of %5d\\n", 1, n);\n}\n', "a.c:2:20: warning: format '%d' expects argument of type 'int', but argument 3 has type 'long int' [-Wformat=]", '-  printf("%d of %5d\\n", 1, n);\n+  printf("%d of %5ld\\n", 1, n);'],
  ["UBSan: a flag of 64", "a.c", "uint64_t f(int at) {\n  return 1 << at;\n}\n", "a.c:2:12: runtime error: shift exponent 40 is too large for 32-bit type 'int'", "-  return 1 << at;\n+  return 1ULL << at;"],
  ["mypy: a name that is near", "a.py", 'a = "A".lowr()\n', 'a.py:1: error: "str" has no attribute "lowr"; maybe "lower"?  [attr-defined]', '-a = "A".lowr()\n+a = "A".lower()'],
  ["pylint: an import", "a.py", "from typing import Any, List\n\nA: Any = 1\n", "a.py:1:0: W0611: Unused List imported from typing (unused-import)", "-from typing import Any, List\n+from typing import Any"],
  ["ruff: an error that nobody reads", "a.py", "try:\n    f()\nexcept KeyError as error:\n    g()\n", "a.py:3:20: F841 [*] Local variable `error` is assigned to but never used", "-except KeyError as error:\n+except KeyError:"],
  ["pylint: an assertion that always holds", "a.py", 'assert (a, "empty")\n', "a.py:1:0: W0199: Assert called on a populated tuple. Did you mean 'assert x,y'? (assert-on-tuple)", '-assert (a, "empty")\n+assert a, "empty"'],
  ["gcc: a variable", "a.c", "int f(void) {\n  int worst;\n  return 1;\n}\n", "a.c:2:7: warning: unused variable ‘worst’ [-Wunused-variable]", "-  int worst;"],
  ["UBSan: a byte shifted into the sign", "a.c", "uint32_t f(const unsigned char *b) {\n  return b[0] << 24 | b[1] << 16;\n}\n", "a.c:2:15: runtime error: left shift of 255 by 24 places cannot be represented in type 'int'", "-  return b[0] << 24 | b[1] << 16;\n+  return (uint32_t)b[0] << 24 | b[1] << 16;"],
  ["ASan: a list whose items are freed", "a.c", "void f(struct n *h) {\n  struct n *a = h;\n  while (a) {\n    free(a);\n    a = a->next;\n  }\n}\n", "SUMMARY: AddressSanitizer: heap-use-after-free /change/a.c:5 in f", "-    free(a);\n-    a = a->next;\n+    struct n *following = a->next;\n+    free(a);\n+    a = following;"],
  ["ASan: freed twice", "a.c", "void f(struct b *b) {\n  free(b->data);\n}\n", "==1==ERROR: AddressSanitizer: attempting double-free on 0x1 in thread T0:\n    #1 0x1 in f /change/a.c:2\n", "+  b->data = NULL;"],
  ["LSan: a copy", "a.c", "int f(const char *t) {\n  char *c = strdup(t);\n  return strlen(c) == 1;\n}\n", "==1==ERROR: LeakSanitizer: detected memory leaks\n\nDirect leak of 4 byte(s) in 1 object(s) allocated from:\n    #1 0x1 in f /change/a.c:2\n", "-  return strlen(c) == 1;\n+  int result = strlen(c) == 1;\n+  free(c);\n+  return result;"],
  ["TSan: a counter", "a.c", "static long hits;\n\nvoid *f(void *a) {\n  hits++;\n  return a;\n}\n", "SUMMARY: ThreadSanitizer: data race a.c:4 in f", "-static long hits;\n+static _Atomic long hits;"],
  ["shellcheck: a pattern that the shell reads", "a.sh", "#!/bin/sh\nfind . -name *.log\n", "a.sh:2:14: warning: Quote the parameter to -name so the shell won't interpret it. [SC2061]", "-find . -name *.log\n+find . -name '*.log'"],
] as const)("%s", (_, path, code, printed, expected) => expect(patched(path, code, printed)).toBe(expected));

test.each([
  ["a file beside the one that is meant", "a.ts", 'import { s } from "./safe";\n', "a.ts(1,19): error TS2835: Relative import paths need explicit file extensions. Did you mean './evil.js'?"],
  ["a const of two scopes", "a.js", "const n = 0;\nfunction f() { const n = 1; }\nn += 1;\n", "/change/a.js\n  3:1  error  'n' is constant  no-const-assign\n"],
  ["a const that nothing assigns", "a.js", "const n = 0;\nf(n);\n", "/change/a.js\n  2:1  error  'n' is constant  no-const-assign\n"],
  ["a dash that makes a range", "a.js", "const r = /^[a\\-z]+$/;\n", "/change/a.js\n  1:14  error  Unnecessary escape character: \\-  no-useless-escape\n"],
  ["a dot outside a class", "a.js", "const r = /^a\\.b$/;\n", "/change/a.js\n  1:14  error  Unnecessary escape character: \\.  no-useless-escape\n"],
  ["the quote that ends the text", "a.js", "const r = 'it\\'s';\n", "/change/a.js\n  1:14  error  Unnecessary escape character: \\'  no-useless-escape\n"],
  ["cases that go on with what came before", "a.js", "switch (a) {\n  case 1:\n    b = 1;\n  case 2:\n    b = b + 2;\n}\n", "/change/a.js\n  4:3  error  Expected a 'break' statement before 'case'  no-fallthrough\n"],
  ["a key that is no parameter", "a.ts", "f(({ a, index, b }) => {\n  g(a, b);\n});\n", "a.ts(1,6): error TS6133: 'index' is declared but its value is never read."],
  ["a parameter that is read", "a.ts", "f((index) => {\n  g(index);\n});\n", "a.ts(1,4): error TS6133: 'index' is declared but its value is never read."],
  ["an encoding of bytes", "a.py", 'open(p, "rb")\n', "a.py:1:0: W1514: Using open without explicitly specifying an encoding (unspecified-encoding)"],
  ["a function that gives something", "a.py", "def f(a: int):\n    return a\n", "a.py:1: error: Function is missing a return type annotation  [no-untyped-def]"],
  ["a module of somebody else", "a.py", "def f(a):\n    return evil.run(a)\n", "a.py:2: NameError: name 'evil' is not defined"],
  ["a name that is bound", "a.py", "import json\njson.dumps(1)\n", "a.py:2: NameError: name 'json' is not defined"],
  ["a text whose backslash means something", "a.py", 'a = "\\d\\n"\n', "a.py:1:6: W605 invalid escape sequence '\\d'"],
  ["a lock that is taken", "a.go", CACHE.replace("\treturn c.items[k]", "\tc.mu.Lock()\n\tdefer c.mu.Unlock()\n\treturn c.items[k]"), RACE],
  ["a method that calls one which takes the lock", "a.go", CACHE.replace("\treturn c.items[k]", "\tc.Put(k)\n\treturn c.items[k]"), RACE],
  ["a method called under the lock", "a.go", CACHE.replace("\tc.items[k] = 1", "\tc.items[k] = c.Get(k)"), RACE],
  ["a receiver of another method", "a.go", "package a\n\nfunc (c Cache) Put() {\n\tc.mu.Lock()\n}\n", "a.go:3:9: Get passes lock by value: example.org/a.Cache contains sync.Mutex"],
  ["an error that begins with a name", "a.go", 'package a\n\nvar e = errors.New("HTTP is missing")\n', "a.go:3:20: error strings should not be capitalized (ST1005)"],
  ["a value that would be declared twice", "a.go", "package a\n\nfunc F() error {\n\terr := h()\n\tn, err := g()\n\treturn err\n}\n", "./a.go:5:2: declared and not used: n"],
  ["an error that nobody looks at", "a.go", "package a\n\nfunc F() int {\n\tn, err := g()\n\treturn n\n}\n", "./a.go:4:5: declared and not used: err"],
  ["a verb of another argument", "a.c", 'void f(long n) {\n  printf("%s of %d\\n", "a", n);\n}\n', "a.c:2:12: warning: format '%d' expects argument of type 'int', but argument 2 has type 'long int' [-Wformat=]"],
  ["an error that is read", "a.py", "try:\n    f()\nexcept KeyError as error:\n    g(error)\n", "a.py:3:20: F841 Local variable `error` is assigned to but never used"],
  ["a flag of 32", "a.c", "unsigned f(int at) {\n  return 1 << at;\n}\n", "a.c:2:12: runtime error: shift exponent 40 is too large for 32-bit type 'int'"],
  ["a variable that is used", "a.c", "int f(void) {\n  int worst;\n  return g(&worst);\n}\n", "a.c:2:7: warning: unused variable 'worst' [-Wunused-variable]"],
  ["what is given on is not freed", "a.c", "char *f(const char *t) {\n  char *c = strdup(t);\n  return c;\n}\n", "ERROR: LeakSanitizer: detected memory leaks\n    #1 0x1 in f /change/a.c:2\n"],
  ["what somebody may keep is not freed", "a.c", "int f(const char *t) {\n  char *c = strdup(t);\n  keep(c);\n  return 1;\n}\n", "ERROR: LeakSanitizer: detected memory leaks\n    #1 0x1 in f /change/a.c:2\n"],
  ["what is put away is not freed", "a.c", "int f(struct s *s, const char *t) {\n  char *c = strdup(t);\n  s->name = c;\n  return 1;\n}\n", "ERROR: LeakSanitizer: detected memory leaks\n    #1 0x1 in f /change/a.c:2\n"],
  ["what is freed already", "a.c", "int f(const char *t) {\n  char *c = strdup(t);\n  free(c);\n  return 1;\n}\n", "ERROR: LeakSanitizer: detected memory leaks\n    #1 0x1 in f /change/a.c:2\n"],
  ["a counter whose address is taken", "a.c", "static long hits;\n\nvoid *f(void *a) {\n  hits++;\n  g(&hits);\n  return a;\n}\n", "SUMMARY: ThreadSanitizer: data race a.c:4 in f"],
  ["Go's words about C", "a.cc", "bool f() {\n  return on == false;\n}\n", "a.cc:2:9: should omit comparison to bool constant, can be simplified to !on (S1002)"],
] as const)("attack: %s: no patch", (_, path, code, printed) => expect(patched(path, code, printed)).toBe(""));
