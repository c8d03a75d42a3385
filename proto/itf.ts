/**
 * Counterexamples in the Informal Trace Format of Apalache and Quint (ADR-015 of Apalache), both ways. What that format
 * has no form for travels as `#unserializable` text that only we read back; what it has no field for, in `#meta`.
 */
import { canonicalText, parseStrict } from "./canonical.ts";
import { CEX_LIMITS, cexFault, type Candidate, type CexFields, type Counterexample, normalCounterexample } from "./counterexample.ts";
import type { CexValue } from "./cex-value.ts";
import { utf8 } from "./encoding.ts";
import { MaestroError } from "./errors.ts";
import type { Json } from "./json.ts";

/** Starts the text of a value that only we read back. */
const OURS = "maestro:";
const META = "maestro.cex/v1";
/** A pretty-printed document has twice the characters of ours. */
export const ITF_BYTES_MAX = 2 * CEX_LIMITS.bytes_max;
const NATIVE = ["#bigint", "#tup", "#set", "#map"];

type Members = { readonly [key: string]: Json };
const isMembers = (value: unknown): value is Members => typeof value === "object" && value !== null && !Array.isArray(value);
const malformed = (why: string): MaestroError => new MaestroError("request.malformed", `ITF: ${why}`);

function toItfValue(value: CexValue): Json {
  if (Array.isArray(value)) return value.map(toItfValue);
  if (!isMembers(value)) return value as Json;
  const [form = ""] = Object.keys(value).filter((key) => key.startsWith("#"));
  if (form === "#bigint") return value;
  const members: Readonly<Record<string, CexValue>> = value;
  const items = members[form];
  if (NATIVE.includes(form) && Array.isArray(items)) return { [form]: items.map((one) => toItfValue(one)) };
  if (form !== "") return { "#unserializable": `${OURS}${canonicalText(value)}` };
  return Object.fromEntries(Object.entries(members).map(([key, item]) => [key, toItfValue(item)]));
}

function fromItfValue(value: Json): Json {
  if (Array.isArray(value)) return value.map(fromItfValue);
  if (!isMembers(value)) return value;
  const said = value["#unserializable"];
  if (typeof said === "string" && said.startsWith(OURS)) return parseStrict(utf8(said.slice(OURS.length)), CEX_LIMITS);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, key === "#bigint" ? item : fromItfValue(item)]));
}

const toItfFields = (fields: CexFields): Members => Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, toItfValue(value)]));

/** One ITF document. Inputs without a trace are its only state, and `#meta` says so. */
export function toItf(cex: Counterexample): Json {
  const { trace, inputs, ...rest } = normalCounterexample(cex);
  const states = trace ?? [{ action: "inputs", location: null, state: inputs ?? {} }];
  return {
    "#meta": { format: "ITF", source: cex.invariant, description: cex.message, [META]: { ...rest, inputs: trace === null } as Json },
    vars: Object.keys(states[0]?.state ?? {}).sort(),
    states: states.map(({ action, location, state }, index) => ({ "#meta": { index, action, location: location as Json }, ...toItfFields(state) })),
    ...(cex.loop_at === null ? {} : { loop: cex.loop_at }),
  };
}

function fieldsOf(state: Json, vars: readonly string[], index: number): { readonly [name: string]: Json } {
  if (!isMembers(state)) throw malformed(`state ${index} is no object`);
  return Object.fromEntries(vars.map((name) => {
    const value = state[name];
    if (value === undefined) throw malformed(`state ${index} lacks the variable ${JSON.stringify(name)}`);
    return [name, fromItfValue(value)];
  }));
}

function stepOf(state: Json, vars: readonly string[], index: number): Json {
  const meta = isMembers(state) && isMembers(state["#meta"]) ? state["#meta"] : {};
  const { action, location } = meta;
  return { action: typeof action === "string" ? action : index === 0 ? "initial" : `step ${index}`, location: location ?? null, state: fieldsOf(state, vars, index) };
}

/** What another tool's trace cannot say of itself. */
export type ItfContext = Pick<Candidate, "invariant" | "engine" | "message" | "replay">;

function unproved(document: Members, steps: readonly Json[], context: ItfContext): Json {
  const { loop = null } = document;
  return { type: "maestro.cex/v1", ...context, replay: { command: context.replay.command, verdict: "not-reproduced" }, inputs: null, trace: steps, loop_at: loop, stutter: false, seed: null, path: null, smt2_sha256: null, spec_sha256: null };
}

const isNames = (values: readonly Json[]): values is readonly string[] => values.every((name) => typeof name === "string");

/** Which value it is that no counterexample has. */
function strange(steps: readonly Json[], context: ItfContext, check: (value: unknown) => value is Counterexample): string {
  for (const [index, step] of steps.entries()) {
    const state = isMembers(step) && isMembers(step["state"]) ? step["state"] : {};
    for (const [name, value] of Object.entries(state)) {
      if (check(unproved({}, [{ action: "a", location: null, state: { [name]: value } }], context))) continue;
      return `${JSON.stringify(name.slice(0, 64))} of state ${index} is ${JSON.stringify(value).slice(0, 80)}, which is no value of that format: whole numbers, strings, lists, records, #bigint, #tup, #set, #map`;
    }
  }
  return "it has more states, or something beside them that no counterexample has";
}

/**
 * Reads an ITF document. A trace of another tool was replayed by nobody here, so it comes back as `not-reproduced`; one of
 * ours comes back as it left, its verdict included, which is as good as whoever hands over the file.
 * Throws `request.malformed` or `request.too_large`.
 */
export function fromItf(bytes: Uint8Array, context: ItfContext, check: (value: unknown) => value is Counterexample): Counterexample {
  const document = parseStrict(bytes, { ...CEX_LIMITS, bytes_max: ITF_BYTES_MAX });
  if (!isMembers(document)) throw malformed("no object");
  const { vars: variables, params = [], states } = document;
  if (!Array.isArray(variables) || !Array.isArray(params) || !Array.isArray(states)) throw malformed("vars and states are lists");
  if (states.length === 0) throw malformed("there is no state");
  // Apalache writes a constant into each state as if it were a variable, and names it in `params` alone.
  const vars = [...new Set([...variables, ...params])];
  if (!isNames(vars)) throw malformed("vars and params are lists of names");
  const steps = states.map((state, index) => stepOf(state, vars, index));
  const meta = isMembers(document["#meta"]) ? document["#meta"][META] : undefined;
  const [only] = steps;
  const value = !isMembers(meta)
    ? unproved(document, steps, context)
    : meta["inputs"] === true && isMembers(only)
      ? { ...meta, inputs: only["state"] ?? null, trace: null }
      : { ...meta, inputs: null, trace: steps };
  if (!check(value)) throw malformed(strange(steps, context, check));
  const fault = cexFault(value);
  if (fault !== null) throw malformed(fault);
  return normalCounterexample(value);
}
