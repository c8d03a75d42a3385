import { Type, type Static } from "@sinclair/typebox";
import type { NodePosition, ReadNode } from "../../../kernels/merkle/index.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { Closed, Count } from "../../../proto/scalar.ts";
import type { Store } from "../../store/db.ts";
import type { Table } from "../../store/table.ts";

/** One LMDB value holds 2 KiB; a longer entry is laid down in parts of this size. Ours have one. */
export const PART_BYTES = 1_900;

const Hash = Type.Uint8Array({ minByteLength: 32, maxByteLength: 32 });
const Part = Type.Uint8Array({ minByteLength: 0, maxByteLength: PART_BYTES });

/** Key of the one record of `log.head`. */
export const HEAD = "head";

/** The log's newest state; the only record that is ever overwritten. */
export const Head = Closed({
  size: Count,
  /** Roots of the perfect subtrees that tile the tree, packed, largest first. */
  frontier: Type.Uint8Array({ maxByteLength: 53 * 32 }),
  checkpoint: Type.String({ maxLength: 1024 }),
  /** Newest time any entry was issued at, in seconds; it never goes back. */
  time_s: Count,
});
export type Head = Static<typeof Head>;

export interface LogTables {
  /** [entry, part] */
  readonly entries: Table<[number, number], Static<typeof Part>>;
  /** [level, index]: root of the perfect subtree over entries `index * 2^level` up to `(index + 1) * 2^level`. */
  readonly nodes: Table<[number, number], Static<typeof Hash>>;
  readonly head: Table<string, Head>;
  /** [index of the entry that says it, part]: how the key changed, see `rotations.ts`. */
  readonly rotations: Table<[number, number], Static<typeof Part>>;
}

export function openTables(store: Store): LogTables {
  return {
    entries: store.table<[number, number], typeof Part>("log.entries", Part),
    nodes: store.table<[number, number], typeof Hash>("log.nodes", Hash),
    head: store.table<string, typeof Head>("log.head", Head),
    rotations: store.table<[number, number], typeof Part>("log.rotations", Part),
  };
}

/** Throws `store.corrupt` for a node that is not there. */
export function readNodes({ nodes }: LogTables): ReadNode {
  return ({ level, index }: NodePosition) => {
    const hash = nodes.get([level, index]);
    if (hash === undefined) throw new MaestroError("store.corrupt", `log: node ${level}/${index} is missing`);
    return hash;
  };
}
