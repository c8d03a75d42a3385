import { fromUtf8Lossy } from "../../../proto/encoding.ts";
import type { Oid } from "./object-format.ts";
import type { ObjectReader } from "./objects.ts";

/** A folder with more entries than fit here is not one we look configuration up in. */
const TREE_BYTES_MAX = 16 * 1024 * 1024;

/**
 * The blob at `path` below a tree, found by reading only the trees on the way
 * (gitformat, "tree": `<mode> SP <name> NUL <raw id>`). Null where there is none,
 * or where a symbolic link, submodule or folder stands there.
 */
export async function blobAt(objects: ObjectReader, root: Oid, path: string): Promise<Oid | null> {
  const names = path.split("/");
  let tree: Oid = root;
  for (const [depth, name] of names.entries()) {
    const read = await objects.read(tree, TREE_BYTES_MAX);
    if (read.result !== "read" || read.info.type !== "tree") return null;
    const entry = entryOf(read.content, name, root.length / 2);
    if (entry === null) return null;
    const last = depth === names.length - 1;
    if (last) return entry.mode === "100644" || entry.mode === "100755" ? entry.oid : null;
    if (entry.mode !== "40000") return null;
    tree = entry.oid;
  }
  return null;
}

function entryOf(content: Uint8Array, wanted: string, id_bytes: number): { mode: string; oid: Oid } | null {
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at);
    const end = content.indexOf(0, space);
    if (space < 0 || end < 0) return null;
    const oid = content.subarray(end + 1, end + 1 + id_bytes);
    if (fromUtf8Lossy(content.subarray(space + 1, end)) === wanted) return { mode: fromUtf8Lossy(content.subarray(at, space)), oid: oid.toHex() };
    at = end + 1 + id_bytes;
  }
  return null;
}
