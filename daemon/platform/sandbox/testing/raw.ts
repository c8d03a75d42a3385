/** Raw system calls for attacks: what a hostile program would do in C. Runs inside the jail. */
import { CFunction, dlopen, ptr, read, type Pointer } from "bun:ffi";

const { symbols } = dlopen("libc.so.6", {
  syscall: { args: ["i64", "i64", "i64", "i64", "i64", "i64", "i64"], returns: "i64" },
  __errno_location: { args: [], returns: "ptr" },
  pthread_create: { args: ["ptr", "ptr", "ptr", "ptr"], returns: "i32" },
  dlsym: { args: ["ptr", "ptr"], returns: "ptr" },
});

const bases: readonly (readonly [name: string, x64: number, arm64: number])[] = [
  ["read", 0, 63], ["write", 1, 64], ["close", 3, 57], ["mmap", 9, 222], ["ioctl", 16, 29], ["shmget", 29, 194], ["getpid", 39, 172], ["socket", 41, 198], ["exit_group", 231, 94],
  ["clone", 56, 220], ["wait4", 61, 260], ["ptrace", 101, 117], ["setpriority", 141, 140], ["sched_setscheduler", 144, 119], ["mknodat", 259, 33],
  ["personality", 135, 92], ["modify_ldt", 154, -1], ["adjtimex", 159, 171], ["chroot", 161, 51], ["mount", 165, 40], ["sethostname", 170, 161], ["sysfs", 139, -1],
  ["set_mempolicy", 238, 237], ["add_key", 248, 217], ["keyctl", 250, 219], ["unshare", 272, 97], ["move_pages", 279, 239], ["perf_event_open", 298, 241], ["fanotify_init", 300, 262],
  ["name_to_handle_at", 303, 264], ["setns", 308, 268], ["process_vm_readv", 310, 270], ["kcmp", 312, 272], ["memfd_create", 319, 279], ["bpf", 321, 280], ["userfaultfd", 323, 282],
  ["io_uring_setup", 425, 425], ["pidfd_open", 434, 434], ["clone3", 435, 435], ["pidfd_getfd", 438, 438], ["open_tree", 428, 428], ["file_getattr", 468, 468],
];
const NUMBERS = new Map(bases.map(([name, x64, arm64]) => [name, process.arch === "arm64" ? arm64 : x64]));

export type Word = number | bigint | NodeJS.TypedArray | null;

export const addressOf = (bytes: NodeJS.TypedArray): bigint => BigInt(ptr(bytes));

const wordOf = (value: Word): bigint => (value === null ? 0n : typeof value === "object" ? addressOf(value) : BigInt(value));

/** The result, or the errno as a negative number. */
export function sys(name: string, ...given: readonly Word[]): number {
  const number = NUMBERS.get(name);
  if (number === undefined || number < 0) return -38;
  const [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n, f = 0n] = given.map(wordOf);
  const result = Number(symbols.syscall(BigInt(number), a, b, c, d, e, f));
  if (result !== -1) return result;
  const at = symbols.__errno_location();
  return at === null ? -1 : -read.i32(at);
}

export const text = (value: string): Uint8Array => Buffer.from(`${value}\0`);

/** Starts a thread that sleeps in pause(2); whether the kernel gave one. */
export function idleThread(): boolean {
  const pause = symbols.dlsym(null, text("pause"));
  return pause !== null && symbols.pthread_create(new BigUint64Array(1), null, pause, null) === 0;
}

/** Runs machine code and gives what it leaves in the first register. */
export function runCode(code: readonly number[]): number {
  const PROT_READ_WRITE_EXEC = 7;
  const MAP_PRIVATE_ANONYMOUS = 0x22;
  const at = sys("mmap", 0, 4_096, PROT_READ_WRITE_EXEC, MAP_PRIVATE_ANONYMOUS, -1, 0);
  sysCopy(at, Uint8Array.from(code));
  const run = CFunction({ ptr: at as Pointer, args: [], returns: "i32" });
  return run();
}

function sysCopy(to: number, bytes: Uint8Array): void {
  const { memcpy } = dlopen("libc.so.6", { memcpy: { args: ["u64", "ptr", "u64"], returns: "u64" } }).symbols;
  memcpy(BigInt(to), bytes, BigInt(bytes.length));
}
