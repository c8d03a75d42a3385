/** One job from order to result, inside the launcher. */
import { constants } from "node:os";
import { MaestroError } from "../../../../proto/errors.ts";
import type { SandboxLimits } from "../../../../proto/config.ts";
import type { GroupLimits } from "../../cgroup/group.ts";
import { limitProcess, type ResourceLimit } from "../../kernel/process.ts";
import type { SandboxEnd } from "../job.ts";
import type { Ended, WireJob } from "../wire.ts";
import { type Ground, startJail } from "./begin.ts";
import { collect, type Found } from "./collect.ts";
import { Descriptors } from "./descriptors.ts";
import { gvisorCage } from "./gvisor.ts";
import { isFolder, missingFor } from "./inside.ts";
import type { Inside, Jail } from "./jail.ts";
import { SHM } from "./layout.ts";
import { Meter } from "./meter.ts";
import { Output } from "./output.ts";
import { removedRules, type Removed } from "./protections.ts";
import type { Ready } from "./standby.ts";

const WATCH_INTERVAL_MS = 20;
/** How often it is told what a job has used so far: should the launcher be killed, no more than this is unknown. */
const TOLD_INTERVAL_MS = 100;
/** After everything inside is dead the pipes end at once. */
const OUTPUT_DEADLINE_MS = 1_000;
/** bubblewrap, its first process and one to spare, so that a job that stays at its limit never meets the kernel's. */
const PROCESSES_SPARE = 3;
/** A test that takes `kill-before-collect` out gives the survivors this long. */
const SURVIVORS_MS = 4_000;
/** And the number of the signal. Just this is runsc's own word for "could not even start": there is no signal 0. */
const SIGNAL_EXIT = 128;

export interface Ran extends Omit<Ended, "files"> {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly files: readonly Found[];
}

/** Throws MaestroError `sandbox.failed`. The job's folders were checked (see places.ts); what is `ready` is used up. */
export async function runJob(job: WireJob, ground: Ground, ready: Ready | null, used: (cpu_us: number) => void): Promise<Ran> {
  const started_ms = performance.now();
  using fds = ready?.fds ?? new Descriptors();
  const whole_kernel = job.tier === "runsc";
  const cage = ready?.cage ?? ground.cages?.make() ?? null;
  let jail: Jail | null = null;
  try {
    cage?.limit(cageLimits(job, ground, whole_kernel));
    jail = startJail(job, ground, ready, fds);
    const inside = await jail.look();
    if (!whole_kernel) requireProgram(job, inside);
    if (ready === null) cage?.add(jail.init);
    limitResources(jail.init, job.limits, whole_kernel, ground.removed);
    const meter = new Meter({ ...inside, cage, limits: job.limits, whole_kernel, removed: ground.removed });
    const { end, stdout, stderr } = await runToEnd(job, jail, meter, fds, ground.removed, used);
    const reaped = ground.removed.has("kill-before-collect") ? (await Bun.sleep(SURVIVORS_MS), null) : await jail.end();
    const last = end.kind === "limit" ? end : (exceeded(end, meter) ?? end);
    const files = collect(inside.scratch_fd, job.wanted, ground.removed);
    for (const file of files) if (file.state === "open") fds.own(file.fd);
    await jail.end();
    await outputEnds([stdout, stderr]);
    if (whole_kernel && last.kind === "exit" && last.code === SIGNAL_EXIT) throw new MaestroError("sandbox.failed", `runsc could not start the job: ${Buffer.from(stderr.tail()).toString("utf8").trim()}`);
    // From here on whoever asked closes them.
    for (const file of files) if (file.state === "open") fds.give(file.fd);
    return {
      end: last,
      stdout: stdout.tail(),
      stderr: stderr.tail(),
      files,
      usage: {
        wall_us: Math.round((performance.now() - started_ms) * 1_000),
        // What died in the last moment of a PID namespace is not in the sum of its init, so the meter may have seen more.
        cpu_us: cage?.cpuUs() ?? Math.max(reaped?.cpu_us ?? 0, meter.cpu_us),
        memory_bytes_max: cage?.peakBytes() ?? Math.max(meter.memory_bytes_max, reaped?.memory_bytes_max ?? 0),
      },
    };
  } finally {
    await jail?.end();
    ready?.standing.process.kill("SIGKILL");
    // The answer leaves first.
    if (cage !== null) setImmediate(() => ground.cages?.remove(cage));
  }
}

function requireProgram(job: WireJob, { root_fd }: Inside): void {
  if (!isFolder(root_fd, job.cwd)) throw new MaestroError("sandbox.failed", `the working folder ${job.cwd} is not there inside`);
  const [argv0 = ""] = job.argv;
  const missing = missingFor(root_fd, argv0, job.cwd, job.env["PATH"]);
  if (missing !== null) throw new MaestroError("sandbox.failed", `${missing} is not there inside; mount the folder it lies in, and name it in PATH`);
}

/** Scratch and shared memory are charged to the group too, so its limit is the sum; the meter holds the parts. */
function cageLimits({ limits }: WireJob, { removed }: Ground, whole_kernel: boolean): GroupLimits {
  const own = whole_kernel ? gvisorCage(limits) : { memory_bytes_max: limits.memory_bytes_max, processes_max: limits.processes_max + PROCESSES_SPARE };
  const unlimited = Number.MAX_SAFE_INTEGER;
  return {
    memory_bytes_max: removed.has("memory") ? unlimited : own.memory_bytes_max + limits.scratch_bytes_max + SHM.bytes_max,
    processes_max: removed.has("processes") ? 4_096 : own.processes_max,
  };
}

/** Set on the jail's first process while it waits; everything inside inherits them. */
function limitResources(pid: number, limits: SandboxLimits, whole_kernel: boolean, removed: Removed): void {
  if (removed.has("resource-limits")) return;
  const without = removedRules(removed, "limit");
  const set = (name: ResourceLimit, soft: number, hard = soft): void => (without.has(name) ? undefined : limitProcess(pid, name, soft, hard));
  // 1, not 0: with 0 a core dump still goes to a program named in core_pattern (core(5)).
  set("core", 1);
  set("msgqueue", 0);
  set("nice", 0);
  set("rtprio", 0);
  if (whole_kernel) return;
  set("fsize", limits.file_bytes_max);
  set("nofile", limits.open_files_max);
  // Twice: the meter sees a job between one and two times its limit and names the limit, where a refused fork would only make the job fail somehow.
  if (!removed.has("processes")) set("nproc", 2 * limits.processes_max + PROCESSES_SPARE);
  if (!removed.has("cpu")) set("cpu", limits.cpu_s, limits.cpu_s + 1);
}

interface RunEnd {
  readonly end: SandboxEnd;
  readonly stdout: Output;
  readonly stderr: Output;
}

/** Lets the job go, and waits for its end or for the first limit it passes. */
async function runToEnd(job: WireJob, jail: Jail, meter: Meter, fds: Descriptors, removed: Removed, used: (cpu_us: number) => void): Promise<RunEnd> {
  let passed: keyof SandboxLimits | null = null;
  const pass = (limit: keyof SandboxLimits): void => {
    passed ??= limit;
    jail.kill();
  };
  const output_bytes_max = removed.has("output") ? Number.MAX_SAFE_INTEGER : job.limits.output_bytes_max;
  const limits = { bytes_max: output_bytes_max, tail_bytes_max: job.tail_bytes_max };
  const read = (fd: number): Output => new Output(fds.give(fd), limits, () => pass("output_bytes_max"));
  const stdout = read(jail.stdout_fd);
  const stderr = read(jail.stderr_fd);
  const wall = removed.has("wall") ? undefined : setTimeout(() => pass("wall_ms"), job.limits.wall_ms);
  const watch = setInterval(() => {
    const over = meter.look();
    if (over !== null) pass(over);
  }, WATCH_INTERVAL_MS);
  const tell = setInterval(() => used(meter.cpu_us), TOLD_INTERVAL_MS);
  try {
    meter.begin();
    jail.release();
    const code = await jail.exited();
    return { end: passed === null ? endOf(code) : { kind: "limit", limit: passed }, stdout, stderr };
  } finally {
    clearTimeout(wall);
    clearInterval(watch);
    clearInterval(tell);
  }
}

function endOf(code: number): SandboxEnd {
  const signal = Object.entries(constants.signals).find(([, number]) => number === code - SIGNAL_EXIT)?.[0];
  return signal === undefined ? { kind: "exit", code } : { kind: "signal", signal };
}

/** A limit the kernel enforced between two looks. */
function exceeded(end: SandboxEnd, meter: Meter): SandboxEnd | null {
  if (end.kind === "signal" && end.signal === "SIGXCPU") return { kind: "limit", limit: "cpu_s" };
  if (end.kind === "signal" && end.signal === "SIGXFSZ") return { kind: "limit", limit: "file_bytes_max" };
  const limit = meter.look();
  return limit === null ? null : { kind: "limit", limit };
}

async function outputEnds(outputs: readonly Output[]): Promise<void> {
  await Promise.race([Promise.all(outputs.map((output) => output.ended)), Bun.sleep(OUTPUT_DEADLINE_MS)]);
  await Promise.all(outputs.map((output) => output.cancel()));
}

/** Sets a jail up as for a job and takes it down again. Throws `sandbox.failed` with bubblewrap's own words. */
export async function tryJail(job: WireJob, ground: Ground): Promise<void> {
  using fds = new Descriptors();
  const jail = startJail(job, ground, null, fds);
  try {
    await jail.look();
  } finally {
    await jail.end();
  }
}
