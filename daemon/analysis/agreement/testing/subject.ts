/** One seeded fault in the daemon's own code, in the words of every engine. */
import type { Arbitrary } from "fast-check";
import type { CexFields, CexStep } from "../../../../proto/counterexample.ts";
import type { ModelTrace } from "../../../../proto/model.ts";
import type { SeededFault } from "../../modelcheck/traces/testing/runs.ts";

/** What is done to the code, one action after the other; `params` is how it was set up. */
export interface Plan {
  readonly params: Readonly<Record<string, number>>;
  readonly actions: readonly string[];
}

export interface Driven {
  /** The first one is before any action. */
  readonly states: readonly CexFields[];
  /** Of what the code said that it did, for the model. */
  readonly recording: string;
}

export interface Subject {
  readonly name: string;
  readonly fault: SeededFault;
  /** The invariant, as a document of the language; its fields are those of a state. */
  readonly yaml: string;
  readonly plans: Arbitrary<Plan>;
  /** Runs the real code. */
  drive(code: ReadonlyMap<string, object>, plan: Plan): Promise<Driven>;
  /** One step as a question: whatever the code lets through from a state that is well leads to one that is. */
  readonly step: {
    readonly fields: readonly string[];
    readonly premises: readonly string[];
    readonly allowed: { readonly sound: string; readonly broken: string };
    readonly after: string;
  };
  /** Values of a step's fields at which the real code lets it through, of a grid. */
  allowed(code: ReadonlyMap<string, object>, values: Readonly<Record<string, number>>): boolean | Promise<boolean>;
  readonly grid: readonly Readonly<Record<string, number>>[];
  /** From values that a solver found to what is to be done. */
  planOf(values: Readonly<Record<string, number>>): Plan;
  /** And back: the last step of a counterexample. */
  valuesOf(trace: readonly CexStep[]): Readonly<Record<string, number>>;
  readonly model: {
    readonly twin: { readonly operator: string; readonly parameters: string; readonly body: string };
    readonly constants: Readonly<Record<string, string>>;
    readonly invariant: string;
    planOf(trace: ModelTrace): Plan;
  };
}

export const numbersOf = (state: CexFields): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(state).map(([name, value]) => {
    if (typeof value !== "number") throw new Error(`${name} is no number`);
    return [name, value];
  }));

export const number = (values: Readonly<Record<string, number>>, name: string): number => {
  const value = values[name];
  if (value === undefined) throw new Error(`there is no ${name}`);
  return value;
};
