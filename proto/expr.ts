/**
 * The expression AST of invariants: a typed subset of CEL. It lives in the
 * contract because four engines and the editor read it.
 */
import { Type, type Static } from "@sinclair/typebox";
import { Choice, Closed, Decimal } from "./scalar.ts";

export const UnaryOp = Choice(["!", "-"]);
export type UnaryOp = Static<typeof UnaryOp>;
export const BinaryOp = Choice(["||", "&&", "==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%"]);
export type BinaryOp = Static<typeof BinaryOp>;
/** Comprehensions of CEL: `list.all(x, x > 0)`. */
export const MacroName = Choice(["all", "exists", "exists_one", "map", "filter"]);
export type MacroName = Static<typeof MacroName>;
export const Identifier = Type.String({ pattern: "^[A-Za-z_][A-Za-z0-9_]{0,63}$" });

/** Offsets into the source text in UTF-16 units, start and end, so that an error lands on the right column. */
export const Span = Type.Tuple([Type.Integer({ minimum: 0 }), Type.Integer({ minimum: 0 })]);
export type Span = Static<typeof Span>;

export const Expr = Type.Recursive(
  (Self) =>
    Type.Union([
      Closed({ kind: Type.Literal("bool"), value: Type.Boolean(), span: Span }),
      Closed({ kind: Type.Literal("int"), value: Decimal, span: Span }),
      Closed({ kind: Type.Literal("double"), value: Type.String({ pattern: "^-?[0-9]+(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$" }), span: Span }),
      Closed({ kind: Type.Literal("string"), value: Type.String(), span: Span }),
      Closed({ kind: Type.Literal("duration"), ms: Decimal, span: Span }),
      Closed({ kind: Type.Literal("var"), name: Identifier, span: Span }),
      // `$agent`: in a formula, the value by which this instance of the monitor is kept (`per: agent`).
      Closed({ kind: Type.Literal("key"), name: Identifier, span: Span }),
      Closed({ kind: Type.Literal("index"), object: Self, index: Self, span: Span }),
      Closed({ kind: Type.Literal("list"), items: Type.Array(Self, { maxItems: 1000 }), span: Span }),
      Closed({ kind: Type.Literal("unary"), op: UnaryOp, operand: Self, span: Span }),
      Closed({ kind: Type.Literal("binary"), op: BinaryOp, left: Self, right: Self, span: Span }),
      Closed({ kind: Type.Literal("cond"), test: Self, then: Self, else: Self, span: Span }),
      // `size(x)`, and `x.size()` with the object as first argument: CEL means the same by both.
      Closed({ kind: Type.Literal("call"), name: Identifier, method: Type.Boolean(), args: Type.Array(Self, { maxItems: 16 }), span: Span }),
      Closed({ kind: Type.Literal("macro"), macro: MacroName, list: Self, local: Identifier, body: Self, span: Span }),
      // `count(EVENT where condition) in 1h`: how many there were up to now, within that time.
      Closed({ kind: Type.Literal("count"), event: Identifier, where: Type.Union([Self, Type.Null()]), window_ms: Decimal, span: Span }),
    ]),
  { $id: "Expr" },
);
export type Expr = Static<typeof Expr>;

const Bound = Type.Union([Decimal, Type.Null()], { description: "milliseconds; null: no bound" });

/** What is expected of a sequence of events. */
export const Formula = Type.Recursive(
  (Self) =>
    Type.Union([
      Closed({ form: Type.Literal("holds"), expr: Expr, span: Span }),
      Closed({ form: Type.Literal("event"), event: Identifier, where: Type.Union([Expr, Type.Null()]), span: Span }),
      Closed({ form: Type.Literal("not"), body: Self, span: Span }),
      Closed({ form: Choice(["and", "or"]), left: Self, right: Self, span: Span }),
      Closed({ form: Choice(["always", "never"]), body: Self, span: Span }),
      Closed({ form: Type.Literal("eventually"), body: Self, within_ms: Bound, span: Span }),
      Closed({ form: Choice(["leads_to", "until"]), left: Self, right: Self, within_ms: Bound, span: Span }),
      Closed({ form: Type.Literal("once"), body: Self, window_ms: Decimal, span: Span }),
    ]),
  { $id: "Formula" },
);
export type Formula = Static<typeof Formula>;
