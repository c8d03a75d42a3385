import { closeSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { MaestroError } from "../../proto/errors.ts";

/** Throws `store.no_space`, or `cli.usage` for a place that cannot be written; `still` says what is safe all the same. `wx` writes over nothing. */
export function writeFile(path: string, content: string | Uint8Array, mode: number, still: string, flag: "w" | "wx" = "w"): void {
  try {
    if (flag === "wx") writeNew(path, content, mode);
    else writeFileSync(path, content, { mode });
  } catch (error) {
    throw unwritten(path, still, error);
  }
}

/** Half a document under the name that was asked for would be taken for a whole one, and would stand in the way of the next try. */
function writeNew(path: string, content: string | Uint8Array, mode: number): void {
  const fd = openSync(path, "wx", mode);
  try {
    writeFileSync(fd, content);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

const isThere = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "EEXIST";

/** Whether a file is to be left as it is, since it has these bytes. Throws `cli.usage` where something else does; a pipe or a device has nothing to lose. */
function liesThere(path: string, content: Uint8Array): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there !== undefined && !there.isFile() && !there.isDirectory() && !there.isSocket()) return false;
  if (there?.isFile() === true && there.size === content.length && readFileSync(path).equals(content)) return true;
  const is = there === undefined ? "a link to nothing" : there.isFile() ? "there already, and holds something else" : there.isDirectory() ? "a folder" : "a socket";
  throw new MaestroError("cli.usage", `${path} is ${is}; name another file${there?.isFile() === true ? ", or say --force to write over it" : ""}`);
}

/** What may not be looked at is the user's to put right. */
function looked<T>(look: () => T): T {
  try {
    return look();
  } catch (error) {
    throw fileFailure(error);
  }
}

/**
 * The one rule of `--out FILE`: nothing is written over but what has the same bytes already, unless `force` says so. Throws as `writeFile`, and
 * `cli.usage` where another file lies there.
 */
export function writeOut(path: string, content: string | Uint8Array, mode: number, still: string, force: boolean): void {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  if (force) return writeFile(path, bytes, mode, still);
  try {
    writeNew(path, bytes, mode);
  } catch (error) {
    if (!isThere(error)) throw unwritten(path, still, error);
    if (!looked(() => liesThere(path, bytes))) writeFile(path, bytes, mode, still);
  }
}

const unwritten = (path: string, still: string, cause: unknown): MaestroError => new MaestroError(isFull(cause) ? "store.no_space" : "cli.usage", `${path} cannot be written; ${still}`, { cause });
const isFull = (error: unknown): boolean => error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");

/** What the file system says of a place that the user named is the user's to put right; anything else stays what it was. */
export function fileFailure(error: unknown): unknown {
  return error instanceof Error && "syscall" in error ? new MaestroError(isFull(error) ? "store.no_space" : "cli.usage", error.message, { cause: error }) : error;
}
