/** What a declared build asks of the sandbox. Pure. */
import type { Build } from "../../proto/build.ts";
import type { ToolMounts } from "../../proto/command.ts";
import type { BuildLimits, SandboxLimits } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import { INSIDE, TAIL_BYTES_MAX, type SandboxJob, type SandboxTier } from "../platform/sandbox/job.ts";
import { SYSTEM_MOUNT } from "../config/tool-mounts.ts";

export interface Chain {
  readonly name: string;
  readonly mount: ToolMounts[string];
}

/** The machine's own folders are always there. Throws `request.malformed` for a tool chain that the host does not offer. */
export function chainsOf({ mounts = [] }: Pick<Build, "mounts">, offered: ToolMounts): Chain[] {
  return [...new Set([...mounts, SYSTEM_MOUNT])].map((name) => {
    if (Object.hasOwn(offered, name)) return { name, mount: offered[name]! };
    throw new MaestroError("request.malformed", `this host offers no tool chain called ${name}; it offers ${Object.keys(offered).join(", ")}; add it under \`mounts\` of the host configuration`);
  });
}

export const pathOf = (chains: readonly Chain[]): string[] => chains.flatMap(({ mount: { path = [] } }) => path);

/** Limits of one run: those of any sandboxed run, with the time that builds may take. */
export const limitsOf = ({ deadline_ms }: Pick<Build, "deadline_ms">, sandbox: SandboxLimits, build: Pick<BuildLimits, "wall_ms" | "cpu_s">): SandboxLimits => ({
  ...sandbox,
  wall_ms: Math.min(deadline_ms ?? build.wall_ms, build.wall_ms),
  cpu_s: build.cpu_s,
});

export interface Place {
  readonly tree_dir: string;
  readonly tier: SandboxTier;
  readonly limits: SandboxLimits;
  readonly output_bytes_max: number;
  /** Seconds since 1970 of the commit: what a tool that writes dates is to write (reproducible-builds.org, SOURCE_DATE_EPOCH). */
  readonly source_date_epoch: number;
  /** Where each output goes, by its path below scratch. */
  readonly files: ReadonlyMap<string, string>;
}

/** Nothing of the daemon's environment, no network, and no word of the commit's own configuration. */
export function buildJob({ run: [program = "", ...rest], env = {}, cwd }: Build, chains: readonly Chain[], { tree_dir, tier, limits, output_bytes_max, source_date_epoch, files }: Place): SandboxJob {
  return {
    argv: [program, ...rest],
    cwd: cwd === undefined ? INSIDE.tree : `${INSIDE.tree}/${cwd}`,
    tree_dir,
    mounts: chains.flatMap(({ mount: { folders } }) => folders),
    env: { PATH: pathOf(chains).join(":"), HOME: INSIDE.scratch, TMPDIR: INSIDE.scratch, LANG: "C.UTF-8", TZ: "UTC", CI: "true", SOURCE_DATE_EPOCH: String(source_date_epoch), ...env },
    stdin: null,
    wanted: [...files].map(([path, into]) => ({ path, bytes_max: output_bytes_max, into })),
    tail_bytes_max: TAIL_BYTES_MAX,
    tier,
    limits,
  };
}
