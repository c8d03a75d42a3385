/** What the names of an expression mean where it stands. */
import type { Span } from "../../../proto/expr.ts";
import { nearest } from "../../../proto/suggest.ts";
import { SourceError } from "../problem.ts";
import type { Local, Node } from "./node.ts";
import type { Type } from "./type.ts";

export interface Field {
  readonly type: Type;
  readonly tainted: boolean;
}
export type Fields = ReadonlyMap<string, Field>;

/** An event that is counted, and which of them. */
export interface Count {
  readonly event: string;
  readonly where: Node | null;
  readonly window_ms: number;
}

export interface Scope {
  readonly fields: Fields;
  /** Where a field that is missing would have to be declared. */
  readonly declare: string;
  /** Whether `old(x)` may be asked: after an action. */
  readonly old: boolean;
  /** Fields by which a monitor's instances are kept, reached as `$name`; `null` outside formulas. */
  readonly keys: Fields | null;
  /** Fields of an event in a formula; throws where there is no such event. */
  readonly event: ((name: string, span: Span) => Scope) | null;
  /** Filled with what the expression counts. */
  readonly counts: Count[];
  readonly locals: readonly Local[];
}

const names = (fields: Fields): string[] => [...fields.keys()];

/** `want` is what is asked for where the name stands. */
export function unknownName(name: string, span: Span, scope: Scope, want: Type | null = null): SourceError {
  if (want?.name === "enum" && want.members.includes(name)) return new SourceError(span, `there is no field ${name}`, `write '${name}' in quotes`);
  const near = nearest(name, [...names(scope.fields), ...scope.locals.map((local) => local.name)]);
  return new SourceError(span, `there is no field ${name}`, near === null ? `declare it ${scope.declare}, such as ${name}: int` : `did you mean ${near}? Else declare it ${scope.declare}`);
}
