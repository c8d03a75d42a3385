/** What init would do to which file, worked out whole before anything is written. */
import { existsSync, lstatSync, mkdirSync, readFileSync, realpathSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import { digest, type Written } from "./record.ts";
import { withHooks, withoutHooks } from "./settings.ts";
import type { AgentTarget } from "./targets.ts";

export interface FileChange {
  readonly path: string;
  /** null: the file is not there. */
  readonly before: string | null;
  readonly after: string | null;
  readonly created: readonly string[];
}

const FILE_BYTES_MAX = 4 * 1024 * 1024;

/** A link in the repository could lead anywhere, and init would write there. Throws `cli.usage`. */
function within(root: string, path: string): string {
  const full = join(root, path);
  let folder = dirname(full);
  while (!existsSync(folder)) folder = dirname(folder);
  const real = relative(realpathSync(root), realpathSync(folder));
  const link = existsSync(full) || lstatSync(full, { throwIfNoEntry: false }) !== undefined ? lstatSync(full).isSymbolicLink() : false;
  if (real.startsWith("..") || link) throw new MaestroError("cli.usage", `${path} is a link or lies behind one that leaves the repository; nothing is written there`);
  return full;
}

export function read(root: string, path: string): string | null {
  const full = within(root, path);
  const found = statSync(full, { throwIfNoEntry: false });
  if (found === undefined) return null;
  if (!found.isFile() || found.size > FILE_BYTES_MAX) throw new MaestroError("cli.usage", `${path} is no file, or larger than ${FILE_BYTES_MAX} bytes`);
  return readFileSync(full, "utf8");
}

export function installed(root: string, target: AgentTarget): FileChange {
  const before = read(root, target.path);
  const { text, created } = withHooks(target, before);
  return { path: target.path, before, after: text, created };
}

/** A file that init makes where there is none, and lets be where there is one. */
export function made(root: string, path: string, text: string): FileChange {
  const before = read(root, path);
  return { path, before, after: before ?? text, created: [] };
}

/** To the byte where the file is as init left it; else only what is ours. */
export function removed(root: string, path: string, target: AgentTarget | null, written: Written | undefined): FileChange {
  const before = read(root, path);
  if (before === null) return { path, before, after: null, created: [] };
  if (written !== undefined && digest(before) === written.after_sha256) return { path, before, after: written.before, created: [] };
  // Not a settings file, and no longer what init wrote: whoever changed it has made it theirs.
  if (target === null) return { path, before, after: before, created: [] };
  const after = withoutHooks(target, before, written?.created ?? null);
  const empty = written?.before === null && after.replace(/\s/g, "") === "{}";
  return { path, before, after: empty ? null : after, created: [] };
}

export const changes = ({ before, after }: FileChange): boolean => before !== after;

/** Each file whole or not at all. Folders that are left empty go, as they came. */
export function writeChanges(root: string, all: readonly FileChange[]): void {
  for (const { path, after } of all.filter(changes)) {
    const full = within(root, path);
    if (after === null) {
      rmSync(full, { force: true });
      removeEmpty(root, dirname(path));
      continue;
    }
    mkdirSync(dirname(full), { recursive: true });
    const mode = statSync(full, { throwIfNoEntry: false })?.mode ?? 0o644;
    const beside = `${full}.maestro-${process.pid}`;
    writeFileSync(beside, after, { mode: mode & 0o777 });
    renameSync(beside, full);
  }
}

function removeEmpty(root: string, folder: string): void {
  for (let at = folder; at !== "." && at !== ""; at = dirname(at)) {
    try {
      rmdirSync(join(root, at));
    } catch (error) {
      if (error instanceof Error && "code" in error && (error.code === "ENOTEMPTY" || error.code === "ENOENT" || error.code === "EEXIST")) return;
      throw error;
    }
  }
}
