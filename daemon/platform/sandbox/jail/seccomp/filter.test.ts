/** The program is run here, instruction by instruction, against every call there is; the kernel's own verdict is asked in attempts.slow.ts. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { skipWithout } from "../../../../testing/skip.ts";
import { ALLOW, errnoOf, KILL_PROCESS } from "./assembler.ts";
import { GROUPS, NEWEST_KNOWN } from "./denied.ts";
import { type Architecture, seccompFilter } from "./filter.ts";

const AUDIT = { x64: 0xc000_003e, arm64: 0xc000_00b7, i386: 0x4000_0003 } as const;
const NUMBERS = { x64: { clone: 56, socket: 41, socketpair: 53, ioctl: 16, personality: 135, read: 0 }, arm64: { clone: 220, socket: 198, socketpair: 199, ioctl: 29, personality: 92, read: 63 } } as const;
const EPERM = errnoOf(1);
const ENOSYS = errnoOf(38);
const EAFNOSUPPORT = errnoOf(97);

/** What the kernel would answer: an interpreter of the five instructions used (linux/bpf_common.h). */
function verdict(program: Uint8Array, architecture: number, number: number, given: readonly number[] = []): number {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, number, true);
  data.setUint32(4, architecture, true);
  for (const [index, value] of given.entries()) data.setUint32(16 + 8 * index, value >>> 0, true);
  let word = 0;
  for (let at = 0; at < program.length / 8; at++) {
    const [code, jt, jf, k] = [view.getUint16(at * 8, true), view.getUint8(at * 8 + 2), view.getUint8(at * 8 + 3), view.getUint32(at * 8 + 4, true)];
    if (code === 0x06) return k;
    if (code === 0x20) word = data.getUint32(k, true);
    else {
      const holds = code === 0x15 ? word === k : code === 0x35 ? word >= k : code === 0x45 ? (word & k) !== 0 : undefined;
      if (holds === undefined) throw new Error(`instruction ${code}`);
      at += holds ? jt : jf;
    }
  }
  throw new Error("the program ran out");
}

describe.each(["x64", "arm64"] as const)("on %s", (architecture: Architecture) => {
  const program = seccompFilter(architecture);
  const column = architecture === "x64" ? 0 : 1;
  const ask = (number: number, ...given: number[]): number => verdict(program, AUDIT[architecture], number, given);
  const calls = NUMBERS[architecture];
  const denied = new Map(GROUPS.flatMap(({ errno, calls: named }) => Object.values(named).flatMap((numbers): [number, number][] => (numbers[column] === null ? [] : [[numbers[column], errnoOf(errno)]]))));

  test("every call of the list is refused with its errno, every other known call is allowed, every newer one is unknown", () => {
    const judged = new Set<number>(Object.values(calls));
    for (let number = 0; number <= 600; number++) {
      if (judged.has(number)) continue;
      expect([number, ask(number)]).toEqual([number, number > NEWEST_KNOWN ? ENOSYS : (denied.get(number) ?? ALLOW)]);
    }
    expect(denied.size).toBeGreaterThan(60);
  });

  test("a call of another ABI ends the process, whatever its number", () => {
    expect(verdict(program, AUDIT.i386, calls.read)).toBe(KILL_PROCESS);
    expect(verdict(program, AUDIT[architecture === "x64" ? "arm64" : "x64"], calls.read)).toBe(KILL_PROCESS);
    expect(ask(0x4000_0000)).toBe(architecture === "x64" ? KILL_PROCESS : ENOSYS);
  });

  test("clone may make processes and threads, but no namespace", () => {
    const THREAD = 0x003d_0f00;
    expect(ask(calls.clone, THREAD)).toBe(ALLOW);
    expect(ask(calls.clone, 17)).toBe(ALLOW);
    for (const flag of [0x2_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000]) expect(ask(calls.clone, flag | 17)).toBe(EPERM);
  });

  test("sockets: Unix, IPv4, IPv6 and routing questions; nothing else", () => {
    for (const family of [1, 2, 10]) expect(ask(calls.socket, family, 1, 0)).toBe(ALLOW);
    expect(ask(calls.socket, 16, 3, 0)).toBe(ALLOW);
    for (const protocol of [9, 12, 15]) expect(ask(calls.socket, 16, 3, protocol)).toBe(EAFNOSUPPORT);
    for (const family of [3, 17, 29, 38, 40, 44]) expect(ask(calls.socket, family, 1, 0)).toBe(EAFNOSUPPORT);
    expect(ask(calls.socketpair, 1, 1, 0)).toBe(ALLOW);
    expect(ask(calls.socketpair, 30, 1, 0)).toBe(EAFNOSUPPORT);
  });

  test("ioctl: no character into a terminal's input; personality: none that weakens", () => {
    expect(ask(calls.ioctl, 0, 0x5412)).toBe(EPERM);
    expect(ask(calls.ioctl, 0, 0x541c)).toBe(EPERM);
    expect(ask(calls.ioctl, 0, 0x5413)).toBe(ALLOW);
    expect([0, 8, 0xffff_ffff].map((persona) => ask(calls.personality, persona))).toEqual([ALLOW, ALLOW, ALLOW]);
    expect(ask(calls.personality, 0x0400_0000)).toBe(EPERM);
  });

  test("a rule that is taken out is the only one that is gone", () => {
    const without = seccompFilter(architecture, new Set(["ptrace"]));
    const changed = Array.from({ length: 600 }, (_, number) => number).filter((number) => verdict(without, AUDIT[architecture], number) !== ask(number));
    expect(changed).toEqual([architecture === "x64" ? 101 : 117]);
  });
});

const HEADERS = { x64: "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", arm64: "/usr/include/asm-generic/unistd.h" } as const;

describe("numbers", () => {
  test.each(["x64", "arm64"] as const)("are those of the kernel's own header: %s", (architecture) => {
    const header = HEADERS[architecture];
    if (skipWithout(existsSync(header), `${header} is not installed, so the numbers of system calls were not compared`)) return expect(existsSync(header)).toBe(false);
    const text = readFileSync(header, "utf8");
    const official = new Map([...text.matchAll(/^#define __NR(?:3264)?_(\w+)\s+(\d+)/gm)].map(([, name = "", number]) => [name, Number(number)]));
    const ours = GROUPS.flatMap(({ calls }) => Object.entries(calls).map(([name, [x64, arm64]]): [string, number | null] => [name, architecture === "x64" ? x64 : arm64]));
    // A header older than the list has fewer names; one that says another number is an error of ours.
    const wrong = ours.filter(([name, number]) => official.has(name) && official.get(name) !== number);
    const invented = ours.filter(([name, number]) => !official.has(name) && number !== null && number <= Math.max(...official.values()) && [...official.values()].includes(number));
    expect([wrong, invented]).toEqual([[], []]);
  });
});
