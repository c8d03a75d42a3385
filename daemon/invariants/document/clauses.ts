/** Assertions of a document: text in, conditions and messages out. */
import type { InvariantDocument } from "../../../proto/invariant.ts";
import { parseTemplate, violation, type Template } from "../evaluate/message.ts";
import { predicate, type Predicate } from "../evaluate/predicate.ts";
import type { Around } from "../evaluate/closures.ts";
import type { Context } from "../evaluate/values.ts";
import { SourceError } from "../problem.ts";
import { parseExpression, parseFormula } from "../syntax/formula.ts";
import { checkBool } from "../types/check.ts";
import { checkFormula, type TypedFormula } from "../types/formula.ts";
import type { Node } from "../types/node.ts";
import type { Count, Fields, Scope } from "../types/scope.ts";
import type { Resolved } from "./fields.ts";
import type { Path } from "./path.ts";

/** `detail`: what was missing or failed; empty for what is simply false. */
export type Judged = { readonly ok: true } | { readonly ok: false; readonly because: "false" | "missing" | "error"; readonly message: string; readonly detail: string };

export interface Clause {
  /** Such as `assert[0]`. */
  readonly path: Path;
  readonly text: string;
  readonly node: Node;
  readonly template: Template;
  /** Whether it holds of an event; after an action, `around.old` is the event before. */
  check(event: Context, around?: Around): Judged;
}

export interface TemporalClause {
  readonly path: Path;
  readonly text: string;
  readonly formula: TypedFormula;
  /** What the formula counts, in the order of its count nodes. */
  readonly counts: readonly Count[];
  readonly template: Template;
  /** For the model checker alone. */
  readonly model_only: boolean;
}

/** Runs `make`; a mistake in the text goes to `report` with its place, and `null` comes back. */
export type Guarded = <T>(path: Path, make: () => T) => T | null;

const OK: Judged = { ok: true };

function judge(ask: Predicate, template: Template): Clause["check"] {
  return (event, around) => {
    const outcome = ask(event, around);
    if (outcome.ok) return OK;
    const { because, detail } = outcome;
    return { ok: false, because, message: violation(template, outcome, event, around), detail };
  };
}

type Written = NonNullable<InvariantDocument["assert"]>[number];

/** Where something is written, and what it may speak of. */
export interface Surroundings {
  readonly resolved: Resolved;
  readonly keys: Fields;
  readonly guarded: Guarded;
}

function scopeOf({ resolved: { fields, declare } }: Surroundings, old: boolean): Scope {
  return { fields, declare, old, keys: null, event: null, counts: [], locals: [] };
}

export function compileClause({ expr, message }: Written, path: Path, old: boolean, surroundings: Surroundings): Clause | null {
  const scope = scopeOf(surroundings, old);
  const node = surroundings.guarded([...path, "expr"], () => checkBool(parseExpression(expr), scope));
  const template = message === undefined ? [{ text: `this does not hold: ${expr.replace(/\p{C}+/gu, " ")}` }] : surroundings.guarded([...path, "message"], () => parseTemplate(message, scope.fields, old, scope.declare));
  return node === null || template === null ? null : { path, text: expr, node, template, check: judge(predicate(node), template) };
}

export function compileTemporal({ formula, message, only }: NonNullable<InvariantDocument["temporal"]>[number], path: Path, surroundings: Surroundings): TemporalClause | null {
  const { resolved, keys, guarded } = surroundings;
  const counts: Count[] = [];
  const scope: Scope = { ...scopeOf(surroundings, false), keys, counts };
  const event: NonNullable<Scope["event"]> = (name, span) => {
    const fields = resolved.byEvent.get(name);
    if (fields === undefined) throw new SourceError(span, `there is neither a field nor an event ${name} here`, `declare the field ${resolved.declare}, or name the event: add - event: ${name} under when`);
    return { ...scope, fields, event: null };
  };
  const typed = guarded([...path, "formula"], () => checkFormula(parseFormula(formula), scope, event, only === "model"));
  const template = message === undefined ? [{ text: `this does not hold: ${formula.replace(/\p{C}+/gu, " ")}` }] : guarded([...path, "message"], () => parseTemplate(message, scope.fields, false, scope.declare));
  return typed === null || template === null ? null : { path, text: formula, formula: typed, counts, template, model_only: only === "model" };
}
