/** The log's one writer: every change of its head is a transaction here, under whichever key it has by then. */
import type { SigstoreBundle } from "../../../proto/attestation.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { frontierRoot, type ReadNode } from "../../../kernels/merkle/index.ts";
import { acted } from "../../platform/actions/index.ts";
import type { Store } from "../../store/db.ts";
import { hashLeaf } from "../../verifier/leaves.ts";
import type { NoteKey } from "../../verifier/note.ts";
import { assertEntry, putEntry } from "./entries.ts";
import { putRotation } from "./rotations.ts";
import { signedCheckpoint, type LogSigner } from "./signed.ts";
import { HEAD, type Head, type LogTables } from "./tables.ts";
import { grow, storedInclusionProof, type Growth } from "./tree.ts";
import { Turn } from "./turn.ts";

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

/** The log's state before its key changes, and the key that follows. */
export interface Handover {
  readonly size: number;
  readonly root: Uint8Array;
  readonly next: LogSigner;
  readonly time_s: number;
}

/** The entry that says so, and the bundle that a stranger reads it in. */
export interface HandedOver {
  readonly entry: Uint8Array;
  readonly bundle: (receipt: LogReceipt) => SigstoreBundle;
}

export function headOf(tables: LogTables): Head {
  const head = tables.head.get(HEAD);
  if (head === undefined) throw new MaestroError("store.corrupt", "log: the head is missing");
  return head;
}

export function receiptOf(key: NoteKey, index: number, { frontier, root, read }: Growth, checkpoint: string): LogReceipt {
  const proof = storedInclusionProof(index, frontier.size, read);
  return { origin: key.name, log_id: key.hash, index, size: frontier.size, root, proof, checkpoint };
}

interface Grown<T> {
  readonly head: Head;
  readonly result: T;
}

export class Growing {
  /** The newest first. */
  readonly keys: NoteKey[];
  private readonly turn = new Turn();
  /** What the key files still lack of a change that is on disk; set for as long as the change runs, and while it failed half-way. */
  private owed: (() => Promise<void>) | null = null;

  constructor(
    private readonly store: Store,
    private readonly tables: LogTables,
    private readonly read: ReadNode,
    private signer: LogSigner,
    older: readonly NoteKey[],
  ) {
    this.keys = [signer.key, ...older];
    acted?.("WitnessedLog", tables, "Open", { size: tables.head.get(HEAD)?.size ?? 0 });
  }

  get key(): NoteKey {
    return this.signer.key;
  }

  /** Resolves when the key is not changing. */
  async still(): Promise<void> {
    await this.turn.free();
  }

  private grown<T>(entries: readonly Uint8Array[], time_s: number, next: LogSigner | undefined, commit: (receipts: readonly LogReceipt[]) => T): Grown<T> {
    const { tables, signer } = this;
    const grown = this.store.atomic(() => {
      const before = headOf(tables);
      if (time_s < before.time_s) throw new MaestroError("internal.bug", "log: an entry older than the newest");
      const growth = grow(before.size, entries.map(hashLeaf), this.read);
      const { size, hashes } = growth.frontier;
      const head: Head = { size, frontier: hashes, checkpoint: signedCheckpoint(growth, signer, next), time_s };
      entries.forEach((entry, i) => putEntry(tables, before.size + i, entry));
      for (const { level, index, hash } of growth.nodes) tables.nodes.put([level, index], hash);
      tables.head.put(HEAD, head);
      return { head, result: commit(entries.map((_, i) => receiptOf(signer.key, before.size + i, growth, head.checkpoint))) };
    });
    acted?.("WitnessedLog", tables, "Add", { entries: entries.length, size: grown.head.size });
    return grown;
  }

  /** Does what a change of the key still owes; a full disk may have room by now. Throws what stands against it. */
  async settled(): Promise<void> {
    await this.turn.free();
    if (this.owed !== null) await this.turn.take(() => this.settle());
  }

  private async settle(): Promise<void> {
    await this.owed?.();
    this.owed = null;
  }

  /** On disk when it resolves. */
  async append<T>(entries: readonly Uint8Array[], time_s: number, commit: (receipts: readonly LogReceipt[]) => T): Promise<Grown<T>> {
    let waited = false;
    // Looked at last thing before the head moves: somebody else may have gone on first.
    while (this.turn.taken || this.owed !== null) {
      waited = true;
      await this.settled();
    }
    // Whoever went on first may have been dated later.
    const grown = this.grown(entries, waited ? Math.max(time_s, headOf(this.tables).time_s) : time_s, undefined, commit);
    await this.store.durable();
    acted?.("WitnessedLog", this.tables, "Tell", { entries: entries.length, size: grown.head.size });
    return grown;
  }

  /** See `Log.rotate`; `settle` has succeeded before anybody else goes on. */
  rotate(next: LogSigner, time_s: number, plan: (before: Handover) => HandedOver, settle: (head: Head) => Promise<void>): Promise<number> {
    return this.turn.take(async () => {
      const { size, frontier } = headOf(this.tables);
      const { entry, bundle } = plan({ size, root: frontierRoot({ size, hashes: frontier }), next, time_s });
      assertEntry(entry);
      const { head } = this.grown([entry], time_s, next, ([receipt]) => {
        if (receipt !== undefined) putRotation(this.tables, receipt.index, bundle(receipt));
      });
      await this.store.durable();
      this.signer = next;
      this.keys.unshift(next.key);
      this.owed = () => settle(head);
      await this.settle();
      return size;
    });
  }
}
