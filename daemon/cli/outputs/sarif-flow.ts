/** A counterexample as a SARIF code flow (3.36): one thread, its states step by step. Pure. */
import type { CexFields, Counterexample } from "../../../proto/counterexample.ts";
import { cexText, changedBy } from "../../verifier/counterexample.ts";
import { sarifText } from "./sarif-text.ts";
import { uriOfPath } from "./uri.ts";

type Json = Readonly<Record<string, unknown>>;

const VALUE_CHARACTERS_MAX = 1_000;

/** 3.38.9: names with what they hold. */
const stateOf = (fields: CexFields): Json => Object.fromEntries(Object.entries(fields).map(([name, value]) => [sarifText(name), { text: sarifText(cexText(value).slice(0, VALUE_CHARACTERS_MAX).toWellFormed()) }]));

/** Properties of a result; none for a counterexample that did not reproduce. */
export function flowsOf(cex: Counterexample): Json {
  const { inputs, trace, message, loop_at, stutter, replay, engine, smt2_sha256, spec_sha256 } = cex;
  if (replay.verdict !== "reproduced") return {};
  const steps = trace ?? [];
  const end = loop_at !== null ? `; then back to step ${loop_at}` : stutter ? "; then nothing happens any more" : "";
  const locations = steps.map((step, i) => ({
    executionOrder: i + 1,
    location: {
      message: { text: sarifText(step.action === "" ? `step ${i}` : step.action) },
      ...(step.location === null ? {} : { physicalLocation: { artifactLocation: { uri: uriOfPath(step.location.path), uriBaseId: "%SRCROOT%" }, region: { startLine: step.location.start_line, endLine: Math.max(step.location.start_line, step.location.end_line) } } }),
    },
    state: stateOf(changedBy(step, steps[i - 1])),
    ...(i === steps.length - 1 ? { importance: "essential" } : {}),
  }));
  const only = { executionOrder: 1, importance: "essential", location: { message: { text: "inputs" } }, state: stateOf(inputs ?? {}) };
  return {
    codeFlows: [{
      message: { text: sarifText(`${message}${end}`) },
      threadFlows: [{ locations: inputs === null ? locations : [only] }],
      properties: { engine, replay: replay.command.map(sarifText), ...(smt2_sha256 === null ? {} : { smt2_sha256 }), ...(spec_sha256 === null ? {} : { spec_sha256 }) },
    }],
  };
}
