import { concatBytes, utf8 } from "../../../proto/encoding.ts";
import type { ObjectFormat } from "../../../proto/scalar.ts";

export type Oid = string;
export type ObjectType = "commit" | "tree" | "blob" | "tag";

/** Hex length of an object id and the id of the tree without entries; git knows the latter without it being stored. */
export const FORMATS: Readonly<Record<ObjectFormat, { readonly oid_chars: number; readonly empty_tree: Oid }>> = {
  sha1: { oid_chars: 40, empty_tree: "4b825dc642cb6eb9a060e54bf8d69288fbee4904" },
  sha256: { oid_chars: 64, empty_tree: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321" },
};

const OID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

export function isOid(text: string, format: ObjectFormat): boolean {
  return text.length === FORMATS[format].oid_chars && OID.test(text);
}

/** A full id of this format, so that nothing a caller sends can be read by git as an option, a range or a ref. */
export function assertOid(text: string, format: ObjectFormat): void {
  if (!isOid(text, format)) throw new RangeError(`not a full ${format} object id: ${JSON.stringify(text.slice(0, 80))}`);
}

/** The header git hashes in front of an object's content (gitformat-loose-object). */
export function objectBytes(type: ObjectType, content: Uint8Array): Uint8Array {
  return concatBytes(utf8(`${type} ${content.length}\0`), content);
}

export function objectId(format: ObjectFormat, type: ObjectType, content: Uint8Array): Oid {
  return new Bun.CryptoHasher(format).update(objectBytes(type, content)).digest("hex");
}
