import { MaestroError } from "../../../proto/errors.ts";
import type { ObjectFormat } from "../../../proto/scalar.ts";
import { diskCode } from "../disk.ts";
import { runCommand, streamCommand, type CommandOptions, type CommandResult, type CommandStream } from "../process/command.ts";
import { GIT_ENVIRONMENT } from "./environment.ts";
import { FORMATS } from "./object-format.ts";

/** merge-tree --write-tree came with 2.38. */
const VERSION_MIN: readonly [number, number] = [2, 38];
const VERSION_DEADLINE_MS = 10_000;

/** Where the tools are; plain data, so that it can be handed to a check process. */
export interface GitTools {
  readonly git: string;
  readonly version: string;
  /** util-linux prlimit, which sets resource limits before git starts; null where it is not installed. */
  readonly prlimit: string | null;
}

/** A bare repository of our own; never a path a client named. */
export interface GitDir {
  readonly git_dir: string;
  readonly object_format: ObjectFormat;
  /** Set for a quarantine: new objects go here and are read from here. */
  readonly object_dir?: string;
  /** Beside `object_dir`: the repository's own objects, read only. */
  readonly alternate?: string;
}

export interface ResourceLimits {
  readonly address_bytes_max: number;
  readonly cpu_s_max: number;
  readonly file_bytes_max: number;
}

export interface GitOptions extends Omit<CommandOptions, "cwd" | "env"> {
  /** Options of git itself, before the command, such as `--shallow-file`. */
  readonly global?: readonly string[];
  readonly resources?: ResourceLimits;
}

/**
 * Git reads no file outside the store and starts no other program: no system, user or
 * environment configuration, no hooks, no attributes but those of the store (which has none), no transport.
 */
const CONFIG: readonly string[] = [
  "core.hooksPath=/dev/null",
  "core.attributesFile=/dev/null",
  "core.excludesFile=/dev/null",
  "core.fsmonitor=false",
  "core.quotePath=true",
  // Stored commit graphs would answer for parents without reading the commits.
  "core.commitGraph=false",
  "core.packedGitWindowSize=32m",
  "core.packedGitLimit=512m",
  "protocol.allow=never",
  "safe.bareRepository=explicit",
  "gc.auto=0",
  "maintenance.auto=false",
  "pack.threads=2",
  // The defaults of a real merge, written down so that no later default moves the merged tree.
  "merge.renames=true",
  "merge.directoryRenames=conflict",
];

const ENVIRONMENT: Readonly<Record<string, string>> = { ...GIT_ENVIRONMENT, PATH: "/nonexistent", GIT_OPTIONAL_LOCKS: "0" };

/** Finds git and checks its version. Throws `git.missing`. */
export async function findGit(search_path?: string): Promise<GitTools> {
  const lookup = search_path === undefined ? undefined : { PATH: search_path };
  const git = Bun.which("git", lookup);
  if (git === null) throw new MaestroError("git.missing", "no git on the PATH");
  const { stdout, code } = await runCommand([git, "version"], { env: ENVIRONMENT, stdout_bytes_max: 4096, deadline_ms: VERSION_DEADLINE_MS });
  const version = /^git version ([0-9]+(?:\.[0-9]+)+)/.exec(stdout.toString())?.[1];
  if (code !== 0 || version === undefined) throw new MaestroError("git.missing", `${git} does not say its version`);
  if (!isRecent(version)) throw new MaestroError("git.missing", `${git} is ${version}`);
  return { git, version, prlimit: Bun.which("prlimit", lookup) };
}

export function isRecent(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > VERSION_MIN[0] || (major === VERSION_MIN[0] && minor >= VERSION_MIN[1]);
}

/** Runs git on one of our bare repositories, always by `--git-dir`, always with the environment above. */
export class Git {
  constructor(readonly tools: GitTools) {}

  /** Whatever the exit code. Throws as `runCommand` does. */
  run(dir: GitDir, args: readonly string[], options: GitOptions): Promise<CommandResult> {
    return runCommand(this.argv(dir, args, options), { ...options, env: this.env(dir), cwd: dir.git_dir });
  }

  /** Stdout of a command that must succeed. Throws `git.failed` with git's own message. */
  async output(dir: GitDir, args: readonly string[], options: GitOptions): Promise<Uint8Array> {
    const { code, stdout, stderr } = await this.run(dir, args, options);
    if (code !== 0) throw gitFailed(args, code, stderr);
    return stdout;
  }

  stream(dir: GitDir, args: readonly string[], options: GitOptions): CommandStream {
    return streamCommand(this.argv(dir, args, options), { ...options, env: this.env(dir), cwd: dir.git_dir });
  }

  argv(dir: GitDir, args: readonly string[], options: Pick<GitOptions, "global" | "resources"> = {}): string[] {
    const config = [...CONFIG, `attr.tree=${FORMATS[dir.object_format].empty_tree}`].flatMap((entry) => ["-c", entry]);
    const git = [this.tools.git, `--git-dir=${dir.git_dir}`, ...config, ...(options.global ?? []), ...args];
    const { resources } = options;
    if (resources === undefined || this.tools.prlimit === null) return git;
    const limits = [`--as=${resources.address_bytes_max}`, `--cpu=${resources.cpu_s_max}`, `--fsize=${resources.file_bytes_max}`, "--core=0"];
    return [this.tools.prlimit, ...limits, "--", ...git];
  }

  env(dir: GitDir): Record<string, string> {
    const objects = dir.object_dir === undefined ? {} : { GIT_OBJECT_DIRECTORY: dir.object_dir };
    const alternate = dir.alternate === undefined ? {} : { GIT_ALTERNATE_OBJECT_DIRECTORIES: dir.alternate };
    return { ...ENVIRONMENT, ...objects, ...alternate };
  }
}

/** `git.failed`, or what git says of the disk. */
export function gitFailed(args: readonly string[], code: number, stderr: string): MaestroError {
  return new MaestroError(diskCode(stderr) ?? "git.failed", `git ${args[0]} ended with ${code}: ${lastWords(stderr)}`);
}

/** The line of git's stderr that says most, made safe to print: parts of it can be names a change chose. */
export function lastWords(stderr: string): string {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  const line = lines.find((text) => text.startsWith("error: ")) ?? lines.find((text) => text.startsWith("fatal: ")) ?? lines[0] ?? "no message";
  return line.replace(/[^\x20-\x7e]/g, "?").slice(0, 300);
}
