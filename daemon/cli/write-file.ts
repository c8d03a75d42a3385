import { writeFileSync } from "node:fs";
import { MaestroError } from "../../proto/errors.ts";

/** Throws `store.no_space`, or `cli.usage` for a place that cannot be written; `still` says what is safe all the same. */
export function writeFile(path: string, content: string | Uint8Array, mode: number, still: string): void {
  try {
    writeFileSync(path, content, { mode });
  } catch (error) {
    const full = error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
    throw new MaestroError(full ? "store.no_space" : "cli.usage", `${path} cannot be written; ${still}`, { cause: error });
  }
}
