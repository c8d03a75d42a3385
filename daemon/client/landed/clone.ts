/**
 * The objects of a clone, read through a bare repository of our own: no configuration, hook, attribute, filter or merge driver of the clone has
 * a say, and what is written while comparing goes with the folder. Trees and parents are read from the commits: a commit-graph file of the
 * clone is taken by git at its word.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import { ClientGit, lastWords } from "../git.ts";
import { alternate } from "../worktree.ts";

const DEADLINE_MS = 120_000;
const STDOUT_BYTES_MAX = 256 * 1024 * 1024;
const PLACES_BYTES_MAX = 64 * 1024;
const CONFIG = ["core.fsmonitor=false", "core.hooksPath=/dev/null", "core.attributesFile=/dev/null", "protocol.allow=never", "gc.auto=0", "maintenance.auto=false", "core.commitGraph=false"];

export interface Merged {
  readonly tree: string;
  /** Paths that git could not merge by itself; the tree then holds them with markers. */
  readonly conflicts: readonly string[];
}

export class Clone implements Disposable {
  private constructor(
    private readonly folder: string,
    private readonly program: string,
    private readonly objects: string,
    private readonly outside: ClientGit,
    /** Its history ends where it was cut, which proves nothing. */
    readonly shallow: boolean,
  ) {}

  /** Throws `git.not_repository`, `git.foreign_owner`, `git.missing`, `git.failed`. */
  static async open(path: string): Promise<Clone> {
    const outside = new ClientGit(path);
    // Each by itself: the name of a folder may hold a line feed.
    const [format, shallow, objects] = [await said(outside, "--show-object-format"), await said(outside, "--git-path", "shallow"), await said(outside, "--git-path", "objects")];
    const program = Bun.which("git");
    if (program === null) throw new MaestroError("git.missing", "no git on the PATH");
    const folder = mkdtempSync(join(tmpdir(), "maestro-landed-"));
    const clone = new Clone(folder, program, objects, outside, existsSync(shallow));
    try {
      await clone.text(["init", "--quiet", "--bare", "--template=", `--object-format=${format}`, folder]);
      if (clone.shallow) copyFileSync(shallow, join(folder, "shallow"));
      return clone;
    } catch (error) {
      clone[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A child with its standard output open, for what is too large to hold. */
  spawn(args: readonly string[], stdin = ""): Bun.Subprocess<Buffer, "pipe", "pipe"> {
    const cmd = [this.program, ...CONFIG.flatMap((entry) => ["-c", entry]), ...args];
    const env = {
      HOME: "/nonexistent", LC_ALL: "C", TZ: "UTC",
      GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null", GIT_ATTR_NOSYSTEM: "1",
      GIT_TERMINAL_PROMPT: "0", GIT_NO_REPLACE_OBJECTS: "1", GIT_NO_LAZY_FETCH: "1", GIT_GRAFT_FILE: "/dev/null",
      GIT_DIR: this.folder, GIT_ALTERNATE_OBJECT_DIRECTORIES: alternate(this.objects),
    };
    return Bun.spawn({ cmd, cwd: this.folder, env, stdin: Buffer.from(stdin), stdout: "pipe", stderr: "pipe", timeout: DEADLINE_MS, killSignal: "SIGKILL", maxBuffer: STDOUT_BYTES_MAX });
  }

  private async run(args: readonly string[], allowed: readonly number[]): Promise<{ code: number; stdout: string }> {
    const child = this.spawn(args);
    const [stdout, stderr, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
    if (!allowed.includes(code)) throw new MaestroError("git.failed", `git ${args[0]}: ${lastWords(stderr)}`);
    return { code, stdout };
  }

  async text(args: readonly string[]): Promise<string> {
    return (await this.run(args, [0])).stdout;
  }

  /** The commit that the clone knows by this name: its branches and tags are looked up in itself. */
  async named(name: string): Promise<string | null> {
    if (name.startsWith("-") || /[\0\n]/.test(name)) return null;
    const { code, stdout } = await this.outside.run("rev-parse", ["--verify", "--quiet", `${name}^{commit}`], { stdout_bytes_max: PLACES_BYTES_MAX });
    return code === 0 ? Buffer.from(stdout).toString("utf8").trim() : null;
  }

  /** The object of this id, or null where the clone has none. */
  async find(oid: string, kind: "commit" | "tree"): Promise<string | null> {
    const { code, stdout } = await this.run(["rev-parse", "--verify", "--quiet", `${oid}^{${kind}}`], [0, 1, 128]);
    return code === 0 ? stdout.trim() : null;
  }

  async isAncestor(old: string, young: string): Promise<boolean> {
    return (await this.run(["merge-base", "--is-ancestor", old, young], [0, 1])).code === 0;
  }

  /** Commits behind `young`, newest first, that are neither behind `base`, if there was one, or `head` nor the same patch as a commit behind `head`. Merges count. */
  async unlike(base: string | null, head: string, young: string): Promise<string[]> {
    return (await this.text(["rev-list", "--cherry-pick", "--right-only", `${head}...${young}`, ...(base === null ? [] : [`^${base}`])])).split("\n").filter((oid) => oid !== "");
  }

  /** As the daemon merges: two commits, no configuration. */
  async merge(target: string, head: string): Promise<Merged | null> {
    const { code, stdout } = await this.run(["merge-tree", "--write-tree", "--no-messages", "--name-only", "-z", target, head], [0, 1, 128]);
    const [tree = "", ...conflicts] = stdout.split("\0").filter((part) => part !== "");
    // Without a common ancestor, or with its objects missing, there is nothing to compare with.
    return code === 128 || tree === "" ? null : { tree, conflicts };
  }

  /** Paths that differ between two trees, a renamed file under both its names. */
  async differing(one: string, other: string): Promise<string[]> {
    return (await this.text(["diff-tree", "-r", "-z", "--name-only", "--no-renames", one, other])).split("\0").filter((path) => path !== "");
  }
}

async function said(outside: ClientGit, ...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await outside.run("rev-parse", ["--path-format=absolute", ...words], { stdout_bytes_max: PLACES_BYTES_MAX });
  if (code !== 0) throw new MaestroError(stderr.includes("dubious ownership") ? "git.foreign_owner" : "git.not_repository", `${outside.path}: ${lastWords(stderr)}`);
  return Buffer.from(stdout).toString("utf8").replace(/\n$/, "");
}
