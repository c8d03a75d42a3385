/** From events to columns: each field read once, as strictly as a closure reads it. */
import { type Column, ERROR, MISSING, TRUE } from "../../../kernels/symeval/index.ts";
import { Failure } from "../evaluate/failure.ts";
import { readField, type Context } from "../evaluate/values.ts";
import { DURATION_MS_MAX } from "../limits.ts";
import type { Value } from "../types/node.ts";
import type { Type } from "../types/type.ts";

/** What `make` gives, or the status of a row that has no value. */
export function valueOr(make: () => Value): { readonly value: Value } | { readonly status: typeof MISSING | typeof ERROR } {
  try {
    return { value: make() };
  } catch (error) {
    if (error instanceof Failure) return { status: error.because === "missing" ? MISSING : ERROR };
    throw error;
  }
}

const WORD = 4_294_967_296;
const NOTHING: Context = {};

/** Writes 64-bit integers by halves: a bigint for each would cost more than the condition. */
export class Integers {
  readonly values: BigInt64Array<ArrayBuffer>;
  readonly #words: Int32Array<ArrayBuffer>;

  constructor(rows: number) {
    this.values = new BigInt64Array(rows);
    this.#words = new Int32Array(this.values.buffer);
  }

  /** A whole number within ±2^53. Every machine this runs on is little endian, and so is WebAssembly. */
  put(row: number, value: number): void {
    this.#words[2 * row] = value | 0;
    this.#words[2 * row + 1] = Math.floor(value / WORD);
  }
}

/** `null` for a column in which every row has a value: then nobody brings or looks at these bytes. */
const whole = (status: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null => (status.includes(MISSING) || status.includes(ERROR) ? status : null);

function integers(events: readonly Context[], name: string, type: Type): Column {
  const integers = new Integers(events.length);
  const status = new Uint8Array(events.length);
  const most = type.name === "duration" ? DURATION_MS_MAX : Number.MAX_SAFE_INTEGER;
  for (let row = 0; row < events.length; row++) {
    const event = events[row] ?? NOTHING;
    const given = event[name];
    if (typeof given === "number" && Number.isSafeInteger(given) && given <= most && given >= -most && Object.hasOwn(event, name)) {
      integers.put(row, given);
      continue;
    }
    const read = valueOr(() => readField(event, name, type));
    if ("status" in read) status[row] = read.status;
    else integers.values[row] = BigInt(read.value as number | bigint);
  }
  return { values: integers.values, status: whole(status) };
}

function doubles(events: readonly Context[], name: string, type: Type): Column {
  const values = new Float64Array(events.length);
  const status = new Uint8Array(events.length);
  for (let row = 0; row < events.length; row++) {
    const event = events[row] ?? NOTHING;
    const given = event[name];
    if (typeof given === "number" && Object.hasOwn(event, name)) {
      values[row] = given;
      continue;
    }
    const read = valueOr(() => readField(event, name, type));
    if ("status" in read) status[row] = read.status;
    else values[row] = read.value as number;
  }
  return { values, status: whole(status) };
}

function truths(events: readonly Context[], name: string, type: Type): Column {
  const status = new Uint8Array(events.length);
  for (let row = 0; row < events.length; row++) {
    const event = events[row] ?? NOTHING;
    const given = event[name];
    if (typeof given === "boolean" && Object.hasOwn(event, name)) {
      status[row] = given ? TRUE : 0;
      continue;
    }
    const read = valueOr(() => readField(event, name, type));
    status[row] = "status" in read ? read.status : read.value === true ? TRUE : 0;
  }
  return { values: null, status };
}

/** A field that is no text. */
export function fill(events: readonly Context[], name: string, type: Type): Column {
  if (type.name === "double") return doubles(events, name, type);
  return type.name === "bool" ? truths(events, name, type) : integers(events, name, type);
}
