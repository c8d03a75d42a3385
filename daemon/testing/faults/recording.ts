/** From system calls to what they asked of one folder's disk. */
import { join } from "node:path";
import { contentOf, type Inode, type NameOp, type Op, type Recording, type Sync } from "./disk-model.ts";
import { splitArgs, unhex, unhexText, type Call } from "./strace-lines.ts";

interface OpenFile {
  readonly inode: Inode;
  readonly synced: boolean;
  readonly append: boolean;
  at: number;
}

interface Place {
  readonly folder: Inode;
  readonly name: string;
  /** What stands there now. */
  readonly inode: Inode | undefined;
}

const quoted = (arg: string): string | null => {
  const match = /"([^"]*)"/.exec(arg);
  return match === null ? null : unhexText(match[1] ?? "");
};
const bytesOf = (arg: string): Uint8Array => unhex(/"([^"]*)"/.exec(arg)?.[1] ?? "");
/** `5</path>` */
function descriptor(arg: string): { readonly fd: number; readonly path: string } | null {
  const match = /^(\d+)<([^>]*)>/.exec(arg);
  return match === null ? null : { fd: Number(match[1]), path: unhexText(match[2] ?? "").replace(/ \(deleted\)$/, "") };
}

/** LMDB's lock table: shared memory with a name, made anew by whoever opens the database first. */
const SHARED_MEMORY = /\/lock\.mdb$/;

/** Calls that would change a file in a way this model does not know; meeting one under the root is an error, so that nothing is missed in silence. */
const UNKNOWN = new Set(["sendfile", "splice", "sync_file_range", "msync", "io_uring_setup", "sync", "syncfs"]);

/** What strace is asked to write down. */
export const RECORDED_CALLS = [
  "openat", "open", "creat", "write", "pwrite64", "writev", "pwritev", "pwritev2", "fsync", "fdatasync", "ftruncate", "truncate", "fallocate", "lseek",
  "rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat", "link", "linkat", "symlink", "symlinkat", "mmap", "sendto", "sendmsg",
  "copy_file_range", "ioctl", "clone", "clone3", "fork", "vfork", ...UNKNOWN,
] as const;

/** Reads one trace; `ackOf` says what a write outside the folder promises to whoever reads it. */
export class TraceReader<T> {
  private readonly root_inode: Inode = { id: 0, folder: true };
  private readonly folders = new Map<Inode, Map<string, Inode>>([[this.root_inode, new Map()]]);
  private readonly sizes = new Map<Inode, number>();
  private readonly open = new Map<string, OpenFile>();
  /** A descriptor names another file from the end of its call on: until then a second thread may still write what it named before, and a close is not recorded. */
  private opening: { readonly key: string; readonly file: OpenFile | null; readonly ended: number }[] = [];
  /** The process that a thread belongs to. */
  private readonly process_of = new Map<number, number>();
  private readonly ops: Op[] = [];
  private readonly syncs: Sync[] = [];
  private readonly acks: { at: number; value: T }[] = [];
  private inodes = 1;

  constructor(
    private readonly root: string,
    private readonly ackOf: (call: Call) => readonly T[],
  ) {}

  read(calls: readonly Call[]): Recording<T> {
    for (const call of calls) this.step(call);
    const { root_inode: root, ops, syncs, acks } = this;
    return { root, ops, syncs, acks };
  }

  private step(call: Call): void {
    if (call.result < 0) return;
    this.takeOpened(call.began);
    if (UNKNOWN.has(call.name) && this.mentionsRoot(call)) throw new Error(`${call.name} in ${this.root}: the model does not know it`);
    const { name } = call;
    if (name === "ioctl" && call.args[1]?.includes("FICLONE") && this.mentionsRoot(call)) throw new Error(`a clone in ${this.root}: the model does not know it`);
    if (name.startsWith("open") || name === "creat") this.opened(call);
    else if (name === "write" || name === "pwrite64" || name.includes("writev")) this.wrote(call);
    else if (name === "copy_file_range") this.copied(call);
    else if (name === "fsync" || name === "fdatasync") this.synced(call);
    else if (name === "ftruncate" || name === "fallocate") this.resized(call);
    else if (name === "lseek") this.sought(call);
    else if (name.startsWith("rename") || name.startsWith("link")) this.renamed(call);
    else if (name.startsWith("mkdir")) this.madeFolder(call);
    else if (name.startsWith("symlink")) this.madeLink(call);
    else if (name.startsWith("unlink") || name === "rmdir") this.removed(call);
    else if (name === "mmap") this.mapped(call);
    else if (name.includes("clone") || name.includes("fork")) this.cloned(call);
    const file = name === "mmap" ? null : descriptor(call.args[0] ?? "");
    if (file !== null && this.under(file.path) === null) for (const value of this.ackOf(call)) this.acks.push({ at: call.began, value });
  }

  private mentionsRoot(call: Call): boolean {
    return call.args.some((arg) => (descriptor(arg)?.path ?? quoted(arg) ?? "").startsWith(`${this.root}/`));
  }

  private under(path: string): string[] | null {
    if (path === this.root) return [];
    return path.startsWith(`${this.root}/`) ? path.slice(this.root.length + 1).split("/").filter((part) => part !== "" && part !== ".") : null;
  }

  private entries(folder: Inode): Map<string, Inode> {
    const known = this.folders.get(folder) ?? new Map<string, Inode>();
    this.folders.set(folder, known);
    return known;
  }

  /** `null`: outside the root. */
  private place(path: string): Place | null {
    const parts = this.under(path);
    if (parts === null) return null;
    const name = parts.pop() ?? "";
    let folder = this.root_inode;
    for (const part of parts) {
      const next = this.entries(folder).get(part);
      if (next === undefined) throw new Error(`${path}: ${part} was never made`);
      folder = next;
    }
    return { folder, name, inode: name === "" ? folder : this.entries(folder).get(name) };
  }

  /** A path argument, relative to the descriptor of an `…at` call before it. */
  private pathArg(call: Call, index: number): Place | null {
    const path = quoted(call.args[index] ?? "");
    if (path === null) return null;
    const base = /^(?:AT_FDCWD|\d+)<([^>]*)>/.exec(call.args[index - 1] ?? "")?.[1];
    return this.place(path.startsWith("/") ? path : join(base === undefined ? "/" : unhexText(base), path));
  }

  private key(call: Call, fd: number): string {
    return `${this.process_of.get(call.tid) ?? call.tid}:${fd}`;
  }

  private file(call: Call): OpenFile | null {
    const found = descriptor(call.args[0] ?? "");
    if (found === null || this.under(found.path) === null) return null;
    const known = this.open.get(this.key(call, found.fd));
    if (known !== undefined) return known;
    // Inherited over exec: the name says which file it is, and it was written from its start.
    const inode = this.place(found.path)?.inode;
    if (inode === undefined) throw new Error(`${call.name} on ${found.path}, which was never opened`);
    const file = { inode, synced: false, append: false, at: 0 };
    this.open.set(this.key(call, found.fd), file);
    return file;
  }

  private make({ folder, name }: Place, call: Call, kind: boolean): Inode {
    const inode: Inode = { id: this.inodes++, folder: kind };
    this.name({ kind: "name", folder, name, inode, from: null, began: call.began, ended: call.ended });
    return inode;
  }

  private name(op: NameOp): void {
    if (op.from !== null) this.entries(op.from.folder).delete(op.from.name);
    if (op.inode === null) this.entries(op.folder).delete(op.name);
    else this.entries(op.folder).set(op.name, op.inode);
    this.ops.push(op);
  }

  private opened(call: Call): void {
    const at = call.name === "openat" ? 1 : 0;
    const [key, { ended }] = [this.key(call, call.result), call];
    const place = this.pathArg(call, at);
    const flags = call.args[at + 1] ?? "";
    if (place === null || (place.inode === undefined && !/O_CREAT/.test(flags))) {
      this.opening.push({ key, file: null, ended });
      return;
    }
    const existed = place.inode !== undefined;
    const inode = place.inode ?? this.make(place, call, false);
    if (existed && /O_TRUNC/.test(flags)) this.resize(inode, 0, call);
    this.opening.push({ key, file: { inode, synced: /O_D?SYNC/.test(flags), append: /O_APPEND/.test(flags), at: 0 }, ended });
  }

  private takeOpened(began: number): void {
    if (this.opening.length === 0) return;
    for (const { key, file, ended } of this.opening.toSorted((a, b) => a.ended - b.ended)) {
      if (ended >= began) continue;
      if (file === null) this.open.delete(key);
      else this.open.set(key, file);
    }
    this.opening = this.opening.filter(({ ended }) => ended >= began);
  }

  private wrote(call: Call): void {
    const file = this.file(call);
    if (file === null) return;
    const parts = call.name.includes("writev") ? splitArgs((call.args[1] ?? "").slice(1, -1)).map(bytesOf) : [bytesOf(call.args[1] ?? "")];
    let bytes: Uint8Array = Buffer.concat(parts);
    if (Number.isFinite(call.ended)) bytes = bytes.subarray(0, call.result);
    const offset = call.name === "pwrite64" || call.name.startsWith("pwritev") ? Number(call.args[3]) : null;
    const at = offset !== null && offset >= 0 ? offset : file.append ? (this.sizes.get(file.inode) ?? 0) : file.at;
    if (offset === null || offset < 0) file.at = at + bytes.length;
    this.sizes.set(file.inode, Math.max(this.sizes.get(file.inode) ?? 0, at + bytes.length));
    const synced = file.synced || (call.name === "pwritev2" && /RWF_D?SYNC/.test(call.args.at(-1) ?? ""));
    this.ops.push({ kind: "data", inode: file.inode, at, bytes, synced, began: call.began, ended: call.ended });
  }

  /** Bytes from another file below the root; what is copied is what that file holds by now, on disk or not. */
  private copied(call: Call): void {
    const [from, to] = [this.open.get(this.key(call, descriptor(call.args[0] ?? "")?.fd ?? -1)), this.open.get(this.key(call, descriptor(call.args[2] ?? "")?.fd ?? -1))];
    if (to === undefined) return;
    if (from === undefined) throw new Error(`a copy over the edge of ${this.root}`);
    const offset = (arg: string | undefined): number | null => (arg === undefined || arg === "NULL" ? null : Number(/\d+/.exec(arg)?.[0]));
    const [source, target] = [offset(call.args[1]), offset(call.args[3])];
    const [start, at] = [source ?? from.at, target ?? to.at];
    const bytes = contentOf(this.ops, from.inode).slice(start, start + call.result);
    if (source === null) from.at += bytes.length;
    if (target === null) to.at += bytes.length;
    this.sizes.set(to.inode, Math.max(this.sizes.get(to.inode) ?? 0, at + bytes.length));
    this.ops.push({ kind: "data", inode: to.inode, at, bytes, synced: to.synced, began: call.began, ended: call.ended });
  }

  private synced(call: Call): void {
    const file = this.file(call);
    if (file !== null && Number.isFinite(call.ended)) this.syncs.push({ inode: file.inode, began: call.began, ended: call.ended });
  }

  private resized(call: Call): void {
    const file = this.file(call);
    if (file === null) return;
    const size = this.sizes.get(file.inode) ?? 0;
    if (call.name === "ftruncate") return this.resize(file.inode, Number(call.args[1]), call);
    if (call.args[1] !== "0") throw new Error(`fallocate with ${call.args[1]}: the model does not know it`);
    this.resize(file.inode, Math.max(size, Number(call.args[2]) + Number(call.args[3])), call);
  }

  private resize(inode: Inode, length: number, { began, ended }: Call): void {
    this.sizes.set(inode, length);
    this.ops.push({ kind: "size", inode, length, began, ended });
  }

  private sought(call: Call): void {
    const file = this.file(call);
    if (file !== null) file.at = call.result;
  }

  private renamed(call: Call): void {
    const at = /at2?$/.test(call.name) ? 1 : 0;
    const from = this.pathArg(call, at);
    const to = this.pathArg(call, at === 1 ? 3 : 1);
    if (from === null && to === null) return;
    if (from?.inode === undefined || to === null) throw new Error(`${call.name} over the edge of ${this.root}`);
    const { began, ended } = call;
    const taken = call.name.startsWith("link") ? null : { folder: from.folder, name: from.name };
    this.name({ kind: "name", folder: to.folder, name: to.name, inode: from.inode, from: taken, began, ended });
  }

  private madeFolder(call: Call): void {
    const place = this.pathArg(call, call.name === "mkdirat" ? 1 : 0);
    if (place !== null && place.name !== "") this.make(place, call, true);
  }

  /** git tries once whether there are symbolic links; where they lead is no part of any state. */
  private madeLink(call: Call): void {
    const place = this.pathArg(call, call.name === "symlinkat" ? 2 : 1);
    if (place !== null) this.make(place, call, false);
  }

  private removed(call: Call): void {
    const place = this.pathArg(call, call.name === "unlinkat" ? 1 : 0);
    if (place?.inode === undefined) return;
    this.name({ kind: "name", folder: place.folder, name: place.name, inode: null, from: null, began: call.began, ended: call.ended });
  }

  private mapped(call: Call): void {
    const file = descriptor(call.args[4] ?? "");
    if (file === null || this.under(file.path) === null || SHARED_MEMORY.test(file.path)) return;
    if (/MAP_SHARED/.test(call.args[3] ?? "") && /PROT_WRITE/.test(call.args[2] ?? "")) throw new Error(`${file.path} is written through memory: the model does not see that`);
  }

  private cloned(call: Call): void {
    const parent = this.process_of.get(call.tid) ?? call.tid;
    const thread = call.args.some((arg) => arg.includes("CLONE_THREAD"));
    this.process_of.set(call.result, thread ? parent : call.result);
    if (thread) return;
    for (const [key, file] of [...this.open]) if (key.startsWith(`${parent}:`)) this.open.set(`${call.result}:${key.slice(String(parent).length + 1)}`, file);
  }
}
