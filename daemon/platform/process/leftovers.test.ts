/** What a daemon leaves behind when it dies: nothing. Each case kills a real process and looks into /proc. */
import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { skipWithout } from "../../testing/skip.ts";
import { type CgroupHome, openCgroups } from "../cgroup/memory-home.ts";
import { statOf } from "../kernel/proc.ts";
import { guardArgv } from "./guard.ts";
import { killMarked, setMark } from "./mark.ts";
import { MemoryWatch } from "./memory-watch.ts";
import { Child, type ChildSpec } from "./supervisor.ts";
import { failureOf, goneWithin } from "./testing/gone.ts";
import { markOf, watchOver } from "./watch-over.ts";

const HERE = join(import.meta.dir, "testing");
const opened = openCgroups(`maestro-test-${process.pid}`);
const home: CgroupHome | undefined = "folder" in opened ? opened : undefined;
const uncapped = skipWithout(home !== undefined, `no control group can be made here (${"because" in opened ? opened.because : ""}), so the kernel's memory limit is not tried`);
home?.clear();

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Pids of everything that sleeps so many seconds. */
function sleepers(seconds: string): number[] {
  return readdirSync("/proc").map(Number).filter((pid) => pid > 0 && commandOf(pid) === `sleep ${seconds}` && statOf(pid)?.state !== "Z");
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").replace(/^\/bin\//, "").split("\0").join(" ").trim();
  } catch {
    return "";
  }
}

let number = 0;
const odd = (): string => `61.${process.pid}${number++}`;

interface Doomed {
  readonly process: Bun.Subprocess<"ignore", "pipe", "ignore">;
  readonly state_dir: string;
  readonly seconds: string;
  readonly said: { readonly cgroup: string | null; readonly leftovers: number; readonly stuck: number };
}

async function doomed(how: "cgroup" | "mark" | "nothing", state_dir = mkdtempSync(join(tmpdir(), "ml-"))): Promise<Doomed> {
  folders.push(state_dir);
  const seconds = odd();
  const child = Bun.spawn([process.execPath, join(HERE, "watched-daemon.ts"), state_dir, how, seconds], { stdin: "ignore", stdout: "pipe", stderr: "ignore" });
  let text = "";
  for await (const chunk of child.stdout) {
    text += new TextDecoder().decode(chunk);
    const line = text.split("\n").find((one) => one.startsWith("{"));
    if (line !== undefined) return { process: child, state_dir, seconds, said: JSON.parse(line) as Doomed["said"] };
  }
  throw new Error(`it ended before it was ready: ${text}`);
}

async function until(holds: () => boolean, ms = 10_000): Promise<boolean> {
  const end_ms = performance.now() + ms;
  while (!holds()) {
    if (performance.now() > end_ms) return false;
    await Bun.sleep(10);
  }
  return true;
}

describe("a daemon that is killed", () => {
  test.each(["SIGKILL", "SIGSEGV", "SIGABRT", "SIGTERM"] as const)("%s: commands, check processes and what fled their session are gone", async (signal) => {
    const { process: daemon, seconds, said } = await doomed("mark");
    expect(await until(() => sleepers(seconds).length === 2)).toBe(true);
    daemon.kill(signal);
    await daemon.exited;
    expect(await until(() => sleepers(seconds).length === 0)).toBe(true);
    expect(await goneWithin(said.stuck, 10_000)).toBe(true);
  });

  test.skipIf(uncapped)("a process that shed its environment is found by its control group, and the group is removed", async () => {
    const { process: daemon, seconds, said } = await doomed("cgroup");
    expect(await until(() => sleepers(seconds).length === 2)).toBe(true);
    daemon.kill("SIGKILL");
    await daemon.exited;
    expect(await until(() => sleepers(seconds).length === 0 && !existsSync(said.cgroup ?? ""))).toBe(true);
  });

  test("canary: without a guard those that fled outlive it, and the look into /proc sees them", async () => {
    const { process: daemon, seconds } = await doomed("nothing");
    daemon.kill("SIGKILL");
    await daemon.exited;
    await Bun.sleep(300);
    const alive = sleepers(seconds);
    for (const pid of alive) process.kill(pid, "SIGKILL");
    expect(alive.length).toBe(2);
  });

  test("its guard killed with it: the next daemon of the same state folder ends what is left, and nobody else's", async () => {
    const { process: daemon, state_dir, seconds } = await doomed("mark");
    const other = await doomed("mark");
    const guard = readdirSync("/proc").map(Number).find((pid) => commandOf(pid).includes(`maestro-guard ${markOf(state_dir)}`)) ?? 0;
    expect(await until(() => sleepers(seconds).length === 2)).toBe(true);
    // Stopped first, or it would be replaced by the daemon or do its work.
    daemon.kill("SIGSTOP");
    process.kill(guard, "SIGKILL");
    daemon.kill("SIGKILL");
    await daemon.exited;
    expect(sleepers(seconds).length).toBe(2);
    const next = await doomed("mark", state_dir);
    expect(next.said.leftovers).toBeGreaterThanOrEqual(2);
    expect([sleepers(seconds).length, sleepers(other.seconds).length]).toEqual([0, 2]);
    for (const each of [next, other]) each.process.kill("SIGKILL");
    expect(await until(() => sleepers(next.seconds).length + sleepers(other.seconds).length === 0)).toBe(true);
  });

  test("a guard that is killed is replaced while the daemon lives", async () => {
    const { process: daemon, state_dir, seconds } = await doomed("mark");
    const guards = (): number[] => readdirSync("/proc").map(Number).filter((pid) => pid > 0 && commandOf(pid).includes(`maestro-guard ${markOf(state_dir)}`));
    const [first] = guards();
    if (first === undefined) throw new Error("there is no guard");
    process.kill(first, "SIGKILL");
    expect(await until(() => guards().length === 1 && guards()[0] !== first)).toBe(true);
    daemon.kill("SIGKILL");
    await daemon.exited;
    expect(await until(() => sleepers(seconds).length === 0 && guards().length === 0)).toBe(true);
  });

  test("the dead that nobody waits for keep its guard no longer: it looks twice and ends, and kills the living among them", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ml-"));
    folders.push(folder);
    // A parent that became somebody else never asks for its child.
    const parent = Bun.spawn(["/bin/sh", "-c", `sleep 0.01 & echo $! > "${folder}/dead"; exec sleep 60`], { stdio: ["ignore", "ignore", "ignore"] });
    const living = Bun.spawn(["sleep", "60"], { stdio: ["ignore", "ignore", "ignore"] });
    const dead = (): number => Number(existsSync(`${folder}/dead`) ? readFileSync(`${folder}/dead`, "utf8") : 0);
    expect(await until(() => dead() > 0 && statOf(dead())?.state === "Z")).toBe(true);
    mkdirSync(join(folder, "groups/job"), { recursive: true });
    writeFileSync(join(folder, "groups/job/cgroup.procs"), `${dead()}\n${living.pid}\n`);
    // Each look asks grep once; this one finds nothing and leaves a line.
    writeFileSync(join(folder, "grep"), `#!/bin/sh\necho look >> "${folder}/looks"\nexit 1\n`, { mode: 0o755 });
    const guard = Bun.spawn(guardArgv("m-none-of-this-name", join(folder, "groups")), { env: { PATH: `${folder}:/usr/bin:/bin` }, stdin: "ignore", stdout: "ignore", stderr: "ignore" });
    expect([await guard.exited, await living.exited, living.signalCode]).toEqual([0, 137, "SIGKILL"]);
    const looks = readFileSync(`${folder}/looks`, "utf8").split("\n").length - 1;
    expect([looks >= 2, looks <= 100, statOf(dead())?.state]).toEqual([true, true, "Z"]);
    parent.kill("SIGKILL");
  });
});

const spec = (cgroups: CgroupHome | undefined, memory_bytes_max = 256 * 2 ** 20): ChildSpec => ({
  argv: [process.execPath, "--smol", join(HERE, "hostile-child.ts"), "serve"],
  cwd: "/",
  env: {},
  limits: { ready_deadline_ms: 10_000, memory_bytes_max, reply_bytes_max: 2 ** 20, stderr_bytes_max: 4_096 },
  cgroups,
});
const JOB = { validate: (value: unknown) => value, deadline_ms: 10_000 };

describe.skipIf(uncapped)("control group", () => {
  test("fork and allocate within one look of the watch: the kernel stops it at the limit, and the job is worker.memory", async () => {
    const child = new Child(spec(home), new MemoryWatch());
    await child.ready;
    const failure = await failureOf(child.run({ act: "burst" }, JOB));
    expect([failure.code, failure.detail]).toEqual(["worker.memory", expect.stringContaining("the kernel killed")]);
    await child.gone;
    expect(await until(() => readdirSync(home?.folder ?? "").filter((name) => name.startsWith("w")).length <= 1)).toBe(true);
    // A group is busy until whoever inherited its dead has waited for them.
    const cleared = (): boolean => (home?.clear(), !existsSync(home?.folder ?? ""));
    expect(await until(cleared)).toBe(true);
  });

  test("a job within its limit answers, and its group is gone with it", async () => {
    const groups = openCgroups(`maestro-test-${process.pid}-b`);
    if (!("folder" in groups)) throw new Error(groups.because);
    const child = new Child(spec(groups), new MemoryWatch());
    await child.ready;
    expect(await child.run({ act: "echo", text: "x" }, JOB)).toEqual({ text: "x" });
    await child.kill();
    await child.gone;
    groups.clear();
    expect(existsSync(groups.folder)).toBe(false);
  });
});

describe("mark", () => {
  test("a child that is cut off takes along what fled its session; without a control group the mark finds it", async () => {
    const seconds = odd();
    const child = new Child(spec(undefined), new MemoryWatch());
    await child.ready;
    expect((await failureOf(child.run({ act: "flee-then-regex", text: seconds }, { ...JOB, deadline_ms: 1_000 }))).code).toBe("worker.deadline");
    await child.gone;
    expect(await until(() => sleepers(seconds).length === 0)).toBe(true);
  });

  test("one mark does not reach another that only begins like it", async () => {
    const seconds = odd();
    const env = (mark: string): Record<string, string> => ({ MAESTRO_MARK: mark });
    const [mine, below, other] = ["test-mark-1", "test-mark-1.7", "test-mark-12"].map((mark) => Bun.spawn(["/bin/sleep", seconds], { env: env(mark) }));
    expect(killMarked("test-mark-1")).toBe(2);
    await Promise.all([mine?.exited, below?.exited]);
    expect(other?.exitCode).toBeNull();
    other?.kill("SIGKILL");
    await other?.exited;
  });

  test("a mark with anything but letters, digits and dashes is refused: it becomes part of a pattern", () => {
    for (const mark of ["short", "with space 1", "a.*b-12345", "UPPER-1234", ""]) expect(() => setMark(mark)).toThrow("not a mark");
  });

  test("the mark of a state folder does not depend on how the folder is written", () => {
    const folder = mkdtempSync(join(tmpdir(), "ml-"));
    folders.push(folder);
    expect(markOf(`${folder}/../${folder.split("/").at(-1)}/`)).toBe(markOf(folder));
    expect(() => watchOver({ state_dir: join(folder, "absent"), warn: () => undefined })).toThrow("ENOENT");
  });
});
