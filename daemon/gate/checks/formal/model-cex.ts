/** TLC's behaviour as a counterexample that every face and every other engine reads. */
import { Value } from "@sinclair/typebox/value";
import { fromUtf8Lossy } from "../../../../proto/encoding.ts";
import { type Candidate, Counterexample, counterexampleBytes, normalCounterexample } from "../../../../proto/counterexample.ts";
import { MaestroError } from "../../../../proto/errors.ts";
import type { Json } from "../../../../proto/json.ts";
import type { ModelOutcome, ModelStep } from "../../../../proto/model.ts";
import { published } from "../../../checking/redact.ts";

type Failed = Extract<ModelOutcome, { result: "fail" }>;

/** What it is called in the answer's own words. */
export function violated({ violation: { kind, name } }: Failed): string {
  const of = name === null ? "" : ` ${name}`;
  const words = { assumption: `assumption${of} is false`, deadlock: "it comes to a deadlock", invariant: `invariant${of} is violated`, action: `action property${of} is violated`, liveness: `a temporal property${of} is violated`, assertion: `an assertion${of} fails` };
  return words[kind];
}

/** Strings may be anything the change wrote: a credential among them is masked like in any excerpt. */
export function masked(value: Json): Json {
  if (typeof value === "string") return published(value);
  if (Array.isArray(value)) return value.map((item) => masked(item));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, masked(item)]));
}

/** Modules by name, to say where an action stands. */
function stepOf({ action, state }: ModelStep, paths: ReadonlyMap<string, string>) {
  const path = action === null || action.module === null ? undefined : paths.get(action.module);
  const location = action === null || path === undefined || action.from === null || action.to === null ? null : { path: { u: path }, start_line: Math.max(1, action.from.line), end_line: Math.max(1, action.to.line) };
  return { action: action === null ? "Init" : published(action.name).slice(0, 2_000).toWellFormed(), location, state: masked(state) };
}

export interface ModelAbout {
  /** Name of its module. */
  readonly spec: string;
  readonly folder: string;
  readonly paths: ReadonlyMap<string, string>;
  readonly spec_sha256: string | null;
}

/** What TLC claims, before it was asked a second time; or why it is not kept. */
export function candidateOf(outcome: Failed, { spec, folder, paths, spec_sha256 }: ModelAbout): Candidate | { readonly because: string } {
  const { trace, violation } = outcome;
  const steps = trace.steps.map((step) => stepOf(step, paths));
  const name = `${spec}.${violation.name ?? violation.kind}`.replace(/[^A-Za-z0-9_.!-]+/g, "-").slice(0, 128);
  if (steps.length === 0) return { because: "there is no behaviour to show: it fails before the first state" };
  const claimed = {
    type: "maestro.cex/v1", invariant: name, engine: "tlc", message: `${spec}: ${published(violated(outcome))}`.slice(0, 2_000), inputs: null, trace: steps, loop_at: trace.loop_at, stutter: trace.stuttering,
    seed: null, path: null, smt2_sha256: null, spec_sha256, replay: { command: ["maestro", "modelcheck", spec, ...(folder === "" ? [] : ["--folder", folder])], verdict: "not-reproduced" },
  };
  if (!Value.Check(Counterexample, claimed)) return { because: `its ${steps.length} states are more than a counterexample holds, or their values are` };
  try {
    counterexampleBytes(claimed);
  } catch (error) {
    if (!(error instanceof MaestroError)) throw error;
    return { because: error.detail };
  }
  return normalCounterexample(claimed);
}

/** One spelling, which has a digest of its own. */
export const cexText = (cex: Counterexample): string => fromUtf8Lossy(counterexampleBytes(cex));
