/** The shell that stands by becomes exactly the program it is told, with exactly those words, or nothing at all. */
import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { skipWithout } from "../../../testing/skip.ts";
import { openCages } from "../../cgroup/cages.ts";
import { allProcesses } from "../../kernel/proc.ts";
import { jobOf, scratch } from "../testing/rig.ts";
import type { WireJob } from "../wire.ts";
import { canStandBy, type Ground } from "./begin.ts";
import { Descriptors, Sealed } from "./descriptors.ts";
import { NOTHING_REMOVED } from "./protections.ts";
import { type Ready, Standby } from "./standby.ts";
import { canBeTold, standBy, type Standing } from "./start.ts";

const dir = scratch();
afterAll(() => dir[Symbol.dispose]());

const cages = openCages();
const ground: Ground = { bwrap: "/usr/bin/bwrap", runsc: null, cages, architecture: process.arch === "arm64" ? "arm64" : "x64", removed: NOTHING_REMOVED };

function standing(fds: Descriptors): Standing {
  const found = standBy({ arguments: new Sealed(fds, true).read_fd, seccomp: null, files: [] }, fds);
  if (found === null) throw new Error("there is no shell");
  return found;
}

async function said({ process, stdout_fd }: Standing, fds: Descriptors): Promise<string> {
  const text = await new Response(Bun.file(fds.give(stdout_fd)).stream()).text();
  await process.exited;
  return text;
}

/** env(1) starts the program that is really there, not a shell's own. */
const PRINT = ["/usr/bin/env", "printf", "%s\\0"];

async function printed(words: readonly string[]): Promise<string[]> {
  using fds = new Descriptors();
  const shell = standing(fds);
  shell.begin([...PRINT, ...words]);
  return (await said(shell, fds)).split("\0").slice(0, -1);
}

test("a shell's own language in a word is a word: nothing of it is run", async () => {
  const made = join(dir.path, "made");
  const words = [`$(touch ${made})`, `\`touch ${made}\``, `'; touch ${made}; '`, `"; touch ${made} #`, `\\`, "-n", "", "  two  ", "*", "~", "$HOME", "a\\nb", "\t", "\r", "\u0081\u0088\u00ff", "\u{1f512}", "end\\"];
  expect(await printed(words)).toEqual(words);
  expect(existsSync(made)).toBe(false);
});

test("property: any words that fit arrive as they were", async () => {
  const word = fc.string({ unit: "binary", maxLength: 40 }).map((text) => Buffer.from(text.replaceAll(/[\0\n]/g, "'")).toString("utf8"));
  await fc.assert(
    fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 20 }), async (words) => {
      fc.pre(canBeTold([...PRINT, ...words]));
      expect(await printed(words)).toEqual(words);
    }),
    { numRuns: 60 },
  );
}, 120_000);

test("a word with a line's end, too many and too long are not told but started at once", () => {
  for (const words of [["sh", "-c", "a\nb"], Array.from({ length: 65 }, () => "x"), ["x".repeat(5_000)]]) expect(canBeTold(words)).toBe(false);
  const job = { ...jobOf(["/bin/true"]), argv: ["/bin/true"], stdin: null, mounts: [], env: {}, wanted: [] };
  const fits = (given: Partial<WireJob>): boolean => canStandBy({ ...job, ...given }, ground);
  expect([fits({}), fits({ stdin: "" }), fits({ tier: "runsc" }), fits({ argv: ["/bin/true", "a\nb"] })]).toEqual([true, false, false, false]);
});

test("an order that ends too early, as when the launcher is killed, starts nothing", async () => {
  for (const order of ["", "3", "3\n/bin/touch\n", "3\n/usr/bin/env\ntouch\nma"]) {
    mkdirSync(join(dir.path, "cut"), { recursive: true });
    using fds = new Descriptors();
    const script = standing(fds);
    // What `begin` would write, cut off.
    const write = script.order_fd;
    if (order !== "") writeSync(write, order.replace("ma", join(dir.path, "cut/ma")));
    fds.close(write);
    expect(await script.process.exited).toBe(1);
    expect(existsSync(join(dir.path, "cut/ma"))).toBe(false);
  }
});

const shells = (): number[] => allProcesses().filter(({ pid, state }) => state !== "Z" && isShell(pid)).map(({ pid }) => pid);

function isShell(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").endsWith("\0maestro-standby\0") && readFileSync(`/proc/${pid}/status`, "latin1").includes(`\nPPid:\t${process.pid}\n`);
  } catch {
    return false;
  }
}

test.skipIf(skipWithout(cages !== null, "no control group can be made here, so nothing stands by"))("what stands by is in a group of its own, is lent once, and not at all when it has died", async () => {
  const standby = new Standby();
  expect(await standby.take(ground)).toBeNull();
  standby.prepare(ground);
  const group = (pid: number): string => /maestro-job-\S+/.exec(readFileSync(`/proc/${pid}/cgroup`, "latin1"))?.[0] ?? "none";
  using stack = new DisposableStack();
  const lent = async (): Promise<Ready> => {
    const taken = await standby.take(ground);
    if (taken === null) throw new Error("nothing stood by");
    stack.use(taken.fds);
    return taken;
  };
  const both = [await lent(), await lent()];
  const groups = both.map(({ standing }) => group(standing.process.pid));
  expect(new Set(groups).size).toBe(2);
  for (const [index, { cage }] of both.entries()) expect(cage.folders.memory).toEndWith(groups[index]!);
  // No third: as many as follow each other at once.
  expect(await standby.take(ground)).toBeNull();
  standby.prepare(ground);
  const [{ cage }] = both as [Ready, Ready];
  const lentPids = both.map(({ standing }) => standing.process.pid);
  // In all of its hierarchies: one that is killed on the way there is no case of its own.
  const moved = (pid: number): boolean => readFileSync(`/proc/${pid}/cgroup`, "latin1").split("maestro-job-").length > Object.keys(cage.folders).length;
  const next = (): number[] => shells().filter((pid) => !lentPids.includes(pid) && moved(pid));
  while (next().length < 2) await Bun.sleep(2);
  await Bun.sleep(20);
  const folders = next().map((pid) => join(cage.folders.memory, "..", group(pid)));
  for (const pid of next()) process.kill(pid, "SIGKILL");
  while (next().length > 0) await Bun.sleep(2);
  expect([await standby.take(ground), await standby.take(ground), folders.map((folder) => existsSync(folder))]).toEqual([null, null, [false, false]]);
  for (const one of both) {
    one.standing.process.kill("SIGKILL");
    await one.standing.process.exited;
    cages?.remove(one.cage);
  }
});
