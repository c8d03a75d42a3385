/** What the tests are worth, counted. Pure, and of no one language: a mutant of a policy and one of an invariant count alike. */
import type { Mutant } from "./mutant.ts";

export type Fate = "killed" | "survived" | "stillborn" | "not-run";
export interface Tried extends Mutant {
  readonly fate: Fate;
  /** The first test that noticed, `its tests ran out of time`, or why it could not be run. */
  readonly by: string | null;
}

export interface Goals {
  readonly score_percent_min: number;
  readonly equivalent_percent_max: number;
}
export const GOALS: Goals = { score_percent_min: 92, equivalent_percent_max: 5 };

export interface Score {
  readonly tried: readonly Tried[];
  readonly killed: number;
  /** Not declared equivalent. */
  readonly survived: readonly Tried[];
  readonly equivalent: readonly (Tried & { readonly reason: string })[];
  readonly stillborn: number;
  readonly not_run: number;
  /** Killed of killed and survived, in thousandths; rounded down so that no goal is reached by rounding. */
  readonly score_permille: number;
  readonly equivalent_permille: number;
  readonly by_operator: readonly { readonly operator: string; readonly killed: number; readonly survived: number; readonly equivalent: number; readonly stillborn: number }[];
  /** Why the goals are not reached; empty where they are. */
  readonly faults: readonly string[];
}

const permille = (part: number, whole: number): number => (whole === 0 ? 0 : Math.floor((1_000 * part) / whole));

/** `all` are the ids of every mutant there is, tried or not: a declaration of another one is stale. */
export function score(tried: readonly Tried[], all: ReadonlySet<string>, declared: ReadonlyMap<string, string>, goals: Goals): Score {
  const of = (fate: Fate): readonly Tried[] => tried.filter((one) => one.fate === fate);
  const equivalent = of("survived").flatMap((one) => {
    const reason = declared.get(one.id);
    return reason === undefined ? [] : [{ ...one, reason }];
  });
  const survived = of("survived").filter(({ id }) => !declared.has(id));
  const [killed, stillborn, not_run] = [of("killed").length, of("stillborn").length, of("not-run").length];
  const score_permille = permille(killed, killed + survived.length);
  const equivalent_permille = permille(equivalent.length, killed + survived.length + equivalent.length);
  const refuted = tried.filter(({ id, fate }) => declared.has(id) && (fate === "killed" || fate === "stillborn"));
  const faults = [
    ...(killed + survived.length === 0 ? ["no mutant was judged"] : score_permille < 10 * goals.score_percent_min ? [`${score_permille / 10} % are killed, the goal is ${goals.score_percent_min} %`] : []),
    ...(equivalent_permille > 10 * goals.equivalent_percent_max ? [`${equivalent_permille / 10} % are declared equivalent, at most ${goals.equivalent_percent_max} % may be`] : []),
    ...(not_run > 0 ? [`${not_run} were not tried: the time was over, or opa was ended from outside`] : []),
    ...refuted.map(({ id, fate }) => `${id} is declared equivalent and is ${fate}: take the line away`),
    ...[...declared.keys()].filter((id) => !all.has(id)).map((id) => `${id} is declared equivalent and there is no such mutant: take the line away`),
  ];
  const by_operator = [...new Set(tried.map(({ operator }) => operator))].sort().map((operator) => {
    const count = (list: readonly Tried[]): number => list.filter((one) => one.operator === operator).length;
    return { operator, killed: count(of("killed")), survived: count(survived), equivalent: count(equivalent), stillborn: count(of("stillborn")) };
  });
  return { tried, killed, survived, equivalent, stillborn, not_run, score_permille, equivalent_permille, by_operator, faults };
}
