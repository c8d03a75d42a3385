/** Each engine looks for the fault on its own, and each can try what another one found. */
import { join } from "node:path";
import fc from "fast-check";
import type { Candidate, CexEngine, CexStep } from "../../../../proto/counterexample.ts";
import type { ModelAnswer } from "../../../../proto/model.ts";
import { compile, emitSmt, type Compiled } from "../../../invariants/index.ts";
import { fromUtf8Lossy } from "../../../../proto/encoding.ts";
import { traceModels, traceRequest } from "../../modelcheck/traces/index.ts";
import { codeOf } from "../../modelcheck/traces/testing/runs.ts";
import type { ModelRequest } from "../../modelcheck/request.ts";
import type { Solver } from "../../smt/index.ts";
import { type Conditions, type Found, implies } from "../../smt/questions.ts";
import { type Driven, type Plan, type Subject } from "./subject.ts";

export const SPECS = join(import.meta.dir, "../../../../specs");
const SEED = 7;
const SMT_OPTIONS = { deadline_ms: 60_000, memory_bytes_max: 1024 ** 3 };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export type RunTlc = (request: ModelRequest) => Promise<ModelAnswer>;

export function invariantOf({ yaml }: Pick<Subject, "yaml">): Compiled {
  const compiled = compile(yaml, { examples_required: false });
  if (!("ok" in compiled)) throw new Error(JSON.stringify(compiled.errors));
  return compiled.ok;
}

/** The runtime guard: the place of the first state that it does not let pass, with its message. */
export function guarded(invariant: Compiled, states: Driven["states"]): { readonly at: number; readonly message: string } | null {
  for (const [at, state] of states.entries()) {
    for (const clause of invariant.assert) {
      const judged = clause.check(state as Record<string, number>);
      if (!judged.ok) return { at, message: judged.message };
    }
  }
  return null;
}

export interface Sides {
  readonly sound: ReadonlyMap<string, object>;
  readonly broken: ReadonlyMap<string, object>;
}

export const sidesOf = async ({ fault }: Subject): Promise<Sides> => ({ sound: await codeOf(fault.machine, null), broken: await codeOf(fault.machine, fault) });

/** What an engine found, driven through the code with the fault and cut where the guard first says no; null where it never does. */
export async function candidate(subject: Subject, sides: Sides, engine: CexEngine, plan: Plan, more: Partial<Candidate> = {}): Promise<Candidate | null> {
  const { states } = await subject.drive(sides.broken, plan);
  const invariant = invariantOf(subject);
  const broken = guarded(invariant, states);
  if (broken === null) return null;
  const trace = states.slice(0, broken.at + 1).map((state, index): CexStep => ({ action: index === 0 ? "initial" : (plan.actions[index - 1] ?? ""), location: null, state }));
  return { type: "maestro.cex/v1", invariant: invariant.id, engine, message: broken.message, inputs: null, trace, loop_at: null, stutter: false, seed: null, path: null, smt2_sha256: null, spec_sha256: null, replay: { command: ["npm", "run", "accept", "--", "agreement"] }, ...more };
}

export const planOf = ({ trace }: Pick<Candidate, "trace">): Plan => ({
  params: Object.fromEntries(Object.entries(trace?.[0]?.state ?? {}).flatMap(([name, value]) => (typeof value === "number" ? [[name, value]] : []))),
  actions: (trace ?? []).slice(1).map(({ action }) => action),
});

/** The property: whatever is done to it, the guard is content. */
export async function byProperty(subject: Subject, code: ReadonlyMap<string, object>): Promise<{ readonly plan: Plan; readonly seed: number; readonly path: string } | null> {
  const invariant = invariantOf(subject);
  const property = fc.asyncProperty(subject.plans, async (plan) => guarded(invariant, (await subject.drive(code, plan)).states) === null);
  const { failed, counterexample, seed, counterexamplePath } = await fc.check(property, { seed: SEED, numRuns: 60 });
  return failed && counterexample !== null ? { plan: counterexample[0], seed, path: counterexamplePath ?? "" } : null;
}

const LOADS = 200;

/** The guard under a load of its own: the first run that it stops, as it came. */
export async function byGuard(subject: Subject, code: ReadonlyMap<string, object>): Promise<Plan | null> {
  const invariant = invariantOf(subject);
  for (const plan of fc.sample(subject.plans, { seed: SEED + 1, numRuns: LOADS })) {
    if (guarded(invariant, (await subject.drive(code, plan)).states) !== null) return plan;
  }
  return null;
}

function conditions(fields: readonly string[], expressions: readonly string[]): Conditions {
  const text = `id: agreement.step\nscope: step\nwhen: [{event: step}]\nfields: {${fields.map((name) => `${name}: int`).join(", ")}}\nassert:\n${expressions.map((expr) => `  - expr: ${JSON.stringify(expr)}\n    message: broken\n`).join("")}`;
  const emitted = emitSmt(invariantOf({ yaml: text }).assert.map(({ node }) => node));
  if (!("ok" in emitted)) throw new Error(emitted.not_expressible);
  return emitted.ok;
}

/** Does a step that the code lets through keep the invariant? `at` fixes the step. */
export function bySolver({ step }: Subject, side: keyof Subject["step"]["allowed"], solver: Solver, at: Readonly<Record<string, number>> = {}): Promise<Found> {
  const premises = [...step.premises, step.allowed[side], ...step.fields.flatMap((name) => (at[name] === undefined ? [] : [`${name} == ${at[name]}`]))];
  return implies(solver, conditions(step.fields, [...premises, step.after]), premises.map((_, index) => index), premises.length, SMT_OPTIONS);
}

export function smallValues(found: Found): Readonly<Record<string, number>> {
  return Object.fromEntries((found.values ?? []).map(([name, value]) => {
    if (typeof value !== "number") throw new Error(`${name} is no small number`);
    return [name, value];
  }));
}

/** The model with the same fault as the code. */
function twinned(subject: Subject, request: ModelRequest): ModelRequest {
  const { operator, parameters, body } = subject.model.twin;
  const module = `---- MODULE Twin ----\nEXTENDS ${request.spec}\nTwin${operator}${parameters} == ${body}\n====\n`;
  const cfg = `${fromUtf8Lossy(request.cfg)}CONSTANT\n    ${operator} <- Twin${operator}\n`;
  return { spec: "Twin", cfg: bytes(cfg), modules: new Map([...request.modules, ["Twin", bytes(module)]]) };
}

/** The model checker, on the model as it is or with the fault. */
export async function byModel(subject: Subject, side: "sound" | "broken", run: RunTlc): Promise<ModelAnswer> {
  const { constants, invariant } = subject.model;
  const { modules } = traceRequest(SPECS, { machine: subject.fault.machine, name: "", constants: {}, rows: [] });
  const own = new Map([...modules].filter(([name]) => name === subject.fault.machine));
  const cfg = `INIT Init\nNEXT Next\nCONSTANTS\n${Object.entries(constants).map(([name, value]) => `    ${name} = ${value}`).join("\n")}\nINVARIANT ${invariant}\nCHECK_DEADLOCK FALSE\n`;
  const request = { spec: subject.fault.machine, cfg: bytes(cfg), modules: own };
  return run(side === "sound" ? request : twinned(subject, request));
}

/** A recorded run against the model, as it is or with the fault: what is violated on the way, "Unfinished" where the whole run is one of the model. */
export async function traceByModel(subject: Subject, side: "sound" | "broken", recording: string, run: RunTlc): Promise<{ readonly violated: string | null; readonly states: number }> {
  const [model] = traceModels(recording);
  if (model === undefined) throw new Error("nothing was recorded");
  const request = traceRequest(SPECS, model);
  const { outcome } = await run(side === "sound" ? request : twinned(subject, request));
  if (outcome.result === "unavailable") throw new Error(outcome.because);
  return outcome.result === "pass" ? { violated: null, states: 0 } : { violated: outcome.violation.name, states: outcome.trace.steps.length - 1 };
}

/** Where the guard text of a step and the real code do not agree. */
export async function disagreements(subject: Subject, sides: Sides): Promise<string[]> {
  const found: string[] = [];
  for (const side of ["sound", "broken"] as const) {
    const { step } = subject;
    const text = invariantOf({ yaml: `id: agreement.step\nscope: step\nwhen: [{event: step}]\nfields: {${step.fields.map((name) => `${name}: int`).join(", ")}}\nassert:\n  - expr: ${JSON.stringify(step.allowed[side])}\n    message: broken\n` });
    for (const values of subject.grid) {
      const [said, done] = [text.assert[0]?.check(values).ok, await subject.allowed(sides[side], values)];
      if (said !== done) found.push(`${side} ${JSON.stringify(values)}: ${String(said)}, and the code ${String(done)}`);
    }
  }
  return found;
}

