/** Which operational failure a storage error is. */
import { MaestroError } from "../../proto/errors.ts";
import { diskCode } from "../platform/disk.ts";

// Codes of lmdb.h: MDB_PAGE_NOTFOUND, MDB_CORRUPTED, MDB_INVALID, and their texts.
const CORRUPT = /MDB_(?:PAGE_NOTFOUND|CORRUPTED|INVALID)|-3079[673]|requested page not found|located page was wrong type|not an? LMDB file/i;

function text(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? ` [${String(error.code)}]` : "";
  const cause = "commitError" in error ? ` (${text(error.commitError)})` : "";
  return `${error.message}${code}${cause}`;
}

/**
 * `store.no_space`, `store.read_only` and `store.corrupt` where the error says
 * so, otherwise `store.commit`. LMDB also rejects promises nobody holds; for those there is
 * `strayFailure`.
 */
export function storeFailure(error: unknown, during: string): MaestroError {
  if (error instanceof MaestroError) return error;
  const message = text(error);
  const code = diskCode(message) ?? (CORRUPT.test(message) ? "store.corrupt" : "store.commit");
  return new MaestroError(code, `${during}: ${message}`, { cause: error });
}

/** What it reads; `undefined` where that is damaged, which is the scrubber's to say, and `told` what was wrong. */
export function unlessCorrupt<T>(read: () => T, told: (error: MaestroError) => void = () => undefined): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MaestroError) || error.code !== "store.corrupt") throw error;
    told(error);
    return undefined;
  }
}

/**
 * What an unhandled rejection or exception means when it came out of LMDB,
 * `null` when it did not. Either way the process ends; this names the reason.
 */
export function strayFailure(reason: unknown): MaestroError | null {
  return diskCode(text(reason)) !== null || /MDB_|lmdb|Commit failed/i.test(text(reason)) ? storeFailure(reason, "a write in the background") : null;
}
