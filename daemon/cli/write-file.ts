import { writeFileSync } from "node:fs";
import { MaestroError } from "../../proto/errors.ts";

/** Throws `store.no_space`, or `cli.usage` for a place that cannot be written; `still` says what is safe all the same. `wx` writes over nothing. */
export function writeFile(path: string, content: string | Uint8Array, mode: number, still: string, flag: "w" | "wx" = "w"): void {
  try {
    writeFileSync(path, content, { mode, flag });
  } catch (error) {
    throw new MaestroError(isFull(error) ? "store.no_space" : "cli.usage", `${path} cannot be written; ${still}`, { cause: error });
  }
}

const isFull = (error: unknown): boolean => error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");

/** What the file system says of a place that the user named is the user's to put right; anything else stays what it was. */
export function fileFailure(error: unknown): unknown {
  return error instanceof Error && "syscall" in error ? new MaestroError(isFull(error) ? "store.no_space" : "cli.usage", error.message, { cause: error }) : error;
}
