/**
 * Beside the database stands which transaction was the newest one, and a digest of each of LMDB's metas: a bit that flips in one of those makes
 * LMDB open the tree of an older transaction, and everything in it is sound. The mark is written after a commit is durable and is not
 * synced itself, so after a power cut it may be behind; it is never ahead.
 */
import { createHash } from "node:crypto";
import { closeSync, existsSync, fdatasyncSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { MaestroError } from "../../proto/errors.ts";
import { contradictionIn, type Metas, metasIn, newestOf, type Place, PLACES, withData } from "./metas.ts";

const FILE = "mark";
/** A disk writes a sector or does not. Transactions take turns, so a bit that flips in one slot leaves the other. */
const SLOT_BYTES = 512;
const SLOTS = 2;

export interface Mark {
  readonly transaction: bigint;
  readonly digests: Readonly<Record<Place, string>>;
}

export const digestOf = (region: Uint8Array): string => createHash("sha256").update(region).digest("hex");
const markOf = (metas: Metas): Mark => ({ transaction: newestOf(metas).transaction, digests: { even: digestOf(metas.even.region), flushed: digestOf(metas.flushed.region), odd: digestOf(metas.odd.region) } });

function slotOf({ transaction, digests }: Mark): Buffer {
  const text = [transaction, ...PLACES.map((place) => digests[place])].join(" ");
  return Buffer.from(`${`${text} ${digestOf(Buffer.from(text))}`.padEnd(SLOT_BYTES - 1)}\n`);
}

function markIn(slot: Buffer): Mark | null {
  const [transaction = "", even = "", flushed = "", odd = ""] = slot.toString("latin1").split(" ");
  if (!/^[0-9]{1,20}$/.test(transaction)) return null;
  const mark = { transaction: BigInt(transaction), digests: { even, flushed, odd } };
  return slotOf(mark).equals(slot) ? mark : null;
}

/** Empty where the disk does not give the bytes back, or something else has the name: whoever repairs has to come past that. */
function bytesOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "EIO" || error.code === "EISDIR")) return Buffer.alloc(0);
    throw error;
  }
}

/** The newest mark in a folder; `absent` where there is no file, as in a copy, `null` where no slot can be read. */
export function markFor(folder: string): Mark | "absent" | null {
  const path = join(folder, FILE);
  if (!existsSync(path)) return "absent";
  const bytes = bytesOf(path);
  const marks = Array.from({ length: SLOTS }, (_, slot) => markIn(bytes.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES)));
  return marks.reduce((best, mark) => (best === null || (mark !== null && mark.transaction > best.transaction) ? mark : best), null);
}

/** What tells the metas from those that were there when the mark was written, if anything does. */
function otherwise(metas: Metas, { transaction, digests }: Mark): string | null {
  const newest = newestOf(metas).transaction;
  if (newest < transaction) return `its newest transaction is ${newest}, and transaction ${transaction} was durable`;
  const differs = (place: Place): boolean => digestOf(metas[place].region) !== digests[place];
  if (newest === transaction) return PLACES.some(differs) ? `what it says of transaction ${transaction} is not what was written` : null;
  // One further transaction left the page of the marked one alone.
  const marked: Place = transaction % 2n === 0n ? "even" : "odd";
  return newest === transaction + 1n && differs(marked) ? `what it says of transaction ${transaction} is not what was written` : null;
}

function whyOlderThan(mark: Mark | "absent" | null, data: number): string | null {
  const metas = metasIn(data);
  if (metas === null) return "data.mdb does not start with two pages of LMDB";
  if (mark === null) return `neither half of ${FILE} can be read, so nothing says which transaction was the newest`;
  if (mark === "absent") return contradictionIn(data, metas);
  return otherwise(metas, mark) ?? contradictionIn(data, metas, newestOf(metas).transaction === mark.transaction);
}

/** Why the database in `folder` would open as an older one than it was, or may; `null` where nothing speaks for that. Nobody has it open. */
export function whyOlder(folder: string): string | null {
  if (!existsSync(join(folder, "data.mdb"))) return "data.mdb is missing";
  return withData(folder, (data) => whyOlderThan(markFor(folder), data));
}

/** Whether it is the mark that is damaged, and nothing speaks against the database: then a repair has the mark to make anew, and no more. */
export const markAlone = (folder: string): boolean => markFor(folder) === null && withData(folder, (data) => whyOlderThan("absent", data)) === null;

/** Throws `store.corrupt`: what LMDB would open is older than what was durable, or may be. */
export function requireNewest(folder: string): void {
  const why = whyOlder(folder);
  if (why !== null) throw new MaestroError("store.corrupt", `${folder}: ${why}`);
}

export interface Marking {
  /** After each commit that is durable. */
  set(): void;
  /**
   * After one that failed. Where LMDB could not write a meta, it put the transaction before into the page it was for, with what is new in
   * all else: nobody goes by that page, and who opens the database later must not take it for damage.
   */
  failed(): void;
  close(): void;
}

/** Brings the file up to date where it is not, whole under its name, so that a power cut leaves the old one or the new one. */
function begin(folder: string, data: number, mark: Mark): Mark {
  const found = markFor(folder);
  if (found !== null && found !== "absent" && slotOf(found).equals(slotOf(mark))) return mark;
  // What a killed process committed last may still be in memory alone, and a mark is never ahead of the disk.
  fdatasyncSync(data);
  const path = join(folder, FILE);
  writeFileSync(`${path}.new`, Buffer.concat([slotOf(mark), slotOf(mark)]), { mode: 0o600, flush: true });
  // A name that a power cut takes back leaves the file from before, or none, and that is behind and not ahead.
  renameSync(`${path}.new`, path);
  return mark;
}

/** Marks what is there now, durably, and every commit from here on. The database is open and nobody else writes to it. */
export function openMarking(folder: string): Marking {
  const data = openSync(join(folder, "data.mdb"), "r");
  const now = (): Mark => {
    const metas = metasIn(data);
    if (metas === null) throw new MaestroError("store.corrupt", `${folder}: data.mdb does not start with two pages of LMDB`);
    return markOf(metas);
  };
  const write = (mark: number, next: Mark): number => writeSync(mark, slotOf(next), 0, SLOT_BYTES, Number(next.transaction % BigInt(SLOTS)) * SLOT_BYTES);
  let fd: number | null = null;
  try {
    let marked = begin(folder, data, now());
    const mark = (fd = openSync(join(folder, FILE), "r+"));
    return {
      set() {
        const next = now();
        if (next.transaction === marked.transaction) return;
        write(mark, next);
        marked = next;
      },
      failed() {
        // Where a sync failed there is nothing to excuse, and LMDB may come to it again while it closes.
        if (whyOlderThan(marked, data) === null) return;
        const next = now();
        // A new table is synced after its commit, and a mark is never ahead of the disk.
        fdatasyncSync(data);
        write(mark, next);
        fdatasyncSync(mark);
      },
      close: () => [data, mark].forEach(closeSync),
    };
  } catch (error) {
    closeSync(data);
    if (fd !== null) closeSync(fd);
    throw error;
  }
}
