/** git with a network: the only place of Maestro that may open a connection. */
import { copyFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { MaestroError } from "../../proto/errors.ts";
import { parseRemote, type RemoteScheme } from "../../proto/remote.ts";
import type { EgressLimits } from "../../proto/config.ts";
import type { RemoteEntry } from "../config/operator-table.ts";
import type { GitDir } from "../platform/git/runner.ts";
import { Capture } from "../platform/process/capture.ts";
import { markedEnvironment } from "../platform/process/mark.ts";
import { failureOf } from "./failure.ts";
import { gitConfig, gitEnvironment, sshCommand, type EgressTools } from "./settings.ts";

const STDERR_BYTES_MAX = 64 * 1024;
const OTHERS = 0o077;

export interface RemoteRun {
  readonly deadline_ms: number;
  readonly stdout_bytes_max: number;
  readonly file_bytes_max: number;
  readonly stdin?: string;
  /** Writes stdout here instead of keeping it. */
  readonly stdout_fd?: number;
}

export interface RemoteEnd {
  readonly code: number;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

/** Throws `egress.denied` unless only this user (or root, for a file of the service manager) can read the file. */
export async function checkPrivate(path: string, what = "credential_file"): Promise<void> {
  let found;
  try {
    found = await stat(path);
  } catch (cause) {
    throw new MaestroError("egress.denied", `${what} ${path} cannot be read`, { cause });
  }
  if (!found.isFile() || (found.uid !== process.getuid?.() && found.uid !== 0)) throw new MaestroError("egress.denied", `${what} ${path} is not a file of the helper's user or root`);
  if ((found.mode & OTHERS) !== 0) throw new MaestroError("egress.denied", `${what} ${path} can be read by other users; chmod 600 it, and replace what is in it`);
}

/** One repository's remote and how to speak to it. `folder` is this conversation's own. */
export class RemoteGit {
  readonly #tools: EgressTools;
  readonly #entry: RemoteEntry;
  readonly #folder: string;
  readonly #limits: EgressLimits;
  readonly #scheme: RemoteScheme;
  readonly #ends_ms: number;

  constructor(tools: EgressTools, entry: RemoteEntry, folder: string, limits: EgressLimits, ends_ms: number) {
    const remote = parseRemote(entry.remote);
    if (typeof remote === "string") throw new MaestroError("egress.denied", `the remote of ${entry.id}: ${remote}`);
    this.#tools = tools;
    this.#entry = entry;
    this.#folder = folder;
    this.#limits = limits;
    this.#scheme = remote.scheme;
    this.#ends_ms = ends_ms;
  }

  /** A command that speaks to the remote. Throws `egress.*`; a dumb HTTP server is refused, because it cannot be held to one answer. */
  async speak(args: readonly string[], bytes: Pick<RemoteRun, "stdout_bytes_max" | "file_bytes_max">, git_dir: string | null): Promise<Uint8Array> {
    const trace = join(this.#folder, "packets");
    const credentials = await this.#credentials();
    const { code, stdout, stderr } = await this.#run(gitConfig(this.#scheme, this.#entry.ca_file, credentials), gitEnvironment(this.#tools, this.#scheme, this.#sshCommand(), trace, this.#folder), args, { ...bytes, deadline_ms: this.#ends_ms - performance.now() }, git_dir);
    if (code !== 0) throw failureOf(stderr);
    // git speaks the dumb protocol by itself where a server offers no other; its packet trace then stays empty.
    if (!(await Bun.file(trace).exists())) throw new MaestroError("egress.refused", `${this.#entry.id}: the server speaks only git's dumb HTTP protocol`);
    return stdout;
  }

  /** A command on our own mirror; no transport is allowed. */
  async local(dir: GitDir, args: readonly string[], options: Omit<RemoteRun, "deadline_ms" | "file_bytes_max">): Promise<RemoteEnd> {
    return this.#run(gitConfig(null, undefined, null), gitEnvironment(this.#tools, null, null, null, this.#folder), args, { ...options, file_bytes_max: this.#limits.fetch_bytes_max * 2, deadline_ms: this.#ends_ms - performance.now() }, dir.git_dir);
  }

  /** A copy, because git deletes an entry from the file when a server refuses it. */
  async #credentials(): Promise<string | null> {
    const { credential_file } = this.#entry;
    if (credential_file === undefined) return null;
    await checkPrivate(credential_file);
    if (this.#scheme === "ssh") return null;
    const copy = join(this.#folder, "credentials");
    await copyFile(credential_file, copy);
    return copy;
  }

  #sshCommand(): string | null {
    const { credential_file, known_hosts_file } = this.#entry;
    if (this.#scheme !== "ssh") return null;
    const { ssh } = this.#tools;
    if (ssh === null || credential_file === undefined || known_hosts_file === undefined) throw new MaestroError("egress.denied", "ssh, its key or its known hosts are missing");
    return sshCommand(ssh, credential_file, known_hosts_file);
  }

  async #run(settings: readonly string[], env: Record<string, string>, args: readonly string[], options: RemoteRun, git_dir: string | null): Promise<RemoteEnd> {
    if (options.deadline_ms <= 0) throw timeout(this.#entry.id);
    const { setpriv, prlimit, git } = this.#tools;
    const cmd = [
      // git dies with the helper, whatever the helper dies of.
      ...(setpriv === null ? [] : [setpriv, "--pdeathsig", "KILL", "--no-new-privs", "--"]),
      ...(prlimit === null ? [] : [prlimit, `--fsize=${options.file_bytes_max}`, `--cpu=${Math.ceil(this.#limits.fetch_deadline_ms / 1000) * 2}`, "--core=0", "--"]),
      git, ...(git_dir === null ? [] : [`--git-dir=${git_dir}`]), ...settings.flatMap((entry) => ["-c", entry]), ...args,
    ];
    // Not detached: git stays in the helper's process group, which the core kills as a whole.
    const child = Bun.spawn({ cmd, cwd: this.#folder, env: markedEnvironment(env), stdin: options.stdin === undefined ? "ignore" : Buffer.from(options.stdin), stdout: options.stdout_fd ?? "pipe", stderr: "pipe" });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, options.deadline_ms);
    try {
      const stderr = new Capture(child.stderr, STDERR_BYTES_MAX);
      const stdout = typeof child.stdout === "object" ? await kept(child.stdout, options.stdout_bytes_max, () => child.kill("SIGKILL")) : new Uint8Array(0);
      const code = await child.exited;
      if (late) throw timeout(this.#entry.id);
      if (stdout === null) throw new MaestroError("egress.refused", `${this.#entry.id}: the remote said more than ${options.stdout_bytes_max} bytes`);
      await Promise.race([stderr.ended, Bun.sleep(100)]);
      if (child.signalCode !== null) throw new MaestroError("egress.refused", `${this.#entry.id}: what the remote sent passed a limit (git ended by ${child.signalCode})`);
      return { code, stdout, stderr: stderr.text() };
    } finally {
      clearTimeout(timer);
    }
  }
}

const timeout = (id: string): MaestroError => new MaestroError("egress.timeout", `${id}: the remote took too long`);

/** Null where there was more; the rest is not read. */
async function kept(stream: ReadableStream<Uint8Array>, bytes_max: number, stop: () => void): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > bytes_max) {
      stop();
      return null;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

