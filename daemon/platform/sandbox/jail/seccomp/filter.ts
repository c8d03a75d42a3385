/** The seccomp program of a job. */
import { ALLOW, answer, assemble, DATA, errnoOf, type Instruction, KILL_PROCESS, load, unlessEqual, when } from "./assembler.ts";
import { GROUPS, NEWEST_KNOWN } from "./denied.ts";

export type Architecture = "x64" | "arm64";

/** AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64 (linux/audit.h). */
const AUDIT_ARCH = { x64: 0xc000_003e, arm64: 0xc000_00b7 } as const;
/** Calls of the x32 ABI carry this bit (asm/unistd.h). */
const X32_BIT = 0x4000_0000;

const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET (sched.h). */
const CLONE_NEW = 0x7e02_0000;
const AF = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const;
/** Put characters into a terminal's input; the second is the console's own form of it. */
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
/** PER_LINUX, PER_LINUX32, and the question what it is now (personality(2)). */
const PERSONALITIES = [0, 8, 0xffff_ffff] as const;

const allowed = (values: readonly number[]): Instruction[] => values.flatMap((value) => when("equal", value, [answer(ALLOW)]));
const refused = (values: readonly number[]): Instruction[] => values.flatMap((value) => when("equal", value, [answer(errnoOf(EPERM))]));

/** Calls whose arguments decide; every rule ends in an answer, because the number is no longer loaded behind it. */
const JUDGED: Readonly<Record<string, { readonly numbers: readonly [x64: number, arm64: number]; readonly rule: readonly Instruction[] }>> = {
  clone: { numbers: [56, 220], rule: [load(DATA.argument(0)), ...when("any_bit", CLONE_NEW, [answer(errnoOf(EPERM))]), answer(ALLOW)] },
  socket: {
    numbers: [41, 198],
    // Of netlink only NETLINK_ROUTE (0), which getaddrinfo(3) asks for interfaces. AF_VSOCK, for one, is in no namespace and reaches the host of a virtual machine.
    rule: [load(DATA.argument(0)), ...allowed([AF.unix, AF.inet, AF.inet6]), ...when("equal", AF.netlink, [load(DATA.argument(2)), ...allowed([0])]), answer(errnoOf(EAFNOSUPPORT))],
  },
  socketpair: { numbers: [53, 199], rule: [load(DATA.argument(0)), ...allowed([AF.unix]), answer(errnoOf(EAFNOSUPPORT))] },
  ioctl: { numbers: [16, 29], rule: [load(DATA.argument(1)), ...refused([TIOCSTI, TIOCLINUX]), answer(ALLOW)] },
  personality: { numbers: [135, 92], rule: [load(DATA.argument(0)), ...allowed(PERSONALITIES), answer(errnoOf(EPERM))] },
};

/** The program for one architecture, in the bytes bubblewrap takes. `without` names calls (or `foreign-abi`, `newer`) whose rule is left out: tests show with it what each rule is good for. */
export function seccompFilter(architecture: Architecture, without: ReadonlySet<string> = new Set()): Uint8Array {
  const column = architecture === "x64" ? 0 : 1;
  // A call of another ABI has other numbers, so no rule further down may see it.
  const foreign = answer(without.has("foreign-abi") ? ALLOW : KILL_PROCESS);
  const abi = [load(DATA.architecture), ...unlessEqual(AUDIT_ARCH[architecture], [foreign]), load(DATA.number), ...(architecture === "x64" ? when("at_least", X32_BIT, [foreign]) : [])];
  const newer = without.has("newer") ? [] : when("at_least", NEWEST_KNOWN + 1, [answer(errnoOf(ENOSYS))]);
  const denied = GROUPS.flatMap(({ errno, calls }) =>
    Object.entries(calls).flatMap(([name, numbers]) => {
      const number = numbers[column];
      return number === null || without.has(name) ? [] : when("equal", number, [answer(errnoOf(errno))]);
    }),
  );
  const judged = Object.entries(JUDGED).flatMap(([name, { numbers, rule }]) => (without.has(name) ? [] : when("equal", numbers[column], rule)));
  return assemble([...abi, ...newer, ...denied, ...judged, answer(ALLOW)]);
}
