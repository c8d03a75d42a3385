/**
 * What the daemon's own state machines just did, for whoever holds a run against `specs/`. Nobody listens unless a trace is recorded,
 * and then a call is one look at a variable: `acted?.(…)` does not even compute what it would say.
 */
import type { Json } from "../../../proto/json.ts";

/** Names of the modules in `specs/`. */
export const MACHINES = ["Turnstile", "Reporter", "Ledger", "Pipeline", "WitnessedLog"] as const;
export type Machine = (typeof MACHINES)[number];
export type Seen = { readonly [name: string]: Json };

/** `of` tells several machines of one kind apart. Called in the same turn as the action, so that lines have its order. */
export type ActionListener = (machine: Machine, of: object, action: string, seen: Seen) => void;

export let acted: ActionListener | null = null;

/** Until the returned function is called. One listener at a time: a second one is a bug. */
export function listenToActions(listener: ActionListener): () => void {
  if (acted !== null) throw new Error("somebody listens to actions already");
  acted = listener;
  return () => void (acted = null);
}
