/** Looking at folders that others change meanwhile: what is gone is an answer, and every other failure is thrown. */
import { readdir, rm, stat } from "node:fs/promises";
import { MaestroError } from "../../proto/errors.ts";
import { errno } from "./kernel/errno.ts";

/** Nothing lies there, or something on the way to it is no folder. */
export const isAbsent = (error: unknown): boolean => errno(error) === "ENOENT" || errno(error) === "ENOTDIR";

/** In order of name; none where there is no such folder. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** Size and age of what lies there; `null` where nothing does. */
export async function lookAt(path: string): Promise<{ readonly bytes: number; readonly modified_ms: number } | null> {
  try {
    const { size, mtimeMs } = await stat(path);
    return { bytes: size, modified_ms: mtimeMs };
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

/**
 * Nothing lies there afterwards. Throws `store.commit` where the disk will not let it go: the runtime calls a full disk a
 * bad address here, so what the cause says is not asked.
 */
export async function removeTree(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch (cause) {
    throw new MaestroError("store.commit", `${folder} could not be removed: ${String(cause)}`, { cause });
  }
}
