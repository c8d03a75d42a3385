/** How the log's key changed, kept beside the entries that say so: an entry holds only a digest of the statement, which a stranger wants to read. */
import { canonicalBytes, parseCanonical } from "../../../proto/canonical.ts";
import { SigstoreBundle } from "../../../proto/attestation.ts";
import { concatBytes } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { RotationsFile } from "../../../proto/log.ts";
import { lazyCheck } from "../../platform/lazy-check.ts";
import type { Store } from "../../store/db.ts";
import { BUNDLE_LIMITS } from "../../verifier/limits.ts";
import { openRotation } from "../../verifier/log/rotation.ts";
import { readDocument } from "../../verifier/schema.ts";
import { PART_BYTES, type LogTables } from "./tables.ts";

const isBundle = lazyCheck(SigstoreBundle);

/** Inside a transaction, under the index of the entry that says it. */
export function putRotation({ rotations }: LogTables, index: number, bundle: SigstoreBundle): void {
  const bytes = canonicalBytes(bundle);
  for (let at = 0; at < bytes.length; at += PART_BYTES) rotations.put([index, at / PART_BYTES], bytes.slice(at, at + PART_BYTES));
}

/** Throws `store.corrupt` for one that lost a part. */
function bundleOf(index: number, parts: readonly Uint8Array[]): SigstoreBundle {
  const corrupt = (cause?: unknown): MaestroError => new MaestroError("store.corrupt", `log: the change of its key at entry ${index} cannot be read`, { cause });
  try {
    const value = parseCanonical(concatBytes(...parts), BUNDLE_LIMITS);
    if (isBundle().Check(value)) return value;
  } catch (cause) {
    throw corrupt(cause);
  }
  throw corrupt();
}

/** Oldest first. */
export function readRotations({ rotations }: LogTables): SigstoreBundle[] {
  const parts = new Map<number, Uint8Array[]>();
  for (const { key: [index], value } of rotations.entries()) parts.set(index, [...(parts.get(index) ?? []), value]);
  return [...parts].map(([index, bytes]) => bundleOf(index, bytes));
}

/** The file beside the tiles; `null` for a log that still has its first key. */
export function rotationsFile(tables: LogTables): Uint8Array | null {
  const rotations = readRotations(tables);
  return rotations.length === 0 ? null : canonicalBytes({ rotations });
}

/** For a repair: what the tables lost and the file still has, as far as it proves itself. Nothing at or beyond `size` is taken. How many. */
export function recoverRotations(store: Store, tables: LogTables, file: Uint8Array | null, size: number): number {
  const document = file === null ? null : readDocument(RotationsFile, file, BUNDLE_LIMITS);
  if (document === null || "because" in document) return 0;
  let recovered = 0;
  store.atomic(() => {
    for (const bundle of document.value.rotations) {
      const opened = openRotation(bundle);
      if (!opened.ok || opened.value.terms.size >= size || tables.rotations.get([opened.value.terms.size, 0]) !== undefined) continue;
      putRotation(tables, opened.value.terms.size, bundle);
      recovered += 1;
    }
  });
  return recovered;
}
