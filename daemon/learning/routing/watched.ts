/**
 * What outcomes said of constraints, under each decider: what one did says nothing of the next, and one that comes back is
 * remembered. Outcomes are what somebody reports, so nobody's word alone takes a learned arm from anybody else: a space
 * falls back by its own outcomes, and every one where both of two halves of the spaces found it, each by itself.
 */
import type { Episode } from "../../../proto/episode.ts";
import { UNDRAWN_SEED } from "../../../proto/episode.ts";
import type { ConstraintEntry, RouterEntry } from "../../../proto/routing.ts";
import type { Store } from "../../store/db.ts";
import { FRESH, MonitorState, type Violation, watched } from "./monitor.ts";

/** Stands in the key for all arms but the baseline; no arm has this name. */
const WHOLE = "";
const HALVES = ["half:0", "half:1"] as const;
/** A space's own monitors, and those of its half: whichever is wrong takes something from it. */
const LEVELS = 2;

export interface WatchKey {
  /** Of what decided. */
  readonly decider: string;
  /** Whose outcomes: a space's, or those of half of the spaces. */
  readonly party: string;
  readonly constraint: string;
  /** Null for all but the baseline together. */
  readonly arm: string | null;
}

export interface Watches {
  get(key: WatchKey): MonitorState | null;
  put(key: WatchKey, state: MonitorState): void;
  violated(decider: string): Iterable<WatchKey>;
  /** Inside a transaction. */
  forget(decider: string): void;
}

export function openWatches(store: Pick<Store, "table">): Watches {
  const rows = store.table<readonly [string, string, string, string], typeof MonitorState>("routing.watched", MonitorState);
  const keyOf = ({ decider, party, constraint, arm }: WatchKey) => [decider, party, constraint, arm ?? WHOLE] as const;
  function* of(decider: string) {
    for (const row of rows.entries({ start: [decider, "", "", ""] })) {
      if (row.key[0] !== decider) return;
      yield row;
    }
  }
  return {
    get: (key) => rows.get(keyOf(key)) ?? null,
    put: (key, state) => rows.put(keyOf(key), state),
    *violated(decider) {
      for (const { key: [, party, constraint, arm], value } of of(decider)) if (value.violated) yield { decider, party, constraint, arm: arm === WHOLE ? null : arm };
    },
    forget(decider) {
      for (const { key } of [...of(decider)]) rows.remove(key);
    },
  };
}

const spaceParty = (space: string): string => `space:${space}`;
const halfParty = (space: string): string => HALVES[Number.parseInt(Bun.SHA256.hash(space, "hex").slice(0, 2), 16) % HALVES.length] ?? HALVES[0];

/** What is violated just now. */
export interface Violations {
  readonly everybody: Violation | null;
  readonly spaces: ReadonlyMap<string, Violation>;
}

export const violationFor = ({ everybody, spaces }: Violations, space: string): Violation | null => everybody ?? spaces.get(spaceParty(space)) ?? null;

export function violationsOf({ constraints = [] }: Pick<RouterEntry, "constraints">, watches: Pick<Watches, "violated">, decider: string): Violations {
  const found = new Map<string, Violation>();
  for (const { party, constraint, arm } of watches.violated(decider)) {
    const max = constraints.find(({ name }) => name === constraint)?.max;
    if (max !== undefined && !found.has(party)) found.set(party, { constraint, arm, max });
  }
  const halves = HALVES.map((half) => found.get(half));
  HALVES.forEach((half) => found.delete(half));
  return { everybody: halves.every((half) => half !== undefined) ? (halves[0] ?? null) : null, spaces: found };
}

interface Monitor {
  readonly constraint: ConstraintEntry;
  readonly arm: string | null;
}

/** What an arm that is not the baseline did, or all of these together, is reason to leave them: of the baseline itself nothing safer is known. */
const monitorsOf = ({ arms, baseline, constraints = [] }: Pick<RouterEntry, "arms" | "baseline" | "constraints">): Monitor[] => constraints.flatMap((constraint) => [null, ...arms.map(({ id }) => id).filter((id) => id !== baseline)].map((arm) => ({ constraint, arm })));

/**
 * Inside the transaction that closes the episode; whether something is violated now that was not. What another policy
 * decided says nothing of this one, and what was not drawn here was not decided by it, whatever its report says.
 */
export function observe(router: RouterEntry, decider: string, watches: Pick<Watches, "get" | "put">, { space, executed, policy, seed, outcome }: Pick<Episode, "space" | "executed" | "policy" | "seed" | "outcome">): boolean {
  if (outcome === null || policy !== decider || seed === UNDRAWN_SEED || executed === router.baseline) return false;
  const monitors = monitorsOf(router);
  let anew = false;
  for (const { constraint, arm } of monitors) {
    const value = outcome.constraints[constraint.name];
    if (value === undefined || (arm !== null && arm !== executed)) continue;
    for (const party of [spaceParty(space), halfParty(space)]) {
      const key = { decider, party, constraint: constraint.name, arm };
      const before = watches.get(key) ?? FRESH;
      const state = watched(before, value, constraint, monitors.length * LEVELS);
      watches.put(key, state);
      anew ||= state.violated && !before.violated;
    }
  }
  return anew;
}
