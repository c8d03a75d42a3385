/** What was asked of a disk, and what may stand on it after the power went. */

/** A file or folder, whatever its name. */
export interface Inode {
  readonly id: number;
  readonly folder: boolean;
}

interface Timed {
  /** From here on the disk may have it. */
  readonly began: number;
  /** From here on a sync covers it. */
  readonly ended: number;
}

export interface DataOp extends Timed {
  readonly kind: "data";
  readonly inode: Inode;
  readonly at: number;
  readonly bytes: Uint8Array;
  /** Written through a descriptor opened with O_DSYNC or O_SYNC: on disk when it returns. */
  readonly synced: boolean;
}

export interface SizeOp extends Timed {
  readonly kind: "size";
  readonly inode: Inode;
  readonly length: number;
}

/** A name is given to an inode; a rename takes the old name away in the same step. */
export interface NameOp extends Timed {
  readonly kind: "name";
  readonly folder: Inode;
  readonly name: string;
  /** `null`: the name is removed. */
  readonly inode: Inode | null;
  readonly from: { readonly folder: Inode; readonly name: string } | null;
}

export type Op = DataOp | SizeOp | NameOp;

export interface Sync extends Timed {
  readonly inode: Inode;
}

/** What the process told the world, and when. */
export interface Ack<T> {
  readonly at: number;
  readonly value: T;
}

export interface Recording<T> {
  readonly root: Inode;
  /** In the order in which they were issued. */
  readonly ops: readonly Op[];
  readonly syncs: readonly Sync[];
  readonly acks: readonly Ack<T>[];
}

/** Paths below the root with their bytes; folders are `null`. */
export type Tree = Map<string, Uint8Array | null>;

const SECTOR_BYTES = 512;

/** Whether a sync of `inode` makes `op` durable. */
const covers = (inode: Inode, op: Op): boolean => (op.kind === "name" ? op.folder === inode || op.from?.folder === inode : op.inode === inode);

/** For each operation, the moment from which it cannot be lost any more. */
export function durableFrom({ ops, syncs }: Pick<Recording<unknown>, "ops" | "syncs">): number[] {
  return ops.map((op) => {
    const own = op.kind === "data" && op.synced ? op.ended : Infinity;
    const sync = syncs.filter(({ inode, began }) => covers(inode, op) && op.ended < began).map(({ ended }) => ended);
    return Math.min(own, ...sync);
  });
}

/** Which part of an operation reached the disk: all, nothing, or some of its sectors. */
export type Fate = "all" | "none" | ((sector: number) => boolean);

class Content {
  bytes = new Uint8Array(0);

  resize(length: number): void {
    const next = new Uint8Array(length);
    next.set(this.bytes.subarray(0, length));
    this.bytes = next;
  }

  write(at: number, bytes: Uint8Array, fate: Fate): void {
    if (typeof fate === "string") return this.put(at, bytes);
    const end = at + bytes.length;
    for (let sector = Math.floor(at / SECTOR_BYTES); sector * SECTOR_BYTES < end; sector++) {
      if (!fate(sector)) continue;
      const from = Math.max(at, sector * SECTOR_BYTES);
      this.put(from, bytes.subarray(from - at, Math.min(end, (sector + 1) * SECTOR_BYTES) - at));
    }
  }

  private put(at: number, bytes: Uint8Array): void {
    if (at + bytes.length > this.bytes.length) this.resize(at + bytes.length);
    this.bytes.set(bytes, at);
  }
}

/** The bytes of a file after all these operations. */
export function contentOf(ops: readonly Op[], inode: Inode): Uint8Array {
  const content = new Content();
  for (const op of ops) {
    if (op.kind === "data" && op.inode === inode) content.write(op.at, op.bytes, "all");
    else if (op.kind === "size" && op.inode === inode) content.resize(op.length);
  }
  return content.bytes;
}

/** The files there are when of all operations just those are applied that `fate` lets through. */
export function treeOf(root: Inode, ops: readonly Op[], fate: (op: Op, index: number) => Fate): Tree {
  const contents = new Map<Inode, Content>();
  const folders = new Map<Inode, Map<string, Inode>>([[root, new Map()]]);
  const entriesOf = (folder: Inode): Map<string, Inode> => {
    const known = folders.get(folder) ?? new Map<string, Inode>();
    folders.set(folder, known);
    return known;
  };
  const fileOf = (inode: Inode): Content => {
    const known = contents.get(inode) ?? new Content();
    contents.set(inode, known);
    return known;
  };
  ops.forEach((op, index) => {
    const which = fate(op, index);
    if (which === "none") return;
    if (op.kind === "data") fileOf(op.inode).write(op.at, op.bytes, which);
    else if (op.kind === "size") fileOf(op.inode).resize(op.length);
    else applyName(op, entriesOf);
  });
  const tree: Tree = new Map();
  const walk = (folder: Inode, prefix: string): void => {
    for (const [name, inode] of entriesOf(folder)) {
      tree.set(prefix + name, inode.folder ? null : fileOf(inode).bytes);
      if (inode.folder) walk(inode, `${prefix}${name}/`);
    }
  };
  walk(root, "");
  return tree;
}

function applyName({ folder, name, inode, from }: NameOp, entriesOf: (folder: Inode) => Map<string, Inode>): void {
  if (from !== null && entriesOf(from.folder).get(from.name) === inode) entriesOf(from.folder).delete(from.name);
  if (inode === null) entriesOf(folder).delete(name);
  else entriesOf(folder).set(name, inode);
}
