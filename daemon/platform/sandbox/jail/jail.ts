/** One bubblewrap jail from outside: set up and held before its first instruction, looked into, let go, killed, collected. */
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { posix } from "node:path";
import { MaestroError } from "../../../../proto/errors.ts";
import { SyscallError } from "../../kernel/libc.ts";
import { errno } from "../../kernel/errno.ts";
import { statOf } from "../../kernel/proc.ts";
import { markedEnvironment } from "../../process/mark.ts";
import { INSIDE } from "../job.ts";
import { O, openBeneath, pipe, reopened, RESOLVE } from "../../kernel/descriptor.ts";
import { reap, type Reaped } from "../../kernel/process.ts";
import { SHM } from "./layout.ts";

/** Bubblewrap needs 5 ms to set up; on a machine that swaps it may take long, but not for ever. */
const READY_DEADLINE_MS = 10_000;
const POLL_MS = 0.25;
/** SIGKILL of a PID namespace takes about a millisecond. */
const REAP_DEADLINE_MS = 5_000;
const INFO_BYTES_MAX = 4_096;
const WORDS_BYTES_MAX = 4_096;
/** execvp(3) without a PATH. */
const DEFAULT_PATH = "/bin:/usr/bin";

/** Descriptors of one run, closed together. */
export class Descriptors implements Disposable {
  private readonly held = new Set<number>();

  own(fd: number): number {
    this.held.add(fd);
    return fd;
  }

  /** Hands the descriptor to somebody who closes it. */
  give(fd: number): number {
    this.held.delete(fd);
    return fd;
  }

  close(fd: number): void {
    if (this.held.delete(fd)) closeSync(fd);
  }

  [Symbol.dispose](): void {
    for (const fd of [...this.held]) this.close(fd);
  }
}

/** What is sealed and handed in, in the order bubblewrap's arguments name them. */
export interface JailStart {
  readonly bwrap: string;
  readonly argv: readonly string[];
  readonly stdin: number;
  readonly arguments: number;
  readonly seccomp: number | null;
  /** Become descriptors `FIRST_FILE_FD` and up. */
  readonly files: readonly number[];
}

const FD = { arguments: 3, info: 4, block: 5, seccomp: 6 } as const;
export const FIRST_FILE_FD = 7;

export interface Inside {
  readonly root_fd: number;
  readonly scratch_fd: number;
  readonly proc_fd: number;
  readonly shm_fd: number | null;
}

export class Jail {
  readonly stdout_fd: number;
  readonly stderr_fd: number;
  /** Host pid of the jail's first process; its death is the death of everything inside. */
  readonly init: number;
  private readonly gate_fd: number;
  /** Once its pid was given back to the kernel, it may be anybody's. */
  private over = false;
  private readonly bwrap: Bun.Subprocess;

  constructor(start: JailStart, private readonly fds: Descriptors) {
    const [out, err, info, block] = [pipe(), pipe(), pipe(), pipe()].map(({ read, write }) => ({ read: fds.own(read), write: fds.own(write) }));
    if (out === undefined || err === undefined || info === undefined || block === undefined) throw new Error("four pipes were made");
    const seccomp = start.seccomp === null ? [] : ["--seccomp", String(FD.seccomp)];
    this.bwrap = Bun.spawn({
      cmd: [start.bwrap, "--args", String(FD.arguments), "--info-fd", String(FD.info), "--block-fd", String(FD.block), ...seccomp, "--", ...start.argv],
      // The job's environment is among the arguments, because one of its names might work on bubblewrap itself. By the mark a leftover is found.
      env: markedEnvironment(),
      stdio: [start.stdin, out.write, err.write, start.arguments, info.write, block.read, start.seccomp ?? "ignore", ...start.files],
    });
    for (const fd of [out.write, err.write, info.write, block.read]) fds.close(fd);
    this.stdout_fd = out.read;
    this.stderr_fd = err.read;
    this.gate_fd = block.write;
    this.init = this.readInit(info.read);
  }

  /** Waits until everything is mounted and nothing of the job runs yet, and holds on to its folders. */
  async look(): Promise<Inside> {
    const until_ms = performance.now() + READY_DEADLINE_MS;
    let root_fd: number | null = null;
    while (root_fd === null) {
      if (["Z", "X", undefined].includes(statOf(this.init)?.state)) throw await this.failure("it ended while it was set up");
      if (performance.now() > until_ms) throw await this.failure(`it was not set up after ${READY_DEADLINE_MS} ms`);
      root_fd = this.tryRoot();
      if (root_fd === null) Atomics.wait(NEVER, 0, 0, POLL_MS);
    }
    const folder = (path: string): number => this.fds.own(openBeneath(root_fd, path, O.path | O.directory, RESOLVE.in_root | RESOLVE.no_symlinks));
    return { root_fd, scratch_fd: folder(INSIDE.scratch), proc_fd: folder("/proc"), shm_fd: orNothing(() => folder(SHM.inside)) };
  }

  /** Lets the job begin. */
  release(): void {
    writeSync(this.gate_fd, "\n");
    this.fds.close(this.gate_fd);
  }

  /** Resolves with bubblewrap's exit code: the job's own, or 128 and the signal that ended it. */
  async exited(): Promise<number> {
    return this.bwrap.exited;
  }

  kill(): void {
    if (this.over) return;
    killOne(this.init);
    this.bwrap.kill("SIGKILL");
  }

  /** Kills whatever is left inside and returns when it is gone. Throws `sandbox.failed` where it cannot be told. */
  async end(): Promise<Reaped | null> {
    if (this.over) return null;
    this.kill();
    await this.bwrap.exited;
    const until_ms = performance.now() + REAP_DEADLINE_MS;
    for (;;) {
      const reaped = reap(this.init);
      this.over = reaped !== "running";
      if (reaped !== "running") return reaped === "gone" ? null : reaped;
      if (performance.now() > until_ms) throw new MaestroError("sandbox.failed", `the jail's processes were not gone ${REAP_DEADLINE_MS} ms after SIGKILL`);
      Atomics.wait(NEVER, 0, 0, POLL_MS);
    }
  }

  private tryRoot(): number | null {
    const fd = orNothing(() => openSync(`/proc/${this.init}/root`, O.path | O.directory));
    if (fd === null) return null;
    // Scratch is mounted last, and the new root is only seen once all mounts are done.
    const scratch = orNothing(() => openBeneath(fd, INSIDE.scratch, O.path | O.directory, RESOLVE.in_root));
    const ready = scratch !== null && fstatSync(scratch).dev !== fstatSync(fd).dev;
    if (scratch !== null) closeSync(scratch);
    if (ready) return this.fds.own(fd);
    closeSync(fd);
    return null;
  }

  private readInit(info_fd: number): number {
    const buffer = Buffer.alloc(INFO_BYTES_MAX);
    let at = 0;
    for (;;) {
      const got = readSync(info_fd, buffer, at, buffer.length - at, null);
      at += got;
      const pid = /"child-pid":\s*(\d+)/.exec(buffer.toString("latin1", 0, at))?.[1];
      if (pid !== undefined) return Number(pid);
      if (got === 0) throw new MaestroError("sandbox.failed", `bubblewrap did not start: ${this.words()}`);
    }
  }

  /** What bubblewrap itself said; only asked before the job began. */
  private words(): string {
    this.bwrap.kill("SIGKILL");
    const buffer = Buffer.alloc(WORDS_BYTES_MAX);
    const got = readSync(this.stderr_fd, buffer, 0, buffer.length, null);
    return buffer.toString("utf8", 0, got).trim() || "it said nothing";
  }

  private async failure(what: string): Promise<MaestroError> {
    this.kill();
    await this.end();
    return new MaestroError("sandbox.failed", `${what}: ${this.words()}`);
  }
}

const NEVER = new Int32Array(new SharedArrayBuffer(4));

function killOne(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (errno(error) !== "ESRCH") throw error;
  }
}

/** null where it is not there, or not for us yet. */
function orNothing(open: () => number): number | null {
  try {
    return open();
  } catch (error) {
    if (error instanceof SyscallError || errno(error) !== undefined) return null;
    throw error;
  }
}

/** Whether execvp(3) would find the program, seen from inside and before the job could change anything. */
export function findsProgram(root_fd: number, argv0: string, cwd: string, path: string | undefined): boolean {
  const candidates = argv0.includes("/") ? [posix.resolve(cwd, argv0)] : (path ?? DEFAULT_PATH).split(":").map((folder) => posix.resolve(cwd, folder, argv0));
  return candidates.some((candidate) => {
    const fd = orNothing(() => openBeneath(root_fd, candidate, O.path, RESOLVE.in_root));
    if (fd === null) return false;
    const found = fstatSync(fd);
    closeSync(fd);
    return found.isFile() && (found.mode & 0o111) !== 0;
  });
}

export function isFolder(root_fd: number, path: string): boolean {
  const fd = orNothing(() => openBeneath(root_fd, path, O.path | O.directory, RESOLVE.in_root));
  if (fd !== null) closeSync(fd);
  return fd !== null;
}

/** A second opening per run: bubblewrap reads from where the last reader stopped. */
export const handed = (fds: Descriptors, sealed: number): number => fds.own(reopened(sealed));
