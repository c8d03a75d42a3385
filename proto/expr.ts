/**
 * The expression AST of invariants: a typed subset of CEL. It lives in the
 * contract because four engines and the editor read it.
 */
import { Type, type Static } from "@sinclair/typebox";
import { Choice, Closed, Decimal } from "./scalar.ts";

export const UnaryOp = Choice(["!", "-"]);
export const BinaryOp = Choice(["||", "&&", "==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%"]);
const Identifier = Type.String({ pattern: "^[A-Za-z_][A-Za-z0-9_]{0,63}$" });

/** Byte offsets into the source text, so that an error lands on the right column. */
export const Span = Type.Tuple([Type.Integer({ minimum: 0 }), Type.Integer({ minimum: 0 })]);

export const Expr = Type.Recursive(
  (Self) =>
    Type.Union([
      Closed({ kind: Type.Literal("bool"), value: Type.Boolean(), span: Span }),
      Closed({ kind: Type.Literal("int"), value: Decimal, span: Span }),
      Closed({ kind: Type.Literal("double"), value: Type.String({ pattern: "^-?[0-9]+(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$" }), span: Span }),
      Closed({ kind: Type.Literal("string"), value: Type.String(), span: Span }),
      Closed({ kind: Type.Literal("duration"), ms: Decimal, span: Span }),
      Closed({ kind: Type.Literal("var"), name: Identifier, span: Span }),
      Closed({ kind: Type.Literal("member"), object: Self, name: Identifier, span: Span }),
      Closed({ kind: Type.Literal("index"), object: Self, index: Self, span: Span }),
      Closed({ kind: Type.Literal("list"), items: Type.Array(Self, { maxItems: 1000 }), span: Span }),
      Closed({ kind: Type.Literal("unary"), op: UnaryOp, operand: Self, span: Span }),
      Closed({ kind: Type.Literal("binary"), op: BinaryOp, left: Self, right: Self, span: Span }),
      Closed({ kind: Type.Literal("cond"), test: Self, then: Self, else: Self, span: Span }),
      Closed({ kind: Type.Literal("call"), name: Identifier, args: Type.Array(Self, { maxItems: 16 }), span: Span }),
    ]),
  { $id: "Expr" },
);
export type Expr = Static<typeof Expr>;
