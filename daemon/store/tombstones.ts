/**
 * What is left of records that are gone, and what has still to go. A record goes in two steps: one transaction writes its tombstone, takes its
 * rows and notes the files; then the files go. A process that dies in between leaves the notes, and the next start finishes.
 */
import { Type, type Static } from "@sinclair/typebox";
import { Hold, type RetentionClass, Tombstone } from "../../proto/retention.ts";
import { Choice, Closed } from "../../proto/scalar.ts";
import type { Store } from "./db.ts";

/** A blob by its digest, an artifact's name, or an artifact of which one layer becomes its tombstone. */
const Erasure = Closed({ kind: Choice(["blob", "name", "layer"]), of: Type.String({ maxLength: 128 }) });
export type Erasure = Static<typeof Erasure>;

export interface Tombstones {
  get(name: string, of: RetentionClass): Tombstone | undefined;
  /** Inside `Store.atomic`, with what of it lies outside the database. */
  bury(tombstone: Tombstone, erasures: readonly Erasure[]): void;
  /** Inside `Store.atomic`: files without a tombstone, such as kept answers. */
  owe(erasures: readonly Erasure[]): void;
  /** What has still to go, in a fixed order. */
  owed(): Erasure[];
  /** Inside `Store.atomic`: it went. */
  erased(erasures: readonly Erasure[]): void;
  all(): Generator<Tombstone, void>;
  count(): number;
  /** By class, for metrics. */
  counts(): ReadonlyMap<RetentionClass, number>;
}

export interface Holds {
  get(gate_id: string): Hold | undefined;
  /** Inside `Store.atomic`; null lets go. */
  set(gate_id: string, hold: Hold | null): void;
  all(): Generator<{ readonly gate_id: string; readonly hold: Hold }, void>;
  count(): number;
}

export function openTombstones(store: Store): Tombstones {
  const rows = store.table<readonly [string, string], typeof Tombstone>("tombstones", Tombstone);
  const erasures = store.table<string, typeof Erasure>("erasures", Erasure);
  const keyOf = ({ kind, of }: Erasure): string => `${kind} ${of}`;
  const owe = (list: readonly Erasure[]): void => list.forEach((one) => erasures.put(keyOf(one), one));
  // Read once, then kept beside the table: metrics must not read it all.
  const counted = new Map<RetentionClass, number>();
  for (const { value } of rows.entries()) counted.set(value.class, (counted.get(value.class) ?? 0) + 1);
  return {
    get: (name, of) => rows.get([name, of]),
    bury(tombstone, list) {
      const { name, class: of } = tombstone;
      if (rows.get([name, of]) === undefined) counted.set(of, (counted.get(of) ?? 0) + 1);
      rows.put([name, of], tombstone);
      owe(list);
    },
    owe,
    owed: () => [...erasures.entries()].map(({ value }) => value),
    erased: (list) => list.forEach((one) => void erasures.remove(keyOf(one))),
    *all() {
      for (const { value } of rows.entries()) yield value;
    },
    count: () => rows.count(),
    counts: () => counted,
  };
}

export function openHolds(store: Store): Holds {
  const rows = store.table<string, typeof Hold>("holds", Hold);
  return {
    get: (gate_id) => rows.get(gate_id),
    set(gate_id, hold) {
      if (hold === null) rows.remove(gate_id);
      else rows.put(gate_id, hold);
    },
    *all() {
      for (const { key, value } of rows.entries()) yield { gate_id: key, hold: value };
    },
    count: () => rows.count(),
  };
}
