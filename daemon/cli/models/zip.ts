/** One file out of a ZIP archive (APPNOTE.TXT 6.3.10), in pieces and within bounds. Nothing is written anywhere, so a name in the archive leads nowhere. */
import { closeSync, createReadStream, fstatSync, openSync, readSync } from "node:fs";
import { createInflateRaw } from "node:zlib";
import { MaestroError } from "../../../proto/errors.ts";

/** Section 4.3.16: the last record, behind which at most a comment of 65,535 bytes stands. */
const END = 0x06054b50;
const END_BYTES = 22;
const COMMENT_BYTES_MAX = 0xffff;
/** Section 4.3.12. */
const ENTRY = 0x02014b50;
const ENTRY_BYTES = 46;
/** Section 4.3.7. */
const LOCAL = 0x04034b50;
const LOCAL_BYTES = 30;
/** A wheel has some dozen files; what lists more than so many bytes of names is none. */
const DIRECTORY_BYTES_MAX = 16 * 1024 * 1024;
const [STORED, DEFLATED] = [0, 8];
const ENCRYPTED = 1;

interface Entry {
  readonly method: number;
  readonly packed: number;
  readonly bytes: number;
  readonly offset: number;
}

const bad = (path: string, why: string): MaestroError => new MaestroError("models.refused", `${path} is no archive that this reads: ${why}`);

function read(file: number, path: string, offset: number, bytes: number): Buffer {
  const found = Buffer.alloc(bytes);
  if (offset < 0 || readSync(file, found, 0, bytes, offset) !== bytes) throw bad(path, "it is cut short");
  return found;
}

/** Where the directory stands and how many entries it has. */
function directory(file: number, path: string): { readonly entries: number; readonly bytes: Buffer } {
  const { size } = fstatSync(file);
  const tail = read(file, path, Math.max(0, size - END_BYTES - COMMENT_BYTES_MAX), Math.min(size, END_BYTES + COMMENT_BYTES_MAX));
  for (let at = tail.length - END_BYTES; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== END) continue;
    const [entries, bytes, offset] = [tail.readUInt16LE(at + 10), tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)];
    // The fields of ZIP64 begin where these are all ones.
    if (entries === 0xffff || offset === 0xffffffff) throw bad(path, "it is a ZIP64");
    if (bytes > DIRECTORY_BYTES_MAX || offset + bytes > size) throw bad(path, "its directory is out of bounds");
    return { entries, bytes: read(file, path, offset, bytes) };
  }
  throw bad(path, "it has no directory");
}

function entryOf(file: number, path: string, member: string): Entry {
  const { entries, bytes } = directory(file, path);
  const wanted = Buffer.from(member);
  let found: Entry | null = null;
  for (let at = 0, seen = 0; seen < entries; seen++) {
    if (at + ENTRY_BYTES > bytes.length || bytes.readUInt32LE(at) !== ENTRY) throw bad(path, "its directory is broken");
    const [names, extras, comments] = [bytes.readUInt16LE(at + 28), bytes.readUInt16LE(at + 30), bytes.readUInt16LE(at + 32)];
    if (bytes.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + names).equals(wanted)) {
      if (found !== null) throw bad(path, `it has two files called ${member}`);
      if ((bytes.readUInt16LE(at + 8) & ENCRYPTED) !== 0) throw bad(path, `${member} is encrypted`);
      found = { method: bytes.readUInt16LE(at + 10), packed: bytes.readUInt32LE(at + 20), bytes: bytes.readUInt32LE(at + 24), offset: bytes.readUInt32LE(at + 42) };
    }
    at += ENTRY_BYTES + names + extras + comments;
  }
  if (found === null) throw bad(path, `it has no ${member}`);
  return found;
}

function locate(path: string, member: string): Entry & { readonly data: number } {
  const file = openSync(path, "r");
  try {
    const entry = entryOf(file, path, member);
    const local = read(file, path, entry.offset, LOCAL_BYTES);
    if (local.readUInt32LE(0) !== LOCAL) throw bad(path, `${member} is not where the directory says`);
    const data = entry.offset + LOCAL_BYTES + local.readUInt16LE(26) + local.readUInt16LE(28);
    if (data + entry.packed > fstatSync(file).size) throw bad(path, `${member} is cut short`);
    return { ...entry, data };
  } finally {
    closeSync(file);
  }
}

/** Throws `models.refused` for what is no such archive, for a file of more than `bytes_max` bytes, and for one that holds more than it says. */
export async function* zipMember(path: string, member: string, bytes_max: number): AsyncGenerator<Uint8Array, void> {
  const { method, packed, bytes, data } = locate(path, member);
  if (method !== STORED && method !== DEFLATED) throw bad(path, `${member} is packed by method ${method}`);
  if (bytes > bytes_max) throw bad(path, `${member} has ${bytes} bytes, and ${bytes_max} are expected`);
  if (packed === 0) return;
  const raw = createReadStream(path, { start: data, end: data + packed - 1, highWaterMark: 1024 * 1024 });
  const source = method === STORED ? raw : raw.pipe(createInflateRaw());
  // A pipe hands no error on.
  if (source !== raw) raw.on("error", (error) => source.destroy(error));
  let sent = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      sent += chunk.length;
      if (sent > bytes) throw bad(path, `${member} holds more than the ${bytes} bytes it says`);
      yield chunk;
    }
  } catch (error) {
    throw error instanceof MaestroError ? error : bad(path, `${member} cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    raw.destroy();
  }
  if (sent !== bytes) throw bad(path, `${member} holds ${sent} of the ${bytes} bytes it says`);
}
