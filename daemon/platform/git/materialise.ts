/**
 * A tree written out as files, by our own code: `git archive` and `git checkout`
 * obey attributes and filters of the tree itself (`export-ignore` hides files,
 * `export-subst` and `filter` rewrite code). What is written is what the objects hold.
 */
import { chmodSync, closeSync, constants, fchmodSync, mkdirSync, openSync, symlinkSync, writeSync } from "node:fs";
import { concatBytes, utf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Gap } from "../../../proto/facts.ts";
import { pathText, pathToBytes } from "../../../proto/scalar.ts";
import { errno } from "../kernel/errno.ts";
import type { ObjectReader } from "./objects.ts";
import type { TreeLeaf } from "./tree.ts";

export interface MaterialiseLimits {
  readonly tree_bytes_max: number;
}

export interface Materialised {
  readonly files: number;
  readonly bytes: number;
  /** Submodules: an empty folder stands where their content would. */
  readonly gaps: readonly Gap[];
}

const GAPS_MAX = 256;
/** A symbolic link's target (PATH_MAX of Linux). */
const LINK_BYTES_MAX = 4096;
const FOLDER_MODE = 0o755;
const FILE_MODE = 0o644;
const PROGRAM_MODE = 0o755;
/** Never an existing file, never through a link. */
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

function refused(leaf: TreeLeaf, because: string): MaestroError {
  return new MaestroError("intake.refused", `${pathText(leaf.path).slice(0, 200)} ${because}`);
}

/** git's own intake refuses such names (fsck ids hasDot, hasDotdot, hasDotgit, fullPathname); a second net, because here they would be acted on. */
function partsOf(leaf: TreeLeaf): Uint8Array[] {
  const bytes = pathToBytes(leaf.path);
  const parts: Uint8Array[] = [];
  for (let at = 0; at <= bytes.length; ) {
    const slash = bytes.indexOf(0x2f, at);
    const end = slash < 0 ? bytes.length : slash;
    parts.push(bytes.subarray(at, end));
    at = end + 1;
  }
  for (const part of parts) {
    const name = Buffer.from(part).toString("latin1");
    if (name === "" || name === "." || name === ".." || name.toLowerCase() === ".git" || part.includes(0)) throw refused(leaf, "is no path that can be written out");
  }
  return parts;
}

class Writer {
  readonly gaps: Gap[] = [];
  files = 0;
  bytes = 0;
  private readonly made = new Set<string>();
  private readonly root: Uint8Array;

  constructor(
    folder: string,
    private readonly limits: MaterialiseLimits,
  ) {
    this.root = utf8(`${folder}/`);
    mkdirSync(folder, { mode: FOLDER_MODE });
    // Whatever the umask says: inside the sandbox another user looks at it.
    chmodSync(folder, FOLDER_MODE);
  }

  /** Where a leaf goes; the folders above it are made, and stand as folders. */
  place(leaf: TreeLeaf): Buffer {
    const parts = partsOf(leaf);
    let at: Uint8Array = this.root;
    for (const part of parts.slice(0, -1)) {
      at = concatBytes(at, part);
      this.folder(at, leaf);
      at = concatBytes(at, utf8("/"));
    }
    return Buffer.from(concatBytes(at, parts.at(-1)!));
  }

  folder(path: Uint8Array, leaf: TreeLeaf): void {
    const key = Buffer.from(path).toString("latin1");
    if (this.made.has(key)) return;
    this.act(leaf, () => {
      mkdirSync(Buffer.from(path), { mode: FOLDER_MODE });
      chmodSync(Buffer.from(path), FOLDER_MODE);
    });
    this.made.add(key);
  }

  count(size: number): void {
    this.bytes += size;
    if (this.bytes > this.limits.tree_bytes_max) throw new MaestroError("request.too_large", `the merged tree has more than ${this.limits.tree_bytes_max} bytes (tree_bytes_max)`);
  }

  open(leaf: TreeLeaf, path: Buffer): number {
    const mode = leaf.mode === "100755" ? PROGRAM_MODE : FILE_MODE;
    const fd = this.act(leaf, () => openSync(path, CREATE, mode));
    fchmodSync(fd, mode);
    this.files++;
    return fd;
  }

  link(leaf: TreeLeaf, target: Uint8Array): void {
    const path = this.place(leaf);
    this.act(leaf, () => symlinkSync(Buffer.from(target), path));
    this.files++;
  }

  submodule(leaf: TreeLeaf): void {
    this.folder(this.place(leaf), leaf);
    if (this.gaps.length < GAPS_MAX) this.gaps.push({ what: pathText(leaf.path).slice(0, 500), because: "a submodule: commands saw an empty folder" });
  }

  private act<T>(leaf: TreeLeaf, work: () => T): T {
    try {
      return work();
    } catch (error) {
      const code = errno(error);
      if (code === "ENOSPC" || code === "EDQUOT") throw new MaestroError("store.no_space", "writing the merged tree out", { cause: error });
      if (code === "EEXIST" || code === "ENOTDIR" || code === "ENAMETOOLONG" || code === "EINVAL") throw new MaestroError("intake.refused", `${pathText(leaf.path).slice(0, 200)} cannot be written out (${code})`, { cause: error });
      throw error;
    }
  }
}

function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

/** Files first and links last, so that no file is ever written through a link of the same tree. */
async function writeFiles(objects: ObjectReader, writer: Writer, leaves: readonly TreeLeaf[]): Promise<void> {
  let next = 0;
  let fd: number | null = null;
  const begin = (): number => {
    const leaf = leaves[next++]!;
    return writer.open(leaf, writer.place(leaf));
  };
  try {
    await objects.stream(leaves.map(({ oid }) => oid), (info, piece) => {
      fd ??= begin();
      if (piece === null) {
        closeSync(fd);
        fd = null;
        return;
      }
      if (info.type !== "blob") throw new MaestroError("intake.refused", `${info.oid} stands where a file belongs and is a ${info.type}`);
      writer.count(piece.length);
      writeWhole(fd, piece);
    });
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

/**
 * Writes every entry of a whole tree below `folder`, which must not exist. Synchronous writes, so a check process does it, never the daemon.
 * Throws `intake.refused` for a path that cannot stand in a folder, `request.too_large`, `intake.incomplete`, `store.no_space`; what was written stays for the caller to remove.
 */
export async function materialise(objects: ObjectReader, leaves: readonly TreeLeaf[], folder: string, limits: MaterialiseLimits): Promise<Materialised> {
  const writer = new Writer(folder, limits);
  await writeFiles(objects, writer, leaves.filter(({ mode }) => mode === "100644" || mode === "100755"));
  for (const leaf of leaves) if (leaf.mode === "160000") writer.submodule(leaf);
  const links = leaves.filter(({ mode }) => mode === "120000");
  const targets = await objects.readMany(links.map(({ oid }) => oid), LINK_BYTES_MAX);
  for (const [at, read] of targets.entries()) {
    const leaf = links[at]!;
    if (read.result === "missing") throw new MaestroError("intake.incomplete", `object ${leaf.oid} is not there`);
    if (read.result === "too_large" || read.content.includes(0) || read.content.length === 0) throw refused(leaf, "is a symbolic link to no path");
    writer.count(read.content.length);
    writer.link(leaf, read.content);
  }
  return { files: writer.files, bytes: writer.bytes, gaps: writer.gaps };
}
