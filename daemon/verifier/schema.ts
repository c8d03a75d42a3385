import type { Static, TSchema } from "@sinclair/typebox";
import { Value, type ValueError } from "@sinclair/typebox/value";
import { parseCanonical, parseStrict, type ParseLimits } from "../../proto/canonical.ts";
import { MaestroError } from "../../proto/errors.ts";

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

/** As `readDocument`, for what other people's tools write: any spelling of JSON that has one meaning. */
export function readForeign<S extends TSchema>(schema: S, bytes: Uint8Array, limits: ParseLimits): Document<Static<S>> {
  return checked(schema, () => parseStrict(bytes, limits));
}
