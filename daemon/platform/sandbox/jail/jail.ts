/** One bubblewrap jail from outside: held before its first instruction, looked into, let go, killed, collected. */
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { MaestroError } from "../../../../proto/errors.ts";
import { O, openBeneath, RESOLVE } from "../../kernel/descriptor.ts";
import { hasEnded, killOne, statOf } from "../../kernel/proc.ts";
import { reap, type Reaped } from "../../kernel/process.ts";
import { INSIDE } from "../job.ts";
import type { Descriptors } from "./descriptors.ts";
import { orNothing } from "./inside.ts";
import { SHM } from "./layout.ts";
import type { Started } from "./start.ts";

/** Bubblewrap needs 5 ms to set up; on a machine that swaps it may take long, but not for ever. */
const READY_DEADLINE_MS = 10_000;
const POLL_MS = 0.1;
/** SIGKILL of a PID namespace takes about a millisecond. */
const REAP_DEADLINE_MS = 5_000;
const INFO_BYTES_MAX = 4_096;
const WORDS_BYTES_MAX = 4_096;

export interface Inside {
  readonly root_fd: number;
  readonly scratch_fd: number;
  readonly proc_fd: number;
  readonly shm_fd: number | null;
}

export class Jail {
  /** Host pid of the jail's first process; its death is the death of everything inside. */
  readonly init: number;
  /** Once its pid was given back to the kernel, it may be anybody's. */
  private over = false;

  /** Waits until bubblewrap has started its first process. */
  constructor(
    private readonly started: Started,
    private readonly fds: Descriptors,
  ) {
    this.init = this.readInit(started.info_fd);
  }

  get stdout_fd(): number {
    return this.started.stdout_fd;
  }

  get stderr_fd(): number {
    return this.started.stderr_fd;
  }

  /** Waits until everything is mounted and nothing of the job runs yet, and holds on to its folders. */
  async look(): Promise<Inside> {
    const until_ms = performance.now() + READY_DEADLINE_MS;
    let root_fd: number | null = null;
    while (root_fd === null) {
      if (hasEnded(statOf(this.init))) throw await this.failure("it ended while it was set up");
      if (performance.now() > until_ms) throw await this.failure(`it was not set up after ${READY_DEADLINE_MS} ms`);
      root_fd = this.tryRoot();
      if (root_fd === null) Atomics.wait(NEVER, 0, 0, POLL_MS);
    }
    const folder = (path: string): number => this.fds.own(openBeneath(root_fd, path, O.path | O.directory, RESOLVE.in_root | RESOLVE.no_symlinks));
    return { root_fd, scratch_fd: folder(INSIDE.scratch), proc_fd: folder("/proc"), shm_fd: orNothing(() => folder(SHM.inside)) };
  }

  /** Lets the job begin. */
  release(): void {
    writeSync(this.started.gate_fd, "\n");
    this.fds.close(this.started.gate_fd);
  }

  /** Resolves with bubblewrap's exit code: the job's own, or 128 and the signal that ended it. */
  async exited(): Promise<number> {
    return this.started.process.exited;
  }

  kill(): void {
    if (this.over) return;
    killOne(this.init);
    this.started.process.kill("SIGKILL");
  }

  /** Kills whatever is left inside and returns when it is gone. Throws `sandbox.failed` where it cannot be told. */
  async end(): Promise<Reaped | null> {
    if (this.over) return null;
    this.kill();
    await this.started.process.exited;
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
    this.started.process.kill("SIGKILL");
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
