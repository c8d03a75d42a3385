/**
 * Reads the plain part of POSIX ustar: regular files with short names. Everything else a tar can hold is refused, and nothing
 * is ever rewritten: an archive that two programs unpack to different files has no one meaning, and a repaired name is a new name.
 */
import { fromUtf8 } from "../../../proto/encoding.ts";
import { ArchiveError } from "./error.ts";

const BLOCK_BYTES = 512;
/** Two blocks of zeros end an archive (POSIX.1-2017, pax, ustar interchange format). */
const END_BYTES = 2 * BLOCK_BYTES;
const NAME_BYTES_MAX = 255;
/** What a name stands for in a message. */
const NAME_CHARACTERS_SHOWN = 100;

/** Type flags, by what they are; all but the first two are refused by name. */
const KINDS: Readonly<Record<string, string>> = {
  "1": "a hard link",
  "2": "a symbolic link",
  "3": "a character device",
  "4": "a block device",
  "5": "a folder",
  "6": "a pipe",
  "7": "a contiguous file",
  g: "a pax header for all entries",
  x: "a pax header",
  K: "a GNU long link name",
  L: "a GNU long name",
  S: "a sparse file",
  D: "a GNU dump directory",
  M: "a part of another volume",
  V: "a volume label",
};
const REGULAR = new Set(["0", "\0"]);

export interface TarLimits {
  readonly entries_max: number;
  /** opa writes its names with one leading slash, which then belongs to no name; elsewhere a path from the root is refused. */
  readonly one_leading_slash?: boolean;
}

/** Files by name, in the archive's order. Throws `ArchiveError` on everything but regular files with plain relative names. */
export function readTar(bytes: Uint8Array, limits: TarLimits): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const folders = new Set<string>();
  for (let at = 0; ; ) {
    const header = bytes.subarray(at, at + BLOCK_BYTES);
    if (header.length < BLOCK_BYTES) throw new ArchiveError("the archive ends without its end mark");
    if (isZero(header)) {
      checkEnd(bytes.subarray(at));
      return files;
    }
    const { name, size } = entryOf(header, limits);
    const start = at + BLOCK_BYTES;
    at = start + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
    if (at > bytes.length) throw new ArchiveError("the archive ends inside an entry");
    if (!isZero(bytes.subarray(start + size, at))) throw new ArchiveError(`something is hidden behind the end of ${shown(name)}`);
    if (files.size === limits.entries_max) throw new ArchiveError(`more than ${limits.entries_max} entries`);
    claim(name, files, folders);
    files.set(name, bytes.subarray(start, start + size));
  }
}

function entryOf(header: Uint8Array, limits: TarLimits): { readonly name: string; readonly size: number } {
  checkSum(header);
  // GNU's own format has another magic, and other fields where ustar has the prefix of a name.
  if (text(header, 257, 6) !== "ustar" || text(header, 263, 2) !== "00") throw new ArchiveError("an entry is not in the ustar format");
  const kind = String.fromCharCode(header[156] ?? 0);
  if (!REGULAR.has(kind)) throw new ArchiveError(`an entry is ${KINDS[kind] ?? "of an unknown kind"} (type ${JSON.stringify(kind)}), not a regular file`);
  if (header[157] !== 0) throw new ArchiveError("a regular file names a link's target");
  return { name: nameOf(header, limits), size: octal(header, 124, 12, "size") };
}

function nameOf(header: Uint8Array, { one_leading_slash = false }: TarLimits): string {
  const prefix = text(header, 345, 155);
  const whole = prefix === "" ? text(header, 0, 100) : `${prefix}/${text(header, 0, 100)}`;
  const name = one_leading_slash ? whole.replace(/^\//, "") : whole;
  if (name.length > NAME_BYTES_MAX) throw new ArchiveError(`a name of more than ${NAME_BYTES_MAX} characters`);
  // C0, DEL and C1 controls move a terminal's cursor; a backslash separates names elsewhere.
  if (/[\u0000-\u001f\u007f-\u009f\\]/.test(name)) throw new ArchiveError(`${shown(name)} holds a character no name needs`);
  if (name.split("/").some((part) => part === "" || part === "." || part === "..")) throw new ArchiveError(`${shown(whole)} is no plain relative name, it could lead out of the folder`);
  return name;
}

/** A name stands once, and never for a file and a folder at a time. */
function claim(name: string, files: ReadonlyMap<string, unknown>, folders: Set<string>): void {
  if (files.has(name) || folders.has(name)) throw new ArchiveError(`${shown(name)} stands in it twice`);
  for (let at = name.indexOf("/"); at >= 0; at = name.indexOf("/", at + 1)) {
    const folder = name.slice(0, at);
    if (files.has(folder)) throw new ArchiveError(`${shown(folder)} stands in it twice, as a file and as a folder`);
    folders.add(folder);
  }
}

function checkEnd(rest: Uint8Array): void {
  if (rest.length < END_BYTES) throw new ArchiveError("the archive ends without its end mark");
  if (!isZero(rest)) throw new ArchiveError("something stands behind the archive's end mark");
}

/** A field's text up to its first zero byte; a second text behind that would be read by some and not by others. */
function text(header: Uint8Array, start: number, length: number): string {
  const bytes = header.subarray(start, start + length);
  const end = bytes.indexOf(0);
  if (end !== -1 && !isZero(bytes.subarray(end))) throw new ArchiveError("a field of an entry goes on behind its end");
  const read = fromUtf8(end === -1 ? bytes : bytes.subarray(0, end));
  if (read === null) throw new ArchiveError("a header is not UTF-8");
  return read;
}

/** Digits alone: a size in base 256 (GNU) or with a sign is how two readers come to two sizes. */
function octal(header: Uint8Array, start: number, length: number, what: string): number {
  const digits = /^ *([0-7]{1,11})[ \0]*$/.exec(String.fromCharCode(...header.subarray(start, start + length)))?.[1];
  if (digits === undefined) throw new ArchiveError(`the ${what} of an entry is not an octal number`);
  return Number.parseInt(digits, 8);
}

/** The header's checksum counts its own eight bytes as spaces (POSIX.1-1988, ustar). */
function checkSum(header: Uint8Array): void {
  const stated = octal(header, 148, 8, "checksum");
  const counted = header.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  if (stated !== counted) throw new ArchiveError("an entry's checksum does not match");
}

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);
const shown = (name: string): string => JSON.stringify(name.slice(0, NAME_CHARACTERS_SHOWN));
