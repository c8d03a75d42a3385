/** What the machine offers: programs, namespaces, control groups. Nothing here writes anything. */
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { fail, isAtLeast, ok, skip, warn, type Finding } from "./finding.ts";

const BUN_VERSION_MIN = "1.4.5";
const GIT_VERSION_MIN = "2.38";
const PROBE_DEADLINE_MS = 5_000;

interface Ran {
  readonly code: number | null;
  readonly said: string;
}

/** What the probes use of the machine, so that a test can take a tool away. */
export interface Machine {
  which(program: string): string | null;
  run(argv: readonly string[]): Ran;
}

export const THIS_MACHINE: Machine = {
  which: (program) => Bun.which(program),
  run(argv) {
    const { exitCode, stdout, stderr } = Bun.spawnSync([...argv], { stdin: "ignore", stdout: "pipe", stderr: "pipe", timeout: PROBE_DEADLINE_MS });
    return { code: exitCode, said: `${stdout.toString()}${stderr.toString()}`.trim() };
  },
};

export function machineFindings(machine: Machine): Finding[] {
  return [bun(), git(machine), prlimit(machine), bwrap(machine), runsc(machine), cgroup()];
}

function bun(): Finding {
  return isAtLeast(Bun.version, BUN_VERSION_MIN) ? ok("bun", Bun.version) : fail("bun", `${Bun.version}; ${BUN_VERSION_MIN} is needed`, "start Maestro through `npm start` or its package, which bring their own Bun");
}

function git(machine: Machine): Finding {
  const path = machine.which("git");
  const remedy = `install git ${GIT_VERSION_MIN} or newer`;
  if (path === null) return fail("git", "not on the PATH", remedy);
  const version = /\d+\.\d+(?:\.\d+)*/.exec(machine.run([path, "version"]).said)?.[0];
  if (version === undefined) return fail("git", `${path} does not say its version`, remedy);
  return isAtLeast(version, GIT_VERSION_MIN) ? ok("git", version) : fail("git", `${version} is too old`, remedy);
}

function prlimit(machine: Machine): Finding {
  const path = machine.which("prlimit");
  return path === null ? warn("prlimit", "not on the PATH: git runs without limits of its own", "install util-linux") : ok("prlimit", path);
}

function bwrap(machine: Machine): Finding {
  const path = machine.which("bwrap");
  if (path === null) return warn("sandbox", "no bwrap: checks that run commands are unavailable", "install bubblewrap");
  const { code, said } = machine.run([path, "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"]);
  if (code === 0) return ok("sandbox", `bwrap at ${path} makes namespaces`);
  return warn("sandbox", `bwrap cannot make namespaces here: ${said.split("\n")[0] ?? `it ended with ${code}`}`, "allow unprivileged user namespaces (kernel.unprivileged_userns_clone=1; AppArmor: a profile for bwrap with `userns,`)");
}

function runsc(machine: Machine): Finding {
  const path = machine.which("runsc");
  return path === null ? warn("sandbox.fork", "no runsc: changes of strangers (mode fork) cannot be run", "install gVisor where mode fork is used") : ok("sandbox.fork", path);
}

/** Where this process's own control group lies; version 2 first. */
function cgroup(): Finding {
  const line = readFileSync("/proc/self/cgroup", "utf8").split("\n").find((row) => /^0::|:memory:/.test(row));
  const [, controllers = "", path = ""] = line?.split(":") ?? [];
  const folder = controllers === "" ? `/sys/fs/cgroup${path}` : `/sys/fs/cgroup/memory${path}`;
  if (line === undefined || !existsSync(folder)) return skip("cgroup", "this process sees no control group of its own");
  try {
    accessSync(folder, constants.W_OK);
    return ok("cgroup", `${folder} can be written: memory limits are the kernel's`);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return warn("cgroup", `${folder} cannot be written: memory of checks is watched instead`, "run the daemon as a systemd service with Delegate=yes, or leave it");
  }
}
