/** Processes: what they inherit, what they may use, who waits for them. */
import { checked, ERRNO, lastErrno, libc, SyscallError } from "./libc.ts";

const PR_SET_PDEATHSIG = 1;
const PR_SET_NO_NEW_PRIVS = 38;
const SIGKILL = 9;
const SIGTERM = 15;

function prctl(name: string, option: number, value: number): void {
  checked(name, libc().prctl(option, BigInt(value), 0n, 0n, 0n));
}

/** From now on the kernel kills this process when the thread that started it ends (prctl(2)). */
export function dieWithParent(): void {
  prctl("prctl(PR_SET_PDEATHSIG)", PR_SET_PDEATHSIG, SIGKILL);
}

/** The same, with a signal that lets this process clear up first. */
export function endWithParent(): void {
  prctl("prctl(PR_SET_PDEATHSIG)", PR_SET_PDEATHSIG, SIGTERM);
}

/** Ends this process without what libraries do at its end (_exit(2)): LMDB would close its environment there, which may write, and may abort beside its own writing thread. */
export function exitAtOnce(code: number): void {
  libc()._exit(code);
}

/** From now on no program started from here gains a privilege through setuid or file capabilities. */
export function noNewPrivileges(): void {
  prctl("prctl(PR_SET_NO_NEW_PRIVS)", PR_SET_NO_NEW_PRIVS, 1);
}

const PR_SET_CHILD_SUBREAPER = 36;

/** Orphans below this process become its children, so that it can wait for them (prctl(2)). */
export function becomeSubreaper(): void {
  prctl("prctl(PR_SET_CHILD_SUBREAPER)", PR_SET_CHILD_SUBREAPER, 1);
}

/** asm-generic/resource.h; the same on x86-64 and arm64. */
const RLIMIT = { cpu: 0, fsize: 1, core: 4, nproc: 6, nofile: 7, msgqueue: 12, nice: 13, rtprio: 14 } as const;
export type ResourceLimit = keyof typeof RLIMIT;

/** Sets soft and hard limit of another process of this user (prlimit(2)), or leaves the lower one it has: a unit's own limit cannot be raised, and need not. */
export function limitProcess(pid: number, limit: ResourceLimit, soft: number, hard = soft): void {
  const now = new BigUint64Array(2);
  checked(`prlimit(${limit})`, libc().prlimit64(pid, RLIMIT[limit], null, now));
  const least = (value: number, bound: bigint): bigint => (BigInt(value) < bound ? BigInt(value) : bound);
  const [, ceiling = 0n] = now;
  checked(`prlimit(${limit})`, libc().prlimit64(pid, RLIMIT[limit], new BigUint64Array([least(soft, ceiling), least(hard, ceiling)]), null));
}

export interface Reaped {
  readonly cpu_us: number;
  readonly memory_bytes_max: number;
}

const WNOHANG = 1;
const KiB = 1024;

/**
 * Collects a child that has ended, with what it and everything it waited for used (wait4(2), struct rusage of 64-bit Linux).
 * `running` while it has not ended, `gone` where it is not our child or was collected already.
 */
export function reap(pid: number): Reaped | "running" | "gone" {
  const usage = new BigInt64Array(18);
  const got = libc().wait4(pid, new Int32Array(1), WNOHANG, usage);
  if (got === 0) return "running";
  if (got < 0) {
    const failed = lastErrno();
    if (failed === ERRNO.ECHILD) return "gone";
    throw new SyscallError("wait4", failed);
  }
  const at = (index: number): number => Number(usage[index] ?? 0n);
  return { cpu_us: at(0) * 1e6 + at(1) + at(2) * 1e6 + at(3), memory_bytes_max: at(4) * KiB };
}
