/** Questions with known answers, one for each kind of value and verdict; both back ends must give them. */
import type { CexValue } from "../../../../proto/cex-value.ts";
import { cexDouble } from "../../../../proto/cex-value.ts";
import type { SmtAnswer } from "../index.ts";

export interface Case {
  readonly name: string;
  readonly smt2: string;
  readonly result: SmtAnswer["result"];
  /** Where the answer is unique. */
  readonly model?: readonly (readonly [string, CexValue])[];
}

const one = (name: string, sort: string, assertion: string, value: CexValue): Case => ({
  name,
  smt2: `(declare-const x ${sort})(assert ${assertion})(check-sat)(get-value (x))`,
  result: "sat",
  model: [["x", value]],
});
const none = (name: string, sort: string, assertion: string): Case => ({ name, smt2: `(declare-const x ${sort})(assert ${assertion})(check-sat)`, result: "unsat" });
const F = "(_ FloatingPoint 11 53)";

export const CORPUS: readonly Case[] = [
  one("a small integer", "Int", "(= x 7)", 7),
  one("a negative integer", "Int", "(= (+ x 3) 0)", -3),
  one("an integer beyond the safe ones", "Int", "(= x (- 123456789012345678901234567890))", { "#bigint": "-123456789012345678901234567890" }),
  one("a boolean", "Bool", "(not x)", false),
  one("a rational", "Real", "(= (* 3.0 x) (- 1.0))", { "#rational": ["-1", "3"] }),
  one("a whole real", "Real", "(= x 2.0)", 2),
  one("bits, by fours and otherwise", "(_ BitVec 8)", "(= x #xa5)", { "#bits": "10100101" }),
  one("bits of an odd width", "(_ BitVec 3)", "(= x #b101)", { "#bits": "101" }),
  one("a double, to the last bit", F, "(fp.eq x (fp.add RNE ((_ to_fp 11 53) RNE 0.1) ((_ to_fp 11 53) RNE 0.2)))", cexDouble(0.1 + 0.2)),
  one("the smallest double", F, "(= x (fp #b0 #b00000000000 #x0000000000001))", cexDouble(5e-324)),
  one("minus zero", F, "(= x (_ -zero 11 53))", cexDouble(-0)),
  one("no number", F, "(fp.isNaN x)", cexDouble(Number.NaN)),
  one("minus infinity", F, "(and (fp.isInfinite x) (fp.isNegative x))", cexDouble(-Infinity)),
  one("a string with a quote, a backslash and a line", "String", '(= x "a""\\u{5c}\\u{a}b")', 'a"\\\nb'),
  one("a string beyond ASCII", "String", '(= x "\\u{e9}\\u{20ac}")', "é€"),
  one("a sequence", "(Seq Int)", "(= x (seq.++ (seq.unit 1) (seq.unit (- 2))))", [1, -2]),
  one("an empty sequence", "(Seq Int)", "(= (seq.len x) 0)", []),
  {
    name: "a datatype with its fields",
    smt2: "(declare-datatypes ((Opt 0)) (((none) (some (it Int)))))(declare-const x Opt)(declare-const y Opt)(assert (= x (some (- 4))))(assert (= y none))(check-sat)(get-value (x y))",
    result: "sat",
    model: [["x", { "#ctor": "some", args: [-4] }], ["y", { "#ctor": "none", args: [] }]],
  },
  {
    name: "an array",
    smt2: "(declare-const x (Array Int Bool))(assert (= x (store ((as const (Array Int Bool)) false) 3 true)))(check-sat)(get-value (x))",
    result: "sat",
    model: [["x", { "#ctor": "array", args: [{ "#map": [[3, true]] }, false] }]],
  },
  { name: "terms in the order they are asked", smt2: "(declare-const b Int)(declare-const |a b| Int)(assert (= b 1))(assert (= |a b| (+ b 1)))(check-sat)(get-value (|a b| b (* 2 b)))", result: "sat", model: [["a b", 2], ["b", 1], ["(* 2 b)", 2]] },
  none("an integer between two neighbours", "Int", "(and (< x 4) (> x 3))"),
  none("a string that is and is not", "String", '(and (str.prefixof "ab" x) (= (str.at x 0) "b"))'),
  none("a byte above 255", "(_ BitVec 8)", "(bvugt x #xff)"),
  none("a double that is less than itself", F, "(fp.lt x x)"),
  { name: "values asked although there is no model", smt2: "(declare-const x Int)(assert (< x x))(check-sat)(get-value (x))", result: "unsat" },
  { name: "what was popped does not count", smt2: "(declare-const x Int)(push 1)(assert false)(pop 1)(assert (= x 5))(check-sat)(get-value (x))", result: "sat", model: [["x", 5]] },
];

/** A product of two 64-bit numbers below 2^31 that are no divisors: no solver is done with it within milliseconds. */
export const HARD = `(declare-const x (_ BitVec 64))(declare-const y (_ BitVec 64))(assert (= (bvmul x y) #x00f8d92b2a8b8fb1))${["x", "y"].map((name) => `(assert (bvugt ${name} #x0000000000000001))(assert (bvult ${name} #x000000007fffffff))`).join("")}(check-sat)(get-value (x))`;
