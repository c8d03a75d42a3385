/**
 * Uncommitted work as a commit that only this process can see: staged, unstaged and untracked files that are not ignored. Index and objects are
 * made in a folder of their own, so the user's index, refs, stash and object store are what they were, byte for byte.
 */
import { copyFileSync, existsSync, mkdirSync, statSync, utimesSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { MaestroError } from "../../proto/errors.ts";
import { lastWords, type ClientEnvironment } from "./git.ts";
import { folderOfOwn } from "./worktree-folder.ts";

export interface Snapshot extends Disposable {
  /** The commit that stands for the work tree; HEAD itself where nothing is uncommitted. */
  readonly head: string;
  /** What git needs to find it. */
  readonly env: ClientEnvironment;
  readonly changed: boolean;
}

export interface SnapshotOptions {
  /** Only what is staged, in the repository's index or in the one named. */
  readonly staged?: true | { readonly index: string } | undefined;
  readonly env?: ClientEnvironment | undefined;
  /** Trailers of the commit's message: an agent's work is said to be one. */
  readonly trailers?: readonly string[] | undefined;
  /** For all of it; without one each look has its own. */
  readonly deadline_ms?: number | undefined;
}

const DEADLINE_MS = 60_000;
const STDOUT_BYTES_MAX = 1024 * 1024;
/** `git add` runs the clean filters that the user's own configuration defines, as it does for the user; hooks and file monitors are not started. */
const CONFIG = ["core.fsmonitor=false", "core.hooksPath=/dev/null", "core.splitIndex=false", "protocol.allow=never", "gc.auto=0", "maintenance.auto=false", "advice.addEmbeddedRepo=false"];
const NOBODY = { GIT_AUTHOR_NAME: "work tree", GIT_AUTHOR_EMAIL: "worktree@localhost" };

interface Git {
  (args: readonly string[], more?: Readonly<Record<string, string>>, allowed?: readonly number[]): string;
}

export function gitIn(path: string, env: ClientEnvironment = {}, end_ms = Infinity): Git {
  // Behind the slash only a folder is there.
  if (!existsSync(`${path}/`)) throw new MaestroError("git.not_repository", `${path} cannot be entered`);
  const git = Bun.which("git", env.PATH === undefined ? undefined : { PATH: env.PATH });
  if (git === null) throw new MaestroError("git.missing", "no git on the PATH");
  const base = { HOME: env.HOME ?? homedir(), ...(env.XDG_CONFIG_HOME === undefined ? {} : { XDG_CONFIG_HOME: env.XDG_CONFIG_HOME }), ...(env.PATH === undefined ? {} : { PATH: env.PATH }), LC_ALL: "C", GIT_TERMINAL_PROMPT: "0", GIT_OPTIONAL_LOCKS: "0", GIT_NO_LAZY_FETCH: "1" };
  return (args, more = {}, allowed = [0]) => {
    const cmd = [git, ...CONFIG.flatMap((entry) => ["-c", entry]), ...args];
    const timeout = Math.max(1, Math.min(DEADLINE_MS, Math.floor(end_ms - performance.now())));
    const { exitCode, stdout, stderr, exitedDueToTimeout } = Bun.spawnSync({ cmd, cwd: path, env: { ...base, ...more }, stdin: "ignore", stdout: "pipe", stderr: "pipe", timeout, killSignal: "SIGKILL", maxBuffer: STDOUT_BYTES_MAX });
    if (exitedDueToTimeout === true) throw new MaestroError("request.timeout", `git ${args[0]} over the work tree did not end within ${timeout} ms; a filter, or a large file that is not ignored, may be why`);
    if (!allowed.includes(exitCode)) throw new MaestroError("git.failed", `git ${args[0]}: ${lastWords(stderr.toString())}`);
    return exitCode === 0 ? stdout.toString().replace(/\n$/, "") : "";
  };
}

/** Alternates are separated by colons; a path with one in it is quoted as in C (git(1), GIT_ALTERNATE_OBJECT_DIRECTORIES). */
export const alternate = (path: string): string => (/[:"]/.test(path) ? `"${path.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"` : path);

interface Repository {
  readonly top: string;
  readonly git_dir: string;
  readonly objects: string;
  readonly head: string;
}

export function locate(path: string, git: Git): Repository {
  const one = (...args: string[]): string => {
    try {
      return git(["rev-parse", "--path-format=absolute", ...args]);
    } catch (error) {
      if (!(error instanceof MaestroError)) throw error;
      throw new MaestroError(error.detail.includes("dubious ownership") ? "git.foreign_owner" : "git.not_repository", `${path}: ${error.detail}`, { cause: error });
    }
  };
  const top = one("--show-toplevel");
  if (top === "") throw new MaestroError("git.not_repository", `${path} has no work tree`);
  const head = git(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], {}, [0, 1, 128]);
  if (head === "") throw new MaestroError("git.empty_repository", path);
  return { top, git_dir: one("--absolute-git-dir"), objects: one("--git-path", "objects"), head };
}

/**
 * With the time it was written at: a file that changed in that same moment is one that git looks into (its "racy git"). Whole seconds, rounded
 * down, because earlier only means more looks and a fraction does not survive being a floating-point number.
 */
function copyIndex(from: string, to: string): void {
  const seconds = Math.floor(statSync(from).mtimeMs / 1_000);
  copyFileSync(from, to);
  utimesSync(to, seconds, seconds);
}

/** Throws `git.not_repository`, `git.foreign_owner`, `git.empty_repository`, `git.missing`, `git.failed`. Dispose it when the gate is through. */
export function snapshotOf(path: string, { env = {}, trailers = [], staged, deadline_ms = Infinity }: SnapshotOptions = {}): Snapshot {
  const end_ms = performance.now() + deadline_ms;
  const { top, git_dir, objects, head } = locate(path, gitIn(path, env, end_ms));
  const { path: folder, remove: dispose } = folderOfOwn();
  try {
    const git = gitIn(top, env, end_ms);
    const index = join(folder, "index");
    const own_objects = join(folder, "objects");
    mkdirSync(own_objects);
    // What the index knows already need not be hashed again.
    const known = typeof staged === "object" ? staged.index : join(git_dir, "index");
    if (existsSync(known)) copyIndex(known, index);
    const places = { GIT_OBJECT_DIRECTORY: own_objects, GIT_ALTERNATE_OBJECT_DIRECTORIES: alternate(objects) };
    const inside = { ...places, GIT_INDEX_FILE: index };
    if (staged === undefined) git(["add", "--all", "--sparse", "--", "."], inside);
    const tree = git(["write-tree"], inside);
    const seen: ClientEnvironment = { ...env, objects: { directory: own_objects, alternates: alternate(objects) } };
    if (tree === git(["rev-parse", `${head}^{tree}`])) return { head, env: seen, changed: false, [Symbol.dispose]: dispose };
    return { head: commit(git, inside, head, tree, trailers), env: seen, changed: true, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

/**
 * Dated like its parent, by whom the configuration names: the same work is the same commit, and a verdict on it is found again. Without
 * `user.useConfigOnly` git would ask the name service who this machine is, which answers one time and not the next.
 */
function commit(git: Git, inside: Readonly<Record<string, string>>, head: string, tree: string, trailers: readonly string[]): string {
  const seconds = git(["-c", "log.showSignature=false", "log", "-1", "--no-walk", "--format=%ct", head]);
  const ident = /^(.*) <(.*)> \d+ [+-]\d{4}$/.exec(git(["-c", "user.useConfigOnly=true", "var", "GIT_AUTHOR_IDENT"], {}, [0, 1, 128]));
  const author = ident === null ? NOBODY : { GIT_AUTHOR_NAME: ident[1]!, GIT_AUTHOR_EMAIL: ident[2]! };
  const date = `@${seconds} +0000`;
  const identity = { ...author, GIT_COMMITTER_NAME: author.GIT_AUTHOR_NAME, GIT_COMMITTER_EMAIL: author.GIT_AUTHOR_EMAIL, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
  const message = ["uncommitted work", ...(trailers.length === 0 ? [] : [trailers.join("\n")])].join("\n\n");
  return git(["commit-tree", tree, "-p", head, "-m", message], { ...inside, ...identity });
}
