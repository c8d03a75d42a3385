/** Where formal files stand, by their paths alone. */

/** Empty for the root. */
export const folderOfPath = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));

/** The last part. */
export const nameOfPath = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
