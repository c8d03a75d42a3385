/** Reads the plain part of POSIX ustar: regular files with short names, which is all an OPA bundle holds. */
import { fromUtf8 } from "../../proto/encoding.ts";

const BLOCK_BYTES = 512;
const REGULAR = new Set(["0", "\0"]);

export class TarError extends Error {}

function field(header: Uint8Array, start: number, length: number): string {
  const bytes = header.subarray(start, start + length);
  const end = bytes.indexOf(0);
  const text = fromUtf8(end === -1 ? bytes : bytes.subarray(0, end));
  if (text === null) throw new TarError("a header is not UTF-8");
  return text;
}

function octal(header: Uint8Array, start: number, length: number, what: string): number {
  const digits = field(header, start, length).trim();
  if (!/^[0-7]{1,11}$/.test(digits)) throw new TarError(`the ${what} of an entry is not an octal number`);
  return Number.parseInt(digits, 8);
}

/** The header's checksum counts its own eight bytes as spaces (POSIX.1-1988, ustar). */
function checkSum(header: Uint8Array): void {
  const stated = octal(header, 148, 8, "checksum");
  const counted = header.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  if (stated !== counted) throw new TarError("an entry's checksum does not match");
}

/**
 * Files by name. Throws `TarError` on anything but regular files, on a name
 * twice, a cut archive or more than `entries_max` entries. Names are taken as
 * they stand and are never used as paths.
 */
export function readTar(bytes: Uint8Array, entries_max: number): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  let at = 0;
  while (at + BLOCK_BYTES <= bytes.length) {
    const header = bytes.subarray(at, at + BLOCK_BYTES);
    if (header.every((byte) => byte === 0)) return files;
    checkSum(header);
    const kind = String.fromCharCode(header[156]!);
    if (!REGULAR.has(kind)) throw new TarError(`an entry is of type ${JSON.stringify(kind)}, not a regular file`);
    const prefix = field(header, 345, 155);
    const name = prefix === "" ? field(header, 0, 100) : `${prefix}/${field(header, 0, 100)}`;
    const size = octal(header, 124, 12, "size");
    const start = at + BLOCK_BYTES;
    if (start + size > bytes.length) throw new TarError("the archive ends inside an entry");
    if (files.has(name)) throw new TarError(`${JSON.stringify(name)} stands in it twice`);
    if (files.size === entries_max) throw new TarError(`more than ${entries_max} entries`);
    files.set(name, bytes.subarray(start, start + size));
    at = start + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  }
  throw new TarError("the archive ends without its end mark");
}
