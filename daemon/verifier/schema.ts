import type { Static, TSchema } from "@sinclair/typebox";
import { Value, type ValueError } from "@sinclair/typebox/value";
import { checkMeasure, parseCanonical, type ParseLimits } from "../../proto/canonical.ts";
import { fromUtf8 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { StrictReader, type Numbers } from "../../proto/strict-reader.ts";

export type Document<T> = { readonly value: T } | { readonly because: string };

/** Of a choice of forms: what is wrong by the one that fits furthest. */
function nearest(error: ValueError): ValueError {
  const inner = error.errors.flatMap((form) => form.First() ?? []).map(nearest);
  return inner.filter(({ path }) => path.length > error.path.length).sort((a, b) => b.path.length - a.path.length)[0] ?? error;
}

function checked<S extends TSchema>(schema: S, parse: () => unknown): Document<Static<S>> {
  try {
    const value = parse();
    if (Value.Check(schema, value)) return { value };
    const first = Value.Errors(schema, value).First();
    const { path, message } = first === undefined ? { path: "/", message: "unexpected shape" } : nearest(first);
    return { because: `${path}: ${message}` };
  } catch (error) {
    if (error instanceof MaestroError) return { because: error.detail };
    throw error;
  }
}

/** Canonical bytes of exactly this shape, or why they are not. */
export function readDocument<S extends TSchema>(schema: S, bytes: Uint8Array, limits: ParseLimits): Document<Static<S>> {
  return checked(schema, () => parseCanonical(bytes, limits));
}

/** Statements of others hold fractions; nothing here is decided by one. */
const ANY_NUMBER: Numbers<number> = { pattern: "any", read: (text) => (Number.isFinite(Number(text)) ? Number(text) : null) };

/** 32 MiB of empty lists would be two gigabytes of memory. */
const FOREIGN_VALUES_MAX = 2_000_000;

/** As `readDocument`, for what other people's tools write: any spelling of JSON that has one meaning. */
export function readForeign<S extends TSchema>(schema: S, bytes: Uint8Array, { bytes_max, depth_max, values_max = FOREIGN_VALUES_MAX }: ParseLimits): Document<Static<S>> {
  if (bytes.length > bytes_max) return { because: `${bytes.length} bytes, limit ${bytes_max}` };
  const text = fromUtf8(bytes);
  if (text === null) return { because: "not valid UTF-8" };
  return checked(schema, () => {
    checkMeasure(bytes, { bytes_max, depth_max, values_max });
    return new StrictReader(text, depth_max, ANY_NUMBER).document();
  });
}
