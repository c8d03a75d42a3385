/** Mends of one language's tools, and that the same complaint of another file writes none. */
import { expect, test } from "bun:test";
import { LANGUAGE_MENDS } from "./languages.ts";
import { SANITIZER_MENDS } from "./sanitizers.ts";

function mended(path: string, code: string, rule: string, message: string, line: number): string | null {
  const lines = code.split("\n");
  const place = { path, lines, line, text: lines[line - 1]!, rule, message, excerpt: message };
  const mend = [...SANITIZER_MENDS, ...LANGUAGE_MENDS].filter(({ of }) => of.test(`${rule} ${message}`)).map((one) => one.mend(place)).find((one) => one !== null);
  return mend == null ? null : mend.edits.flatMap(({ come }) => come).join("\n");
}

test.each([
  ["a list shared by all calls", "a.py", "def f(a, into=[]):\n    return into", "B006", "", 1, "def f(a, into=None):\n    if into is None:\n        into = []"],
  ["what an error came from", "a.py", "try:\n    a()\nexcept KeyError as error:\n    raise ValueError(1)", "B904", "", 4, "    raise ValueError(1) from error"],
  ["a verb of Go", "a.go", 'var a = fmt.Sprintf("n %s", 1)', "printf", "fmt.Sprintf format %s has arg 1 of wrong type int", 1, 'var a = fmt.Sprintf("n %d", 1)'],
  ["a header", "a.c", '#include "a.h"\nvoid *f(void) { return malloc(1); }', "cc", "implicit declaration of function 'malloc'", 2, "#include <stdlib.h>"],
  ["a copy's terminating zero", "a.c", "char *f(const char *s) {\n  char *c = malloc(strlen(s));\n  strcpy(c, s);", "asan", "AddressSanitizer: heap-buffer-overflow", 3, "  char *c = malloc(strlen(s) + 1);"],
  ["a division by nothing", "a.c", "int f(int a, int n) {\n  a += 1;\n  return a / n;\n}", "ubsan", "runtime error: division by zero", 3, "  if (n == 0) return 0;"],
  ["all arguments", "a.sh", "run $@", "SC2068", "", 1, 'run "$@"'],
  ["declared apart", "a.sh", "  local x=$(date)", "SC2155", "", 1, "  local x\n  x=$(date)"],
] as const)("%s", (_, path, code, rule, message, line, expected) => expect(mended(path, code, rule, message, line)).toBe(expected));

test.each([
  ["a default of another language", "a.rb", "def f(a, into=[]):", "B006", "", 1],
  ["a default over several lines", "a.py", "def f(\n    into=[],\n):\n    return into", "B006", "", 2],
  ["an error that nobody named", "a.py", "try:\n    a()\nexcept KeyError:\n    raise ValueError(1)", "B904", "", 4],
  ["two verbs", "a.go", 'var a = fmt.Sprintf("%s %s", 1, 2)', "printf", "fmt.Sprintf format %s has arg 1 of wrong type int", 1],
  ["a function that nobody knows", "a.c", '#include "a.h"\nvoid f(void) { mine(); }', "cc", "implicit declaration of function 'mine'", 2],
  ["two divisors", "a.c", "int f(int a, int n) {\n  a += 1;\n  return a / n + n / a;\n}", "ubsan", "runtime error: division by zero", 3],
  ["arguments in a text", "a.sh", "echo '$@'", "SC2068", "", 1],
] as const)("attack: %s: nothing", (_, path, code, rule, message, line) => expect(mended(path, code, rule, message, line)).toBeNull());
