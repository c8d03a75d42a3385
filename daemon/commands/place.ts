/** Where a tool says something stands, as a path of the tree. Pure. */
import { INSIDE } from "../platform/sandbox/job.ts";

const PATH_CHARACTERS_MAX = 1024;

/** `.` and `..` taken out; null where the way leads out of the tree or nowhere. */
function inside(path: string): string | null {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (parts.pop() === undefined) return null;
    } else parts.push(part);
  }
  const text = parts.join("/");
  return text === "" || text.length > PATH_CHARACTERS_MAX || text.includes("\0") ? null : text.toWellFormed();
}

/** A path as tools print it: absolute in the sandbox, or relative to `cwd` (below the tree, "" for its root). */
export function treePath(path: string, cwd: string): string | null {
  if (!path.startsWith("/")) return inside(`${cwd}/${path}`);
  return path.startsWith(`${INSIDE.tree}/`) ? inside(path.slice(INSIDE.tree.length)) : null;
}

/** A URI reference of SARIF (3.4.3): `file:` or relative. Anything else is no place in the tree. */
export function treePathOfUri(uri: string, cwd: string): string | null {
  const local = /^file:\/\/(?:localhost)?(\/.*)$/.exec(uri)?.[1] ?? (/^[A-Za-z][A-Za-z0-9+.-]*:/.test(uri) ? null : uri);
  if (local === null || local === "") return null;
  try {
    return treePath(decodeURIComponent(local.split(/[?#]/, 1)[0] ?? ""), cwd);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}
