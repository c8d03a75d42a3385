/** What shows only outside the launcher's own session: the death of the launcher, a terminal, a user who is not root. */
import { afterAll, describe, expect, test } from "bun:test";
import { accessSync, chmodSync, constants, copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { skipWithout } from "../../testing/skip.ts";
import { processGoneWithin } from "../process/testing/gone.ts";
import type { SandboxJob } from "./job.ts";
import { attackJob, sandboxWithout, scratch, shellJob } from "./testing/rig.ts";

const ONCE = join(import.meta.dir, "testing/once.ts");
const sandbox = sandboxWithout([]);
const { usable } = await sandbox.tier("bwrap");
await sandbox.close();
const skipped = skipWithout(usable, "bubblewrap does not work here, so no job was run in it");

const wire = (job: SandboxJob): string => JSON.stringify({ ...job, stdin: null, wanted: job.wanted.map(({ path, bytes_max }) => ({ path, bytes_max })) });

/** Empty where the process ended meanwhile. */
function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

async function pidOf(words: string): Promise<number> {
  for (let tries = 0; tries < 1_000; tries++) {
    for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
      if (commandOf(name).startsWith(words)) return Number(name);
    }
    await Bun.sleep(10);
  }
  throw new Error(`no process ${words}`);
}

describe.skipIf(skipped)("the launcher is killed", () => {
  /** Host pid of a job whose launcher was killed in the middle. */
  async function orphan(seconds: number, ...removed: string[]): Promise<number> {
    const words = `sleep ${seconds}.${process.pid}`;
    const launcher = Bun.spawn([process.execPath, ONCE, wire(shellJob(`exec ${words}`)), ...removed], { stdin: "ignore", stdout: "ignore", stderr: "inherit" });
    const pid = await pidOf(words);
    launcher.kill("SIGKILL");
    await launcher.exited;
    return pid;
  }

  test("and its job is dead before anybody looks", async () => {
    expect(await processGoneWithin(await orphan(81), 10_000)).toBe(true);
  });

  test("without die-with-parent it would live on", async () => {
    const pid = await orphan(82, "die-with-parent");
    expect(await processGoneWithin(pid, 300)).toBe(false);
    process.kill(pid, "SIGKILL");
    expect(await processGoneWithin(pid, 10_000)).toBe(true);
  });
});

const noScript = skipWithout(Bun.which("script") !== null, "script (util-linux) is not installed, so no job was started from a terminal");

describe.skipIf(skipped || noScript)("started from a terminal", () => {
  /** What the terminal showed, and what the job said. */
  function onTerminal(job: SandboxJob, ...removed: string[]): string {
    const quoted = [process.execPath, ONCE, wire(job), ...removed].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
    return Bun.spawnSync(["script", "-qec", quoted, "/dev/null"], { stdin: "ignore", env: { PATH: "/usr/bin:/bin", SHELL: "/bin/sh" } }).stdout.toString();
  }

  test("a job cannot write on it", () => {
    const job = shellJob("echo ESCAPED > /dev/tty");
    expect(onTerminal(job)).not.toMatch(/^ESCAPED/m);
    expect(onTerminal(job, "new-session")).toMatch(/^ESCAPED/m);
  }, 120_000);

  const legacy = existsSync("/proc/sys/dev/tty/legacy_tiocsti") && readFileSync("/proc/sys/dev/tty/legacy_tiocsti", "utf8").trim() === "0";
  test.skipIf(skipWithout(!legacy, "this kernel lets nobody type for somebody else, so nothing was shown by it"))("a job cannot type into it", () => {
    const job = attackJob("terminal-input");
    expect(onTerminal(job)).toContain("held");
    expect(onTerminal(job, "new-session", "seccomp:ioctl")).toContain("ESCAPED");
  }, 120_000);
});

/** Bun may lie where only root can read; a copy lies where everybody can. */
const copies = scratch();
afterAll(() => copies[Symbol.dispose]());
const isRoot = process.getuid?.() === 0 && Bun.which("setpriv") !== null;

describe.skipIf(skipped || skipWithout(isRoot, "the tests run as an ordinary user already (or setpriv is missing), so nothing was tried as another one"))("as a user who is not root", () => {
  const NOBODY = "65534";

  /** The sandbox's own sources with what they import, and Bun, readable by everybody. */
  function place(): { readonly bun: string; readonly once: string } {
    const root = join(import.meta.dir, "../../..");
    chmodSync(copies.path, 0o755);
    for (const path of ["proto", "daemon/platform", "daemon/config", "node_modules/@sinclair", "node_modules/@noble/hashes"]) {
      mkdirSync(join(copies.path, path, ".."), { recursive: true });
      cpSync(join(root, path), join(copies.path, path), { recursive: true, dereference: true });
    }
    copyFileSync(process.execPath, join(copies.path, "bun"));
    chmodSync(join(copies.path, "bun"), 0o755);
    accessSync(join(copies.path, "bun"), constants.X_OK);
    return { bun: join(copies.path, "bun"), once: join(copies.path, "daemon/platform/sandbox/testing/once.ts") };
  }

  test("jobs run, are limited, collected and held in the same way", () => {
    const { bun, once } = place();
    const run = (script: string, limits: Parameters<typeof shellJob>[1] = {}): unknown => {
      const { mounts, ...job } = shellJob(script, { ...limits, tree_dir: copies.path });
      const ours = mounts.filter(({ inside }) => ["/usr", "/bin", "/lib", "/lib64"].includes(inside));
      const user = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
      // As in a unit with LimitCORE=0 and LimitNOFILE=: lower than what the launcher would set, and not for it to raise.
      const unit = ["/bin/sh", "-c", 'ulimit -c 0; ulimit -n 512; exec "$@"', "sh"];
      const ran = Bun.spawnSync([...user, ...unit, bun, once, wire({ ...job, mounts: ours })], { env: {}, cwd: "/" });
      expect(ran.stderr.toString()).toBe("");
      return JSON.parse(ran.stdout.toString());
    };
    expect(run("id -u; ulimit -c; ulimit -n; ls /change/bun; echo x > report; touch /change/x || exit 3", { wanted: [{ path: "report", bytes_max: 10 }] })).toMatchObject({ end: { kind: "exit", code: 3 }, stdout: "1000\n0\n512\n/change/bun\n", first_file: "x\n" });
    expect(run("sleep 9", { limits: { wall_ms: 200 } })).toMatchObject({ end: { kind: "limit", limit: "wall_ms" } });
    expect(run("for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do sleep 5 & done; wait", { limits: { processes_max: 10 } })).toMatchObject({ end: { kind: "limit", limit: "processes_max" } });
    // Held until somebody looks: without a control group a peak between two looks is seen by nobody.
    expect(run("head -c 200m /dev/zero | tail -c 150m | sleep 9", { limits: { memory_bytes_max: 64 * 1024 * 1024 } })).toMatchObject({ end: { kind: "limit", limit: "memory_bytes_max" } });
  }, 120_000);
});
