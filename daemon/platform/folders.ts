/** Looking at folders that others change meanwhile: what is gone is an answer, and every other failure is thrown. */
import { readdir, stat } from "node:fs/promises";
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
