/** A condition, ready to be asked of events. */
import type { Node, Value } from "../types/node.ts";
import { build, Frame, type Around } from "./closures.ts";
import { Failure, type Because } from "./failure.ts";
import type { Context } from "./values.ts";

export type Outcome =
  | { readonly ok: true }
  /** `detail` says what was missing or failed; empty for what is simply false. It holds nothing of the event. */
  | { readonly ok: false; readonly because: "false" | Because; readonly detail: string };

export type Predicate = (event: Context, around?: Around) => Outcome;

const OK: Outcome = { ok: true };
const FALSE: Outcome = { ok: false, because: "false", detail: "" };
const ALONE: Around = {};

/** Whatever is not plainly true is a violation: what is missing or cannot be computed too. */
export function predicate(node: Node): Predicate {
  const frame = new Frame();
  const closure = build(node, frame);
  return (event, around = ALONE) => {
    try {
      return closure(event, around) === true ? OK : FALSE;
    } catch (error) {
      if (error instanceof Failure) return { ok: false, because: error.because, detail: error.detail };
      throw error;
    } finally {
      frame.clear();
    }
  };
}

/** The value of an expression of any type, asked of one event after another. Throws `Failure`. */
export function evaluator(node: Node): (event: Context, around?: Around) => Value {
  const frame = new Frame();
  const closure = build(node, frame);
  return (event, around = ALONE) => {
    try {
      return closure(event, around);
    } finally {
      frame.clear();
    }
  };
}

export const evaluate = (node: Node, event: Context, around: Around = ALONE): Value => evaluator(node)(event, around);
