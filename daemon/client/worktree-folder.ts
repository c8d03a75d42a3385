/** A folder for one look at the work tree, removed when it is through, on a signal, and, where its process was killed outright, by a later one. */
import { lstatSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PREFIX = "maestro-worktree-";
/** No gate takes as long. Process ids would say less: a job in a container beside this one may share the folder and not the ids. */
const LEFT_BEHIND_MS = 6 * 3_600_000;
/** In one run: whoever waits for it came for something else. */
const SWEPT_MAX = 8;
const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/** Own folders only, and folders as this program makes them: nobody else could have put anything into one. */
function leftBehind(path: string, now_ms: number): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found !== undefined && found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0 && now_ms - found.mtimeMs > LEFT_BEHIND_MS;
}

/** Removes what processes that were killed have left. What cannot be removed stays: it keeps nobody from working. */
export function sweepFolders(parent: string, now_ms: number): void {
  const old = readdirSync(parent).filter((name) => name.startsWith(PREFIX) && leftBehind(join(parent, name), now_ms));
  for (const name of old.slice(0, SWEPT_MAX)) {
    try {
      rmSync(join(parent, name), { recursive: true, force: true });
    } catch (error) {
      if (!(error instanceof Error) || !("code" in error)) throw error;
    }
  }
}

export interface Folder {
  readonly path: string;
  readonly remove: () => void;
}

/**
 * A signal that comes while git runs is answered once git has ended, which is bounded; git has its own ending for one sent to the whole group.
 * The process then ends by that signal, as it would have without this.
 */
export function folderOfOwn(): Folder {
  sweepFolders(tmpdir(), Date.now());
  const path = mkdtempSync(join(tmpdir(), PREFIX));
  const gone = (): void => rmSync(path, { recursive: true, force: true });
  const signalled = (signal: NodeJS.Signals): void => {
    remove();
    process.kill(process.pid, signal);
  };
  const remove = (): void => {
    process.off("exit", gone);
    for (const signal of SIGNALS) process.off(signal, signalled);
    gone();
  };
  // A hook that is out of time ends its process, and whoever waits for it is not there any more.
  process.once("exit", gone);
  for (const signal of SIGNALS) process.once(signal, signalled);
  return { path, remove };
}
