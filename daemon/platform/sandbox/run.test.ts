/** What a job gets, what it leaves, and that nothing of it stays. */
import { afterAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { skipWithout } from "../../testing/skip.ts";
import { failureOf, processGoneWithin } from "../process/testing/gone.ts";
import { type SandboxResult, TAIL_BYTES_MAX } from "./job.ts";
import { attackJob, contentOf, jobOf, NEVER, sandboxWithout, scratch, shellJob } from "./testing/rig.ts";

const sandbox = sandboxWithout([]);
const { usable } = await sandbox.tier("bwrap");
const skipped = skipWithout(usable, "bubblewrap does not work here, so no job was run in it");
afterAll(() => sandbox.close());

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");
const run = (...given: Parameters<typeof shellJob>): Promise<SandboxResult> => sandbox.run(shellJob(...given), NEVER);

/** Host pids of processes started with these words. */
function pidsOf(words: string): number[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ").startsWith(words);
    } catch {
      return false;
    }
  }).map(Number);
}

async function appears(words: string): Promise<number> {
  for (let tries = 0; tries < 1_000; tries++) {
    const [pid] = pidsOf(words);
    if (pid !== undefined) return pid;
    await Bun.sleep(10);
  }
  throw new Error(`no process ${words}`);
}

describe.skipIf(skipped)("a job", () => {
  test("gets its tree, its input, its environment and nothing else, and leaves both outputs, its code and its files", async () => {
    const script = "cat; env | sort | grep -v ^PWD=; ls /change/rig.ts; pwd; id -u; ls -A /scratch | wc -l; echo complaint >&2; mkdir out; echo found > out/report; exit 7";
    const ran = await run(script, { stdin: Buffer.from("given\n"), env: { PATH: "/usr/bin", NAME: "a b=c" }, wanted: [{ path: "out/report", bytes_max: 100 }, { path: "none", bytes_max: 1 }] });
    expect(text(ran.stdout)).toBe("given\nNAME=a b=c\nPATH=/usr/bin\n/change/rig.ts\n/scratch\n1000\n0\n");
    expect(text(ran.stderr)).toBe("complaint\n");
    expect(ran.end).toEqual({ kind: "exit", code: 7 });
    expect([...ran.files].map(([path, found]) => [path, contentOf(found)])).toEqual([["out/report", "found\n"], ["none", "absent"]]);
    expect(ran.tier).toBe("bwrap");
    expect(ran.usage.wall_us).toBeGreaterThan(1_000);
    expect(ran.usage.memory_bytes_max).toBeGreaterThan(100_000);
  });

  test("whose interpreter is not there is not started, and what is missing is named: a failure of its own would be a verdict", async () => {
    using tools = scratch();
    const write = (name: string, text: string): void => writeFileSync(join(tools.path, name), text, { mode: 0o755 });
    write("direct", "#!/opt/none/python3 -u\n");
    write("by-env", "#!/usr/bin/env no-such-node\n");
    write("works", "#!/usr/bin/env sh\necho ran\n");
    const file = (name: string) => sandbox.run(jobOf([`/change/${name}`], { tree_dir: tools.path }), NEVER);
    for (const [name, missing] of [["direct", "/opt/none/python3"], ["by-env", "no-such-node"]] as const) {
      const failure = await failureOf(file(name));
      expect([failure.code, failure.detail]).toEqual(["sandbox.failed", `${missing}, which runs /change/${name}, is not there inside; mount the folder it lies in, and name it in PATH`]);
    }
    expect(text((await file("works")).stdout)).toBe("ran\n");
  });

  test("may be given words over several lines, which what stands by cannot be told", async () => {
    expect(text((await run("echo one\necho two")).stdout)).toBe("one\ntwo\n");
  });

  test("finds scratch empty, whatever the last one left there", async () => {
    await run("touch /scratch/left /tmp/too /dev/shm/three");
    expect(text((await run("ls -A /scratch /tmp/ /dev/shm")).stdout)).not.toMatch(/left|too|three/);
  });

  test("may print and leave megabytes of any bytes: a file comes back unchanged, of a stream as much of its end as was asked for", async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(60_000));
    const input = Buffer.concat(Array.from({ length: 60 }, () => bytes));
    const ran = await run("tee copy; : > empty; head -c 9 copy >&2", { stdin: input, tail_bytes_max: 60_001, wanted: [{ path: "empty", bytes_max: 0 }, { path: "copy", bytes_max: 3_600_000 }] });
    expect([Buffer.compare(ran.stdout, input.subarray(-60_001)), Buffer.compare(ran.stderr, input.subarray(0, 9))]).toEqual([0, 0]);
    expect([contentOf(ran.files.get("empty")), contentOf(ran.files.get("copy")) === input.toString("latin1")]).toEqual(["", true]);
    const none = await run("echo said", { tail_bytes_max: 0 });
    expect([none.stdout.length, TAIL_BYTES_MAX]).toEqual([0, 65_536]);
  });

  test("that dies from a signal is told apart from one that exits", async () => {
    expect((await run("kill -SEGV $$")).end).toEqual({ kind: "signal", signal: "SIGSEGV" });
    expect((await run("kill -KILL $$")).end).toEqual({ kind: "signal", signal: "SIGKILL" });
    expect((await run("exit 128")).end).toEqual({ kind: "exit", code: 128 });
  });

  test("whose program or folder is not there is not a job that failed", async () => {
    expect((await failureOf(sandbox.run(jobOf(["no-such-tool"]), NEVER))).detail).toContain("no-such-tool is not there inside");
    expect((await failureOf(sandbox.run(jobOf(["/change/rig.ts"]), NEVER))).detail).toContain("is not there inside");
    expect((await failureOf(sandbox.run(jobOf(["/bin/true"], { cwd: "/change/none" }), NEVER))).detail).toContain("/change/none is not there");
    expect((await run("true")).end).toEqual({ kind: "exit", code: 0 });
  });

  test("runs what tools are made of: threads, pipes, subprocesses, a JIT, local sockets", async () => {
    const program = 'const s = Bun.serve({ port: 0, fetch: () => new Response("local") }); const t = await (await fetch(s.url)).text(); const c = Bun.spawnSync(["/bin/echo", "child"]).stdout.toString(); const w = new Worker(URL.createObjectURL(new Blob(["postMessage(1)"]))); await new Promise((r) => (w.onmessage = r)); console.log(t, c.trim()); process.exit(0)';
    const ran = await sandbox.run(jobOf([attackJob("x").argv[0], "-e", program]), NEVER);
    expect(`${text(ran.stdout)}${text(ran.stderr)}`).toBe("local child\n");
  });

  test("has no new privileges, no capability and a filter on", async () => {
    const status = text((await run("cat /proc/self/status")).stdout);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
    expect(status).toMatch(/^CapBnd:\t0+$/m);
  });
});

describe.skipIf(skipped)("nothing of a job stays", () => {
  const words = (name: number): string => `sleep ${name}.${process.pid}`;

  test("a process that left its session and its parents ends with the job", async () => {
    const ran = await run(`(setsid sh -c '(exec ${words(71)}) & exec ${words(71)}' >/dev/null 2>&1 &); sleep 0.1; exit 0`);
    expect(ran.end).toEqual({ kind: "exit", code: 0 });
    expect(pidsOf(words(71))).toEqual([]);
  });

  test("what a job used before it was cancelled was told", async () => {
    const abort = new AbortController();
    let used_us = 0;
    const running = failureOf(sandbox.run(shellJob("while :; do :; done"), abort.signal, (cpu_us) => {
      used_us = cpu_us;
      if (cpu_us > 300_000) abort.abort();
    }));
    expect((await running).code).toBe("request.cancelled");
    expect(used_us).toBeGreaterThan(300_000);
  });

  test("a job that was cancelled ends with all it started, and the next one runs", async () => {
    const abort = new AbortController();
    const running = sandbox.run(shellJob(`(setsid ${words(72)} &); exec ${words(72)}`), abort.signal);
    const pid = await appears(words(72));
    abort.abort();
    expect((await failureOf(running)).code).toBe("request.cancelled");
    expect(await processGoneWithin(pid, 10_000)).toBe(true);
    expect((await run("true")).end).toEqual({ kind: "exit", code: 0 });
  });

  test("closing ends what runs, and takes no more", async () => {
    const other = sandboxWithout([]);
    const running = failureOf(other.run(shellJob(`exec ${words(73)}`), NEVER));
    const pid = await appears(words(73));
    await other.close();
    expect((await running).code).toBe("sandbox.failed");
    expect(await processGoneWithin(pid, 10_000)).toBe(true);
    expect((await failureOf(other.run(shellJob("true"), NEVER))).code).toBe("daemon.draining");
  });

  test("more jobs than launchers wait their turn, and one that gives up waiting leaves the line", async () => {
    const abort = new AbortController();
    const jobs = Array.from({ length: 6 }, (_, index) => run(`sleep 0.1; echo ${index}`));
    const waiting = failureOf(sandbox.run(shellJob("echo never"), abort.signal));
    await Bun.sleep(1);
    abort.abort();
    expect((await waiting).code).toBe("request.cancelled");
    expect((await Promise.all(jobs)).map(({ stdout }) => text(stdout).trim())).toEqual(["0", "1", "2", "3", "4", "5"]);
  });
});
