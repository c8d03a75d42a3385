/** What an invariant says of states that were seen, by its own closures; and such a case as a counterexample. Pure. */
import type { Candidate, CexFields, CexStep } from "../../../proto/counterexample.ts";
import { CEX_ITEMS_MAX, cexDouble, cexInteger, type CexValue } from "../../../proto/cex-value.ts";
import { type Clause, fieldsRead, type Node, type Plan, type Predicate, predicate, type PropertyInvariant } from "../../invariants/index.ts";
import type { Args, Step } from "./cases.ts";
import { exactly } from "./inside/exact.ts";

/** A case that was driven: for a function its inputs and its result, else the state before any action and after each. */
export interface Driven {
  readonly states: readonly Args[];
  readonly failed: string | null;
}

export interface Broken {
  readonly clause: string;
  readonly message: string;
  /** Place among the states. */
  readonly at: number;
}

export interface Judged {
  readonly broken: Broken | null;
  readonly asked: number;
  /** Conditions `a || b` of which a was not true, so that it was for b to hold; `c ? b : true` reads as `!c || b`. */
  readonly needed: ReadonlySet<string>;
}

/** What says of `a || b` whether b was needed; made once for all states. */
const secondSides = new WeakMap<Clause, (...state: Parameters<Predicate>) => boolean>();

const isTrue = (node: Node): boolean => node.kind === "literal" && node.value === true;

/** `null` for a rule that is always asked whole. */
function secondNeeded(clause: Clause): ((...state: Parameters<Predicate>) => boolean) | null {
  const known = secondSides.get(clause);
  if (known !== undefined) return known;
  const { node } = clause;
  const either = node.kind === "binary" && node.op === "||" ? predicate(node.left) : null;
  const when = node.kind === "cond" && (isTrue(node.else) || isTrue(node.then)) ? predicate(node.test) : null;
  const wanted = node.kind === "cond" && isTrue(node.else);
  const needed = either !== null ? (...state: Parameters<Predicate>) => !either(...state).ok : when !== null ? (...state: Parameters<Predicate>) => when(...state).ok === wanted : null;
  if (needed !== null) secondSides.set(clause, needed);
  return needed;
}

/** Those of a rule that read as "unless a, b": `a || b`, and `a ? b : true`. */
export const conditional = ({ assert, post }: PropertyInvariant): readonly Clause[] => [...assert, ...post].filter((clause) => secondNeeded(clause) !== null);

/** Of one value; a person reads it. */
const TEXT_CHARACTERS_MAX = 2_000;
const INTEGER_BITS_MAX = 1_024;
const ACTION_CHARACTERS_MAX = 2_000;
/** A longer one is found again by its seed alone. */
const PATH_CHARACTERS_MAX = 1_024;

export function judged(plan: Plan, steps: readonly Step[], { states }: Driven): Judged {
  const { invariant, kind, initial } = plan;
  const asked_after = new Set(plan.actions.filter((action) => action.asked).map((action) => action.name));
  let asked = 0;
  const needed = new Set<string>();
  const ask = (clauses: readonly Clause[], at: number): Broken | null => {
    const old = states[Math.max(0, at - 1)] ?? {};
    for (const clause of clauses) {
      asked += 1;
      const said = clause.check(states[at] ?? {}, { old });
      if (secondNeeded(clause)?.(states[at] ?? {}, { old }) === true) needed.add(clause.path.join("."));
      if (!said.ok) return { clause: clause.path.join("."), message: said.message, at };
    }
    return null;
  };
  const first = initial ? ask(invariant.assert, 0) : null;
  if (first !== null) return { broken: first, asked, needed };
  for (let at = 1; at < states.length; at++) {
    // What comes after an action that `pre` forbids is no case of this invariant.
    if (!invariant.pre.every((clause) => clause.check(states[at - 1] ?? {}).ok)) break;
    if (kind !== "function" && !asked_after.has(steps[at - 1]?.action ?? "")) continue;
    const broken = ask([...invariant.assert, ...invariant.post], at);
    if (broken !== null) return { broken, asked, needed };
  }
  return { broken: null, asked, needed };
}

const told = (what: string): CexValue => ({ "#unserializable": what });

/** What no counterexample holds is told in words. */
function cexOf(value: unknown): CexValue {
  switch (typeof value) {
    case "boolean":
      return value;
    case "string":
      return value.length > TEXT_CHARACTERS_MAX ? told(`a text of ${value.length} characters`) : value.isWellFormed() ? value : told("a text with half a character");
    case "bigint":
      return BigInt.asIntN(INTEGER_BITS_MAX, value) === value ? cexInteger(value) : told(`an integer of more than ${INTEGER_BITS_MAX} bits`);
    case "number":
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? value : cexDouble(value);
    default:
      if (!Array.isArray(value)) return told(value === undefined ? "missing" : "an object");
      return value.length > CEX_ITEMS_MAX ? told(`a list of ${value.length} items`) : value.map(cexOf);
  }
}

/** What the rule reads, and what else of the event the target gives; the same of every state. */
function shownFields({ fields, invariant }: Plan, states: readonly Args[]): (state: Args) => CexFields {
  const read = fieldsRead(invariant);
  const names = fields.filter((name) => read.has(name) || states.some((state) => state[name] !== undefined));
  return (state) => Object.fromEntries(names.map((name) => [name, invariant.fields.get(name)?.tainted === true ? told("withheld") : cexOf(state[name])]));
}

export const actionText = (action: string, args: Args): string => (Object.keys(args).length === 0 ? action : `${action}(${JSON.stringify(args, exactly)})`).slice(0, ACTION_CHARACTERS_MAX).toWellFormed();

/** `found`: seed and path of the shrunk case; `null` for one that was made outside. */
export function candidateOf(plan: Plan, steps: readonly Step[], { states }: Driven, broken: Broken, found: { readonly seed: number; readonly path: string } | null): Candidate {
  const whole = plan.kind === "function" && plan.invariant.post.length === 0;
  const fieldsOf = shownFields(plan, states);
  const step = (state: Args, at: number): CexStep => {
    const { action, args } = steps[plan.kind === "function" ? 0 : at - 1] ?? { action: "", args: {} };
    return { action: at === 0 ? (plan.kind === "function" ? "given" : "init") : actionText(action, args), location: null, state: fieldsOf(state) };
  };
  const path = found === null || found.path === "" || found.path.length > PATH_CHARACTERS_MAX ? null : found.path;
  const again = found === null ? [] : ["--seed", String(found.seed), ...(path === null ? [] : ["--path", path])];
  return {
    type: "maestro.cex/v1",
    invariant: plan.invariant.id,
    engine: "fast-check",
    message: broken.message,
    inputs: whole ? fieldsOf(states[broken.at] ?? {}) : null,
    trace: whole ? null : states.slice(0, broken.at + 1).map(step),
    loop_at: null,
    stutter: false,
    seed: found?.seed ?? null,
    path,
    smt2_sha256: null,
    spec_sha256: null,
    replay: { command: ["maestro", "invariants", "test", plan.target, "--invariant", plan.invariant.id, ...again] },
  };
}
