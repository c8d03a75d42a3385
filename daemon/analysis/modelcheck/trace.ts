/** The counterexample in TLC's messages: states, the step that leads back, the end after which nothing happens. */
import type { Json } from "../../../proto/json.ts";
import type { ModelAction, ModelStep, ModelTrace } from "../../../proto/model.ts";
import type { Message } from "./frames.ts";
import { valueOf } from "./values.ts";

/** EC.TLC_STATE_PRINT2, TLC_STATE_PRINT3 and TLC_BACK_TO_STATE. */
const STATE = 2217;
const STUTTERING = 2218;
const BACK = 2122;

const ACTION = /^(\d+): <(.*)>$/;
const PLACE = /^(.*?) line (\d+), col (\d+) to line (\d+), col (\d+) of module (\S+)$/;
const VARIABLE = /^(?:\/\\ )?([A-Za-z0-9_!]*[A-Za-z_][A-Za-z0-9_!]*) = /;

const place = (line: string | undefined, column: string | undefined) => ({ line: Number(line), column: Number(column) });

/** Null for an initial state. */
function actionOf(words: string): ModelAction | null {
  if (words === "Initial predicate") return null;
  const found = PLACE.exec(words);
  if (found === null) return { name: words, module: null, from: null, to: null };
  const [, name = "", from, from_column, to, to_column, module = ""] = found;
  return { name, module, from: place(from, from_column), to: place(to, to_column) };
}

/** `/\ name = value` each, or one variable without the sign; a long value goes on in lines that begin otherwise. */
export function stateOf(lines: readonly string[]): Record<string, Json> {
  const variables: { readonly name: string; readonly value: string[] }[] = [];
  const several = lines.some((line) => line.startsWith("/\\ "));
  for (const line of lines) {
    const found = !several || line.startsWith("/\\ ") ? VARIABLE.exec(line) : null;
    if (found !== null && (several || variables.length === 0)) variables.push({ name: found[1]!, value: [line.slice(found[0].length)] });
    else variables.at(-1)?.value.push(line);
  }
  return Object.fromEntries(variables.map(({ name, value }) => [name, valueOf(value.join("\n"))]));
}

/** Of the first counterexample alone: a run stops at its first. */
export function traceOf(messages: readonly Message[]): ModelTrace {
  const steps: ModelStep[] = [];
  let loop_at: number | null = null;
  let stuttering = false;
  for (const { code, text } of messages) {
    const [head = "", ...rest] = text.split("\n");
    if (code === STATE) {
      const found = ACTION.exec(head);
      if (Number(found?.[1]) === steps.length + 1) steps.push({ action: actionOf(found?.[2] ?? ""), state: stateOf(rest) });
    }
    if (code === STUTTERING) stuttering = true;
    if (code === BACK) {
      const to = Number(/^(\d+): /.exec(head)?.[1]);
      if (to >= 1 && to <= steps.length) loop_at = to - 1;
    }
  }
  return { steps, loop_at, stuttering };
}
