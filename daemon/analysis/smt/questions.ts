/** What is asked of invariants, each as one question whose `unsat` or `sat` is the answer; anything else is "cannot tell". */
import type { Candidate } from "../../../proto/counterexample.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { AskOptions } from "./backend.ts";
import type { SmtAnswer, Solver } from "./index.ts";

/** Conditions over the same fields, as `emitSmt` of the language of invariants writes them. */
export interface Conditions {
  /** `declare-const` and `assert` alone. */
  readonly lines: readonly string[];
  /** Terms of sort Bool, of which exactly one is so. A condition that is an error does not hold. */
  readonly conditions: readonly { readonly holds: string; readonly fails: string; readonly error: string }[];
  /** What the answer does not speak of. */
  readonly bounds: readonly string[];
  /** Whether `unsat` is proof, and not of short lists alone. */
  readonly complete: boolean;
}

export interface Found {
  readonly answer: "yes" | "no" | "cannot-tell";
  readonly because: string | null;
  /** Values of the fields: for a `yes` that there are some, for a `no` what speaks against it. */
  readonly values: SmtAnswer["model"];
  readonly evidence: SmtAnswer;
  readonly bounds: readonly string[];
}

const conjunction = (terms: readonly string[]): string => (terms.length === 0 ? "true" : terms.length === 1 ? (terms[0] ?? "true") : `(and ${terms.join(" ")})`);

/** Names that stand for fields of an event; `t.0` and the like are the emitter's own. */
function fieldsOf(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => {
    const name = /^\(declare-const (\|[^|]*\||[^\s|]+) /.exec(line)?.[1];
    return name === undefined || /^t\.[0-9]+$/.test(name) ? [] : [name];
  });
}

/** Asks whether there are values for which `term` is so. */
async function exists(solver: Solver, { lines, bounds, complete }: Conditions, term: string, options: AskOptions, when: { readonly sat: Found["answer"]; readonly unsat: Found["answer"] }): Promise<Found> {
  const fields = fieldsOf(lines);
  const values = fields.length === 0 ? [] : [`(get-value (${fields.join(" ")}))`];
  const evidence = await solver.check([...lines, `(assert ${term})`, "(check-sat)", ...values].join("\n"), options);
  const { result, because, model } = evidence;
  // Fields stand there as `field NAME`, so that none is taken for a word of the solver's.
  const about = { values: model?.map(([name, value]) => [name.replace(/^field /, ""), value] as const) ?? null, evidence, bounds };
  if (result === "unsat" && !complete) return { answer: "cannot-tell", because: `nothing was found; not looked at: ${bounds.join("; ")}`, ...about };
  return { answer: result === "sat" || result === "unsat" ? when[result] : "cannot-tell", because, ...about };
}

function conditionOf({ conditions }: Conditions, index: number): Conditions["conditions"][number] {
  const one = conditions[index];
  if (one === undefined) throw new MaestroError("internal.bug", `there is no condition ${index}`);
  return one;
}

/** Can all of them hold of one event? `no`: together they forbid everything. */
export function consistent(solver: Solver, asked: Conditions, options: AskOptions): Promise<Found> {
  return exists(solver, asked, conjunction(asked.conditions.map(({ holds }) => holds)), options, { sat: "yes", unsat: "no" });
}

/** Can it come out so at all? A condition that never fails has a message nobody will read; one that never holds stops everything. */
export function reachable(solver: Solver, asked: Conditions, index: number, outcome: "holds" | "fails" | "error", options: AskOptions): Promise<Found> {
  return exists(solver, asked, conditionOf(asked, index)[outcome], options, { sat: "yes", unsat: "no" });
}

/** Whenever all of `premises` hold, does `conclusion`? `no` comes with values for which it does not. */
export function implies(solver: Solver, asked: Conditions, premises: readonly number[], conclusion: number, options: AskOptions): Promise<Found> {
  const term = conjunction([...premises.map((index) => conditionOf(asked, index).holds), `(not ${conditionOf(asked, conclusion).holds})`]);
  return exists(solver, asked, term, options, { sat: "no", unsat: "yes" });
}

/** `weaker` and `different` let something through that was stopped before; only `same` and `stronger` are proof that nothing is. */
export type Comparison = "same" | "stronger" | "weaker" | "different" | "cannot-tell";
export interface Compared {
  readonly comparison: Comparison;
  /** Does the new one imply the old one: nothing new gets through? */
  readonly keeps: Found;
  readonly adds: Found;
}

/** The old condition first, the new one second, over the same fields. */
export async function compare(solver: Solver, asked: Conditions, options: AskOptions): Promise<Compared> {
  const keeps = await implies(solver, asked, [1], 0, options);
  const adds = await implies(solver, asked, [0], 1, options);
  const known = { "yes yes": "same", "yes no": "stronger", "no yes": "weaker", "no no": "different" } as const;
  const comparison = keeps.answer === "cannot-tell" || adds.answer === "cannot-tell" ? "cannot-tell" : known[`${keeps.answer} ${adds.answer}`];
  // That something gets through is known by one example, whatever the other question says.
  return { comparison: comparison === "cannot-tell" && keeps.answer === "no" ? "different" : comparison, keeps, adds };
}

/** Values that a solver found, before anybody tried them on the real condition. */
export function candidateOf(found: Found, about: Pick<Candidate, "invariant" | "message" | "replay">): Candidate {
  if (found.values === null) throw new MaestroError("internal.bug", "an answer without values is no counterexample");
  return { type: "maestro.cex/v1", ...about, engine: "smt", inputs: Object.fromEntries(found.values), trace: null, loop_at: null, stutter: false, seed: null, path: null, smt2_sha256: found.evidence.smt2_sha256, spec_sha256: null };
}
