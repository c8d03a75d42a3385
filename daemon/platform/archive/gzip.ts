/** One gzip member, unpacked under limits (RFC 1952). */
import { crc32, inflateRawSync } from "node:zlib";
import { ArchiveError } from "./error.ts";

export interface UnpackLimits {
  readonly packed_bytes_max: number;
  readonly unpacked_bytes_max: number;
  /** Unpacked bytes for each packed one; deflate reaches about 1030 on nothing but zeros. */
  readonly ratio_max: number;
}

const HEADER_BYTES = 10;
const TRAILER_BYTES = 8;
const MAGIC = [0x1f, 0x8b] as const;
const DEFLATE = 8;
/** Flags of RFC 1952 section 2.3.1; the three above them are reserved and must be zero. */
const FHCRC = 2;
const FEXTRA = 4;
const FNAME = 8;
const FCOMMENT = 16;
const RESERVED = 0xe0;

/**
 * The contents. Throws `ArchiveError` when a limit is passed, before more than that is in memory, and on anything
 * that is not exactly one whole member: what stands behind the first one is read by some programs and skipped by others.
 */
export function gunzip(bytes: Uint8Array, limits: UnpackLimits): Uint8Array {
  if (bytes.length > limits.packed_bytes_max) throw new ArchiveError(`${bytes.length} bytes, limit ${limits.packed_bytes_max}`);
  const start = headerEnd(bytes);
  const cap = Math.max(1, Math.min(limits.unpacked_bytes_max, bytes.length * limits.ratio_max));
  const { content, consumed } = inflate(bytes.subarray(start), cap);
  const end = start + consumed;
  if (bytes.length < end + TRAILER_BYTES) throw notWhole();
  if (bytes.length > end + TRAILER_BYTES) throw new ArchiveError("something stands behind the end of the gzip file");
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + end, TRAILER_BYTES);
  if (trailer.getUint32(0, true) !== crc32(content) || trailer.getUint32(4, true) !== content.length) throw notWhole();
  return content;
}

function notWhole(cause?: unknown): ArchiveError {
  return new ArchiveError("it is not a whole gzip file", { cause });
}

function headerEnd(bytes: Uint8Array): number {
  const flags = bytes[3] ?? RESERVED;
  if (bytes[0] !== MAGIC[0] || bytes[1] !== MAGIC[1] || bytes[2] !== DEFLATE || (flags & RESERVED) !== 0) throw notWhole();
  let at = HEADER_BYTES;
  if ((flags & FEXTRA) !== 0) at += 2 + (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0);
  for (const flag of [FNAME, FCOMMENT]) {
    if ((flags & flag) === 0) continue;
    const end = bytes.indexOf(0, at);
    if (end < 0) throw notWhole();
    at = end + 1;
  }
  if ((flags & FHCRC) !== 0) at += 2;
  if (at >= bytes.length) throw notWhole();
  return at;
}

function inflate(bytes: Uint8Array, bytes_max: number): { readonly content: Uint8Array; readonly consumed: number } {
  let result: unknown;
  try {
    // `info` also tells how much of the input the stream took; the types of it are older than that.
    result = inflateRawSync(bytes, { maxOutputLength: bytes_max, info: true });
  } catch (error) {
    if (error instanceof RangeError) throw new ArchiveError(`it unpacks to more than ${bytes_max} bytes`, { cause: error });
    throw notWhole(error);
  }
  const content = field(result, "buffer");
  const consumed = field(field(result, "engine"), "bytesWritten");
  if (!(content instanceof Uint8Array) || typeof consumed !== "number") throw new Error("zlib does not tell how much it read");
  return { content, consumed };
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
