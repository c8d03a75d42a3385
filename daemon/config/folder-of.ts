/** Whether a path lies below a folder, whose own path ends without a slash. */
export const inside = (path: string, folder: string): boolean => path.startsWith(`${folder}/`);

/** The folder whose file speaks of a path, of a list that has the deepest first; null where only the root does. */
export function folderOf<F extends { readonly path: string }>(folders: readonly F[] | undefined, path: string): F | null {
  return folders?.find((folder) => inside(path, folder.path)) ?? null;
}

/**
 * The deepest of the folders with a file of their own that a path lies in: all above it speak of the path, too, so two paths
 * with the same answer are under the same rules. Empty where only the root's file speaks of it. The list may be in any order.
 */
export function governing(folders: readonly string[] | undefined, path: string): string {
  return folders?.reduce((deepest, folder) => (folder.length > deepest.length && inside(path, folder) ? folder : deepest), "") ?? "";
}
