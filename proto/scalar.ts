import { FormatRegistry, Type, type Static } from "@sinclair/typebox";
import { fromBase64, fromUtf8, fromUtf8Lossy, isBase64, toBase64, utf8 } from "./encoding.ts";

/** A closed object: an unknown field is an error, never ignored. */
export const Closed = <T extends Parameters<typeof Type.Object>[0]>(fields: T, options: { $id?: string; description?: string } = {}) =>
  Type.Object(fields, { additionalProperties: false, ...options });

/** A closed choice of strings. A union of literals, because TypeBox's validators know no bare `enum`. */
export const Choice = <const T extends readonly string[]>(values: T, options: { description?: string } = {}) =>
  Type.Unsafe<T[number]>(Type.Union(values.map((value) => Type.Literal(value)), options));

export const Sha256Hex = Type.String({ pattern: "^[0-9a-f]{64}$", description: "SHA-256, lower-case hex" });
// A function, not a pattern: see `isBase64` on what a pattern does to megabytes.
FormatRegistry.Set("base64", isBase64);
export const Base64 = Type.String({ format: "base64", description: "standard base64 with padding" });
export const GitOid = Type.String({ pattern: "^(?:[0-9a-f]{40}|[0-9a-f]{64})$", description: "full git object id" });
export const ObjectFormat = Choice(["sha1", "sha256"]);
export type ObjectFormat = Static<typeof ObjectFormat>;

/** Whole units, or units of 10^-scale where a scale stands beside it. */
export const Decimal = Type.String({ pattern: "^(?:0|-?[1-9][0-9]{0,37})$", description: "integer as a decimal string" });
export const Scale = Type.Integer({ minimum: 0, maximum: 18, description: "power of ten by which the integer is divided" });
export const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
export const Timestamp = Type.String({
  pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
  description: "RFC 3339, UTC, whole seconds",
});
export const Fingerprint = Type.String({ pattern: "^SHA256:[A-Za-z0-9+/]{43}$", description: "SSH-style key fingerprint" });
export const RuleId = Type.String({ pattern: "^[a-z][a-z0-9-]*(?:\\.[a-z][a-z0-9-]*)*$", maxLength: 96 });
/** A check of ours, or `command.NAME` for a tool that trusted configuration declares. */
export const CheckName = Type.String({ pattern: "^[a-z][a-z0-9-]*(?:\\.[a-z][a-z0-9-]*)?$", maxLength: 40 });
export const ShortText = Type.String({ maxLength: 2000 });
export const RepositoryId = Type.String({ minLength: 1, maxLength: 512, pattern: "^[^\\u0000-\\u0020\\u007f]+$" });
export const RefName = Type.String({ minLength: 1, maxLength: 512, pattern: "^[^\\u0000-\\u0020\\u007f~^:?*\\[\\\\]+$" });

/** A path in a git tree: `u` where it is valid UTF-8, its bytes otherwise. */
export const PathBytes = Type.Union([Closed({ u: Type.String({ maxLength: 4096 }) }), Closed({ b64: Base64 })]);
export type PathBytes = Static<typeof PathBytes>;

export function pathFromBytes(bytes: Uint8Array): PathBytes {
  const text = fromUtf8(bytes);
  return text === null ? { b64: toBase64(bytes) } : { u: text };
}

export function pathToBytes(path: PathBytes): Uint8Array {
  if ("u" in path) return utf8(path.u);
  const bytes = fromBase64(path.b64);
  if (bytes === null) throw new RangeError("path: not strict base64");
  return bytes;
}

/** For matching and for people, never for identity: invalid bytes become U+FFFD. */
export function pathText(path: PathBytes): string {
  return "u" in path ? path.u : fromUtf8Lossy(pathToBytes(path));
}
