/** A counterexample for a person: each step with what changed in it, values as TLA+ writes them. */
import type { Json } from "../../../proto/json.ts";
import type { ModelAction, ModelTrace, ModelViolation } from "../../../proto/model.ts";

type Fields = { readonly [key: string]: Json };

const isFields = (value: Json): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
const listed = (values: Json | undefined): string => (Array.isArray(values) ? values.map(tlaText).join(", ") : "");

function pairs(value: Json | undefined): string {
  if (!Array.isArray(value)) return "";
  return value.map((pair: Json) => (Array.isArray(pair) ? `${tlaText(pair[0] ?? null)} :> ${tlaText(pair[1] ?? null)}` : "")).join(" @@ ");
}

/** As TLC prints it; characters that a terminal must not see are for its escaper. */
export function tlaText(value: Json): string {
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
  if (typeof value === "string") return JSON.stringify(value);
  if (!isFields(value)) return Array.isArray(value) ? `<<${listed(value)}>>` : String(value);
  if (typeof value["#bigint"] === "string") return value["#bigint"];
  if (typeof value["#unserializable"] === "string") return value["#unserializable"];
  if ("#tup" in value) return `<<${listed(value["#tup"])}>>`;
  if ("#set" in value) return `{${listed(value["#set"])}}`;
  if ("#map" in value) return `(${pairs(value["#map"])})`;
  return `[${Object.entries(value).map(([name, field]) => `${name} |-> ${tlaText(field)}`).join(", ")}]`;
}

const actionText = (action: ModelAction | null): string => {
  if (action === null) return "(initial state)";
  return action.module === null || action.from === null ? action.name : `${action.name}  ${action.module}:${action.from.line}`;
};

export function violationText({ kind, name, exit }: ModelViolation): string {
  const what = { assumption: "assumption is false", deadlock: "deadlock: nothing can happen any more", invariant: "invariant is violated", action: "action property is violated", liveness: "temporal property is violated", assertion: "assertion is false" }[kind];
  return `${what}${name === null ? "" : `: ${name}`} (TLC's ${exit})`;
}

/** One line each, without an end; nothing is left out. */
export function traceLines({ steps, loop_at, stuttering }: ModelTrace): string[] {
  const lines = steps.flatMap(({ action, state }, index) => {
    const before = steps[index - 1]?.state ?? {};
    const changed = Object.entries(state).map(([name, value]) => [name, tlaText(value)] as const).filter(([name, text]) => !Object.hasOwn(before, name) || tlaText(before[name] ?? null) !== text);
    return [`${String(index + 1).padStart(4)}  ${actionText(action)}`, ...changed.map(([name, text]) => `        ${name} = ${text}`)];
  });
  if (loop_at !== null) lines.push(`      and again from ${loop_at + 1}, for ever`);
  if (stuttering) lines.push("      and nothing more, for ever");
  return lines;
}
