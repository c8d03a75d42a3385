/** A recorded run as it is read back. What is empty, cut or has a gap is no run, and nothing is said of it but that. */
import { type Machine, MACHINES } from "../../../platform/actions/index.ts";
import { MaestroError } from "../../../../proto/errors.ts";
import type { Json } from "../../../../proto/json.ts";

export interface Action {
  readonly machine: Machine;
  /** Which one of its kind, in its process. */
  readonly of: number;
  readonly action: string;
  readonly seen: { readonly [name: string]: Json };
  /** Processes of a run are numbered from 0; all but the last may have been killed. */
  readonly process: number;
  /** Of the file, from 1. */
  readonly line: number;
}

const ACTIONS_MAX = 200_000;
const bad = (line: number, why: string): MaestroError => new MaestroError("request.malformed", `recorded run, line ${line}: ${why}`);

type Members = { readonly [name: string]: Json };
const isMembers = (value: unknown): value is Members => typeof value === "object" && value !== null && !Array.isArray(value);

function parsed(text: string, line: number): Members {
  try {
    const value: unknown = JSON.parse(text);
    if (isMembers(value)) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw bad(line, "no line of a recording; it was cut");
}

function actionOf({ machine, of, action, seen }: Members, process: number, line: number): Action {
  const known = MACHINES.find((name) => name === machine);
  if (known === undefined || typeof of !== "number" || typeof action !== "string" || !isMembers(seen)) throw bad(line, "no action of a known machine");
  return { machine: known, of, action, seen, process, line };
}

/** Throws `request.malformed`. */
export function readRun(text: string): Action[] {
  if (!text.endsWith("\n")) throw bad(1, text === "" ? "it is empty" : "its last line is cut");
  const actions: Action[] = [];
  let process = -1;
  let next = 0;
  let ended = false;
  text.slice(0, -1).split("\n").forEach((row, index) => {
    const line = index + 1;
    const value = parsed(row, line);
    if (value["begin"] === 1) {
      [process, next, ended] = [process + 1, 0, false];
      return;
    }
    if (process < 0 || ended) throw bad(line, "no process had begun");
    if ("end" in value) {
      if (value["end"] !== next) throw bad(line, `${next} actions were read of ${String(value["end"])}`);
      ended = true;
      return;
    }
    if (value["n"] !== next) throw bad(line, `action ${String(value["n"])} where ${next} comes`);
    next += 1;
    actions.push(actionOf(value, process, line));
    if (actions.length > ACTIONS_MAX) throw bad(line, `more than ${ACTIONS_MAX} actions`);
  });
  if (!ended) throw bad(actions.at(-1)?.line ?? 1, "it has no end: the process was killed, or the recording was cut");
  if (actions.length === 0) throw bad(1, "nothing was recorded");
  return actions;
}
