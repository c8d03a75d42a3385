/**
 * The node's transparency log (C2SP tlog-tiles). The commit point is one LMDB
 * transaction of entries, nodes and signed checkpoint; files are a projection.
 */
import { join } from "node:path";
import { frontierRoot, type ReadNode } from "../../../kernels/merkle/index.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Store } from "../../store/db.ts";
import { verifierKeyText, type NoteKey } from "../../verifier/note.ts";
import { auditFiles, auditRotations, auditTree, type AuditStep } from "./audit.ts";
import { assertEntry, readEntry } from "./entries.ts";
import { Growing, headOf, receiptOf, type HandedOver, type Handover, type LogReceipt } from "./growing.ts";
import { checkHead, checkNewest, checkPublished } from "./opening.ts";
import { openProjection, readPublished, rebuild, sourceOf, writeVerifierKey } from "./projection.ts";
import { signedCheckpoint, type LogSigner } from "./signed.ts";
import { HEAD, openTables, readNodes, type Head, type LogTables } from "./tables.ts";
import { grow, storedConsistencyProof, storedInclusionProof } from "./tree.ts";

export interface LogDeps {
  readonly store: Store;
  /** Where whoever opened the tables before hands them on. */
  readonly tables?: LogTables;
  readonly state_dir: string;
  readonly key: NoteKey;
  readonly sign: LogSigner["sign"];
  /** Keys of this log from before, whose checkpoints are still promises of ours. */
  readonly older?: readonly NoteKey[];
  /** Called when files could not be written; the log itself goes on. */
  readonly projection_failed: (error: unknown) => void;
  /** Called once what was appended is on disk. */
  readonly appended?: () => void;
}

export type { HandedOver, Handover, LogReceipt } from "./growing.ts";

export interface LogState {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  readonly checkpoint: string;
  readonly time_s: number;
}

export interface Log {
  state(): LogState;
  /**
   * Appends one batch. `commit` runs in the same transaction with the
   * receipts: what it writes stands or falls with the entries, and a throw
   * undoes both. Resolves once everything is on disk.
   * Throws `evidence.log` for an entry that no tile can hold.
   */
  append<T>(entries: readonly Uint8Array[], time_s: number, commit: (receipts: readonly LogReceipt[]) => T): Promise<T>;
  /**
   * Goes on under another key. `plan` is told how the log stands, and nothing comes in between; `settle` runs once the entry is on disk
   * and before anything is signed under the new key alone. Appends wait meanwhile. Index of the entry.
   */
  rotate(next: LogSigner, time_s: number, plan: (before: Handover) => HandedOver, settle: () => void): Promise<number>;
  /** Resolves when no change of the key runs or is half done. Throws what still stands against its end. */
  settled(): Promise<void>;
  entry(index: number): Uint8Array;
  /** Receipt for an entry under the newest checkpoint. */
  receipt(index: number): LogReceipt;
  consistencyProof(first: number, second: number): Uint8Array[];
  /** Inclusion proof of an entry in the tree of the first `size` entries, leaf's sibling first. Throws `request.not_found` outside of it. */
  path(index: number, size: number): Uint8Array[];
  /** Everything again, from the entries up, and the files that show it. What is appended meanwhile is left to the next time. */
  audit(): AsyncGenerator<AuditStep, void>;
  /** Resolves when the files under `state_dir/log` show the newest checkpoint; await it before closing the store they are made from. */
  published(): Promise<void>;
}

const BATCH_ENTRIES_MAX = 1024;

/** Signs the empty log on first start; afterwards checks what is there. */
function openHead({ store, ...signer }: LogDeps, tables: LogTables, read: ReadNode): Head {
  const found = tables.head.get(HEAD);
  if (found !== undefined) {
    checkHead(found, tables, read, signer.key);
    checkNewest(tables, signer.key);
    return found;
  }
  if (tables.nodes.get([0, 0]) !== undefined) throw new MaestroError("store.corrupt", "log: there are nodes but no head");
  const head: Head = { size: 0, frontier: new Uint8Array(), checkpoint: signedCheckpoint(grow(0, [], read), signer), time_s: 0 };
  store.atomic(() => tables.head.put(HEAD, head));
  return head;
}

/**
 * Opens the log, checks it, and brings its files up to date. Throws
 * `store.corrupt` where the state contradicts itself, `evidence.keys` for
 * another key's log, `evidence.log` where going on would fork it.
 */
export async function openLog(deps: LogDeps): Promise<Log> {
  const { store, key } = deps;
  const tables = deps.tables ?? openTables(store);
  const read = readNodes(tables);
  const folder = join(deps.state_dir, "log");
  const opened = openHead(deps, tables, read);
  checkPublished(await readPublished(folder), opened.size, read, [key, ...(deps.older ?? [])]);
  const source = sourceOf(tables);
  await rebuild(folder, opened.size, opened.checkpoint, source);
  await writeVerifierKey(folder, verifierKeyText(key));
  const projection = openProjection(folder, opened.size, source, deps.projection_failed);

  const growing = new Growing(store, tables, read, deps, deps.older ?? []);

  const within = (index: number): number => {
    const { size } = headOf(tables);
    if (!Number.isSafeInteger(index) || index < 0 || index >= size) throw new MaestroError("request.not_found", `entry ${index} of a log of ${size}`);
    return index;
  };

  return {
    state() {
      const { size, frontier, checkpoint, time_s } = headOf(tables);
      return { origin: key.name, size, root: frontierRoot({ size, hashes: frontier }), checkpoint, time_s };
    },

    async append(entries, time_s, commit) {
      entries.forEach(assertEntry);
      if (entries.length === 0 || entries.length > BATCH_ENTRIES_MAX) {
        throw new MaestroError("evidence.log", `a batch of ${entries.length} entries; the log takes 1 to ${BATCH_ENTRIES_MAX}`);
      }
      const { head, result } = await growing.append(entries, time_s, commit);
      projection.publish(head.size, head.checkpoint);
      deps.appended?.();
      return result;
    },

    rotate: (next, time_s, plan, settle) =>
      growing.rotate(next, time_s, plan, async ({ size, checkpoint }) => {
        settle();
        projection.publishRotated(size, checkpoint);
        await projection.settled();
        await writeVerifierKey(folder, verifierKeyText(next.key)).catch(deps.projection_failed);
        deps.appended?.();
      }),

    settled: () => growing.settled(),
    entry: (index) => readEntry(tables, within(index)),

    receipt(index) {
      const { size, checkpoint } = headOf(tables);
      return receiptOf(growing.key, within(index), grow(size, [], read), checkpoint);
    },

    consistencyProof: (first, second) => storedConsistencyProof(first, second, read),
    path(index, size) {
      if (within(index) >= size || within(size - 1) >= size) throw new MaestroError("request.not_found", `entry ${index} of the first ${size}`);
      return storedInclusionProof(index, size, read);
    },
    async *audit() {
      const head = headOf(tables);
      yield* auditTree(tables, head);
      yield* auditFiles(tables, head, folder, growing.keys, true);
      await growing.still();
      yield* auditRotations(tables, folder);
    },
    published: () => projection.settled(),
  };
}
