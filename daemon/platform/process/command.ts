import { MaestroError } from "../../../proto/errors.ts";
import { Capture, type PipeReader } from "./capture.ts";
import { errno } from "../kernel/errno.ts";
import { killGroup } from "./group.ts";
import { markedEnvironment } from "./mark.ts";

/** Where the caller names none. Enough for the last words of any tool. */
const STDERR_BYTES_MAX = 64 * 1024;
/** SIGKILL takes about 1 ms; only a process stuck in the kernel (a dead disk) needs longer, and nobody waits for that. */
const KILL_WAIT_MS = 1_000;

export interface CommandOptions {
  /** Working folder; the daemon's own when absent. */
  readonly cwd?: string;
  /** The whole environment but for the mark (see mark.ts): nothing of the daemon's is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** Bytes or a stream for the command's input; an empty input when absent. */
  readonly stdin?: Uint8Array | ReadableStream<Uint8Array>;
  readonly stdout_bytes_max: number;
  /** What of stderr is kept; the rest is read and dropped. 64 KiB when absent. */
  readonly stderr_bytes_max?: number;
  /** From the start to the end of stdout, consumer included. */
  readonly deadline_ms: number;
  readonly signal?: AbortSignal;
}

export interface CommandEnd {
  readonly code: number;
  readonly stderr: string;
}

export interface CommandResult extends CommandEnd {
  readonly stdout: Uint8Array;
}

/** A started command: iterate it once for its stdout; a consumer that stops early kills it. */
export interface CommandStream extends AsyncIterable<Uint8Array> {
  readonly pid: number;
  /** Resolves after exit, whatever the exit code; rejects as `streamCommand` says. */
  readonly ended: Promise<CommandEnd>;
}

/**
 * Runs a command to its end and keeps its stdout. A non-zero exit code is a result, not an error.
 * Throws what `streamCommand` throws.
 */
export async function runCommand(argv: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const stream = streamCommand(argv, options);
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  const { code, stderr } = await stream.ended;
  return { code, stderr, stdout: Buffer.concat(chunks) };
}

/**
 * Starts a command in its own session and process group with a cleared environment. Its stdout
 * is read only as fast as the consumer takes it. When it ends, for whatever reason, its whole group is killed,
 * so nothing it started stays behind (except what moved itself to another session).
 *
 * Throws, or rejects `ended` with, MaestroError:
 * - `worker.crashed`: could not be started (`cause.code` is ENOENT for a missing program or folder), or died from a signal
 * - `worker.deadline`: ran past `deadline_ms`
 * - `worker.protocol`: wrote more than `stdout_bytes_max`
 * - `request.cancelled`: `signal` aborted, the consumer stopped early, or the stdin stream failed (as `cause`)
 */
export function streamCommand(argv: readonly string[], options: CommandOptions): CommandStream {
  const command = new Command(argv, options);
  return { pid: command.pid, ended: command.ended, [Symbol.asyncIterator]: () => command.chunks() };
}

class Command {
  readonly pid: number;
  readonly ended: Promise<CommandEnd>;
  readonly #name: string;
  readonly #options: CommandOptions;
  readonly #child: Bun.Subprocess<"pipe" | "ignore", "pipe", "pipe">;
  readonly #stdout: PipeReader;
  readonly #stdout_done = Promise.withResolvers<void>();
  readonly #stderr: Capture;
  readonly #stop = new AbortController();
  #failure: MaestroError | undefined;

  constructor(argv: readonly string[], options: CommandOptions) {
    this.#name = argv[0] ?? "";
    this.#options = options;
    if (options.signal?.aborted) throw cancelled(this.#name, options.signal.reason);
    this.#child = spawn(argv, options);
    this.pid = this.#child.pid;
    this.#stdout = this.#child.stdout.getReader();
    this.#stderr = new Capture(this.#child.stderr, options.stderr_bytes_max ?? STDERR_BYTES_MAX);
    this.ended = this.#run();
    // The iterator reports the same failure, so a caller who only iterates must not trip the handler for unhandled rejections.
    this.ended.catch(() => undefined);
  }

  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    let bytes = 0;
    try {
      for (;;) {
        const { done, value } = await this.#stdout.read();
        if (done) break;
        bytes += value.length;
        if (bytes > this.#options.stdout_bytes_max) {
          this.#fail(new MaestroError("worker.protocol", `${this.#name}: stdout passed ${this.#options.stdout_bytes_max} bytes`));
          break;
        }
        yield value;
      }
      this.#stdout_done.resolve();
      await this.ended;
    } finally {
      // Reached with stdout unfinished only when the consumer stopped early; after the end this does nothing.
      this.#fail(cancelled(this.#name, "the reader of its output stopped"));
      await this.ended.catch(() => undefined);
    }
  }

  async #run(): Promise<CommandEnd> {
    const { deadline_ms, signal } = this.#options;
    const timer = setTimeout(() => this.#fail(new MaestroError("worker.deadline", `${this.#name}: ${deadline_ms} ms`)), deadline_ms);
    const abort = () => this.#fail(cancelled(this.#name, signal?.reason));
    signal?.addEventListener("abort", abort, { once: true });
    void this.#feed();
    try {
      await Promise.race([this.#child.exited, this.#stopped()]);
      killGroup(this.pid);
      await Promise.race([Promise.all([this.#child.exited, this.#stderr.ended, this.#stdout_done.promise]), this.#stopped()]);
      if (this.#failure !== undefined) await Promise.race([this.#child.exited, Bun.sleep(KILL_WAIT_MS)]);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
    return this.#finish();
  }

  #finish(): CommandEnd {
    const failure = this.#failure;
    this.#stop.abort();
    if (failure !== undefined) throw failure;
    const { exitCode, signalCode } = this.#child;
    const stderr = this.#stderr.text();
    if (exitCode === null || signalCode !== null) throw new MaestroError("worker.crashed", `${this.#name}: ended by ${signalCode ?? "an unknown cause"}: ${stderr}`);
    return { code: exitCode, stderr };
  }

  /** First reason wins; a command that has ended cannot fail any more. */
  #fail(reason: MaestroError): void {
    if (this.#stop.signal.aborted) return;
    this.#failure = reason;
    this.#stop.abort();
    killGroup(this.pid);
    // Both pipes are let go, because a process that left the group could hold them open for ever.
    void this.#stdout.cancel();
    void this.#stderr.cancel();
  }

  #stopped(): Promise<void> {
    const { signal } = this.#stop;
    return new Promise((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** Writes stdin at the speed the command reads it; never rejects. A command may end without reading all of it: its exit code tells. */
  async #feed(): Promise<void> {
    const { stdin } = this.#options;
    const sink = this.#child.stdin;
    if (stdin === undefined || sink === undefined) return;
    const source = (stdin instanceof Uint8Array ? streamOf(stdin) : stdin).getReader();
    const release = () => void source.cancel(this.#failure).catch(() => undefined);
    this.#stop.signal.addEventListener("abort", release, { once: true });
    try {
      for (;;) {
        const { done, value } = await source.read();
        if (done || this.#stop.signal.aborted) break;
        await sink.write(value);
        await sink.flush();
      }
      await sink.end();
    } catch (error) {
      if (errno(error) === "EPIPE") return release();
      this.#fail(cancelled(this.#name, error));
    }
  }
}

function spawn(argv: readonly string[], options: CommandOptions): Bun.Subprocess<"pipe" | "ignore", "pipe", "pipe"> {
  try {
    return Bun.spawn({
      cmd: [...argv],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: markedEnvironment(options.env),
      detached: true,
      stdin: options.stdin === undefined ? "ignore" : "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
  } catch (cause) {
    throw new MaestroError("worker.crashed", `${argv[0]}: could not be started: ${errno(cause) ?? String(cause)}`, { cause });
  }
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
}

function cancelled(name: string, cause: unknown): MaestroError {
  return new MaestroError("request.cancelled", `${name}: stopped before its end`, { cause });
}
