/** A tool's output is the change's word as well: whatever it says, a patch changes the complaint and no meaning. */
import { expect, test } from "bun:test";
import type { Card } from "../../../proto/card.ts";
import type { FileChange } from "../../../proto/facts.ts";
import type { CheckFinding } from "../../../proto/findings.ts";
import { write } from "../index.ts";

const UNUSED = "'gone' is assigned a value but never used.";

function fixed(path: string, code: string, rule: string, message: string, line: number): string {
  const lines = code.split("\n").slice(0, code.endsWith("\n") ? -1 : undefined);
  const change: FileChange = { path: { u: path }, old_path: null, status: "added", old: null, new: null, binary: false, lfs: false, hunks: [{ old_start: 0, old_lines: 0, new_start: 1, new_lines: lines.length, lines: lines.map((text) => ({ op: "+", text })) }], truncated: false };
  const card: unknown = { verdict: "refuse", reasons: [], next: [], checks: [], gaps: [], title: "" };
  const finding: unknown = { check: "command.lint", finding: { rule, message, range: { path: { u: path }, start_line: line, end_line: line }, severity: "error", fingerprint: "f".repeat(64), baseline: "new", tags: [], excerpt: null, counterexample: null, fix: null } };
  return write({ card: card as Card, findings: rule === "" ? [] : [finding as CheckFinding], files: [{ change, old: null, new: code, unread: null }], gaps: [], title: "" }, { tasks: ["fix"], said: [], exemplars: [] })[0]!.text;
}

test.each([
  ["a semicolon behind a condition", "src/a.ts", "if (user.admin)\n  drop();\n", "command.x.semi", "Missing semicolon.", 1],
  ["a semicolon behind a condition of several lines", "src/a.ts", "if (user.admin &&\n  user.here)\n  drop();\n", "command.x.semi", "Missing semicolon.", 2],
  ["a semicolon into a statement that goes on", "src/a.ts", "const a = [1]\n  .map(String);\n", "command.x.semi", "Missing semicolon.", 1],
  ["another name, declared here, called a slip", "src/a.ts", "const isAdmin = (u: any) => u.a;\nconst anyone = () => true;\nif (isAdmin(1)) drop();\n", "command.x.exit", "Cannot find name 'isAdmin'. Did you mean 'anyone'?", 3],
  ["another name that is near", "src/a.ts", "const canRead = 1;\nconst canReap = 2;\nif (canRead) drop();\n", "command.x.exit", "Cannot find name 'canRead'. Did you mean 'canReap'?", 3],
  ["a formatter that writes code", "src/a.ts", "if (a.admin === true) a.go();\n", "command.x.prettier", "Replace `a.admin·===·true` with `true`", 1],
  ["a formatter that takes a negation", "src/a.ts", "if (!a.admin) throw 1;\n", "command.x.prettier", "Delete `!`", 1],
  ["a formatter that joins words", "src/a.ts", "export const f = () => { return allowed; };\n", "command.x.prettier", "Replace `return·allowed` with `returnallowed`", 1],
  ["a formatter that writes into a text", "src/a.ts", "export const a = 'x y';\n", "command.x.prettier", "Replace `x·y` with `xy`", 1],
  ["a formatter that indents Python", "a.py", "if x:\n    a()\nb()\n", "command.x.formatter", "Insert `····`", 3],
  ["an only body, so that the next one would be", "src/a.ts", "if (a.admin)\n  debugger;\na.dropAll();\n", "command.x.no-debugger", "Unexpected 'debugger' statement.", 2],
  ["the same with a comment between", "src/a.js", "if (a.admin)\n  // why\n  var gone = 1;\ndropAll();\n", "command.x.no-unused-vars", UNUSED, 3],
  ["a value that does something: delete", "src/a.ts", "const gone = delete o.y;\n", "command.x.no-unused-vars", UNUSED, 1],
  ["a value that does something: a tag", "src/a.ts", "const gone = sql`drop`;\n", "command.x.no-unused-vars", UNUSED, 1],
  ["one of two that are declared", "src/a.ts", "let gone = 1, kept;\nkept = 2;\n", "command.x.no-unused-vars", UNUSED, 1],
  ["a value that goes on", "src/a.ts", "const gone = 1 +\n  f();\n", "command.x.no-unused-vars", UNUSED, 1],
  ["a variable that is used below", "src/a.ts", "const gone = 1;\nconsole.log(gone);\n", "command.x.no-unused-vars", UNUSED, 1],
  ["an import that is used", "src/a.ts", 'import { check, other } from "./b.ts";\ncheck(1);\n', "command.x.no-unused-vars", "'check' is defined but never used.", 1],
  ["what a package gives on", "pkg/__init__.py", "from a import public\n", "command.x.f401", "`a.public` imported but unused", 1],
  ["what __all__ names", "pkg/b.py", 'from a import public\n__all__ = ["public"]\n', "command.x.f401", "`a.public` imported but unused", 1],
  ["one line of an import of several", "a.py", "from x import (\n    a,\n)\n", "command.x.ts6192", "All imports in import declaration are unused", 1],
  ["a text in Go that is no import", "a.go", 'package a\n\nvar x = "a" +\n\t"b"\n', "command.x.exit", '"os" imported and not used', 4],
  ["a comparison with undefined, which asks for null too", "src/a.ts", "if (x == undefined) throw 1;\n", "command.x.eqeqeq", "Expected '===' and instead saw '=='.", 1],
  ["an equals sign of another language", "a.py", "if x == 1:\n    pass\n", "command.x.eqeqeq", "Expected '===' and instead saw '=='.", 1],
  ["an equals sign in a pattern", "src/a.ts", "export const r = /a==b/;\n", "command.x.eqeqeq", "Expected '===' and instead saw '=='.", 1],
  ["True in a chain", "a.py", "if a is b == True:\n    pass\n", "command.x.e712", "comparison to True", 1],
  ["a let that is assigned", "src/a.js", "let a = 1;\nmodule.exports = () => { a = 2; };\n", "command.x.prefer-const", "'a' is never reassigned. Use 'const' instead.", 1],
  ["a var that is used outside", "src/a.js", "if (q) {\n  var x = 1;\n}\nmodule.exports = x;\n", "command.x.no-var", "Unexpected var, use let or const instead.", 2],
  ["a focus in a text", "src/a.test.ts", 'it("test.only", () => {});\n', "command.x.no-only-tests", "test.only", 1],
  ["white space in a template", "src/a.ts", "export const a = `x  \ny`;\n", "", "", 1],
  ["white space in a text of Python", "a.py", 'A = """x  \ny"""\n', "command.x.w291", "trailing whitespace", 1],
  ["white space behind a backslash", "a.sh", "echo a \\ \necho b\n", "", "", 1],
  ["white space in a here document", "a.sh", "cat <<E\nx  \nE\n", "", "", 1],
  ["a guard in the body of a condition", "src/a.c", "struct n { int v; };\nint f(struct n *p, int ok)\n{\n  if (ok)\n    // why\n    p->v = 0;\n  return 1;\n}\n", "command.ubsan.exit", "member access within null pointer of type 'struct n'", 6],
] as const)("attack: %s: no patch", (_, path, code, rule, message, line) => {
  expect(fixed(path, code, rule, message, line)).toStartWith("No mechanical fix is known");
});

test.each([
  ["the one plain f-string", "a.py", 'print(f"{x}" + f"abc")\n', "command.x.f541", "f-string is missing placeholders", 1, '+print(f"{x}" + "abc")'],
  ["an import alone in its block", "a.py", "try:\n    import fast\nexcept ImportError:\n    x = 1\n", "command.x.f401", "`fast` imported but unused", 2, "+    pass"],
  ["CRLF of a file whose last line has none", "src/a.js", "let a = 1;\r\nf(a);\r\n'';", "command.x.prefer-const", "'a' is never reassigned.", 1, "+const a = 1;\r\n"],
  ["a formatter's spaces", "src/a.ts", "export const a = f(1,2);\n", "command.x.prettier", "Insert `·`", 1, ""],
  ["a formatter's quotes", "src/a.ts", "export const a = 'x';\n", "command.x.prettier", "Replace `'x'` with `\"x\"`", 1, '+export const a = "x";'],
  ["white space that is none of a text", "src/a.ts", "export const a = 1;  \n", "", "", 1, "+export const a = 1;\n"],
  ["a statement's semicolon", "src/a.ts", "f(1)\n", "command.x.semi", "Missing semicolon.", 1, "+f(1);"],
  ["a getter, and what that may mean", "src/a.ts", "const gone = o.connect;\n", "command.x.no-unused-vars", UNUSED, 1, "reading what it held may do something"],
] as const)("%s", (_, path, code, rule, message, line, has) => {
  expect(fixed(path, code, rule, message, line)).toContain(has);
});
