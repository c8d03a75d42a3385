/** What a program that guards itself writes and gets. Nothing here is imported from elsewhere: these are the package's own types. */

export interface Clause {
  /** Such as `total_spend_usd <= budget_usd`. */
  readonly expr: string;
  /** `{{field}}` shows a declared field. */
  readonly message?: string;
}

export type FieldDeclaration = string | { readonly type: string; readonly tainted?: boolean; readonly about?: string };

/** One invariant as JSON: what a file of docs/invariants.md holds. Temporal forms are for the daemon, which sees events in time. */
export interface InvariantDocument {
  readonly id: string;
  readonly scope: string;
  readonly when: readonly { readonly event: string }[];
  readonly fields?: { readonly [name: string]: FieldDeclaration };
  readonly severity?: string;
  readonly owner?: string;
  readonly rationale?: string;
  readonly assert?: readonly Clause[];
  readonly pre?: readonly Clause[];
  readonly post?: readonly Clause[];
  readonly examples?: unknown;
}

/** Fields of events that several invariants share, as `events` of an events.yaml. */
export interface EventCatalogue {
  readonly [event: string]: { readonly about?: string; readonly fields: { readonly [name: string]: FieldDeclaration } };
}

type Members<T extends string> = T extends `${infer Head},${infer Tail}` ? Trim<Head> | Members<Tail> : Trim<T>;
type Trim<T extends string> = T extends ` ${infer R}` ? Trim<R> : T extends `${infer R} ` ? Trim<R> : T;

/** Money is whole micro-dollars, a duration whole milliseconds. */
export type ValueOf<T> = T extends "int" | "money"
  ? number | bigint
  : T extends "double" | "duration"
    ? number
    : T extends "bool"
      ? boolean
      : T extends "string"
        ? string
        : T extends `enum[${infer M}]`
          ? Members<M>
          : T extends `list<${infer I}>`
            ? readonly ValueOf<I>[]
            : T extends { readonly type: infer I }
              ? ValueOf<I>
              : unknown;

/** Of a document written out in the program the fields by name; of one read from a file, whatever there is. */
export type FieldsOf<D extends InvariantDocument> = D extends { readonly fields: infer F } ? (string extends keyof F ? { readonly [name: string]: unknown } : { readonly [N in keyof F]: ValueOf<F[N]> }) : { readonly [name: string]: unknown };

export interface Violated {
  readonly id: string;
  /** `false`: the rule does not hold; else it could not be asked, which is no better. */
  readonly because: "false" | "missing" | "error";
  /** Shows declared fields alone, escaped; tainted ones never. */
  readonly message: string;
}

/** A rule, ready to be asked. */
export interface Rule<F> {
  readonly id: string;
  /** `assert` and `pre` of what is about to happen; throws `InvariantViolation`. */
  before(fields: F): void;
  /** `assert` and `post` of what happened; `old` is what was before. Throws `InvariantViolation`. */
  after(fields: F, old: F): void;
  /** Everything that does not hold, of one event: with `old`, after an action. Throws nothing. */
  violations(fields: F, old?: F): readonly Violated[];
  /** Whether something is asked after an action. */
  readonly has_post: boolean;
}

export interface GuardOptions<F, This, A extends unknown[], R> {
  /** The fields before the call, from its arguments or its `this`; absent: the first argument itself. */
  readonly fields?: (this: This, ...args: A) => F;
  /** The fields after the call; needed where the rule has `post`. */
  readonly after?: (this: This, result: R, ...args: A) => F;
}

/** What v0.9's `requireInvariant` is given. Anything but `ok: true` is a violation. */
export type Check<C> = (context: C) => { readonly ok: boolean; readonly msg?: string };
