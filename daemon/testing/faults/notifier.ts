/**
 * seccomp's user notification (seccomp_unotify(2)): a program's calls stop in the kernel until another process has looked at them. All
 * threads and children of the program wait in one line, so that "the third write to this file" is one call and not one per thread.
 */
import { ptr, read } from "bun:ffi";
import { openLibc } from "../../platform/kernel/libc.ts";
import { ALLOW, answer, assemble, DATA, load, when, type Instruction } from "../../platform/sandbox/jail/seccomp/assembler.ts";
import type { NumberedCall } from "./disk-calls.ts";

const libc = openLibc({
  syscall: { args: ["i64", "i64", "i64", "ptr"], returns: "i64" },
  ioctl: { args: ["i32", "u64", "ptr"], returns: "i32" },
  poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
  execv: { args: ["ptr", "ptr"], returns: "i32" },
  __errno_location: { args: [], returns: "ptr" },
} as const);

const ARM = process.arch === "arm64";
const NUMBER = { seccomp: ARM ? 277 : 317, pidfd_open: 434, pidfd_getfd: 438 } as const;
/** AUDIT_ARCH_AARCH64, AUDIT_ARCH_X86_64 (linux/audit.h). */
const ARCHITECTURE = ARM ? 0xc000_00b7 : 0xc000_003e;
const USER_NOTIFICATION = 0x7fc0_0000;
const O_CREAT = 0o100;
const SET_MODE_FILTER = 1;
/** SECCOMP_FILTER_FLAG_NEW_LISTENER, and WAIT_KILLABLE_RECV: a signal would make the kernel ask twice for one call. */
const LISTEN = 8 | 32;

const errno = (): number => {
  const at = libc.__errno_location();
  if (at === null) throw new Error("libc gave no errno address");
  return read.i32(at);
};

function call(name: keyof typeof NUMBER, a: number, b: number, pointer: Uint8Array | null): number {
  const result = Number(libc.syscall(BigInt(NUMBER[name]), BigInt(a), BigInt(b), pointer));
  if (result < 0) throw new Error(`${name} failed with errno ${errno()}`);
  return result;
}

const asking = ({ number, creates }: NumberedCall): Instruction[] =>
  when("equal", number, creates === undefined ? [answer(USER_NOTIFICATION)] : [load(DATA.argument(creates)), ...when("any_bit", O_CREAT, [answer(USER_NOTIFICATION)]), answer(ALLOW)]);

/** From now on these calls of this thread, and of whatever it becomes or starts, wait for the answer of whoever holds the listener. */
export function listen(calls: readonly NumberedCall[]): void {
  const ours = [load(DATA.number), ...calls.flatMap(asking)];
  const filter = assemble([load(DATA.architecture), { code: 0x15, jt: 1, jf: 0, k: ARCHITECTURE }, answer(ALLOW), ...ours, answer(ALLOW)]);
  const program = new BigUint64Array([BigInt(filter.length / 8), BigInt(ptr(filter))]);
  call("seccomp", SET_MODE_FILTER, LISTEN, new Uint8Array(program.buffer));
}

/** Becomes another program; returns only where that failed. */
export function become(argv: readonly string[]): never {
  const texts = argv.map((text) => new TextEncoder().encode(`${text}\0`));
  const pointers = new BigUint64Array([...texts.map((text) => BigInt(ptr(text))), 0n]);
  const [program] = texts;
  if (program === undefined) throw new Error("a program is expected");
  libc.execv(program, pointers);
  throw new Error(`${argv[0]} did not start: errno ${errno()}`);
}

/** Takes over a descriptor of another process (pidfd_getfd(2)). */
export function takeDescriptor(pid: number, fd: number): number {
  return call("pidfd_getfd", call("pidfd_open", pid, 0, null), fd, null);
}

/** A call that waits. */
export interface Waiting {
  readonly id: bigint;
  /** The thread that makes it. */
  readonly tid: number;
  readonly number: number;
  readonly args: readonly bigint[];
}

/** `struct seccomp_notif` and `seccomp_notif_resp`, and the requests of ioctl(2) that carry them (linux/seccomp.h). */
const NOTICE_BYTES = 80;
const ANSWER_BYTES = 24;
const RECEIVE = 0xc050_2100n;
const SEND = 0xc018_2101n;
const GO_ON = 1;
const ENOENT = 2;
const EINTR = 4;
const POLLIN = 1;

/** The next call that waits; `idle` after so many milliseconds without one, `over` when nobody is left who could make one. */
export function nextWaiting(listener: number, wait_ms: number): Waiting | "idle" | "over" {
  const polled = new DataView(new ArrayBuffer(8));
  polled.setInt32(0, listener, true);
  polled.setInt16(4, POLLIN, true);
  if (libc.poll(new Uint8Array(polled.buffer), 1n, wait_ms) <= 0) return "idle";
  if ((polled.getInt16(6, true) & POLLIN) === 0) return "over";
  const notice = new DataView(new ArrayBuffer(NOTICE_BYTES));
  if (libc.ioctl(listener, RECEIVE, new Uint8Array(notice.buffer)) !== 0) {
    // Who asked was killed, or interrupted before it was heard and asks again.
    const failed = errno();
    if (failed === ENOENT || failed === EINTR) return "idle";
    throw new Error(`SECCOMP_IOCTL_NOTIF_RECV failed with errno ${failed}`);
  }
  const args = Array.from({ length: 6 }, (_, i) => notice.getBigUint64(32 + 8 * i, true));
  return { id: notice.getBigUint64(0, true), tid: notice.getUint32(8, true), number: notice.getInt32(16, true), args };
}

/** Lets a call happen, or makes it fail with `errno`. Who asked may be dead by now; then nobody listens, and nothing is wrong. */
export function answerWaiting(listener: number, { id }: Waiting, failure: number | null): void {
  const reply = new DataView(new ArrayBuffer(ANSWER_BYTES));
  reply.setBigUint64(0, id, true);
  reply.setInt32(16, failure === null ? 0 : -failure, true);
  reply.setUint32(20, failure === null ? GO_ON : 0, true);
  if (libc.ioctl(listener, SEND, new Uint8Array(reply.buffer)) !== 0 && errno() !== ENOENT) throw new Error(`SECCOMP_IOCTL_NOTIF_SEND failed with errno ${errno()}`);
}
