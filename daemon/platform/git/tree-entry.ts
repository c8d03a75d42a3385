import { fromUtf8Lossy } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Oid } from "./object-format.ts";
import type { ObjectReader } from "./objects.ts";

/** A folder with more entries than fit here is not one we look configuration up in. */
const TREE_BYTES_MAX = 16 * 1024 * 1024;

// Type bits of a mode. Old modes such as 100664 and 0100644 are the same to git: such a change shows in no diff, so it may hide no file here.
const TYPE_BITS = 0o170000;
const FILE = 0o100000;
const FOLDER = 0o040000;

interface Entry {
  readonly type: number;
  readonly oid: Oid;
}

/**
 * The blob at `path` below a tree, found by reading only the trees on the way
 * (gitformat, "tree": `<mode> SP <name> NUL <raw id>`). Null where there is none,
 * or where a symbolic link, submodule or folder stands there. Throws
 * `intake.incomplete` for a tree that is not stored, `request.too_large` for one above the limit.
 */
export async function blobAt(objects: ObjectReader, root: Oid, path: string): Promise<Oid | null> {
  const found = await entryAt(objects, root, path);
  return found?.type === FILE ? found.oid : null;
}

/** Whether anything stands at `path`: a file, a folder, a symbolic link or a submodule. Throws as `blobAt`. */
export async function standsAt(objects: ObjectReader, root: Oid, path: string): Promise<boolean> {
  return (await entryAt(objects, root, path)) !== null;
}

async function entryAt(objects: ObjectReader, root: Oid, path: string): Promise<Entry | null> {
  const names = path.split("/");
  let tree: Oid = root;
  for (const [depth, name] of names.entries()) {
    const read = await objects.read(tree, TREE_BYTES_MAX);
    if (read.result === "missing") throw new MaestroError("intake.incomplete", `tree ${tree} on the way to ${path} is missing`);
    if (read.result === "too_large") throw new MaestroError("request.too_large", `a folder on the way to ${path} has ${read.info.size} bytes, the limit is ${TREE_BYTES_MAX}`);
    if (read.info.type !== "tree") return null;
    const entry = entryOf(read.content, name, root.length / 2);
    if (entry === null) return null;
    const last = depth === names.length - 1;
    if (last) return entry;
    if (entry.type !== FOLDER) return null;
    tree = entry.oid;
  }
  return null;
}

function entryOf(content: Uint8Array, wanted: string, id_bytes: number): Entry | null {
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at);
    const end = content.indexOf(0, space);
    if (space < 0 || end < 0) return null;
    const oid = content.subarray(end + 1, end + 1 + id_bytes);
    if (fromUtf8Lossy(content.subarray(space + 1, end)) === wanted) {
      const mode = Number.parseInt(fromUtf8Lossy(content.subarray(at, space)), 8);
      return { type: mode & TYPE_BITS, oid: oid.toHex() };
    }
    at = end + 1 + id_bytes;
  }
  return null;
}
