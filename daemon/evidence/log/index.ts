/**
 * The node's transparency log (C2SP tlog-tiles). The commit point is one LMDB
 * transaction of entries, nodes and signed checkpoint; files are a projection.
 */
import { join } from "node:path";
import { frontierRoot, type ReadNode } from "../../../kernels/merkle/index.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Store } from "../../store/db.ts";
import { hashLeaf } from "../../verifier/leaves.ts";
import { verifierKeyText, type NoteKey } from "../../verifier/note.ts";
import { auditFiles, auditTree, type AuditStep } from "./audit.ts";
import { assertEntry, putEntry, readEntry } from "./entries.ts";
import { checkHead, checkPublished } from "./opening.ts";
import { openProjection, readPublished, rebuild, writeVerifierKey } from "./projection.ts";
import { signedCheckpoint } from "./signed.ts";
import { HEAD, openTables, readNodes, type Head, type LogTables } from "./tables.ts";
import { grow, storedConsistencyProof, storedInclusionProof, type Growth } from "./tree.ts";

export interface LogDeps {
  readonly store: Store;
  /** Where whoever opened the tables before hands them on. */
  readonly tables?: LogTables;
  readonly state_dir: string;
  readonly key: NoteKey;
  readonly sign: (message: Uint8Array) => Uint8Array;
  /** Called when files could not be written; the log itself goes on. */
  readonly projection_failed: (error: unknown) => void;
}

/** Where an entry stands, with everything an offline verifier asks for. */
export interface LogReceipt {
  readonly origin: string;
  /** SHA-256 over name and key: Sigstore's `logId`. */
  readonly log_id: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
  readonly checkpoint: string;
}

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
  entry(index: number): Uint8Array;
  /** Receipt for an entry under the newest checkpoint. */
  receipt(index: number): LogReceipt;
  consistencyProof(first: number, second: number): Uint8Array[];
  /** Everything again, from the entries up, and the files that show it. What is appended meanwhile is left to the next time. */
  audit(): AsyncGenerator<AuditStep, void>;
  /** Resolves when the files under `state_dir/log` show the newest checkpoint; await it before closing the store they are made from. */
  published(): Promise<void>;
}

const BATCH_ENTRIES_MAX = 1024;

function headOf(tables: LogTables): Head {
  const head = tables.head.get(HEAD);
  if (head === undefined) throw new MaestroError("store.corrupt", "log: the head is missing");
  return head;
}

/** Signs the empty log on first start; afterwards checks what is there. */
function openHead({ store, key, sign }: LogDeps, tables: LogTables, read: ReadNode): Head {
  const found = tables.head.get(HEAD);
  if (found !== undefined) {
    checkHead(found, tables, read, key);
    return found;
  }
  if (tables.nodes.get([0, 0]) !== undefined) throw new MaestroError("store.corrupt", "log: there are nodes but no head");
  const head: Head = { size: 0, frontier: new Uint8Array(), checkpoint: signedCheckpoint(grow(0, [], read), key, sign), time_s: 0 };
  store.atomic(() => tables.head.put(HEAD, head));
  return head;
}

function receiptOf(key: NoteKey, index: number, { frontier, root, read }: Growth, checkpoint: string): LogReceipt {
  const proof = storedInclusionProof(index, frontier.size, read);
  return { origin: key.name, log_id: key.hash, index, size: frontier.size, root, proof, checkpoint };
}

/**
 * Opens the log, checks it, and brings its files up to date. Throws
 * `store.corrupt` where the state contradicts itself, `evidence.keys` for
 * another key's log, `evidence.log` where going on would fork it.
 */
export async function openLog(deps: LogDeps): Promise<Log> {
  const { store, key, sign } = deps;
  const tables = deps.tables ?? openTables(store);
  const read = readNodes(tables);
  const folder = join(deps.state_dir, "log");
  const opened = openHead(deps, tables, read);
  checkPublished(await readPublished(folder), opened.size, read, key);
  const source = { node: read, entry: (index: number) => readEntry(tables, index) };
  await rebuild(folder, opened.size, opened.checkpoint, source);
  await writeVerifierKey(folder, verifierKeyText(key));
  const projection = openProjection(folder, opened.size, source, deps.projection_failed);

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
      const { head, result } = store.atomic(() => {
        const before = headOf(tables);
        if (time_s < before.time_s) throw new MaestroError("internal.bug", "log: an entry older than the newest");
        const grown = grow(before.size, entries.map(hashLeaf), read);
        const { size, hashes } = grown.frontier;
        const next: Head = { size, frontier: hashes, checkpoint: signedCheckpoint(grown, key, sign), time_s };
        entries.forEach((entry, i) => putEntry(tables, before.size + i, entry));
        for (const { level, index, hash } of grown.nodes) tables.nodes.put([level, index], hash);
        tables.head.put(HEAD, next);
        const receipts = entries.map((_, i) => receiptOf(key, before.size + i, grown, next.checkpoint));
        return { head: next, result: commit(receipts) };
      });
      await store.durable();
      projection.publish(head.size, head.checkpoint);
      return result;
    },

    entry: (index) => readEntry(tables, within(index)),

    receipt(index) {
      const { size, checkpoint } = headOf(tables);
      return receiptOf(key, within(index), grow(size, [], read), checkpoint);
    },

    consistencyProof: (first, second) => storedConsistencyProof(first, second, read),
    async *audit() {
      const head = headOf(tables);
      yield* auditTree(tables, head);
      yield* auditFiles(tables, head, folder, key, true);
    },
    published: () => projection.settled(),
  };
}
