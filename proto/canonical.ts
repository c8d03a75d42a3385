/**
 * The two JSON rules of the house: how signed bytes are written (RFC 8785,
 * without fractions) and how foreign bytes are read (nothing lenient).
 */
import { fromUtf8, utf8 } from "./encoding.ts";
import { MaestroError } from "./errors.ts";
import type { Json } from "./json.ts";
import { measureJson } from "./measure-json.ts";
import { FINITE_NUMBERS, SAFE_INTEGERS, StrictReader } from "./strict-reader.ts";

export interface ParseLimits {
  readonly bytes_max: number;
  readonly depth_max: number;
  /** Values and names: a byte or two of text can cost a hundred of memory. Absent: as many as the bytes hold. */
  readonly values_max?: number;
  /** Numbers may have a fraction: what was measured or drawn, never what is signed. */
  readonly fractions?: true;
}

function encodeString(text: string): string {
  if (!text.isWellFormed()) throw new MaestroError("internal.bug", "canonical JSON: lone surrogate");
  return JSON.stringify(text);
}

type WriteNumber = (value: number, path: string) => string;

function safeInteger(value: number, path: string): string {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new MaestroError("internal.bug", `canonical JSON: ${path} is not a safe integer`);
  return String(value);
}

/** RFC 8785 section 3.2.2.3 is how ECMAScript writes a number; -0 is written as 0 there. */
function finite(value: number, path: string): string {
  if (!Number.isFinite(value)) throw new MaestroError("internal.bug", `canonical JSON: ${path} is no number`);
  return String(value);
}

function encode(value: unknown, path: string, number: WriteNumber): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return encodeString(value);
  if (typeof value === "number") return number(value, path);
  if (Array.isArray(value)) return `[${value.map((item, i) => encode(item, `${path}/${i}`, number)).join(",")}]`;
  if (typeof value === "object") {
    // RFC 8785 section 3.2.3 sorts by UTF-16 code units, which is what sort() compares.
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, item]) => `${encodeString(key)}:${encode(item, `${path}/${key}`, number)}`).join(",")}}`;
  }
  throw new MaestroError("internal.bug", `canonical JSON: ${path} is ${typeof value}`);
}

function isCanonicalObject(value: Readonly<Record<string, unknown>>): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  let before: string | null = null;
  for (const key of Object.keys(value)) {
    if ((before !== null && before >= key) || !key.isWellFormed() || !isCanonicalValue(value[key])) return false;
    before = key;
  }
  return true;
}

/** Whether `JSON.stringify` writes this value as `encode` would: its keys stand in their order, and it holds nothing that has no canonical form. */
function isCanonicalValue(value: unknown): boolean {
  switch (typeof value) {
    case "string":
      return value.isWellFormed();
    case "number":
      return Number.isSafeInteger(value) && !Object.is(value, -0);
    case "boolean":
      return true;
    case "object":
      if (value === null) return true;
      if (!Array.isArray(value)) return isCanonicalObject(value as Readonly<Record<string, unknown>>);
      for (const item of value) if (!isCanonicalValue(item)) return false;
      return true;
    default:
      return false;
  }
}

/** Canonical text (RFC 8785 section 3.2). Throws on fractions, -0, undefined and lone surrogates. */
export function canonicalText(value: unknown): string {
  // What was read from canonical text is in order already, and the engine writes it five times faster.
  return isCanonicalValue(value) ? JSON.stringify(value) : encode(value, "", safeInteger);
}

/** The same with fractions, for what is shown, compared or named by its digest; what is signed has none. Throws on what is no finite number. */
export const canonicalNumbers = (value: unknown): string => encode(value, "", finite);

/** Canonical bytes: the only form that is ever hashed or signed. */
export function canonicalBytes(value: unknown): Uint8Array {
  return utf8(canonicalText(value));
}

/**
 * Reads foreign JSON: valid UTF-8, no duplicate key, no lone surrogate, no
 * fraction (unless `fractions`), exponent or unsafe integer, bounded bytes and depth.
 * Throws `request.malformed` with the offset, `request.too_large` over the byte limit.
 */
export function parseStrict(bytes: Uint8Array, limits: ParseLimits): Json {
  const text = textOf(bytes, limits);
  if (limits.values_max !== undefined) checkMeasure(bytes, limits);
  return parseText(text, limits);
}

/** Whether it is no deeper than it may be; which character is too deep is the strict reader's to say. Throws `request.too_large` over `values_max`. */
export function checkMeasure(bytes: Uint8Array, limits: ParseLimits): boolean {
  const { depth, values } = measureJson(bytes, limits);
  const { values_max = Number.POSITIVE_INFINITY, depth_max } = limits;
  if (values > values_max) throw new MaestroError("request.too_large", `more than ${values_max} values, names and lists`);
  return depth <= depth_max;
}

function textOf(bytes: Uint8Array, limits: ParseLimits): string {
  if (bytes.length > limits.bytes_max) {
    throw new MaestroError("request.too_large", `${bytes.length} bytes, limit ${limits.bytes_max}`);
  }
  const text = fromUtf8(bytes);
  if (text === null) throw new MaestroError("request.malformed", "not valid UTF-8");
  return text;
}

function parseText(text: string, limits: ParseLimits): Json {
  return new StrictReader(text, limits.depth_max, limits.fractions === true ? FINITE_NUMBERS : SAFE_INTEGERS).document();
}

/** What the engine reads, where that is all there is to read; `undefined` where the strict reader has to say what is wrong. */
function parsedByEngine(text: string): Json | undefined {
  try {
    const value: Json = JSON.parse(text);
    // A key that stands there twice, a lone surrogate, a fraction: whatever the engine forgives is not in what it writes.
    return isCanonicalValue(value) && JSON.stringify(value) === text ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** As `parseStrict`, and the bytes must already be canonical: one document, one spelling. */
export function parseCanonical(bytes: Uint8Array, limits: ParseLimits): Json {
  const text = textOf(bytes, limits);
  const known = checkMeasure(bytes, limits) ? parsedByEngine(text) : undefined;
  if (known !== undefined) return known;
  const value = parseText(text, limits);
  // Valid UTF-8 has one text and that text one encoding, so texts compare as their bytes would, at native speed.
  if (canonicalText(value) !== text) throw new MaestroError("request.malformed", "not in canonical form (RFC 8785)");
  return value;
}
