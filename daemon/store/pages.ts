/** A look at LMDB's own first pages, without mapping the file: reading a mapped page behind the end of a cut file kills the process (SIGBUS). */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";

// lmdb.h, mdb.c: a page header of 24 bytes, then MDB_meta; both meta pages lie at the start of the file.
const PAGE_HEADER_BYTES = 24;
const MAGIC = 0xbeefc0de;
const META_BYTES = 144;
const AT = { magic: 0, page_size: 24, last_page: 120, transaction: 128 } as const;
const PAGE_BYTES_MIN = 256;
const PAGE_BYTES_MAX = 65_536;

interface Meta {
  readonly page_size: number;
  readonly last_page: number;
  readonly transaction: bigint;
}

function metaIn(bytes: Buffer, at: number): Meta | null {
  const meta = bytes.subarray(at + PAGE_HEADER_BYTES, at + PAGE_HEADER_BYTES + META_BYTES);
  if (meta.length < META_BYTES || meta.readUInt32LE(AT.magic) !== MAGIC) return null;
  const page_size = meta.readUInt32LE(AT.page_size);
  if (page_size < PAGE_BYTES_MIN || page_size > PAGE_BYTES_MAX || (page_size & (page_size - 1)) !== 0) return null;
  return { page_size, last_page: Number(meta.readBigUInt64LE(AT.last_page)), transaction: meta.readBigUInt64LE(AT.transaction) };
}

/**
 * Why the database in `folder` had better be opened in a child first; `null`
 * where nothing speaks against it. LMDB leaves unused last pages unwritten, so a short file
 * is a suspicion and not yet a proof.
 */
export function suspicionOf(folder: string): string | null {
  let fd: number;
  try {
    fd = openSync(join(folder, "data.mdb"), "r");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
  try {
    const { size } = fstatSync(fd);
    const head = Buffer.alloc(PAGE_BYTES_MAX + PAGE_HEADER_BYTES + META_BYTES);
    const read = readSync(fd, head, 0, head.length, 0);
    const first = metaIn(head.subarray(0, read), 0);
    const second = first === null ? null : metaIn(head.subarray(0, read), first.page_size);
    if (first === null || second === null) return `data.mdb of ${size} bytes does not start with two pages of LMDB`;
    const newest = second.transaction > first.transaction ? second : first;
    const wanted = (newest.last_page + 1) * newest.page_size;
    return size < wanted ? `data.mdb has ${size} bytes, its newest page says ${wanted}` : null;
  } finally {
    closeSync(fd);
  }
}
