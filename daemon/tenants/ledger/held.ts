/** Promises for work that is done elsewhere, by the name that those who do it know, and in the order in which their time is over. */
import { MaestroError } from "../../../proto/errors.ts";
import { Closed, Count } from "../../../proto/scalar.ts";
import type { Store } from "../../store/db.ts";
import { LAST_TEXT } from "../../store/table.ts";

const HeldRow = Closed({ id: Count, until_s: Count });
const DueRow = Closed({ id: Count });

/** Of everybody together; an outcome that never comes frees its place when its time is over. */
const HELD_MAX = 200_000;
/** Once half of all places are taken, whoever has more than this share of them gets no other: nobody's lost outcomes keep another waiting. */
const HELD_SHARE = 1 / 20;
/** Whose time is over, charged in one go: however many there are, no request waits for all of them. */
const EXPIRED_AT_ONCE = 64;

export interface Held {
  /** Inside a transaction; `payer` is who has the most promises of those that pay for it, and how many. Throws `tenant.budget` where too many stand. */
  put(name: string, row: { readonly id: number; readonly until_s: number }, payer: { readonly key: string; readonly held: number }): void;
  /** Inside a transaction. The number of the promise, which no longer has this name; `null` where there is none. */
  take(name: string): number | null;
  /** The number of the promise that stands under a name; `null` where none does. */
  get(name: string): number | null;
  /** Names whose time was over by then, the oldest first, at most `EXPIRED_AT_ONCE`. */
  due(now_s: number): readonly string[];
}

export function openHeld(store: Pick<Store, "table">, held_max = HELD_MAX): Held {
  const names = store.table<string, typeof HeldRow>("ledger_held", HeldRow);
  const due = store.table<readonly [number, string], typeof DueRow>("ledger_due", DueRow);
  return {
    put(name, { id, until_s }, payer) {
      if (names.get(name) !== undefined) throw new MaestroError("internal.bug", `${name} is held already`);
      const standing = names.count();
      if (standing >= held_max) throw new MaestroError("tenant.budget", `${held_max} promises to routed work stand already; report outcomes, or wait until the oldest are over`);
      if (standing >= held_max / 2 && payer.held > held_max * HELD_SHARE) throw new MaestroError("tenant.budget", `${payer.key}: ${payer.held - 1} promises to its routed work stand already, and half of all places are taken; report outcomes, or wait until the oldest are over`);
      names.put(name, { id, until_s });
      due.put([until_s, name], { id });
    },
    take(name) {
      const row = names.get(name);
      if (row === undefined) return null;
      names.remove(name);
      due.remove([row.until_s, name]);
      return row.id;
    },
    get: (name) => names.get(name)?.id ?? null,
    due: (now_s) => [...due.entries({ start: [0, ""], end: [now_s, LAST_TEXT], limit: EXPIRED_AT_ONCE })].map(({ key: [, name] }) => name),
  };
}
