/** Functions: what they take and give. */
import type { Expr, Span } from "../../../proto/expr.ts";
import { nearest } from "../../../proto/suggest.ts";
import { parsePattern, PatternError, type Pattern } from "../pattern/pattern.ts";
import { SourceError } from "../problem.ts";
import { MACROS } from "../syntax/words.ts";
import type { Builtin, Node } from "./node.ts";
import { unknownName, type Scope } from "./scope.ts";
import { BOOL, DOUBLE, INT, STRING, typeText, type Type } from "./type.ts";

type Call = Extract<Expr, { readonly kind: "call" }>;
type Checker = (expr: Expr, scope: Scope, want?: Type | null) => Node;

interface Form {
  /** Types of each argument, any of them. */
  readonly takes: readonly (readonly Type["name"][])[];
  readonly gives: Type;
  readonly written: string;
  /** Whether it may be written, or must be, after a dot. */
  readonly method: "may" | "must" | "never";
}

const TEXT: readonly Type["name"][] = ["string", "enum"];
const FORMS: Readonly<Record<Builtin, Form>> = {
  size: { takes: [["string", "enum", "list"]], gives: INT, written: "size(x) or x.size(), of a string or a list", method: "may" },
  startsWith: { takes: [TEXT, TEXT], gives: BOOL, written: "text.startsWith('a')", method: "must" },
  endsWith: { takes: [TEXT, TEXT], gives: BOOL, written: "text.endsWith('z')", method: "must" },
  contains: { takes: [TEXT, TEXT], gives: BOOL, written: "text.contains('a')", method: "must" },
  int: { takes: [["int", "double"]], gives: INT, written: "int(x), of a double", method: "never" },
  double: { takes: [["double", "int"]], gives: DOUBLE, written: "double(x), of an int", method: "never" },
};
const OTHERS = ["has", "old", "matches", "duration"];

const isBuiltin = (name: string): name is Builtin => Object.hasOwn(FORMS, name);

/** The one argument of `has` and `old`. */
function only({ name, args, method, span }: Call, written: string): Expr {
  const [argument, more] = args;
  if (argument === undefined || more !== undefined || method) throw new SourceError(span, `${name} takes one argument`, `write ${written}`);
  return argument;
}

function has(call: Call, scope: Scope): Node {
  const argument = only(call, "has(field)");
  if (argument.kind !== "var" || scope.locals.some(({ name }) => name === argument.name)) throw new SourceError(argument.span, "has asks for a field of the event", "write has(field)");
  if (!scope.fields.has(argument.name)) throw unknownName(argument.name, argument.span, scope);
  return { kind: "has", type: BOOL, name: argument.name, span: call.span };
}

function old(call: Call, scope: Scope, check: Checker): Node {
  const argument = only(call, "old(field)");
  if (!scope.old) throw new SourceError(call.span, "old(x) means x before an action, so it stands under post alone", "move the condition under post, or leave old away");
  // What a macro's variable was before is not a question.
  const operand = check(argument, { ...scope, old: false, locals: [] });
  return { kind: "old", type: operand.type, operand, span: call.span };
}

/** A place in the pattern is a place in its literal where nothing in it is escaped. */
function readPattern(text: string, literal: Span): Pattern {
  try {
    return parsePattern(text);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const straight = literal[1] - literal[0] === text.length + 2;
    const at = straight ? literal[0] + 1 + Math.min(error.at, text.length - 1) : literal[0];
    throw new SourceError([at, straight ? at + 1 : literal[1]], error.message, error.fix);
  }
}

function matches({ args, method, span }: Call, scope: Scope, check: Checker): Node {
  const [text, pattern, more] = args;
  if (text === undefined || pattern === undefined || more !== undefined) throw new SourceError(span, "matches takes a text and a pattern", `write text.matches('^[a-z]+$')`);
  if (pattern.kind !== "string") throw new SourceError(pattern.span, "a pattern is a literal, so that it can be read before anything runs", `write text.matches('^[a-z]+$')`);
  const operand = check(text, scope, STRING);
  if (!TEXT.includes(operand.type.name)) throw new SourceError(method ? text.span : span, `matches looks at a string, not at ${typeText(operand.type)}`, "declare the field as string");
  return { kind: "matches", type: BOOL, operand, pattern: readPattern(pattern.value, pattern.span), span };
}

function builtin(name: Builtin, call: Call, scope: Scope, check: Checker): Node {
  const form = FORMS[name];
  const fix = `write ${form.written}`;
  if (call.args.length !== form.takes.length) throw new SourceError(call.span, `${name} takes ${form.takes.length} argument(s), with what stands before the dot`, fix);
  if ((form.method === "must" && !call.method) || (form.method === "never" && call.method)) throw new SourceError(call.span, `${name} is not written so`, fix);
  const args = call.args.map((argument, i) => {
    const node = check(argument, scope, null);
    if (!form.takes[i]?.includes(node.type.name)) throw new SourceError(argument.span, `${name} does not take ${typeText(node.type)}`, fix);
    return node;
  });
  return { kind: "call", type: form.gives, name, args, span: call.span };
}

/** Throws `SourceError`. */
export function checkCall(call: Call, scope: Scope, check: Checker): Node {
  const { name } = call;
  if (name === "has") return has(call, scope);
  if (name === "old") return old(call, scope, check);
  if (name === "matches") return matches(call, scope, check);
  if (isBuiltin(name)) return builtin(name, call, scope, check);
  if (MACROS.some((macro) => macro === name)) throw new SourceError(call.span, `${name} stands after a list`, `write list.${name}(x, x > 0)`);
  const known = [...Object.keys(FORMS), ...OTHERS, ...MACROS];
  const near = nearest(name, known);
  throw new SourceError(call.span, `there is no function ${name}`, near === null ? `there are ${known.join(", ")}` : `did you mean ${near}?`);
}
