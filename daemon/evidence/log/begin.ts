/** The store's tables change hands: one log ends, the next begins with the entry that signs the old one's head. */
import type { ReadNode } from "../../../kernels/merkle/index.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Store } from "../../store/db.ts";
import type { Table } from "../../store/table.ts";
import { hashLeaf } from "../../verifier/leaves.ts";
import { putEntry } from "./entries.ts";
import { signedCheckpoint, type LogSigner } from "./signed.ts";
import { HEAD, type LogTables } from "./tables.ts";
import { grow } from "./tree.ts";

const absent: ReadNode = ({ level, index }) => {
  throw new MaestroError("internal.bug", `log: a new log asked for node ${level}/${index}`);
};

function clear<K extends readonly number[]>(table: Table<K, Uint8Array>): void {
  for (const { key } of [...table.entries()]) table.remove(key);
}

/** One transaction: afterwards the log under `key` holds `entry` and nothing else. The old one's files must be safe elsewhere. */
export function beginLog(store: Store, tables: LogTables, signer: LogSigner, entry: Uint8Array, time_s: number): void {
  store.atomic(() => {
    // The head first: nothing of a log goes while its head stands.
    tables.head.remove(HEAD);
    clear(tables.entries);
    clear(tables.nodes);
    clear(tables.rotations);
    const grown = grow(0, [hashLeaf(entry)], absent);
    putEntry(tables, 0, entry);
    for (const { level, index, hash } of grown.nodes) tables.nodes.put([level, index], hash);
    tables.head.put(HEAD, { size: 1, frontier: grown.frontier.hashes, checkpoint: signedCheckpoint(grown, signer), time_s });
  });
}
