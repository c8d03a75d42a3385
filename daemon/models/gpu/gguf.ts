/**
 * The head of a GGUF file (ggml docs/gguf.md, versions 2 and 3): what is in it and how large, never the weights themselves. A file is whatever
 * somebody imported, so every count and length is bounded before anything is set aside for it. Sizes come from where the tensors lie, not from
 * what their types say, so a type that nobody here knows is measured all the same.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { MaestroError } from "../../../proto/errors.ts";

const MAGIC = 0x46554747;
const HEAD_BYTES_MAX = 512 * 1024 * 1024;
const KEYS_MAX = 65_536;
const TENSORS_MAX = 262_144;
const KEY_BYTES_MAX = 65_535;
const TENSOR_NAME_BYTES_MAX = 256;
const STRING_BYTES_MAX = 16 * 1024 * 1024;
const ARRAY_DEPTH_MAX = 2;
const DIMENSIONS_MAX = 8;
const ALIGNMENT_MAX = 1024 * 1024;
/** A model has fewer layers; a longer array of numbers is no figure of each layer. */
const NUMBERS_KEPT_MAX = 4_096;
const BUFFER_BYTES = 256 * 1024;

/** Bytes of a value by its type: u8 i8 u16 i16 u32 i32 f32 bool (string, array) u64 i64 f64. */
const SIZES: readonly number[] = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];
const [STRING, ARRAY] = [8, 9];

export type Value = number | string | readonly number[] | { readonly items: number };

export interface Gguf {
  readonly version: number;
  readonly values: ReadonlyMap<string, Value>;
  /** Bytes that each tensor takes in the file, padding included. */
  readonly tensors: ReadonlyMap<string, number>;
  readonly file_bytes: number;
}

const broken = (what: string): MaestroError => new MaestroError("models.load", `not a GGUF file that can be read: ${what}`);

/** Bytes in order, from a file of which only a window lies in memory. */
class Cursor {
  readonly #window = Buffer.alloc(BUFFER_BYTES);
  #start = 0;
  #filled = 0;
  #at = 0;

  constructor(
    private readonly fd: number,
    readonly file_bytes: number,
  ) {}

  get at(): number {
    return this.#at;
  }

  /** The next `bytes`, valid until the next call. */
  #take(bytes: number): { readonly buffer: Buffer; readonly offset: number } {
    if (this.#at + bytes > this.#start + this.#filled) {
      this.#start = this.#at;
      this.#filled = readSync(this.fd, this.#window, 0, BUFFER_BYTES, this.#start);
      if (this.#filled < bytes) throw broken("it ends inside its head");
    }
    const offset = this.#at - this.#start;
    this.#at += bytes;
    return { buffer: this.#window, offset };
  }

  skip(bytes: number): void {
    if (!Number.isSafeInteger(bytes) || this.#at + bytes > Math.min(this.file_bytes, HEAD_BYTES_MAX)) throw broken("its head is longer than the file, or than any head");
    this.#at += bytes;
  }

  number(type: number): number {
    const { buffer, offset } = this.#take(SIZES[type] ?? 0);
    if (type === 0 || type === 7) return buffer.readUInt8(offset);
    if (type === 1) return buffer.readInt8(offset);
    if (type === 2) return buffer.readUInt16LE(offset);
    if (type === 3) return buffer.readInt16LE(offset);
    if (type === 4) return buffer.readUInt32LE(offset);
    if (type === 5) return buffer.readInt32LE(offset);
    if (type === 6) return buffer.readFloatLE(offset);
    if (type === 12) return buffer.readDoubleLE(offset);
    return Number(type === 10 ? buffer.readBigUInt64LE(offset) : buffer.readBigInt64LE(offset));
  }

  /** A length or count that must not pass `most`. */
  count(most: number, what: string, type = 10): number {
    const count = this.number(type);
    if (!Number.isSafeInteger(count) || count > most) throw broken(`${what}: ${count}, the most is ${most}`);
    return count;
  }

  /** Its text; one too long to be a name or a word is stepped over and read as empty. */
  string(bytes_max: number, what: string): string {
    const bytes = this.count(bytes_max, `bytes of ${what}`);
    if (bytes > BUFFER_BYTES) {
      this.skip(bytes);
      return "";
    }
    const { buffer, offset } = this.#take(bytes);
    return buffer.toString("utf8", offset, offset + bytes);
  }

  skipString(): void {
    this.skip(this.count(STRING_BYTES_MAX, "bytes of a string"));
  }
}

function sizeOf(type: number): number {
  const size = SIZES[type] ?? 0;
  if (size === 0) throw broken(`a value of type ${type}`);
  return size;
}

/** An array of a few numbers is kept; of any other only its length. */
function arrayOf(cursor: Cursor, depth: number): Value {
  const type = cursor.number(4);
  const items = cursor.count(HEAD_BYTES_MAX, "items of an array");
  if (type === STRING) for (let nth = 0; nth < items; nth++) cursor.skipString();
  else if (type === ARRAY) {
    if (depth >= ARRAY_DEPTH_MAX) throw broken("arrays of arrays of arrays");
    for (let nth = 0; nth < items; nth++) arrayOf(cursor, depth + 1);
  } else {
    const size = sizeOf(type);
    if (items <= NUMBERS_KEPT_MAX) return Array.from({ length: items }, () => cursor.number(type));
    cursor.skip(items * size);
  }
  return { items };
}

function valueOf(cursor: Cursor): Value {
  const type = cursor.number(4);
  if (type === STRING) return cursor.string(STRING_BYTES_MAX, "a string");
  if (type === ARRAY) return arrayOf(cursor, 1);
  sizeOf(type);
  return cursor.number(type);
}

interface Placed {
  readonly name: string;
  readonly offset: number;
}

function placedTensors(cursor: Cursor, count: number): Placed[] {
  const names = new Set<string>();
  const placed: Placed[] = [];
  for (let nth = 0; nth < count; nth++) {
    const name = cursor.string(TENSOR_NAME_BYTES_MAX, "a tensor's name");
    if (names.has(name)) throw broken("two tensors of one name");
    names.add(name);
    const dimensions = cursor.count(DIMENSIONS_MAX, "dimensions of a tensor", 4);
    cursor.skip(dimensions * 8 + 4);
    placed.push({ name, offset: cursor.count(cursor.file_bytes, "offset of a tensor") });
  }
  return placed.sort((a, b) => a.offset - b.offset);
}

/** From one tensor to the next, the last to the end of the file. */
function sizesOf(placed: readonly Placed[], data: number, file_bytes: number): Map<string, number> {
  const all = file_bytes - data;
  if (all < 0 || placed.some(({ offset }) => offset > all)) throw broken("a tensor lies behind the end of the file");
  return new Map(placed.map(({ name, offset }, nth) => [name, (placed[nth + 1]?.offset ?? all) - offset]));
}

/** Throws `models.load`. Reads the head only; blocks while it does, so it is called in a process of its own. */
export function readGguf(path: string): Gguf {
  const fd = openSync(path, "r");
  try {
    const cursor = new Cursor(fd, fstatSync(fd).size);
    if (cursor.number(4) !== MAGIC) throw broken("it does not begin with GGUF");
    const version = cursor.number(4);
    if (version !== 2 && version !== 3) throw broken(`version ${version}`);
    const tensors = cursor.count(TENSORS_MAX, "tensors");
    const keys = cursor.count(KEYS_MAX, "keys");
    const values = new Map<string, Value>();
    for (let nth = 0; nth < keys; nth++) {
      const key = cursor.string(KEY_BYTES_MAX, "a key");
      if (values.has(key)) throw broken("one key twice");
      values.set(key, valueOf(cursor));
    }
    const placed = placedTensors(cursor, tensors);
    const alignment = values.get("general.alignment") ?? 32;
    if (typeof alignment !== "number" || !Number.isSafeInteger(alignment) || alignment < 1 || alignment > ALIGNMENT_MAX) throw broken("its alignment");
    return { version, values, tensors: sizesOf(placed, Math.ceil(cursor.at / alignment) * alignment, cursor.file_bytes), file_bytes: cursor.file_bytes };
  } finally {
    closeSync(fd);
  }
}
