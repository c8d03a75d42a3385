/** Names a model by what it consists of. */
import { createHash } from "node:crypto";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { FILE_ROLES, type ModelFile } from "../../../proto/model-store.ts";

/** In the order of FILE_ROLES, then of name; what is not part of a `ModelFile` is left out. */
export function inOrder(files: readonly ModelFile[]): ModelFile[] {
  const plain = files.map(({ role, name, sha256, bytes }) => ({ role, name, sha256, bytes }));
  return plain.sort((a, b) => FILE_ROLES.indexOf(a.role) - FILE_ROLES.indexOf(b.role) || (a.name < b.name ? -1 : 1));
}

/** Hex SHA-256 (`proto/model-store.ts`). */
export function modelDigest(files: readonly ModelFile[]): string {
  return createHash("sha256").update(canonicalBytes(inOrder(files))).digest("hex");
}
