/**
 * Whether a recorded run is a behaviour of its model. TLC reads the run as a constant and looks for a behaviour that is all of it: only where it
 * shows one is the run accepted. The invariants of the model are asked of each state on the way.
 */
import { join } from "node:path";
import { fromUtf8Lossy } from "../../../../proto/encoding.ts";
import { MaestroError } from "../../../../proto/errors.ts";
import { ModelLimits, type ModelAnswer, type ModelOutcome } from "../../../../proto/model.ts";
import { Value } from "@sinclair/typebox/value";
import { type Machine, MACHINES } from "../../../platform/actions/index.ts";
import { modelsIn } from "../folder.ts";
import type { ModelRequest } from "../request.ts";
import { readFileSync } from "node:fs";
import { ledgerModels, LEDGER_DIMENSIONS } from "./ledger.ts";
import { type Action, readRun } from "./lines.ts";
import type { TraceModel } from "./model.ts";
import { pipelineModels } from "./pipeline.ts";
import { reporterModels } from "./reporter.ts";
import { tla } from "./tla.ts";
import { turnstileModels } from "./turnstile.ts";
import { witnessedLogModels } from "./witnessed-log.ts";

/** `refused`: no behaviour of the model is this run. `unavailable`: it could not be told, which is never a pass. */
export type TraceVerdict =
  | { readonly verdict: "accepted"; readonly actions: number }
  | { readonly verdict: "refused"; readonly because: string; readonly line: number | null }
  | { readonly verdict: "unavailable"; readonly because: string };

const MODELS: Readonly<Record<Machine, (actions: readonly Action[]) => readonly TraceModel[]>> = {
  Turnstile: turnstileModels,
  Reporter: reporterModels,
  Ledger: (actions) => LEDGER_DIMENSIONS.flatMap((dimension) => ledgerModels(actions, dimension)),
  Pipeline: pipelineModels,
  WitnessedLog: witnessedLogModels,
};

/** Throws `request.malformed` for a run that is empty, cut, or says what its model has no words for. */
export function traceModels(text: string): TraceModel[] {
  const actions = readRun(text);
  return MACHINES.flatMap((machine) => MODELS[machine](actions.filter((action) => action.machine === machine)));
}

const ACCEPTED = "Unfinished";
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The model of `folder`, with the run beside it. */
export function traceRequest(folder: string, { machine, constants, replaced = {}, definitions = {}, rows }: TraceModel): ModelRequest {
  const limits = Value.Create(ModelLimits);
  const [model] = modelsIn(folder, [machine], limits);
  const invariants = /^INVARIANTS? (.+)$/m.exec(fromUtf8Lossy(model?.request.cfg ?? new Uint8Array()))?.[1];
  if (model === undefined || invariants === undefined) throw new MaestroError("internal.bug", `${machine}.cfg names no invariants`);
  const name = `${machine}Trace`;
  const lines = [...Object.entries(constants).map(([constant, value]) => `R_${constant} == ${value}`), ...Object.entries(definitions).map(([operator, value]) => `${operator} == ${value}`), `Recorded == <<\n${rows.map(({ row }) => tla(row)).join(",\n")}\n>>`];
  const recorded = `---- MODULE Recorded ----\nEXTENDS Naturals, TLC\n${lines.join("\n")}\n====\n`;
  const given = [...Object.keys(constants).map((constant) => [constant, `R_${constant}`]), ...Object.entries(replaced)].map(([left, right]) => `    ${left} <- ${right}`);
  const cfg = `INIT TraceInit\nNEXT TraceNext\nCONSTANTS\n${given.join("\n")}\nINVARIANTS ${invariants} ${ACCEPTED}\nCHECK_DEADLOCK FALSE\n`;
  const modules = new Map([...model.request.modules, [name, readFileSync(join(folder, "traces", `${name}.tla`))], ["Recorded", bytes(recorded)]]);
  return { spec: name, cfg: bytes(cfg), modules };
}

/** Pure: what TLC's outcome says of the run. */
export function verdictOf({ rows, silent }: Pick<TraceModel, "rows" | "silent">, outcome: ModelOutcome): TraceVerdict {
  if (outcome.result === "unavailable") return { verdict: "unavailable", because: outcome.because };
  if (rows.length === 0) return { verdict: "unavailable", because: "nothing was recorded of it" };
  const reached = outcome.result === "fail" ? outcome.trace.steps.length : (outcome.counts.depth ?? 0);
  if (silent === true && outcome.result === "pass") return { verdict: "refused", because: `no behaviour of the model is this run; at most ${reached - 1} actions of it`, line: null };
  const at = rows[Math.min(reached, rows.length) - 1];
  if (outcome.result === "pass") return { verdict: "refused", because: `no behaviour of the model goes on with ${at === undefined ? "it" : tla(at.row).slice(0, 500)}`, line: at?.line ?? null };
  const { kind, name } = outcome.violation;
  if (kind !== "invariant" || name === null) return { verdict: "unavailable", because: `TLC found ${kind}, which nobody asked for` };
  if (name !== ACCEPTED) return { verdict: "refused", because: `${name} does not hold any more`, line: rows[reached - 2]?.line ?? null };
  if (reached <= rows.length) return { verdict: "unavailable", because: `TLC shows ${reached} states of a run of ${rows.length} actions` };
  return { verdict: "accepted", actions: rows.length };
}

/** One run of TLC. */
export async function judgeTrace(folder: string, model: TraceModel, run: (request: ModelRequest) => Promise<ModelAnswer>): Promise<TraceVerdict> {
  if (model.rows.length === 0) return { verdict: "unavailable", because: "nothing was recorded of it" };
  const { outcome } = await run(traceRequest(folder, model));
  return verdictOf(model, outcome);
}
