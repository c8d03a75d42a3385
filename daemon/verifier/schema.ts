import type { Static, TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { parseCanonical, type ParseLimits } from "../../proto/canonical.ts";
import { MaestroError } from "../../proto/errors.ts";

export type Document<T> = { readonly value: T } | { readonly because: string };

/** Canonical bytes of exactly this shape, or why they are not. */
export function readDocument<S extends TSchema>(schema: S, bytes: Uint8Array, limits: ParseLimits): Document<Static<S>> {
  try {
    const value = parseCanonical(bytes, limits);
    if (Value.Check(schema, value)) return { value };
    const first = Value.Errors(schema, value).First();
    return { because: `${first?.path ?? "/"}: ${first?.message ?? "unexpected shape"}` };
  } catch (error) {
    if (error instanceof MaestroError) return { because: error.detail };
    throw error;
  }
}
