/** git in the caller's repository: `rev-parse`, `rev-list`, `pack-objects`, and nothing that reads the work tree or starts what the repository names. */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { homedir } from "node:os";
import type { Readable, Writable } from "node:stream";
import { MaestroError } from "./error.ts";
import type { Environment } from "./location.ts";

type GitCommand = "rev-parse" | "rev-list" | "pack-objects";

/** A partial clone would fetch what is missing, with the repository's own ssh command or helper. */
const CONFIG = ["protocol.allow=never", "core.fsmonitor=false", "core.hooksPath=/dev/null", "pack.compression=1", "pack.packSizeLimit=0"];
const STDERR_CHARACTERS_MAX = 4_000;

export interface GitResult {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export class Git {
  readonly #env: Record<string, string>;

  constructor(
    readonly folder: string,
    environment: Environment,
  ) {
    const kept = ["PATH", "XDG_CONFIG_HOME"].flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]]));
    // GIT_DIR, GIT_ALTERNATE_OBJECT_DIRECTORIES and the like would make it read something else.
    this.#env = { ...(Object.fromEntries(kept) as Record<string, string>), HOME: environment["HOME"] ?? homedir(), LC_ALL: "C", GIT_TERMINAL_PROMPT: "0", GIT_OPTIONAL_LOCKS: "0", GIT_NO_REPLACE_OBJECTS: "1", GIT_NO_LAZY_FETCH: "1", GIT_GRAFT_FILE: "/dev/null" };
  }

  /** Runs to the end. Throws `git.missing`, and `git.failed` past `stdout_bytes_max`. */
  async run(command: GitCommand, args: readonly string[], { stdin = "", stdout_bytes_max }: { stdin?: string; stdout_bytes_max: number }): Promise<GitResult> {
    const child = this.#spawn(command, args, stdin);
    const ended = endOf(child);
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of child.stdout) {
      bytes += (chunk as Buffer).length;
      if (bytes > stdout_bytes_max) {
        child.kill("SIGKILL");
        await ended;
        throw new MaestroError("git.failed", `git ${command} printed more than ${stdout_bytes_max} bytes`);
      }
      chunks.push(chunk as Buffer);
    }
    return { ...(await ended), stdout: Buffer.concat(chunks) };
  }

  /** Stdout as it comes; it fails if git does, so half a pack never looks whole. */
  async *stream(command: GitCommand, args: readonly string[], stdin: string): AsyncGenerator<Uint8Array, void> {
    const child = this.#spawn(command, args, stdin);
    const ended = endOf(child);
    try {
      for await (const chunk of child.stdout) yield chunk as Buffer;
      const { code, stderr } = await ended;
      if (code !== 0) throw new MaestroError("intake.incomplete", `git ${command}: ${lastWords(stderr)}`);
    } finally {
      child.kill("SIGKILL");
    }
  }

  #spawn(command: GitCommand, args: readonly string[], stdin: string): ChildProcessByStdio<Writable, Readable, Readable> {
    const child = spawn("git", [...CONFIG.flatMap((entry) => ["-c", entry]), command, ...args], { cwd: this.folder, env: this.#env, stdio: ["pipe", "pipe", "pipe"] });
    // Where git ends before it has read everything, its exit code says so.
    child.stdin.on("error", () => undefined);
    child.stdin.end(stdin);
    return child;
  }
}

function endOf(child: ChildProcessByStdio<Writable, Readable, Readable>): Promise<{ code: number; stderr: string }> {
  let stderr = "";
  child.stderr.setEncoding("utf8");
  child.stderr.on("data", (text: string) => {
    if (stderr.length < STDERR_CHARACTERS_MAX) stderr += text;
  });
  const ended = new Promise<{ code: number; stderr: string }>((resolve, reject) => {
    child.on("error", (cause) => reject(new MaestroError("code" in cause && cause.code === "ENOENT" ? "git.missing" : "git.failed", `git cannot be started: ${cause.message}`, { cause })));
    child.on("close", (code) => resolve({ code: code ?? 1, stderr: stderr.slice(0, STDERR_CHARACTERS_MAX) }));
  });
  // It is thrown where it is awaited, unless reading stdout fails before.
  ended.catch(() => undefined);
  return ended;
}

/** git's own message, on one line. */
export function lastWords(stderr: string): string {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  return (lines.find((line) => line.startsWith("fatal: ")) ?? lines[0] ?? "no message").replace(/[^\x20-\x7e]/g, "?").slice(0, 300);
}
