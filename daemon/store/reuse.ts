/** Outcomes of checks by what they were read from. A cache: whoever loses it asks again. */
import { Type, type Static } from "@sinclair/typebox";
import { Outcome, Reused } from "../../proto/outcome.ts";
import { Closed, Count, Sha256Hex } from "../../proto/scalar.ts";
import type { Store } from "./db.ts";

const KeptOutcome = Closed({
  at_s: Count,
  /** Where the check was asked. */
  asked: Reused,
  /** Digest of each part of the facts that it read. */
  reads: Type.Record(Type.String(), Sha256Hex),
  outcome: Outcome,
});
export type KeptOutcome = Static<typeof KeptOutcome>;

const Place = Closed({ key: Sha256Hex });

/** With `value_bytes_max` of 2 KiB about 20 MB on the disk. */
const ENTRIES_MAX = 10_000;
export const KEPT_AGE_S_MAX = 7 * 86_400;
/** Below the limit of a value, with room for what seals it; an outcome with many findings is asked for again. */
const ENTRY_CHARACTERS_MAX = 1_600;

export interface KeptOutcomeTable {
  get(key: string): KeptOutcome | undefined;
  /** One transaction for all of them; the oldest go. An entry too large for a value is left out. */
  put(entries: readonly { readonly key: string; readonly kept: KeptOutcome }[]): void;
  count(): number;
}

export function openKeptOutcomes(store: Store, entries_max = ENTRIES_MAX): KeptOutcomeTable {
  const rows = store.table<string, typeof KeptOutcome>("kept_outcomes", KeptOutcome);
  const order = store.table<readonly [number, string], typeof Place>("kept_outcomes_order", Place);
  const drop = (key: string): void => {
    const old = rows.get(key);
    if (old === undefined) return;
    order.remove([old.at_s, key]);
    rows.remove(key);
  };
  return {
    get: (key) => rows.get(key),
    put(entries) {
      const small = entries.filter(({ kept }) => Buffer.byteLength(JSON.stringify(kept)) <= ENTRY_CHARACTERS_MAX);
      if (small.length === 0) return;
      store.atomic(() => {
        for (const { key, kept } of small) {
          drop(key);
          rows.put(key, kept);
          order.put([kept.at_s, key], { key });
        }
        const over = rows.count() - entries_max;
        if (over > 0) {
          for (const { key, value } of [...order.entries({ limit: over })]) {
            drop(value.key);
            order.remove(key);
          }
        }
      });
    },
    count: () => rows.count(),
  };
}
