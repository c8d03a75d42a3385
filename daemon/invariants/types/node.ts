/** An expression whose every part has its type and whose literals have their values: what all engines read. */
import type { BinaryOp, MacroName, Span } from "../../../proto/expr.ts";
import type { Pattern } from "../pattern/pattern.ts";
import type { Type } from "./type.ts";

/**
 * By type: `int` and `money` (micro-dollars) are a number where that is exact
 * (±2^53-1) and a bigint beyond; `duration` is milliseconds.
 */
export type Value = boolean | number | bigint | string | readonly Value[];

interface Part {
  readonly type: Type;
  readonly span: Span;
}

/** A variable of a macro: where its value stands while the body is evaluated is the engine's matter. */
export interface Local {
  readonly name: string;
  readonly type: Type;
}

export type Builtin = "size" | "startsWith" | "endsWith" | "contains" | "int" | "double";

export type Node =
  | (Part & { readonly kind: "literal"; readonly value: Value })
  | (Part & { readonly kind: "field"; readonly name: string })
  | (Part & { readonly kind: "key"; readonly name: string })
  | (Part & { readonly kind: "local"; readonly local: Local })
  | (Part & { readonly kind: "has"; readonly name: string })
  | (Part & { readonly kind: "old"; readonly operand: Node })
  | (Part & { readonly kind: "list"; readonly items: readonly Node[] })
  | (Part & { readonly kind: "index"; readonly object: Node; readonly index: Node })
  | (Part & { readonly kind: "not" | "negate"; readonly operand: Node })
  | (Part & { readonly kind: "binary"; readonly op: BinaryOp; readonly left: Node; readonly right: Node })
  | (Part & { readonly kind: "cond"; readonly test: Node; readonly then: Node; readonly else: Node })
  | (Part & { readonly kind: "call"; readonly name: Builtin; readonly args: readonly Node[] })
  | (Part & { readonly kind: "matches"; readonly operand: Node; readonly pattern: Pattern })
  | (Part & { readonly kind: "macro"; readonly macro: MacroName; readonly list: Node; readonly local: Local; readonly body: Node })
  /** Place `index` of the counts that the monitor hands in. */
  | (Part & { readonly kind: "count"; readonly index: number });

/** The nodes right below. */
export function parts(node: Node): readonly Node[] {
  switch (node.kind) {
    case "old":
    case "not":
    case "negate":
    case "matches":
      return [node.operand];
    case "list":
      return node.items;
    case "index":
      return [node.object, node.index];
    case "binary":
      return [node.left, node.right];
    case "cond":
      return [node.test, node.then, node.else];
    case "call":
      return node.args;
    case "macro":
      return [node.list, node.body];
    default:
      return [];
  }
}

/** Every node, from the top. */
export function* everyNode(node: Node): Generator<Node> {
  yield node;
  for (const part of parts(node)) yield* everyNode(part);
}
