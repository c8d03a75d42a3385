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
const kindOf = (fn: (...args: never[]) => unknown): string => Object.prototype.toString.call(fn);
const isAsync = (fn: (...args: never[]) => unknown): boolean => kindOf(fn) === "[object AsyncFunction]";
const isGenerator = (fn: (...args: never[]) => unknown): boolean => kindOf(fn).endsWith("GeneratorFunction]");
/** Something that has only begun: what is after it cannot be told yet. */
const isBegun = (value: unknown): boolean => typeof value === "object" && value !== null && "next" in value && typeof value.next === "function" && (Symbol.iterator in value || Symbol.asyncIterator in value);
/** Lists are copied with what is in them, so that a call that changes one in place does not change what was before. */
const copyOf = (value: unknown): unknown => (Array.isArray(value) ? value.map(copyOf) : value);

/** The same options of whatever is called: what they are given is what their types ask for, which `guard` and `guarded` see to. */
interface Readers<F> {
  readonly fields: (self: unknown, args: unknown[]) => F;
  readonly after: ((self: unknown, result: unknown, args: unknown[]) => F) | null;
  /** What is asked is a copy, so that it stays as it was whatever the call does to its arguments. */
  readonly copied: boolean;
}

/** Without `fields` the first argument is what the rule is about; a wrong one is a violation. */
const firstOf = <F>(_: unknown, args: unknown[]): F => args[0] as F;

function readersOf<F, This, A extends unknown[], R>({ fields, after }: GuardOptions<F, This, A, R>): Readers<F> {
  return {
    fields: fields === undefined ? firstOf : (self, args) => fields.apply(self as This, args as A),
    after: after === undefined ? null : (self, result, args) => after.call(self as This, result as R, ...(args as A)),
    copied: true,
  };
}

function copyOfFields<F>(value: F): F {
  if (typeof value !== "object" || value === null) return value;
  const copy = { ...value } as Record<string, unknown>;
  for (const name in copy) if (Array.isArray(copy[name])) copy[name] = copyOf(copy[name]);
  return copy as F;
}

/** Whatever is called stays what it is, for whoever calls it. */
function around<F, Fn>(asked: Rule<F>, fn: Fn, readers: Readers<F>): Fn;
function around<F>(asked: Rule<F>, fn: (...args: never[]) => unknown, { fields, after, copied: copies }: Readers<F>): unknown {
  if (asked.has_post && after === null) throw new TypeError(`${asked.id} says something of after the call: give after: (result, …args) => the fields then`);
  if (after !== null && isGenerator(fn)) throw new TypeError(`${asked.id}: what is after a generator cannot be asked when it is called; leave after away, or guard what reads it to its end`);
  const made = (work: () => F): F => {
    try {
      return copies ? copyOfFields(work()) : work();
    } catch (cause) {
      const violation = new InvariantViolation([{ id: asked.id, because: "error", message: "the fields could not be made out" }]);
      violation.cause = cause;
      throw violation;
    }
  };
  const settled = (self: unknown, result: unknown, old: F, args: unknown[]): void => {
    if (after === null) return;
    if (isBegun(result)) throw new InvariantViolation([{ id: asked.id, because: "error", message: "what was returned has only begun, so what is after it cannot be told" }]);
    asked.after(made(() => after(self, result, args)), old);
  };
  const call = function (this: unknown, ...args: unknown[]): unknown {
    const old = made(() => fields(this, args));
    asked.before(old);
    const result: unknown = Reflect.apply(fn, this, args);
    if (!isPromise(result)) {
      settled(this, result, old, args);
      return result;
    }
    return Promise.resolve(result).then((value) => {
      settled(this, value, old, args);
      return value;
    });
  };
  // An async function never throws: what keeps it from being called is its promise's rejection.
  const later = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
    return call.apply(this, args);
  };
  const { name, length } = fn;
  // Whoever looks at its name, or at how many arguments it takes, sees those of the function that is guarded.
  return Object.defineProperties(isAsync(fn) ? later : call, { name: { value: name, configurable: true }, length: { value: length, configurable: true } });
}

type Method<This, A extends unknown[], R> = (this: This, ...args: A) => R;

/** `fn`, called only where the rule holds; with `after`, its result is handed on only where the rule holds then. Without `fields` its first argument is what the rule is about. */
export function guarded<F, This, A extends unknown[], R, Fn extends Method<This, A, R>>(asked: Rule<F>, fn: Fn & Method<This, A, R>, options: GuardOptions<F, This, A, Awaited<R>> & { readonly fields: (this: This, ...args: A) => F }): Fn;
export function guarded<F, This, A extends [F, ...unknown[]], R, Fn extends Method<This, A, R>>(asked: Rule<F>, fn: Fn & Method<This, A, R>, options?: GuardOptions<F, This, A, Awaited<R>>): Parameters<Fn> extends [F, ...unknown[]] ? Fn : Method<This, A, R>;
export function guarded<F, This, A extends unknown[], R>(asked: Rule<F>, fn: Method<This, A, R>, options: GuardOptions<F, This, A, Awaited<R>> = {}): Method<This, A, R> {
  return around(asked, fn, readersOf(options));
}

/** A method may take more than its guard looks at, and narrower types; it stays what it was, overloads and type parameters of its own included. */
type Fitting<M extends (...args: never[]) => unknown, A extends unknown[], R, Context> = Parameters<M> extends [...A, ...unknown[]] ? (Awaited<ReturnType<M>> extends R ? Context : "the method returns something else than `after` takes") : "the method does not take what the rule, or its `fields`, is about";
type MethodGuard<This, A extends unknown[], R> = <T extends This, M extends (this: T, ...args: never[]) => unknown>(method: M, context: Fitting<M, A, R, ClassMethodDecoratorContext<T>>) => M;

const kindOfPlace = (context: unknown): string => (typeof context === "object" && context !== null && "kind" in context ? String(context.kind) : typeof context);

/** The same around a method, as a standard decorator: `@guard(rule)`. */
export function guard<F, This, A extends unknown[], R>(asked: Rule<F>, options: GuardOptions<F, This, A, R> & { readonly fields: (this: This, ...args: A) => F }): MethodGuard<This, A, R>;
export function guard<F, This, A extends [F, ...unknown[]], R>(asked: Rule<F>, options?: GuardOptions<F, This, A, R>): MethodGuard<This, A, R>;
export function guard<F, This, A extends unknown[], R>(asked: Rule<F>, options: GuardOptions<F, This, A, R> = {}): MethodGuard<This, A, R> {
  return (method, context) => {
    if (kindOfPlace(context) !== "method") throw new TypeError(`@guard stands on a method, not on a ${kindOfPlace(context)}`);
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
    if (kindOfPlace(context) !== "method") throw new TypeError(`@requireInvariant stands on a method, not on a ${kindOfPlace(context)}`);
    return around(asked, method, { fields: firstOf, after: null, copied: false });
  };
}
