import { Type, type Static } from "@sinclair/typebox";
import { Closed, Count } from "../../proto/scalar.ts";
import type { Store } from "../store/db.ts";
import type { Table } from "../store/table.ts";

/** The newest tree of one log that this node cosigned. It only ever grows. */
const WitnessedHead = Closed({
  size: Count,
  root: Type.Uint8Array({ minByteLength: 32, maxByteLength: 32 }),
  /** Time of the cosignature. */
  time_s: Count,
  /** The checkpoint with the log's signature and ours. */
  note: Type.String({ maxLength: 1_900 }),
});
export type WitnessedHead = Static<typeof WitnessedHead>;

/** By origin. */
export type HeadTable = Table<string, WitnessedHead>;

export const openHeads = (store: Pick<Store, "table">): HeadTable => store.table<string, typeof WitnessedHead>("witness.heads", WitnessedHead);
