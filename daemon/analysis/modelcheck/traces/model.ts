/** One machine's run, told in the words of its model. */
import { MaestroError } from "../../../../proto/errors.ts";
import type { Json } from "../../../../proto/json.ts";
import type { Machine } from "../../../platform/actions/index.ts";
import type { Action } from "./lines.ts";
import type { Tla } from "./tla.ts";

export interface TraceRow {
  /** Of the recording; what was inferred has that of the action it was inferred from. */
  readonly line: number;
  readonly row: { readonly [name: string]: Tla } & { readonly action: string };
}

export interface TraceModel {
  readonly machine: Machine;
  /** Which of its kind. */
  readonly name: string;
  /** TLA+ text of each constant of the model. */
  readonly constants: Readonly<Record<string, string>>;
  /** Operators of the model that the trace module has its own of. */
  readonly replaced?: Readonly<Record<string, string>>;
  /** Further definitions of module Recorded. */
  readonly definitions?: Readonly<Record<string, string>>;
  readonly rows: readonly TraceRow[];
  /** The model takes steps of its own between those that were seen, so how far it came is not said to the line. */
  readonly silent?: true;
}

export const unread = ({ line }: Pick<Action, "line">, why: string): MaestroError => new MaestroError("request.malformed", `recorded run, line ${line}: ${why}`);

/** Members of what was seen, each of the type the daemon gives it. Throws `request.malformed`. */
export function reader(action: Action): { number(name: string): number; text(name: string): string; flag(name: string): boolean; list(name: string): readonly Json[] } {
  const { seen } = action;
  return {
    number(name) {
      const value = seen[name];
      if (typeof value !== "number" || !Number.isSafeInteger(value)) throw unread(action, `${name} is no number`);
      return value;
    },
    text(name) {
      const value = seen[name];
      if (typeof value !== "string") throw unread(action, `${name} is no text`);
      return value;
    },
    flag: (name) => seen[name] === true,
    list(name) {
      const value = seen[name];
      if (!Array.isArray(value)) throw unread(action, `${name} is no list`);
      const items: readonly Json[] = value;
      return items;
    },
  };
}

/** The same of a member that is an object itself. */
export function within(action: Action, value: Json | undefined): Action {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw unread(action, "a member is no object");
  return { ...action, seen: value as Action["seen"] };
}

/** The smallest number from 1 that is not taken. */
export function freeNumber(taken: ReadonlySet<number>): number {
  let number = 1;
  while (taken.has(number)) number += 1;
  return number;
}
