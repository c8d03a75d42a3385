/**
 * The three places where LMDB says which tree is the newest, read without opening it: opening may already write to them. Page 0 and page 1
 * take turns; in the middle of page 0 lmdb-js keeps a third one, of the newest transaction that was synced after it was committed.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";

// lmdb.h, mdb.c of lmdb-js 3.5: a page header of 24 bytes, then MDB_meta of 144.
const PAGE_HEADER_BYTES = 24;
const META_BYTES = 144;
/** Of the part of a page that a meta takes. */
export const META_REGION_BYTES = PAGE_HEADER_BYTES + META_BYTES;
const MAGIC = 0xbeefc0de;
const AT = { magic: 0, page_size: 24, flags: 28, root: 112, last_page: 120, transaction: 128 } as const;
const PAGE_TRANSACTION_AT = 8;
const NO_PAGE = 0xffff_ffff_ffff_ffffn;
/** MDB_OVERLAPPINGSYNC: committed and not yet synced, so that a start goes back behind it. */
const UNSYNCED = 0x1000;
const PAGE_BYTES_USUAL = 4_096;
/** Sizes that a page can have, the usual one first. */
export const PAGE_BYTES: readonly number[] = [PAGE_BYTES_USUAL, 256, 512, 1_024, 2_048, 8_192, 16_384, 32_768, 65_536];
/** mdb_env_cwalk gives this to every page of a compacted copy. */
const COPIED = 1n;

export const PLACES = ["even", "flushed", "odd"] as const;
export type Place = (typeof PLACES)[number];

export interface Meta {
  readonly page_size: number;
  readonly last_page: number;
  readonly transaction: bigint;
  readonly unsynced: boolean;
  /** Page of the tree of tables; `null` where there is none yet. */
  readonly root: bigint | null;
  /** With the header of its page: everything of it that a bit can flip in. */
  readonly region: Buffer;
}

export interface Metas {
  readonly bytes: number;
  /** Of transactions with even numbers, at the start of page 0. */
  readonly even: Meta;
  readonly odd: Meta;
  readonly flushed: Meta;
}

function metaAt(head: Buffer, at: number): Meta | null {
  const region = head.subarray(at, at + META_REGION_BYTES);
  if (region.length < META_REGION_BYTES) return null;
  const meta = region.subarray(PAGE_HEADER_BYTES);
  const root = meta.readBigUInt64LE(AT.root);
  return {
    page_size: meta.readUInt32LE(AT.page_size),
    last_page: Number(meta.readBigUInt64LE(AT.last_page)),
    transaction: meta.readBigUInt64LE(AT.transaction),
    unsynced: (meta.readUInt16LE(AT.flags) & UNSYNCED) !== 0,
    root: root === NO_PAGE ? null : root,
    region,
  };
}

const hasMagic = ({ region }: Meta): boolean => region.readUInt32LE(PAGE_HEADER_BYTES + AT.magic) === MAGIC;

/** Where each of the three lies in the file, in bytes. */
export const regionAt = (place: Place, page_size: number): number => ({ even: 0, flushed: page_size / 2, odd: page_size })[place];

function headOf(fd: number, bytes: number): Buffer {
  const head = Buffer.alloc(bytes);
  return head.subarray(0, readSync(fd, head, 0, bytes, 0));
}

/** `null` where the file does not start with two pages of LMDB. */
export function metasIn(fd: number): Metas | null {
  let head = headOf(fd, PAGE_BYTES_USUAL + META_REGION_BYTES);
  const even = metaAt(head, 0);
  if (even === null || !hasMagic(even)) return null;
  const { page_size } = even;
  if (!PAGE_BYTES.includes(page_size)) return null;
  if (page_size > PAGE_BYTES_USUAL) head = headOf(fd, page_size + META_REGION_BYTES);
  const [flushed, odd] = [metaAt(head, regionAt("flushed", page_size)), metaAt(head, regionAt("odd", page_size))];
  return flushed === null || odd === null || !hasMagic(odd) || odd.page_size !== page_size ? null : { bytes: fstatSync(fd).size, even, odd, flushed };
}

/** The newer one of the two pages, which a daemon that works goes by. */
export const newestOf = ({ even, odd }: Metas): Meta => (odd.transaction > even.transaction ? odd : even);
const olderOf = (metas: Metas): Meta => (newestOf(metas) === metas.odd ? metas.even : metas.odd);

/** The transaction that wrote a page, from the page's own header; `null` where the file does not reach its end: what is missing of it would be read as zeros. */
function writtenBy(fd: number, page: bigint, page_size: number): bigint | null {
  const whole = Buffer.alloc(page_size);
  const at = Number(page) * page_size;
  if (!Number.isSafeInteger(at) || readSync(fd, whole, 0, page_size, at) < page_size || whole.readBigUInt64LE(0) !== page) return null;
  return whole.readBigUInt64LE(PAGE_TRANSACTION_AT);
}

/**
 * What two metas say of themselves cannot both be true; `null` where it can, also after a power cut at any moment. Every transaction of ours
 * writes the page at the root of the tables anew, so its header and the meta name the same transaction. `marked`: the mark vouches for each
 * of them, also for an older one that LMDB wrote over after a commit failed.
 */
export function contradictionIn(fd: number, metas: Metas, marked = false): string | null {
  const { even, odd, flushed } = metas;
  const [newest, older] = [newestOf(metas), olderOf(metas)];
  if (even.transaction === 0n && odd.transaction === 0n) return null;
  if (even.transaction % 2n !== 0n || odd.transaction % 2n !== 1n) return `its pages 0 and 1 are of transactions ${even.transaction} and ${odd.transaction}`;
  const copied = even.transaction === 0n && even.root === null;
  if (!copied && newest.transaction - older.transaction !== 1n) return `its newest transactions are ${older.transaction} and ${newest.transaction}`;
  if (flushed.transaction > newest.transaction) return `it was synced at transaction ${flushed.transaction}, and its newest is ${newest.transaction}`;
  // What was never synced may be anything; LMDB goes back to what was.
  const trusted = !newest.unsynced ? newest : flushed.transaction === newest.transaction ? flushed : older;
  const root = rootProblem(fd, trusted, (by) => by === trusted.transaction || ((copied || trusted === older) && by === COPIED));
  return root ?? (newest.unsynced || marked ? null : rootProblem(fd, older, (by) => by <= newest.transaction));
}

function rootProblem(fd: number, { root, page_size, transaction }: Meta, fits: (by: bigint) => boolean): string | null {
  if (root === null) return null;
  const by = writtenBy(fd, root, page_size);
  return by !== null && fits(by) ? null : `the root of its transaction ${transaction} is page ${root}, which ${by === null ? "is none" : `transaction ${by} wrote`}`;
}

/** Opens `data.mdb` in a folder for reading; `null` where there is none. */
export function withData<T>(folder: string, work: (fd: number) => T): T | null {
  let fd: number;
  try {
    fd = openSync(join(folder, "data.mdb"), "r");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
  try {
    return work(fd);
  } finally {
    closeSync(fd);
  }
}
