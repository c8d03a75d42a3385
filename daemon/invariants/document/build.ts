/** One invariant: from its document to conditions that can be asked, or every mistake in it. No YAML here, so that a daemon loads what it asks and no parser. */
import type { InvariantDocument } from "../../../proto/invariant.ts";
import { SourceError, type Problem } from "../problem.ts";
import type { Fields } from "../types/scope.ts";
import { compileClause, compileTemporal, type Clause, type Guarded, type Surroundings, type TemporalClause } from "./clauses.ts";
import { tryExamples } from "./examples.ts";
import { resolveFields, type Events, type Report, type Resolved } from "./fields.ts";
import { pathText, type Path, type Place } from "./path.ts";

export interface Compiled {
  readonly id: string;
  readonly document: InvariantDocument;
  readonly events: readonly string[];
  /** Fields that every event of `when` carries. */
  readonly fields: Fields;
  readonly fieldsByEvent: ReadonlyMap<string, Fields>;
  /** By which fields instances of the temporal clauses are kept, and how many there may be. */
  readonly per: { readonly keys: readonly string[]; readonly keys_max: number } | null;
  readonly assert: readonly Clause[];
  readonly pre: readonly Clause[];
  readonly post: readonly Clause[];
  readonly temporal: readonly TemporalClause[];
}

export interface CompileOptions {
  /** The catalogue of events; `null`: every invariant declares its own fields. */
  readonly events?: Events | null;
  /** A catalogue for a folder that has none. */
  readonly fallback?: Events | null;
  /** Whether an invariant without examples is refused. */
  readonly examples_required?: boolean;
  /** Ids of rules that this one would stand beside. */
  readonly taken?: ReadonlySet<string>;
}

export type CompileResult = { readonly ok: Compiled } | { readonly errors: readonly Problem[] };

/** Where the value at that path stands. */
export interface Places {
  placeOf(path: Path, offset?: number): Place;
}

/** Collects problems with their places. */
export class Problems {
  readonly found: Problem[] = [];
  /** How many characters into the value at its path a mistake in an expression begins: for whoever shows the value alone. */
  readonly offsets = new Map<Problem, number>();

  constructor(private readonly places: Places) {}

  readonly report: Report = (path, message, fix) => {
    this.found.push({ path: pathText(path), ...this.places.placeOf(path), message, fix });
  };

  readonly guarded: Guarded = <T>(path: Path, make: () => T): T | null => {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      const problem = { path: pathText(path), ...this.places.placeOf(path, error.span[0]), message: error.message, fix: error.fix };
      this.found.push(problem);
      this.offsets.set(problem, error.span[0]);
      return null;
    }
  };
}

function keysOf(document: InvariantDocument, { fields }: Resolved, report: Report): Fields {
  const names = document.per === undefined ? [] : typeof document.per === "string" ? [document.per] : document.per;
  const keys = new Map<string, NonNullable<ReturnType<Fields["get"]>>>();
  for (const name of names) {
    const field = fields.get(name);
    if (keys.has(name)) report(["per"], `${name} stands there twice`, "take one out");
    else if (field === undefined) report(["per"], `${name} is no field of every event under when`, `there are ${[...fields.keys()].join(", ") || "none"}`);
    else if (field.type.name === "list" || field.type.name === "double") report(["per"], `${name} is a ${field.type.name}, by which nothing is kept apart`, "keep instances by a string, an enum or an int");
    else keys.set(name, field);
  }
  if (document.per !== undefined && document.keys_max === undefined) report(["per"], "nothing says how many instances there may be at once", "add keys_max: 10000; what does not fit is reported as inconclusive");
  if (document.per === undefined && document.keys_max !== undefined) report(["keys_max"], "keys_max says nothing without per", "add per: FIELD, or leave keys_max away");
  if (document.per !== undefined && document.temporal === undefined) report(["per"], "per keeps temporal forms apart, and there are none", "leave per away");
  return keys;
}

const made = <T>(items: readonly (T | null)[]): T[] => items.filter((item) => item !== null);

export function build(document: InvariantDocument, problems: Problems, { events = null, examples_required = false, taken }: CompileOptions): Compiled {
  const { report, guarded } = problems;
  const resolved = resolveFields(document, events, report);
  // Without its events nothing else of the document can be judged: each field would be one more mistake.
  const known = problems.found.length === 0;
  const keys: Fields = known ? keysOf(document, resolved, report) : new Map();
  const surroundings: Surroundings = { resolved, keys, guarded };
  const clauses = (name: "assert" | "pre" | "post") => made((known ? (document[name] ?? []) : []).map((one, i) => compileClause(one, [name, i], name === "post", surroundings)));
  const [assert, pre, post] = [clauses("assert"), clauses("pre"), clauses("post")];
  const temporal = made((known ? (document.temporal ?? []) : []).map((one, i) => compileTemporal(one, ["temporal", i], surroundings)));
  if (document.assert === undefined && document.pre === undefined && document.post === undefined && document.temporal === undefined) report([], "the invariant asserts nothing", "add assert: a list of expr and message");
  if (document.examples === undefined && examples_required) report([], "an invariant that ships has an example that holds and one that breaks it", "add examples: with holds and breaks; see docs/invariants.md");
  // An example can only be judged by rules that are whole.
  if (document.examples !== undefined && problems.found.length === 0) tryExamples(document.examples, { resolved, keys: [...keys.keys()], assert, pre, post, temporal }, report);
  if (taken?.has(document.id) === true) report(["id"], `the id ${document.id} is that of a rule that ships`, "give it another: a daemon that reads this folder would not start");
  const per = document.per === undefined ? null : { keys: [...keys.keys()], keys_max: document.keys_max ?? 1 };
  return { id: document.id, document, events: [...resolved.byEvent.keys()], fields: resolved.fields, fieldsByEvent: resolved.byEvent, per, assert, pre, post, temporal };
}

const NOWHERE: Places = { placeOf: () => ({ line: 1, column: 1 }) };

/** A document that was read before, such as one that ships. Its examples are not tried again. */
export function compileDocument({ examples: _, ...document }: InvariantDocument, events: Events | null): CompileResult {
  const problems = new Problems(NOWHERE);
  const compiled = build(document, problems, { events });
  return problems.found.length > 0 ? { errors: problems.found } : { ok: compiled };
}
