import { MaestroError } from "../../proto/errors.ts";
import { system } from "./builtin.ts";

/** The commands the client may run. None of them reads the work tree or the index, so no hook, filter, textconv or fsmonitor of the repository is started. */
export type ClientCommand = "rev-parse" | "rev-list" | "merge-base" | "pack-objects" | "config" | "for-each-ref";

/** What of the caller's environment git gets; the rest (GIT_DIR, GIT_ALTERNATE_OBJECT_DIRECTORIES, …) would make it read something else. */
export interface ClientEnvironment {
  readonly HOME?: string | undefined;
  readonly XDG_CONFIG_HOME?: string | undefined;
  readonly PATH?: string | undefined;
  /** Variables `GIT_CONFIG_…`, for whoever asks what git would do under them. */
  readonly config?: Readonly<Record<string, string>> | undefined;
  /** Where objects lie that are not part of the repository yet: a snapshot of the work tree, the quarantine of a push. */
  readonly objects?: { readonly directory: string; readonly alternates: string } | undefined;
}

/** A partial clone would fetch what is missing, with the repository's own ssh command or helper. */
const CONFIG = ["protocol.allow=never", "core.fsmonitor=false", "core.hooksPath=/dev/null", "pack.compression=1", "pack.packSizeLimit=0"];
const DEADLINE_MS = 120_000;
const STDERR_CHARS_MAX = 4000;

export interface ClientResult {
  readonly code: number;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

/** git in the caller's repository, as the caller: few commands, no transport, HOME kept because `safe.directory` is the user's decision. */
export class ClientGit {
  readonly #git: string;
  readonly #env: Record<string, string>;

  /** Throws `git.missing`. */
  constructor(
    readonly path: string,
    environment: ClientEnvironment = {},
  ) {
    const git = Bun.which("git", environment.PATH === undefined ? undefined : { PATH: environment.PATH });
    if (git === null) throw new MaestroError("git.missing", "no git on the PATH");
    this.#git = git;
    this.#env = {
      HOME: environment.HOME ?? system().homedir(),
      ...(environment.XDG_CONFIG_HOME === undefined ? {} : { XDG_CONFIG_HOME: environment.XDG_CONFIG_HOME }),
      ...environment.config,
      LC_ALL: "C",
      GIT_TERMINAL_PROMPT: "0",
      GIT_OPTIONAL_LOCKS: "0",
      GIT_NO_REPLACE_OBJECTS: "1",
      GIT_NO_LAZY_FETCH: "1",
      GIT_GRAFT_FILE: "/dev/null",
      ...(environment.objects === undefined ? {} : { GIT_OBJECT_DIRECTORY: environment.objects.directory, GIT_ALTERNATE_OBJECT_DIRECTORIES: environment.objects.alternates }),
    };
  }

  /** Runs to the end; stdout is kept up to `stdout_bytes_max`, more is `git.failed`. */
  async run(command: ClientCommand, args: readonly string[], options: { stdin?: string; stdout_bytes_max: number }): Promise<ClientResult> {
    const child = this.#spawn(command, args, options.stdin ?? "", DEADLINE_MS);
    const stderr = new Response(child.stderr).text();
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of child.stdout) {
      bytes += chunk.length;
      if (bytes > options.stdout_bytes_max) {
        child.kill("SIGKILL");
        throw new MaestroError("git.failed", `git ${command} printed more than ${options.stdout_bytes_max} bytes`);
      }
      chunks.push(chunk);
    }
    return { code: await child.exited, stdout: Buffer.concat(chunks), stderr: (await stderr).slice(0, STDERR_CHARS_MAX) };
  }

  /** Lines of stdout; throws `git.failed` unless the exit code is 0. */
  async lines(command: ClientCommand, args: readonly string[], options: { stdin?: string; stdout_bytes_max: number }): Promise<string[]> {
    const { code, stdout, stderr } = await this.run(command, args, options);
    if (code !== 0) throw new MaestroError("git.failed", `git ${command}: ${lastWords(stderr)}`);
    return Buffer.from(stdout).toString("utf8").split("\n").filter((line) => line !== "");
  }

  /** Stdout as it comes. The stream fails if git does, so half a pack never looks whole. */
  stream(command: ClientCommand, args: readonly string[], stdin: string): ReadableStream<Uint8Array> {
    const child = this.#spawn(command, args, stdin, undefined);
    const stderr = new Response(child.stderr).text();
    const reader = child.stdout.getReader();
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
      const { done, value } = await reader.read();
      if (!done) return controller.enqueue(value);
      if ((await child.exited) === 0) return controller.close();
      controller.error(incomplete(await stderr));
    };
    return new ReadableStream<Uint8Array>({ pull, cancel: () => child.kill("SIGKILL") }, { highWaterMark: 0 });
  }

  #spawn(command: ClientCommand, args: readonly string[], stdin: string, timeout: number | undefined): Bun.Subprocess<Buffer, "pipe", "pipe"> {
    const cmd = [this.#git, ...CONFIG.flatMap((entry) => ["-c", entry]), command, ...args];
    try {
      return Bun.spawn({ cmd, cwd: this.path, env: this.#env, stdin: stdin === "" ? "ignore" : Buffer.from(stdin), stdout: "pipe", stderr: "pipe", ...(timeout === undefined ? {} : { timeout, killSignal: "SIGKILL" as const }) });
    } catch (cause) {
      throw new MaestroError("git.not_repository", `${this.path} cannot be entered`, { cause });
    }
  }
}

function incomplete(stderr: string): MaestroError {
  return new MaestroError("intake.incomplete", `git pack-objects: ${lastWords(stderr)}`);
}

export function lastWords(stderr: string): string {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  const fatal = lines.find((line) => line.startsWith("fatal: "));
  // Which file it was stands in the line before: "adding files failed" alone helps nobody.
  const error = lines.find((line) => line.startsWith("error: "));
  return (fatal === undefined ? (lines[0] ?? "no message") : error === undefined ? fatal : `${error}; ${fatal}`).replace(/[^\x20-\x7e]/g, "?").slice(0, 300);
}
