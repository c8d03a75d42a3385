/** What tools print, what changes may do, and what kind they are: whole families, by one example each. */
import { expect, test } from "bun:test";
import { codeIn, failedIn, firstError, helpIn } from "./first-error.ts";
import { seen } from "../material.ts";
import { study } from "../study.ts";
import type { Card } from "../../../proto/card.ts";
import type { FileChange } from "../../../proto/facts.ts";

test.each([
  ["pytest", "FAILED test_a.py::test_first - AssertionError: assert 'b' == 'a'", ["test_first"]],
  ["go test", "--- FAIL: TestSum (0.00s)\n--- FAIL: TestSum/two (0.00s)", ["TestSum", "TestSum/two"]],
  ["bun test", "(fail) sums > of nothing [1.20ms]\n(pass) other", ["sums > of nothing"]],
  ["node --test", "✖ tax is a fifth (6.42ms)\n✖ failing tests:", ["tax is a fifth"]],
  ["cargo test", "test sums::two ... FAILED\ntest sums::one ... ok", ["sums::two"]],
  ["TAP", "ok 1 - a\nnot ok 2 - b c", ["b c"]],
] as const)("failed tests that %s names", (_, printed, names) => expect(failedIn(printed)).toEqual([...names]));

test.each([
  ["the linker's last word", "/usr/bin/ld: main.c:(.text+0x5): undefined reference to `version'\ncollect2: error: ld returned 1 exit status", "/usr/bin/ld: main.c:(.text+0x5): undefined reference to `version'"],
  ["what came and what was expected", "  code: 'ERR_ASSERTION',\n  actual: 20,\n  expected: 120,\n  operator: 'strictEqual'", "actual: 20,; expected: 120,"],
  ["what make says of it", "a.c:1:1: error: unknown type name 'x'\nmake: *** [Makefile:2: a.o] Error 1", "a.c:1:1: error: unknown type name 'x'"],
  ["a package that failed, and nothing else", "FAIL\texample.org/sum\t0.012s\nFAIL", null],
] as const)("not %s: the first error", (_, printed, first) => expect(firstError(printed)).toBe(first));

test("a compiler's own help and its explanation's number are found", () => {
  const printed = "help: consider cloning the value\n  |\nFor more information about this error, try `rustc --explain E0382`.";
  expect([helpIn(printed), codeIn(printed), helpIn("no such thing"), codeIn("E0382")]).toEqual(["consider cloning the value", "E0382", null, null]);
});

function changeOf(path: string, old: string, now: string): FileChange {
  const [gone, come] = [old, now].map((text) => (text === "" ? [] : text.replace(/\n$/, "").split("\n"))) as [string[], string[]];
  return { path: { u: path }, old_path: null, status: old === "" ? "added" : "modified", old: null, new: null, binary: false, lfs: false, hunks: [{ old_start: 1, old_lines: gone.length, new_start: 1, new_lines: come.length, lines: [...gone.filter((text) => !come.includes(text)).map((text) => ({ op: "-" as const, text })), ...come.map((text) => ({ op: gone.includes(text) ? (" " as const) : ("+" as const), text }))] }], truncated: false };
}
function studied(path: string, old: string, now: string, title = "change"): ReturnType<typeof study> {
  const card: unknown = { verdict: "admit", reasons: [], next: [], checks: [], gaps: [], title };
  return study({ card: card as Card, findings: [], files: [{ change: changeOf(path, old, now), old, new: now, unread: null }], gaps: [], title });
}

test.each([
  ["a wait", "a.ts", "  await db.save(id);\n  f();\n", "  db.save(id);\n  f();\n", /a wait is removed/],
  ["a condition", "a.ts", "  if (age > 18 && ok) f();\n", "  if (age >= 18 || ok) f();\n", /a condition decides otherwise/],
  ["a user of its own", "Dockerfile", "FROM a\nUSER node\nCMD b\n", "FROM a\nCMD b\n", /as root/],
  ["a privileged container", "deploy/a.yaml", "a: 1\n", "a: 1\nprivileged: true\n", /privileges of the machine/],
  ["objects out of bytes", "a.py", "a = json.loads(b)\n", "a = pickle.loads(b)\n", /unsafe deserialization/],
  ["a copy without a bound", "a.c", "  f(a, b);\n", "  strcpy(a, b);\n", /buffer overflow/],
  ["an address from a request", "a.js", "f();\n", "res.redirect(req.query.next);\n", /open redirect/],
  ["a token that is not checked", "a.py", "a = 1\n", 'a = jwt.decode(t, options={"verify_signature": False})\n', /no longer checked/],
  ["a secret in the log", "a.js", "f();\n", "console.log(user.password);\n", /in the log/],
  ["every row", "a.sql", "DELETE FROM s WHERE old;\n", "DELETE FROM s;\n", /every row/],
] as const)("risk: %s", (_, path, old, now, says) => expect(studied(path, old, now).risks.map(({ because }) => because).join("\n")).toMatch(says));

test.each([
  ["a wait that is returned", "a.ts", "  return await f(id);\n", "  return f(id);\n", /a wait is removed/],
  ["a row that is named", "a.sql", "DELETE FROM s WHERE old;\n", "DELETE FROM s WHERE older;\n", /every row/],
  ["a local address", "a.js", "f();\n", 'fetch("http://localhost:8080/a");\n', /readable on its way/],
] as const)("no such risk: %s", (_, path, old, now, says) => expect(studied(path, old, now).risks.map(({ because }) => because).join("\n")).not.toMatch(says));

test.each([
  ["what each call made", "a.py", "import re\n\n\ndef f(a):\n    p = re.compile(r\"^[a-z]+$\")\n    return p.match(a)\n", "import re\n\nP = re.compile(r\"^[a-z]+$\")\n\n\ndef f(a):\n    return P.match(a)\n", "perf"],
  ["types alone", "a.py", "def f(a):\n    return a\n", "def f(a: int) -> int:\n    return a\n", "refactor"],
] as const)("kind: %s", (_, path, old, now, kind) => expect(studied(path, old, now).classed.kind).toBe(kind));

test("a lock file says which version takes another's place", () => {
  const lock = (version: string): string => `{\n    "node_modules/@a/left-pad": {\n      "version": "${version}",\n      "dev": true\n    }\n}\n`;
  expect(studied("package-lock.json", lock("1.2.0"), lock("1.3.0")).dependencies).toEqual([{ path: "package-lock.json", name: "@a/left-pad", from: "1.2.0", to: "1.3.0", dev: false }]);
  const cargo = (version: string): string => `[[package]]\nname = "serde"\nversion = "${version}"\n`;
  expect(studied("Cargo.lock", cargo("1.0.1"), cargo("1.0.2")).dependencies.map(({ name, to }) => [name, to])).toEqual([["serde", "1.0.2"]]);
  expect(seen({ change: changeOf("yarn.lock", "a\n", "b\n"), old: "a\n", new: "b\n", unread: null }).kind.lock).toBe(true);
});
