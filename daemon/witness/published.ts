/**
 * What was cosigned, as files beside the database: for monitors to read, and for the next start to tell by. A database that was put back
 * from an older copy would let this key cosign a second history, and the file of what it signed last says so.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { equalBytes } from "../../proto/encoding.ts";
import { syncPathNow } from "../platform/sync.ts";
import { storeFailure } from "../store/failure.ts";
import { parseCheckpoint, type Checkpoint } from "../verifier/checkpoint.ts";
import { cosignedAt, isOf, type CosignerKey } from "../verifier/cosignature.ts";
import { parseNote } from "../verifier/note.ts";
import type { HeadTable } from "./table.ts";

const NAME = /^[0-9a-f]{64}$/;

/** C2SP tlog-witness: a log's checkpoint is found under the hash of its origin. */
const originHash = (origin: string): string => createHash("sha256").update(origin).digest("hex");

/**
 * On disk when it returns: a power cut that took the file back would let a database from an older copy pass. Throws `store.no_space` and its
 * like where the disk does not take it; the row is kept then, and no cosignature leaves.
 */
export function publish(folder: string, origin: string, note: string): void {
  const path = join(folder, originHash(origin));
  try {
    const first = mkdirSync(folder, { recursive: true, mode: 0o755 });
    writeFileSync(`${path}.new`, note, { mode: 0o644, flush: true });
    renameSync(`${path}.new`, path);
    syncPathNow(folder);
    if (first !== undefined) syncPathNow(dirname(folder));
  } catch (error) {
    throw storeFailure(error, `publish what was cosigned of ${origin}`);
  }
}

/** What a kill between the row and its file left undone, for logs that are cosigned under this key. */
export function publishAgain(folder: string, origins: Iterable<string>, heads: HeadTable, key: CosignerKey): void {
  for (const origin of origins) {
    const head = heads.get(origin);
    if (head !== undefined && cosignedIn(head.note, key) !== null && published(folder, originHash(origin), key) !== head.note) publish(folder, origin, head.note);
  }
}

/** What lies under the hash of an origin, if it is there and this key cosigned it. */
export function published(folder: string, origin_hash: string, key: CosignerKey): string | null {
  const path = join(folder, origin_hash);
  const text = NAME.test(origin_hash) && existsSync(path) ? readFileSync(path, "utf8") : "";
  return cosignedIn(text, key) === null ? null : text;
}

/** The checkpoint that this key cosigned in a file of ours; `null` for one of another key, which promises nothing here. */
function cosignedIn(text: string, key: CosignerKey): Checkpoint | null {
  const note = parseNote(text);
  const own = note?.signatures.find((signature) => isOf(key, signature));
  return note === null || own === undefined || cosignedAt(key, note.text, own) === null ? null : parseCheckpoint(note.text);
}

/** Origins whose row is older than what this key signed, or of another history, with the reason. They are not cosigned any more. */
export function rolledBack(folder: string, heads: HeadTable, key: CosignerKey): Map<string, string> {
  const refused = new Map<string, string>();
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => NAME.test(name)) : [];
  for (const name of names) {
    const signed = cosignedIn(readFileSync(join(folder, name), "utf8"), key);
    if (signed === null) continue;
    const row = heads.get(signed.origin);
    if (row !== undefined && (row.size > signed.size || (row.size === signed.size && equalBytes(row.root, signed.root)))) continue;
    refused.set(signed.origin, `a tree of ${signed.size} entries was cosigned, and the database knows ${row === undefined ? "none" : row.size === signed.size ? "another one of that size" : `one of ${row.size}`}: it was put back from an older copy`);
  }
  return refused;
}
