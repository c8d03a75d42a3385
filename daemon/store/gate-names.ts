/**
 * Under which names a gate is asked for: its id, its head, its bundle's digest. A look-up by the start of one reads a few rows, also right after
 * a start. Rows from before there was this index come into it some at a time, with each gate that is recorded.
 */
import { Closed, Count } from "../../proto/scalar.ts";
import type { Store } from "./db.ts";
import type { GateRow } from "./gates.ts";
import { LAST_TEXT } from "./table.ts";

const Nothing = Closed({});
/** Places from `from` up to `next`, exclusive, are in the index. */
const Filled = Closed({ from: Count, next: Count });
const STATE = "filled";
/** Of older rows, with each recorded gate: 10,000 are in after 40 gates, each of which takes some ms longer. */
const BACKFILL_ROWS = 256;
const NAMES = 3;

export interface GateNames {
  /** Inside `Store.atomic`, for a row that has just got its place; `older` gives the row of a place, if it has one. */
  add(place: number, row: GateRow, older: (place: number) => GateRow | undefined): void;
  /** Places of gates with a name that starts with one of these, oldest first; `null` where there are more than `limit`, or where not every row is in the index. */
  find(starts: readonly string[], limit: number): readonly number[] | null;
  /** Inside `Store.atomic`, for a row that goes. */
  remove(place: number, row: GateRow): void;
  /** Inside `Store.atomic`: places have changed, so it is filled again. */
  forget(): void;
}

export function openGateNames(store: Store, places: () => number): GateNames {
  const names = store.table<readonly [string, number], typeof Nothing>("gate_names", Nothing);
  const state = store.table<string, typeof Filled>("gate_names_filled", Filled);
  const put = (place: number, { gate_id, head, bundle }: GateRow): void => [gate_id, head, bundle].forEach((name) => names.put([name, place], {}));

  return {
    add(place, row, older) {
      const filled = state.get(STATE);
      // A daemon from before the index may have recorded gates in between.
      let from = filled?.next === place ? filled.from : place;
      put(place, row);
      for (const end = Math.max(0, from - BACKFILL_ROWS); from > end; from--) {
        const old = older(from - 1);
        if (old !== undefined) put(from - 1, old);
      }
      state.put(STATE, { from, next: place + 1 });
    },
    find(starts, limit) {
      // Asked at each look-up: seeing every name takes 0.2 ms at 10,000.
      if (names.stated() !== NAMES * places()) return null;
      const found = new Set<number>();
      for (const start of starts) {
        for (const { key: [, place] } of names.entries({ start: [start, 0], end: [`${start}${LAST_TEXT}`, 0], limit: limit + 1 })) found.add(place);
        if (found.size > limit) return null;
      }
      return [...found].toSorted((a, b) => a - b);
    },
    remove: (place, { gate_id, head, bundle }) => [gate_id, head, bundle].forEach((name) => void names.remove([name, place])),
    forget() {
      for (const { key } of [...names.entries()]) names.remove(key);
      state.remove(STATE);
    },
  };
}
