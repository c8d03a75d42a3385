/** Invariants around a program's own functions: in process, without a daemon, with no dependency. For Node 20 or newer and Bun. */
import type { InvariantDocument as Whole } from "../../../../proto/invariant.ts";
import { compileDocument, type Compiled } from "../../../invariants/document/build.ts";
import type { Clause } from "../../../invariants/document/clauses.ts";
import { readEvents, type Events } from "../../../invariants/document/fields.ts";
import type { Check, EventCatalogue, FieldsOf, GuardOptions, InvariantDocument, Rule, Violated } from "./types.ts";

export type { Check, Clause, EventCatalogue, FieldDeclaration, FieldsOf, GuardOptions, InvariantDocument, Rule, ValueOf, Violated } from "./types.ts";

/** A rule does not hold, so the call was not made, or its result is not handed on. */
export class InvariantViolation extends Error {
  override readonly name = "InvariantViolation";

  constructor(readonly violations: readonly Violated[]) {
    super(violations.map(({ id, message }) => `${id}: ${message}`).join("; "));
  }

  /** Of the first rule that does not hold. */
  get id(): string {
    return this.violations[0]?.id ?? "";
  }
}

const KEYS = ["id", "scope", "when", "fields", "severity", "owner", "rationale", "assert", "pre", "post", "examples"];

function catalogueOf(events: EventCatalogue | undefined): Events | null {
  if (events === undefined) return null;
  const wrong: string[] = [];
  const read = readEvents({ events: copied(events) }, (path, message, fix) => wrong.push(`${path.join(".")}: ${message}; ${fix}`));
  if (wrong.length > 0) throw new TypeError(wrong[0]);
  return read;
}

/** A copy that nobody changes later. */
const copied = <T>(value: T): T => structuredClone(value);

const CLAUSES = ["assert", "pre", "post"] as const;

function clausesOf(document: InvariantDocument): Pick<Whole, "assert" | "pre" | "post"> {
  const found: Pick<Whole, "assert" | "pre" | "post"> = {};
  for (const name of CLAUSES) {
    const clauses = document[name];
    if (clauses === undefined) continue;
    const stray = clauses.flatMap((clause) => Object.keys(clause)).find((key) => key !== "expr" && key !== "message");
    if (stray !== undefined) throw new TypeError(`${document.id}: ${name}: there is no ${stray} beside expr and message`);
    found[name] = clauses.map(({ expr, message }) => (message === undefined ? { expr } : { expr, message }));
  }
  return found;
}

function compiled(document: InvariantDocument, events: EventCatalogue | undefined): Compiled {
  const unknown = Object.keys(document).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw new TypeError(unknown === "temporal" || unknown === "per" || unknown === "keys_max" ? `${document.id}: ${unknown} is about events in time; ask a daemon` : `${document.id}: there is no ${unknown} in an invariant`);
  const { id, scope, when, fields } = document;
  const whole: Whole = { id, scope, when: when.map(({ event }) => ({ event })), ...(fields === undefined ? {} : { fields: copied(fields) }), ...clausesOf(document) };
  const result = compileDocument(whole, catalogueOf(events));
  if ("errors" in result) throw new TypeError(result.errors.map(({ path, message, fix }) => `${document.id}: ${path}: ${message}; ${fix}`).join("\n"));
  return result.ok;
}

/** Compiles once. Throws `TypeError` with every mistake and what to write instead. */
export function rule<const D extends InvariantDocument>(document: D, events?: EventCatalogue): Rule<FieldsOf<D>> {
  const { id, assert, pre, post } = compiled(document, events);
  type F = FieldsOf<D>;
  const asked = (clauses: readonly Clause[], fields: F, old?: F): Violated[] =>
    clauses.flatMap((clause) => {
      try {
        const answer = old === undefined ? clause.check(fields) : clause.check(fields, { old });
        return answer.ok ? [] : [{ id, because: answer.because, message: answer.message }];
      } catch {
        // Fields that cannot be read, such as none at all: nobody can say that the rule holds.
        return [{ id, because: "error", message: "the rule could not be asked" }];
      }
    });
  const refuse = (found: readonly Violated[]): void => {
    if (found.length > 0) throw new InvariantViolation(found);
  };
  return {
    id,
    has_post: post.length > 0,
    before: (fields) => refuse([...asked(assert, fields), ...asked(pre, fields)]),
    after: (fields, old) => refuse([...asked(assert, fields), ...asked(post, fields, old)]),
    violations: (fields, old) => [...asked(assert, fields), ...asked(pre, old ?? fields), ...asked(post, fields, old)],
  };
}

const isPromise = (value: unknown): value is PromiseLike<unknown> => typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
const isAsync = (fn: (...args: never[]) => unknown): boolean => Object.prototype.toString.call(fn) === "[object AsyncFunction]";

/** The same options of whatever arguments: a method may take more than its guard looks at. */
interface Readers<F, This, R> {
  readonly fields: ((self: This, args: unknown[]) => F) | null;
  readonly after: ((self: This, result: Awaited<R>, args: unknown[]) => F) | null;
}

function readersOf<F, This, A extends unknown[], R>({ fields, after }: GuardOptions<F, This, A, Awaited<R>>): Readers<F, This, R> {
  return {
    fields: fields === undefined ? null : (self, args) => fields.apply(self, args as A),
    after: after === undefined ? null : (self, result, args) => after.call(self, result, ...(args as A)),
  };
}

function around<F, This, A extends unknown[], R>(asked: Rule<F>, fn: (this: This, ...args: A) => R, { fields, after }: Readers<F, This, R>): (this: This, ...args: A) => R {
  if (asked.has_post && after === null) throw new TypeError(`${asked.id} says something of after the call: give after: (result, …args) => the fields then`);
  // Without `fields` the first argument is what the rule is about; a wrong one is a violation.
  const read = (self: This, args: A): F => (fields === null ? (args[0] as F) : fields(self, args));
  const copy = (value: F): F => (typeof value === "object" && value !== null ? { ...value } : value);
  const made = (work: () => F): F => {
    try {
      // What was before stays as it was, whatever the call does to its arguments.
      return copy(work());
    } catch (cause) {
      const violation = new InvariantViolation([{ id: asked.id, because: "error", message: "the fields could not be made out" }]);
      violation.cause = cause;
      throw violation;
    }
  };
  const settled = (self: This, result: Awaited<R>, old: F, args: A): void => {
    if (after !== null) asked.after(made(() => after(self, result, args)), old);
  };
  const call = function (this: This, ...args: A): R {
    const old = made(() => read(this, args));
    asked.before(old);
    const result = fn.apply(this, args);
    if (!isPromise(result)) {
      settled(this, result as Awaited<R>, old, args);
      return result;
    }
    return Promise.resolve(result).then((value) => {
      settled(this, value as Awaited<R>, old, args);
      return value;
    }) as R;
  };
  if (!isAsync(fn)) return call;
  // An async function never throws: what keeps it from being called is its promise's rejection.
  return async function (this: This, ...args: A) {
    return call.apply(this, args);
  } as typeof call;
}

/** `fn`, called only where the rule holds; with `after`, its result is handed on only where the rule holds then. Without `fields` its first argument is what the rule is about. */
export function guarded<F, This, A extends unknown[], R>(asked: Rule<F>, fn: (this: This, ...args: A) => R, options: GuardOptions<F, This, A, Awaited<R>> & { readonly fields: (this: This, ...args: A) => F }): (this: This, ...args: A) => R;
export function guarded<F, This, A extends [F, ...unknown[]], R>(asked: Rule<F>, fn: (this: This, ...args: A) => R, options?: GuardOptions<F, This, A, Awaited<R>>): (this: This, ...args: A) => R;
export function guarded<F, This, A extends unknown[], R>(asked: Rule<F>, fn: (this: This, ...args: A) => R, options: GuardOptions<F, This, A, Awaited<R>> = {}): (this: This, ...args: A) => R {
  return around(asked, fn, readersOf(options));
}

type Method<This, A extends unknown[], R> = (this: This, ...args: A) => R;
type MethodGuard<This, A extends unknown[], R> = <T extends This, Rest extends unknown[]>(method: Method<T, [...A, ...Rest], R>, context: ClassMethodDecoratorContext<T, Method<T, [...A, ...Rest], R>>) => Method<T, [...A, ...Rest], R>;

/** The same around a method, as a standard decorator: `@guard(rule)`. */
export function guard<F, This, A extends unknown[], R>(asked: Rule<F>, options: GuardOptions<F, This, A, Awaited<R>> & { readonly fields: (this: This, ...args: A) => F }): MethodGuard<This, A, R>;
export function guard<F, This, A extends [F, ...unknown[]], R>(asked: Rule<F>, options?: GuardOptions<F, This, A, Awaited<R>>): MethodGuard<This, A, R>;
export function guard<F, This, A extends unknown[], R>(asked: Rule<F>, options: GuardOptions<F, This, A, Awaited<R>> = {}): MethodGuard<This, A, R> {
  return (method, context) => {
    if (context.kind !== "method") throw new TypeError(`@guard stands on a method, not on a ${String(context.kind)}`);
    return around(asked, method, readersOf(options));
  };
}

/** v0.9's decorator: `check` is asked of the first argument. What it throws, and anything but `ok: true`, is a violation. */
export function requireInvariant<C, Rest extends unknown[] = []>(check: Check<C>, id = "requireInvariant") {
  const refuse = (because: Violated["because"], message: string): never => {
    throw new InvariantViolation([{ id, because, message }]);
  };
  const asked: Rule<C> = {
    id,
    has_post: false,
    before(context) {
      let answer;
      try {
        answer = check(context);
      } catch {
        return refuse("error", "the check could not be asked");
      }
      return answer?.ok === true ? undefined : refuse("false", answer?.msg ?? "unspecified");
    },
    after: () => undefined,
    violations: () => [],
  };
  return <This, R>(method: Method<This, [C, ...Rest], R>, context: ClassMethodDecoratorContext<This, Method<This, [C, ...Rest], R>>): Method<This, [C, ...Rest], R> => {
    if (context.kind !== "method") throw new TypeError(`@requireInvariant stands on a method, not on a ${String(context.kind)}`);
    return around(asked, method, { fields: null, after: null });
  };
}
