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

const said = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A link in the repository could lead anywhere, and init would write there. Throws `cli.usage`. */
function within(root: string, path: string): string {
  const full = join(root, path);
  let folder = dirname(full);
  while (!existsSync(folder)) folder = dirname(folder);
  if (!statSync(folder).isDirectory()) throw new MaestroError("cli.usage", `${path} cannot be: ${relative(root, folder)} is no folder; move it, or leave that agent out with --agents`);
  const real = relative(realpathSync(root), realpathSync(folder));
  const link = lstatSync(full, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  if (real.startsWith("..") || link) throw new MaestroError("cli.usage", `${path} is a link or lies behind one that leaves the repository; nothing is written there. Put a file in its place, or leave that agent out with --agents`);
  return full;
}

/** What comes back when it is written again is the same to the byte, or it is not touched. Throws `cli.usage`. */
function textIn(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new MaestroError("cli.usage", `${path} is not UTF-8, so it is not edited; save it as UTF-8 first`, { cause: error });
  }
}

export function read(root: string, path: string): string | null {
  const full = within(root, path);
  const found = statSync(full, { throwIfNoEntry: false });
  if (found === undefined) return null;
  if (!found.isFile() || found.size > FILE_BYTES_MAX) throw new MaestroError("cli.usage", `${path} is no file, or larger than ${FILE_BYTES_MAX} bytes`);
  try {
    return textIn(readFileSync(full), path);
  } catch (error) {
    if (error instanceof MaestroError) throw error;
    throw new MaestroError("cli.usage", `${path} cannot be read: ${said(error)}`, { cause: error });
  }
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

function put(root: string, path: string, text: string | null): void {
  const full = within(root, path);
  if (text === null) {
    rmSync(full, { force: true });
    return removeEmpty(root, dirname(path));
  }
  mkdirSync(dirname(full), { recursive: true });
  const mode = statSync(full, { throwIfNoEntry: false })?.mode ?? 0o644;
  const beside = `${full}.maestro-${process.pid}`;
  try {
    writeFileSync(beside, text, { mode: mode & 0o777 });
    renameSync(beside, full);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

/** Each file whole, and all of them or none. Folders that are left empty go, as they came. Throws `cli.usage` where one cannot be written. */
export function writeChanges(root: string, all: readonly FileChange[]): void {
  const done: FileChange[] = [];
  for (const change of all.filter(changes)) {
    try {
      put(root, change.path, change.after);
      done.push(change);
    } catch (error) {
      for (const { path, before } of done.toReversed()) put(root, path, before);
      removeEmpty(root, dirname(change.path));
      throw new MaestroError("cli.usage", `${change.path} cannot be written, so nothing was changed: ${said(error)}`, { cause: error });
    }
  }
}

function removeEmpty(root: string, folder: string): void {
  for (let at = folder; at !== "." && at !== ""; at = dirname(at)) {
    try {
      rmdirSync(join(root, at));
    } catch (error) {
      // Something else lies in it, or it is a link, or may not be taken away: it stays.
      if (error instanceof Error && "code" in error) return;
      throw error;
    }
  }
}
