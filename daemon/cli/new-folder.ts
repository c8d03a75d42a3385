/** Folders that a command makes: a name that is free, or an empty folder that a rename may take the place of. */
import { existsSync, lstatSync, readdirSync, realpathSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { MaestroError } from "../../proto/errors.ts";

const occupied = (what: string): MaestroError => new MaestroError("restore.occupied", what);

/** Where it is to lie in the end, absolute and behind any link. Throws `restore.occupied`, and what the file system says. */
export function newFolder(target: string): string {
  const asked = resolve(target);
  if (lstatSync(asked, { throwIfNoEntry: false }) === undefined) return asked;
  if (!existsSync(asked)) throw occupied(`${asked} is a link to nothing`);
  const path = realpathSync(asked);
  const found = lstatSync(path);
  if (!found.isDirectory()) throw occupied(`${path} is a file`);
  if (readdirSync(path).length > 0) throw occupied(`${path} is not empty`);
  if (found.dev !== lstatSync(dirname(path)).dev) throw occupied(`${path} is a mount point; name a folder in it`);
  // Whoever stands in it would go on standing in the one that was there before.
  if (path === process.cwd()) throw occupied(`${path} is the folder you are in; name one in it`);
  return path;
}
