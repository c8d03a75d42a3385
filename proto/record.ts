import { sha256 } from "@noble/hashes/sha2.js";
import { Type } from "@sinclair/typebox";
import { canonicalBytes } from "./canonical.ts";
import { concatBytes, toBase32, utf8 } from "./encoding.ts";
import type { Json } from "./json.ts";

/** Everything that has an id of its own. The type is part of what is hashed, so ids of two types never meet. */
export const RECORD_TYPES = ["gate", "manifest", "config", "policy", "checks", "card", "trust", "run", "capability"] as const;
export type RecordType = (typeof RECORD_TYPES)[number];

export const recordIdPattern = (type: RecordType): string => `^${type}:[a-z2-7]{52}$`;
export const RecordId = (type: RecordType) => Type.String({ pattern: recordIdPattern(type) });

/** Canonical bytes of `{type, v, body}`. */
export function recordBytes(type: RecordType, v: number, body: unknown): Uint8Array {
  return canonicalBytes({ type, v, body: body as Json });
}

/**
 * `type:` and base32(SHA-256("maestro/v1/" ‖ type ‖ 0x00 ‖ bytes)). The prefix
 * separates our ids from every other use of SHA-256 over the same bytes.
 */
export function recordId(type: RecordType, v: number, body: unknown): string {
  const digest = sha256(concatBytes(utf8(`maestro/v1/${type}\0`), recordBytes(type, v, body)));
  return `${type}:${toBase32(digest)}`;
}
