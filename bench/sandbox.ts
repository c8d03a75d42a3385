/**
 * What the sandbox adds to a program that does nothing: bare spawn, both tiers through their launcher, and bubblewrap called by hand.
 * All take turns in one run, so that a noisy moment hits each.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { SandboxLimits, WorkerLimits } from "../proto/config.ts";
import { createSandbox } from "../daemon/platform/sandbox/index.ts";
import type { SandboxJob, SandboxTier } from "../daemon/platform/sandbox/job.ts";
import { type Bench, median, percentile } from "./figure.ts";

const RUNS = 150;
const RUNSC_RUNS = 15;
const WARM_UP = 10;
const GOAL_MS = 15;

const MOUNTS = ["/usr", "/bin", "/lib", "/lib64"];
const BY_HAND = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv", ...MOUNTS.flatMap((path) => ["--ro-bind", path, path]), "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/scratch", "--", "/bin/true"];

async function spawned(argv: readonly string[]): Promise<number> {
  const start = performance.now();
  const child = Bun.spawn([...argv], { stdin: "ignore", stdout: "ignore", stderr: "inherit", env: { PATH: "/usr/bin:/bin" } });
  if ((await child.exited) !== 0) throw new Error(`${argv[0]} ended with ${child.exitCode}`);
  return performance.now() - start;
}

function job(tier: SandboxTier): SandboxJob {
  return {
    argv: ["/bin/true"], cwd: "/scratch", tree_dir: import.meta.dir, mounts: MOUNTS.map((path) => ({ host: path, inside: path })), env: { PATH: "/usr/bin:/bin" },
    stdin: null, wanted: [{ path: "report", bytes_max: 1_000, into: join(tmpdir(), "never-left") }], tail_bytes_max: 16_384, tier, limits: Value.Create(SandboxLimits),
  };
}

export const bench: Bench = async (figure) => {
  const sandbox = createSandbox({ worker: Value.Create(WorkerLimits), private_paths: [], work_paths: [] });
  const never = new AbortController().signal;
  const ran = async (tier: SandboxTier): Promise<number> => {
    const start = performance.now();
    const { end } = await sandbox.run(job(tier), never);
    if (end.kind !== "exit" || end.code !== 0) throw new Error(JSON.stringify(end));
    return performance.now() - start;
  };
  try {
    const first = performance.now();
    const state = await sandbox.tier("bwrap");
    if (!state.usable) return void process.stderr.write(`SKIPPED: ${state.because}; ${state.remedy}\n`);
    const cold = performance.now() - first;
    for (let run = 0; run < WARM_UP; run++) await ran("bwrap");
    const times = { bare: [] as number[], hand: [] as number[], bwrap: [] as number[], runsc: [] as number[] };
    for (let run = 0; run < RUNS; run++) {
      times.bare.push(await spawned(["/bin/true"]));
      times.hand.push(await spawned(BY_HAND));
      times.bwrap.push(await ran("bwrap"));
    }
    const bare = median(times.bare);
    const over = (values: readonly number[], share: number): number => percentile(values, share) - bare;
    const note = `over a bare spawn of ${bare.toFixed(2)} ms (p50) in the same run; frames to the launcher, set-up, limits, kill and collection included`;
    const hand = (share: number) => ({ name: "bubblewrap called by hand, with fewer protections", value: over(times.hand, share) });
    figure({ figure: "sandboxed run of a program that does nothing, overhead p50", value: over(times.bwrap, 0.5), unit: "ms", better: "less", peer: hand(0.5), note });
    figure({ figure: "sandboxed run of a program that does nothing, overhead p95", value: over(times.bwrap, 0.95), unit: "ms", better: "less", goal: { value: GOAL_MS }, peer: hand(0.95), note });
    figure({ figure: "first run of an idle daemon: launcher started, tier tried", value: cold, unit: "ms", better: "less" });
    const second = await sandbox.tier("runsc");
    if (!second.usable) return void process.stderr.write(`SKIPPED: ${second.because}; ${second.remedy}\n`);
    for (let run = 0; run < RUNSC_RUNS; run++) times.runsc.push(await ran("runsc"));
    figure({ figure: "the same under gVisor, overhead p50", value: over(times.runsc, 0.5), unit: "ms", better: "less", note: `runsc ${second.version}` });
  } finally {
    await sandbox.close();
  }
};
