/**
 * Whether tool chains are what they were, told by what the file system says of each file: reading a machine's programs whole would take
 * longer than most tools run. Whoever writes a file cannot keep its change time, short of setting the machine's clock.
 * Runs in a check process: a large tool chain takes a while.
 */
import { lstatSync, readdirSync, readlinkSync, realpathSync, type BigIntStats } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { ToolsJob, ToolsReply } from "../../../proto/worker.ts";
import { errno } from "../../platform/kernel/errno.ts";

type Folder = ToolsJob["programs"][number]["folders"][number];
type Bounds = Pick<ToolsJob, "entries_max" | "apart" | "deadline_ms"> & { readonly ends_ms: number };

/** Units may have these of their own: what the daemon finds there the launcher does not show. */
const PRIVATE = /^\/(?:var\/)?tmp(?:\/|$)/;
const LINKS_MAX = 40;
const LOOK_AT_CLOCK = 256;

/** Why it cannot be told. */
class Untold extends Error {}

function failed(path: string, error: unknown): Untold {
  const code = errno(error);
  if (code === undefined) throw error;
  return new Untold(code === "ENOENT" ? `${path} is not there, or went while it was looked at` : `${path} cannot be looked at (${code})`);
}

function look(path: string): BigIntStats {
  try {
    return lstatSync(path, { bigint: true });
  } catch (error) {
    throw failed(path, error);
  }
}

const identity = ({ dev, ino, mode, uid, gid, size, mtimeNs, ctimeNs }: BigIntStats): string => [dev, ino, mode, uid, gid, size, mtimeNs, ctimeNs].join(" ");

/** Sorted: a folder gives its names in any order. What this user may not list, a tool of this user does not see either. */
function names(folder: string, { apart }: Bounds): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (errno(error) === "EACCES" && !apart) return [];
    throw failed(folder, error);
  }
}

class Digest {
  readonly hash = new Bun.CryptoHasher("sha256");
  entries = 0;

  constructor(
    private readonly root: string,
    private readonly bounds: Bounds,
  ) {}

  add(path: string): BigIntStats {
    const { entries_max, ends_ms, deadline_ms } = this.bounds;
    if (++this.entries > entries_max) throw new Untold(`${this.root} holds more than ${entries_max} files (limits.command.tool_entries_max)`);
    if (this.entries % LOOK_AT_CLOCK === 0 && performance.now() > ends_ms) throw new Untold(`${this.root} could not be looked through within ${deadline_ms} ms (limits.command.tool_deadline_ms)`);
    const stat = look(path === "" ? this.root : join(this.root, path));
    this.hash.update(`${path}\0${identity(stat)}\n`);
    return stat;
  }

  hex(): string {
    return this.hash.digest("hex");
  }
}

/** Every file below `root`. */
function whole(root: string, bounds: Bounds): { readonly sha256: string; readonly entries: number } {
  const digest = new Digest(root, bounds);
  const open = digest.add("").isDirectory() ? [""] : [];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const name of names(join(root, at), bounds)) {
      const path = at === "" ? name : `${at}/${name}`;
      if (digest.add(path).isDirectory()) open.push(path);
    }
  }
  return { sha256: digest.hex(), entries: digest.entries };
}

/** The folder, what lies in it, and the folders in those: a package that is put in place or replaced changes one of them. */
function glance(root: string, bounds: Bounds): string {
  const digest = new Digest(root, bounds);
  if (!digest.add("").isDirectory()) return digest.hex();
  for (const name of names(root, bounds)) {
    if (!digest.add(name).isDirectory()) continue;
    for (const below of names(join(root, name), bounds)) {
      if (look(join(root, name, below)).isDirectory()) digest.add(`${name}/${below}`);
    }
  }
  return digest.hex();
}

/** One that lies within another that is always beside it is looked through with that one; what it is called matters still. */
function within(real: string, beside: readonly string[]): boolean {
  return beside.flatMap(realOf).some((other) => real.startsWith(`${other}/`));
}

function told({ host, beside, known }: ToolsJob["folders"][number], bounds: Bounds): ToolsReply["folders"][number]["told"] {
  try {
    const real = realpathSync(host);
    if (bounds.apart && (PRIVATE.test(host) || PRIVATE.test(real))) return { because: `the launcher is a unit of its own and may have another ${host}` };
    if (within(real, beside)) {
      const named = new Bun.CryptoHasher("sha256").update(`${host}\0${real}`).digest("hex");
      return { glance: named, entries: 0, sha256: named };
    }
    const seen = glance(real, bounds);
    return seen === known ? { glance: seen, entries: 0, sha256: null } : { glance: seen, ...whole(real, bounds) };
  } catch (error) {
    return { because: (error instanceof Untold ? error : failed(host, error)).message.slice(0, 1_000).toWellFormed() };
  }
}

function hostPath(inside: string, folders: readonly Folder[]): string | null {
  const fitting = folders.filter((folder) => inside === folder.inside || inside.startsWith(`${folder.inside}/`)).sort((a, b) => b.inside.length - a.inside.length);
  const [first] = fitting;
  return first === undefined ? null : first.host + inside.slice(first.inside.length);
}

/** The links to a program and its file; null where no tool chain has it. */
function program(inside: string, folders: readonly Folder[]): string | null {
  const hash = new Bun.CryptoHasher("sha256");
  let at = inside;
  for (let links = 0; links < LINKS_MAX; links++) {
    const path = hostPath(at, folders);
    const stat = path === null ? undefined : lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (path === null || stat === undefined) return null;
    hash.update(`${at}\0${identity(stat)}\n`);
    if (!stat.isSymbolicLink()) return hash.digest("hex");
    at = resolve(dirname(at), readlinkSync(path));
  }
  return null;
}

function programNamed({ program: name, path, folders }: ToolsJob["programs"][number]): string | null {
  if (name.includes("/")) return name.startsWith("/") ? program(name, folders) : null;
  for (const folder of path) {
    const found = program(join(folder, name), folders);
    if (found !== null) return found;
  }
  return null;
}

function realOf(host: string): string[] {
  try {
    return [realpathSync(host)];
  } catch (error) {
    if (errno(error) === undefined) throw error;
    // Said of the folder itself when its turn comes.
    return [];
  }
}

export function lookAtTools({ folders, programs, apart, entries_max, deadline_ms }: ToolsJob): ToolsReply {
  const bounds = { entries_max, apart, deadline_ms, ends_ms: performance.now() + deadline_ms };
  return {
    kind: "tools",
    folders: folders.map((folder) => ({ host: folder.host, told: told(folder, bounds) })),
    programs: programs.map((one) => ({ name: one.name, sha256: programNamed(one) })),
  };
}
