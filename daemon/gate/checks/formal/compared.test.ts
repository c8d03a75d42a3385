/** What counts as asking less, word by word. */
import { describe, expect, test } from "bun:test";
import { type ModelConfig, readConfig } from "../../../analysis/modelcheck/config.ts";
import { weakerThan } from "./cfg.ts";
import { changedPieces, meaningOf } from "./tla-text.ts";
import { cpuMs } from "../../../testing/cpu.ts";

const CFG = "SPECIFICATION Spec\nCONSTANTS\n  Works = {one, two}\n  Budget = 5\nINVARIANTS TypeOK Within\nPROPERTY Closed\n";
const read = (text: string): ModelConfig => {
  const config = readConfig(text);
  if ("because" in config) throw new Error(config.because);
  return config;
};
const said = (after: string): string => weakerThan(read(CFG), read(after)).join("; ");

describe("attack: a configuration that asks less", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["an invariant leaves", CFG.replace(" Within", ""), "Within is asked no more"],
    ["a property leaves", CFG.replace("PROPERTY Closed\n", ""), "Closed is asked no more"],
    ["an invariant hides in a comment", CFG.replace(" Within", " \\* Within"), "Within is asked no more"],
    ["and in one that nests", CFG.replace("PROPERTY Closed", "(* (* *) PROPERTY Closed *)"), "Closed is asked no more"],
    ["deadlock is let be", `${CFG}CHECK_DEADLOCK FALSE\n`, "deadlock is looked for no more"],
    ["states are left out", `${CFG}CONSTRAINT Small\n`, "CONSTRAINT Small leaves states out"],
    ["symmetric ones too", `${CFG}SYMMETRY Perms\n`, "SYMMETRY Perms leaves states out"],
    ["the world is smaller", CFG.replace("{one, two}", "{one}"), "the constant Works is smaller: { one , two } became { one }"],
    ["a number is smaller", CFG.replace("= 5", "= 1"), "the constant Budget is smaller: 5 became 1"],
    ["an operator is replaced", CFG.replace("Budget = 5", "Budget = 5\n  Next <- Nothing"), "Next is replaced: <- Nothing"],
    ["an invariant is given a value, and holds for ever", `${CFG}CONSTANT Within = TRUE\n`, "Within is replaced: = TRUE"],
    ["in one module alone", `${CFG}CONSTANT Within = [Ledger] TRUE\n`, "[ Ledger ] Within is replaced: = [ Ledger ] TRUE"],
    ["another behaviour", CFG.replace("SPECIFICATION Spec", "INIT Init NEXT Idle"), "the behaviour is another: SPECIFICATION Spec became INIT Init, NEXT Idle"],
  ];
  test.each(cases)("%s", (_, after, expected) => {
    expect(said(after)).toBe(expected);
  });

  test("asking more, in another order and with comments, is no weaker", () => {
    expect(said(`\\* more\n${CFG.replace("TypeOK Within", "Within TypeOK More")}`)).toBe("");
  });
});

test("comments and empty lines mean nothing; everything else does, columns included", () => {
  const module = "---- MODULE A ----\nA == 1\n\nB(x) ==\n  /\\ x\n  /\\ A\n====\n";
  expect(changedPieces(module, module.replace("A == 1", "A == 1 \\* one\n(* two (* three *) *)"))).toEqual([]);
  expect(changedPieces(module, module.replace("A == 1", "A == 2"))).toEqual(["A"]);
  expect(changedPieces(module, module.replace("  /\\ A", "    /\\ A"))).toEqual(["B"]);
  expect(changedPieces(module, module.replace("A == 1\n", ""))).toEqual(["A"]);
});

test("attack: a comment that ends in a string, and a string that holds one", () => {
  expect(meaningOf('A == "(*" \nB == "*)"')).toBe('A == "(*"\nB == "*)"');
  // TLC ends a comment at the first mark, in a string or not.
  expect(meaningOf('(* "*)" \nA == 1 *)')).toContain("A == 1");
});

describe("attack: what is a comment here and none to TLC, or the other way round", () => {
  const small = "---- MODULE A ----\nSmall == x < 3\n====\n";
  test.each([
    ["a comment opens within quotation marks", small.replace("Small == x < 3", '(* " (* " *)\nSmall == x < 3\n\\* *) Small == TRUE')],
    ["a carriage return ends a line", small.replace("Small == x < 3", "(* \\*\n*)\\* \rSmall == TRUE (*\nSmall == x < 3\n\\* *)")],
    ["a string holds a quotation mark", small.replace("Small == x < 3", 'T == "`"\'(*"\nSmall == x < 3')],
    ["a carriage return in a comment moves what follows", small.replace("Small == x < 3", "Small == (*\r*) x < 3")],
    ["a tab does, too", small.replace("Small == x < 3", "Small == (*\t*) x < 3")],
    ["a sign before a star is no comment", small.replace("Small == x < 3", "Small == x < 3 /\\* TRUE")],
  ])("%s", (_, after) => {
    expect(changedPieces(small, after)).not.toEqual([]);
  });

  test("before its first line a module says nothing, marks of comments included", () => {
    expect(changedPieces(`(* of old\n${small}`, `(* of "new\n${small}`)).toEqual([]);
    expect(changedPieces(`(* of old\n${small}`, `(* of old\n${small.replace("3", "4")}`)).toEqual(["Small"]);
  });
});

test("attack: the same lines in another order, where a line looks like a definition and is not", () => {
  const lines = ["Small == LET", "F == x < 3 IN F", "Other == LET", "G == TRUE IN G"];
  expect(changedPieces(lines.join("\n"), [lines[0], lines[3], lines[2], lines[1]].join("\n"))).toEqual(["the order of its lines"]);
});

test("a hostile module is read in time", () => {
  const started = cpuMs();
  for (const text of ["(*", '"`', '"', "(* *)", '"``\''].map((piece) => piece.repeat(100_000))) expect(changedPieces(text, "*)".repeat(100_000)).length).toBeGreaterThan(0);
  expect(cpuMs() - started).toBeLessThan(5_000);
});
