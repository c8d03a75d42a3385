import { createHash } from "node:crypto";
import { chmod, lstat, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import type { ObjectFormat } from "../../../proto/scalar.ts";
import { namesIn, removeTree } from "../folders.ts";
import { errno } from "../kernel/errno.ts";
import { syncPath, syncTree } from "../sync.ts";
import { Git, type GitDir } from "./runner.ts";

const INIT_DEADLINE_MS = 30_000;
const QUARANTINE_PREFIX = "quarantine-";

/**
 * Files that make git read, believe or run something beyond the objects themselves. None of them
 * is ever written by us, so their presence means the store was tampered with.
 */
const FORBIDDEN: readonly string[] = [
  "objects/info/alternates",
  "objects/info/http-alternates",
  "info/attributes",
  "info/grafts",
  "refs/replace",
  "shallow",
  "hooks",
  "commondir",
  "config.worktree",
];

/** What `git init` without a template makes. */
const MADE: readonly string[] = ["HEAD", "config", "objects", "refs"];

/** One repository's objects, for one object format. */
export interface Repository extends GitDir {
  readonly repo_id: string;
  /** Holds the bare repository and its quarantines, on one file system so that a rename migrates. */
  readonly folder: string;
}

/**
 * One bare repository per (repository id, object format) under `root`, with nothing shared between
 * them: no alternates, so another repository's objects are out of reach whatever is asked for.
 */
export class RepositoryStore {
  constructor(
    readonly root: string,
    readonly git: Git,
  ) {}

  /** Opens it, made on first use. Throws `store.corrupt` where a forbidden file stands in it. */
  async open(repo_id: string, object_format: ObjectFormat): Promise<Repository> {
    const repository = this.at(repo_id, object_format);
    if (!(await exists(join(repository.git_dir, "HEAD")))) await this.#create(repository);
    await checkUntouched(repository);
    return repository;
  }

  /** Where it is or would be; nothing is read. */
  at(repo_id: string, object_format: ObjectFormat): Repository {
    return repositoryAt(this.root, repo_id, object_format);
  }

  /** Whether a commit is there now; nothing is made or fetched for the question. */
  async has(repo_id: string, object_format: ObjectFormat, oid: string): Promise<boolean> {
    const repository = this.at(repo_id, object_format);
    if (!(await exists(join(repository.git_dir, "HEAD")))) return false;
    const { code } = await this.git.run(repository, ["cat-file", "-e", oid], { stdout_bytes_max: 4096, deadline_ms: INIT_DEADLINE_MS });
    return code === 0;
  }

  /** Removes what a killed daemon left half received. Call before the first intake. */
  async sweep(): Promise<number> {
    let removed = 0;
    for (const name of await namesIn(this.root)) {
      for (const inner of await namesIn(join(this.root, name))) {
        if (!inner.startsWith(QUARANTINE_PREFIX)) continue;
        await rm(join(this.root, name, inner), { recursive: true, force: true });
        removed++;
      }
    }
    return removed;
  }

  async #create(repository: Repository): Promise<void> {
    await mkdir(repository.folder, { recursive: true, mode: 0o700 });
    const fresh = await makeQuarantine(repository);
    try {
      // An empty template brings neither hooks nor info/; HEAD names a branch that never exists.
      const args = ["init", "--bare", "--quiet", "--template=", "--initial-branch=none", `--object-format=${repository.object_format}`];
      await this.git.output({ git_dir: fresh, object_format: repository.object_format }, args, { stdout_bytes_max: 4096, deadline_ms: INIT_DEADLINE_MS });
      await chmod(fresh, 0o700);
      // Git tries out links under a name of its own, and leaves it where it cannot be removed.
      for (const name of await namesIn(fresh)) if (!MADE.includes(name)) await removeTree(join(fresh, name));
      // A power cut may keep the name and lose what is in it, and a store without HEAD would stay broken: first the files, then the name.
      await syncTree(fresh);
      await rename(fresh, repository.git_dir);
      for (const folder of [repository.folder, this.root, dirname(this.root)]) await syncPath(folder);
    } catch (error) {
      await rm(fresh, { recursive: true, force: true });
      // Two first intakes at once: the other one's rename came first, and its repository is as good.
      if (errno(error) !== "ENOTEMPTY" && errno(error) !== "EEXIST") throw error;
    }
  }
}

/** Where under `root` a repository's objects are or would be; nothing is read. */
export function repositoryAt(root: string, repo_id: string, object_format: ObjectFormat): Repository {
  const folder = join(root, createHash("sha256").update(repo_id).digest("hex"));
  return { repo_id, object_format, folder, git_dir: join(folder, `${object_format}.git`) };
}

/** A fresh folder beside the bare repository, 0700. */
export function makeQuarantine(repository: Repository): Promise<string> {
  return mkdtemp(join(repository.folder, QUARANTINE_PREFIX));
}

async function checkUntouched(repository: Repository): Promise<void> {
  for (const name of FORBIDDEN) {
    if (await exists(join(repository.git_dir, name))) throw new MaestroError("store.corrupt", `${name} stands in the object store of ${repository.repo_id}`);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errno(error) === "ENOENT") return false;
    throw error;
  }
}
