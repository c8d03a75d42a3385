/** What a declared command asks of the sandbox. Pure. */
import type { Command } from "../../proto/command.ts";
import type { GateConfig, SandboxLimits } from "../../proto/config.ts";
import { INSIDE, type SandboxJob, type SandboxTier } from "../platform/sandbox/job.ts";
import { SYSTEM_MOUNT } from "../config/tool-mounts.ts";

/** Of each stream: what is shown of it is a few lines. */
const SHOWN_BYTES_MAX = 16 * 1024;

export interface Surroundings {
  readonly mounts: GateConfig["mounts"];
  /** Names the host offers, for the message. */
  readonly offered: readonly string[];
  readonly limits: SandboxLimits;
  /** Of what was reserved for the gate. */
  readonly cpu_left_us: number;
  readonly report_bytes_max: number;
  readonly tier: SandboxTier;
  readonly tree_dir: string;
  /** Until the gate's own deadline. */
  readonly left_ms: number;
}

/** The job, or why there is none. `files` are the reports that are wanted, below scratch, and where each goes. */
export function sandboxJob({ run, mounts = [], env = {}, cwd, deadline_ms }: Command, files: ReadonlyMap<string, string>, { mounts: known, offered, limits, cpu_left_us, report_bytes_max, tier, tree_dir, left_ms }: Surroundings): SandboxJob | { readonly impossible: string } {
  const names = [...new Set([...mounts, SYSTEM_MOUNT])];
  const missing = names.filter((name) => !Object.hasOwn(known, name));
  if (missing.length > 0) return { impossible: `this host offers no tool chain called ${missing.join(", ")}; it offers ${offered.join(", ")}; add it under \`mounts\` of the host configuration` };
  const [program, ...rest] = run;
  if (program === undefined || left_ms < 1) return { impossible: "the gate's deadline passed before this command began" };
  const cpu_s = Math.min(limits.cpu_s, Math.floor(cpu_left_us / 1e6));
  if (cpu_s < 1) return { impossible: "the commands before it used all processor time of this gate; make them do less, or raise limits.sandbox.cpu_s of the host configuration" };
  const chains = names.map((name) => known[name]!);
  return {
    argv: [program, ...rest],
    cwd: cwd === undefined ? INSIDE.tree : `${INSIDE.tree}/${cwd}`,
    tree_dir,
    mounts: chains.flatMap(({ folders }) => folders),
    // Nothing of the daemon's environment, and no word of the change's.
    env: { PATH: chains.flatMap(({ path = [] }) => path).join(":"), HOME: INSIDE.scratch, TMPDIR: INSIDE.scratch, LANG: "C.UTF-8", CI: "true", ...env },
    stdin: null,
    wanted: [...files].map(([path, into]) => ({ path, bytes_max: report_bytes_max, into })),
    tail_bytes_max: SHOWN_BYTES_MAX,
    tier,
    limits: { ...limits, cpu_s, wall_ms: Math.floor(Math.min(deadline_ms ?? limits.wall_ms, limits.wall_ms, left_ms)) },
  };
}
