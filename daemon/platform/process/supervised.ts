import { MaestroError } from "../../../proto/errors.ts";
import type { WorkerLimits } from "../../../proto/config.ts";
import type { CgroupHome, MemoryGroup } from "../cgroup/memory-home.ts";
import { errno } from "../kernel/errno.ts";
import { Capture, type PipeReader } from "./capture.ts";
import { killGroup } from "./group.ts";
import { childMark, killMarked, MARK_VARIABLE } from "./mark.ts";
import { NO_USAGE, usageOf, usageOfEnded, type Usage } from "./usage.ts";

/** After exit the last answer may still lie in the pipe. Group and pipes are gone in about 1 ms unless something fled the group. */
const LAST_WORDS_MS = 200;
/** A failure carries this much of the end of what was captured; the whole is in `stderr`. */
const STDERR_CHARACTERS_SHOWN = 500;
/** After SIGKILL a process is gone in about 2 ms; one stuck in the kernel is not waited for longer. */
const KILL_WAIT_MS = 1_000;

/** How to start a process. `env` is its whole environment. */
export interface ProcessSpec {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly limits: Pick<WorkerLimits, "memory_bytes_max" | "stderr_bytes_max">;
  /** Where the kernel can be told the memory limit; absent, the resident memory is watched alone. */
  readonly cgroups?: CgroupHome | undefined;
}

/** What is said with the process. Whoever holds it tells it of bytes, of their end, and once that nothing more will come. */
export interface Talk {
  readonly dead: boolean;
  /** Something is under way that would be lost. */
  readonly busy: boolean;
  /** Given so far. */
  readonly jobs: number;
  hear(chunk: Uint8Array): void;
  ended(): void;
  end(error: MaestroError): void;
}

/**
 * One process in a session and process group of its own, whose input and output carry frames. The first failure kills the whole group with
 * SIGKILL and ends the talk.
 *
 * It cannot outlive the daemon: the kernel kills it when the daemon's main thread ends, and its input ends too (see wire.ts).
 * What it started and what left its group is found by its control group, or by the mark in its environment (see mark.ts).
 */
export class Supervised {
  readonly pid: number;
  /** Resolves when the process has ended and its group was killed. */
  readonly gone: Promise<void>;
  readonly #spec: ProcessSpec;
  readonly #process: Bun.Subprocess<"pipe", "pipe", "pipe">;
  readonly #stdout: PipeReader;
  readonly #stderr: Capture;
  readonly #group: MemoryGroup | undefined;
  readonly #mark = childMark();
  readonly #talk: Talk;
  #failure: MaestroError | undefined;
  /** It ended otherwise than idle and by our hand. */
  #cut_off = false;

  /** Throws MaestroError `worker.crashed` when the program cannot be started at all. */
  constructor(spec: ProcessSpec, talk: Talk) {
    this.#spec = spec;
    this.#talk = talk;
    this.#group = groupOf(spec);
    this.#process = start(spec, this.#mark);
    this.pid = this.#process.pid;
    // Long before it starts anything itself: until it is ready it runs only our own code, for some 30 ms.
    this.#group?.add(this.pid);
    this.#stdout = this.#process.stdout.getReader();
    this.#stderr = new Capture(this.#process.stderr, spec.limits.stderr_bytes_max);
    this.gone = this.#live();
  }

  /** What the process printed, up to `stderr_bytes_max`. It may repeat a change's bytes: escape before showing it. */
  get stderr(): string {
    return this.#stderr.text();
  }

  /** What it and those it waited for used; exact once it has ended. */
  get usage(): Usage {
    return usageOfEnded(this.#process) ?? usageOf(this.pid) ?? NO_USAGE;
  }

  /** Why the process is of no more use; undefined while it is, and after a plain `kill`. */
  get failure(): MaestroError | undefined {
    return this.#failure;
  }

  async send(frame: Uint8Array): Promise<void> {
    try {
      await this.#process.stdin.write(frame);
      await this.#process.stdin.flush();
    } catch (cause) {
      // It closed its input or died; `#live` reports a death with its exit code, so only a living process fails here.
      await Bun.sleep(2 * LAST_WORDS_MS);
      this.fail(new MaestroError("worker.crashed", "the process closed its input", { cause }));
    }
  }

  /** The first reason wins. */
  fail(reason: MaestroError): void {
    if (this.#talk.dead) return;
    const error = this.outOfMemory() ?? reason;
    const said = this.stderr.trim().slice(-STDERR_CHARACTERS_SHOWN);
    this.#failure = said === "" ? error : new MaestroError(error.code, `${error.detail}; it said: ${said}`, { cause: error.cause });
    this.#end(this.#failure);
  }

  /** The kernel killed something of this process for its memory; whatever else went wrong came of that. */
  outOfMemory(): MaestroError | undefined {
    const kills = this.#group?.oomKills() ?? 0;
    if (kills === 0) return undefined;
    return new MaestroError("worker.memory", `the kernel killed ${kills} of its processes at ${this.#spec.limits.memory_bytes_max} bytes`);
  }

  /** Kills the group; what runs fails as `worker.crashed`. Resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#end(new MaestroError("worker.crashed", "the process was stopped"));
    await this.settled();
  }

  /** Resolves when the process is gone, or will not go. */
  async settled(): Promise<void> {
    await Promise.race([this.gone, Bun.sleep(KILL_WAIT_MS)]);
  }

  /** Asks an idle process to end by itself: the end of its input is its end. */
  async closeInput(): Promise<void> {
    await this.#process.stdin.end();
  }

  async #live(): Promise<void> {
    const reading = this.#read();
    await this.#process.exited;
    this.#killGroup();
    // A walk over all processes, so only where it was cut off at work: one that was let go has nothing under way.
    if (this.#group === undefined && this.#talk.jobs > 0 && this.#cut_off) killMarked(this.#mark);
    await Promise.race([Promise.all([reading, this.#stderr.ended]), Bun.sleep(LAST_WORDS_MS)]);
    const { exitCode, signalCode } = this.#process;
    const how = signalCode === null ? `exit code ${exitCode}` : `ended by ${signalCode}`;
    this.fail(new MaestroError("worker.crashed", how));
    void this.#stdout.cancel();
    void this.#stderr.cancel();
    this.#group?.remove();
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#stdout.read();
        if (done) break;
        this.#talk.hear(value);
        if (this.#talk.dead) return;
      }
      this.#talk.ended();
    } catch (error) {
      this.fail(new MaestroError("worker.protocol", String(error), { cause: error }));
    }
  }

  #killGroup(): void {
    killGroup(this.pid);
    this.#group?.kill();
  }

  #end(error: MaestroError): void {
    if (this.#talk.dead) return;
    this.#cut_off = this.#talk.busy || this.#failure !== undefined;
    this.#talk.end(error);
    this.#killGroup();
  }
}

function groupOf({ cgroups, limits }: ProcessSpec): MemoryGroup | undefined {
  try {
    return cgroups?.create(limits.memory_bytes_max);
  } catch (cause) {
    throw new MaestroError("worker.crashed", `its control group could not be made: ${errno(cause) ?? String(cause)}`, { cause });
  }
}

function start(spec: ProcessSpec, mark: string): Bun.Subprocess<"pipe", "pipe", "pipe"> {
  try {
    return Bun.spawn({ cmd: [...spec.argv], cwd: spec.cwd, env: { ...spec.env, [MARK_VARIABLE]: mark }, detached: true, stdin: "pipe", stdout: "pipe", stderr: "pipe" });
  } catch (cause) {
    throw new MaestroError("worker.crashed", `${spec.argv[0]}: could not be started: ${errno(cause) ?? String(cause)}`, { cause });
  }
}
