/**
 * The two JSON rules of the house: how signed bytes are written (RFC 8785,
 * without fractions) and how foreign bytes are read (nothing lenient).
 */
import { fromUtf8, utf8 } from "./encoding.ts";
import { MaestroError } from "./errors.ts";
import type { Json } from "./json.ts";
import { SAFE_INTEGERS, StrictReader } from "./strict-reader.ts";

export interface ParseLimits {
  readonly bytes_max: number;
  readonly depth_max: number;
}

function encodeString(text: string): string {
  if (!text.isWellFormed()) throw new MaestroError("internal.bug", "canonical JSON: lone surrogate");
  return JSON.stringify(text);
}

function encode(value: unknown, path: string): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return encodeString(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      throw new MaestroError("internal.bug", `canonical JSON: ${path} is not a safe integer`);
    }
    return String(value);
  }
  if (Array.isArray(value)) return `[${value.map((item, i) => encode(item, `${path}/${i}`)).join(",")}]`;
  if (typeof value === "object") {
    // RFC 8785 section 3.2.3 sorts by UTF-16 code units, which is what sort() compares.
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, item]) => `${encodeString(key)}:${encode(item, `${path}/${key}`)}`).join(",")}}`;
  }
  throw new MaestroError("internal.bug", `canonical JSON: ${path} is ${typeof value}`);
}

/** Canonical text (RFC 8785 section 3.2). Throws on fractions, -0, undefined and lone surrogates. */
export function canonicalText(value: unknown): string {
  return encode(value, "");
}

/** Canonical bytes: the only form that is ever hashed or signed. */
export function canonicalBytes(value: unknown): Uint8Array {
  return utf8(canonicalText(value));
}

/**
 * Reads foreign JSON: valid UTF-8, no duplicate key, no lone surrogate, no
 * fraction, exponent or unsafe integer, bounded bytes and depth.
 * Throws `request.malformed` with the offset, `request.too_large` over the byte limit.
 */
export function parseStrict(bytes: Uint8Array, limits: ParseLimits): Json {
  return parseText(textOf(bytes, limits), limits);
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
  return new StrictReader(text, limits.depth_max, SAFE_INTEGERS).document();
}

/** As `parseStrict`, and the bytes must already be canonical: one document, one spelling. */
export function parseCanonical(bytes: Uint8Array, limits: ParseLimits): Json {
  const text = textOf(bytes, limits);
  const value = parseText(text, limits);
  // Valid UTF-8 has one text and that text one encoding, so texts compare as their bytes would, at native speed.
  if (canonicalText(value) !== text) throw new MaestroError("request.malformed", "not in canonical form (RFC 8785)");
  return value;
}
