/** Whether a path lies below a folder, whose own path ends without a slash. */
export const inside = (path: string, folder: string): boolean => path.startsWith(`${folder}/`);

/** The folder whose file speaks of a path, of a list that has the deepest first; null where only the root does. */
export function folderOf<F extends { readonly path: string }>(folders: readonly F[] | undefined, path: string): F | null {
  return folders?.find((folder) => inside(path, folder.path)) ?? null;
}
