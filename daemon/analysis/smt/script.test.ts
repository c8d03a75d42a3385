import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readScript, SCRIPT_LIMITS } from "./script.ts";
import { readSexprs, writeSexpr } from "./sexpr.ts";

const ASKED = "(declare-const x Int)(assert (> x 0))(check-sat)";

test("what runs is our spelling of what was read: no comment, one command a line, one digest for one meaning", () => {
  const script = readScript("(declare-const x\n Int) ; a comment (exit)\n(assert\t(> x 0))(check-sat)(get-value (x))");
  expect(script.smt2).toBe("(declare-const x Int)\n(assert (> x 0))\n(check-sat)\n(get-value (x))\n");
  expect([script.question + script.values, script.smt2_sha256]).toEqual([script.smt2, readScript(script.smt2).smt2_sha256]);
  expect(readScript(ASKED).values).toBeNull();
});

describe("attack: commands that read, write, print, end or change the solver", () => {
  test.each([
    '(include "/etc/passwd")', '(set-option :regular-output-channel "/tmp/x")', '(set-option :diagnostic-output-channel "/tmp/x")', '(set-option :dump_models true)', '(set-option :trace_file_name "/tmp/x")',
    "(set-option :timeout 0)", "(set-option :memory_max_size 0)", "(set-option :smt.arith.solver 1)", "(set-option :produce-models false)", '(echo "sat")', "(exit)", "(reset)", "(reset-assertions)", "(get-model)", "(get-info :version)", "(eval x)", "(simplify x)",
    "(display x)", "(check-sat-assuming (x))", "(check-sat-using smt)", "(apply simplify)", "(declare-rel a ())", '(dbg-z3-core "/tmp/x")', "(help)", "(set-info :status sat)", "(set-logic HORN)", "(labels)", "(get-assertions)", "(load-aux x)", "(define-fun-rec f ((x Int)) Int (f x))",
    "(push 1000000000)", "(pop 101)", "(|include| x)", "sat", "()", "((check-sat))", "(assert-soft x)", "(minimize x)",
  ])("%s", (command) => {
    expect(() => readScript(command + ASKED)).toThrow("SMT-LIB");
    expect(readScript(ASKED).smt2).toContain("check-sat");
  });
});

describe("attack: text that two readers cut differently", () => {
  const EVIL = '(set-option :regular-output-channel "/tmp/x")';
  test.each([
    ["an escaped bar in a quoted symbol", `(declare-const |\\| Int)${EVIL}(declare-const |\\|| Int)`],
    ["z3's block comment", `#| ${EVIL} |#`],
    ["a comment ended by a carriage return alone", `; \r${EVIL}\n`],
    ["a string over two lines", `(declare-const x String)(assert (= x "a\nb"))`],
    ["a string with a control character", '(assert (= "\u0007" "a"))'],
    ["a character beyond ASCII", '(assert (= "é" "e"))'],
    ["a string that is closed and opened again", '(assert (= "a"b "c"))'],
    ["a number that runs into a name", "(assert (> 1x 0))"],
    ["a zero before a number", "(assert (> 01 0))"],
    ["a parenthesis too many", ")"],
    ["a parenthesis that is never closed", "(("],
    ["a null character", "(assert \u0000true)"],
  ])("%s", (_name, text) => {
    // A comment that only our reader took for one would let the command through: the text must not hold it afterwards.
    const read = (): string => readScript(text + ASKED).smt2;
    const harmless = text.startsWith("; ");
    if (harmless) expect(read()).not.toContain("channel");
    else expect(read).toThrow("SMT-LIB");
  });
});

describe("attack: small text, large work", () => {
  test.each([
    ["nesting", `(assert ${"(not ".repeat(SCRIPT_LIMITS.depth_max)}true${")".repeat(SCRIPT_LIMITS.depth_max)})`],
    ["bytes", `(assert (= "${"a".repeat(SCRIPT_LIMITS.bytes_max)}" ""))`],
    ["items", "(assert true)".repeat(SCRIPT_LIMITS.items_max / 2)],
    ["digits", `(assert (> ${"9".repeat(2_000)} 0))`],
    ["a bit-vector of a billion bits", "(declare-const x (_ BitVec 1000000000))"],
    ["a repetition of a billion", "(assert (= ((_ repeat 1000000000) #b1) ((_ repeat 1000000000) #b1)))"],
  ])("%s", (_name, text) => {
    expect(() => readScript(text + ASKED)).toThrow("SMT-LIB");
  });
});

test.each([["no question", "(assert true)"], ["two questions", `${ASKED}(check-sat)`], ["values before the question", "(get-value (x))(check-sat)"], ["an assertion after it", `${ASKED}(assert false)`], ["two times values", `${ASKED}(get-value (x))(get-value (x))`]])("%s is not one question", (_name, text) => {
  expect(() => readScript(text)).toThrow("SMT-LIB");
});

test("what is written reads back the same, whatever it holds", () => {
  const atom = fc.oneof(fc.constantFrom("x", "a.b", "|a b|", ":named", "<=", "_"), fc.nat().map(String), fc.constantFrom("0.50", "#xAf", "#b01"), fc.stringMatching(/^[ !#-~]{0,8}$/).map((text) => `"${text}"`));
  const { tree } = fc.letrec<{ tree: string | readonly unknown[] }>((tie) => ({ tree: fc.oneof({ maxDepth: 4 }, atom, fc.array(tie("tree"), { maxLength: 4 })) }));
  fc.assert(
    fc.property(fc.array(tree, { maxLength: 4 }), (trees) => {
      const text = trees.map((one) => writeSexpr(one as Parameters<typeof writeSexpr>[0])).join(" ");
      expect(readSexprs(text, SCRIPT_LIMITS)).toEqual(trees as ReturnType<typeof readSexprs>);
    }),
    { seed: 7, numRuns: 200 },
  );
});
