/** What init changed in this clone, kept beside git's own files and not in the work tree, so that it can be undone to the byte. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";

export interface Written {
  readonly path: string;
  /** The text before; null where the file was made. */
  readonly before: string | null;
  readonly after_sha256: string;
  /** Containers of JSON that were made for our entries. */
  readonly created: readonly string[];
}

const NAME = "maestro-init.json";
const RECORD_BYTES_MAX = 8 * 1024 * 1024;

export const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

function isWritten(value: unknown): value is Written {
  if (typeof value !== "object" || value === null) return false;
  const { path, before, after_sha256, created } = value as Partial<Record<keyof Written, unknown>>;
  return typeof path === "string" && (before === null || typeof before === "string") && typeof after_sha256 === "string" && Array.isArray(created) && created.every((one) => typeof one === "string");
}

/** Nothing where nothing was written from here. Throws `config.malformed`. */
export function readRecord(git_dir: string): readonly Written[] {
  const path = join(git_dir, NAME);
  if (!existsSync(path)) return [];
  const text = readFileSync(path, "utf8");
  const wrong = (cause?: unknown): MaestroError => new MaestroError("config.malformed", `${path} is not what init wrote; remove it, and take the hooks out by hand`, { cause });
  if (text.length > RECORD_BYTES_MAX) throw wrong();
  try {
    const files: unknown = Reflect.get(JSON.parse(text) as object, "files");
    if (Array.isArray(files) && files.every(isWritten)) return files;
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof TypeError)) throw error;
    throw wrong(error);
  }
  throw wrong();
}

export function writeRecord(git_dir: string, files: readonly Written[]): void {
  const path = join(git_dir, NAME);
  if (files.length === 0) rmSync(path, { force: true });
  else writeFileSync(path, `${JSON.stringify({ version: 1, files }, null, 2)}\n`, { mode: 0o600 });
}
