/** Whether a tier works on this machine, found out by trying, and what to do where it does not. */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { MaestroError } from "../../../../proto/errors.ts";
import { SandboxLimits } from "../../../../proto/config.ts";
import { type Cages, openCages } from "../../cgroup/cages.ts";
import type { Ground } from "./begin.ts";
import { INSIDE, type SandboxTier, type TierState } from "../job.ts";
import type { Removed } from "./protections.ts";
import { runJob, tryJail } from "./run.ts";
import type { Place, WireJob } from "../wire.ts";

/** Debian, Ubuntu, Fedora, Alpine and Arch all call it so. */
const PACKAGE = { bwrap: "install the package bubblewrap (0.6 or newer)", runsc: "install runsc (gVisor), for example the package runsc" } as const;

/** The tools, found anew for each order: an operator may install one while the launcher lives. */
export function groundOf(place: Place, removed: Removed): Ground | null {
  const which = (name: string): string | null => Bun.which(name, { PATH: place.tools.join(":") });
  const bwrap = which("bwrap");
  const { arch } = process;
  if (bwrap === null || (arch !== "x64" && arch !== "arm64")) return null;
  return { bwrap, runsc: which("runsc"), cages: removed.has("cgroup") ? null : ownCages(), architecture: arch, removed };
}

/** Where control groups can be made does not change under a running process. */
let cages: Cages | null | undefined;
function ownCages(): Cages | null {
  if (cages === undefined) cages = openCages();
  return cages;
}

export async function probeTier(tier: SandboxTier, place: Place, ground: Ground | null): Promise<TierState> {
  if (process.platform !== "linux" || (process.arch !== "x64" && process.arch !== "arm64")) {
    return { usable: false, because: `the sandbox is made for Linux on x86-64 and arm64, this is ${process.platform} on ${process.arch}`, remedy: "run the daemon on such a machine" };
  }
  if (ground === null) return { usable: false, because: `bwrap is not in ${place.tools.join(", ")}`, remedy: PACKAGE.bwrap };
  if (tier === "runsc" && ground.runsc === null) return { usable: false, because: `runsc is not in ${place.tools.join(", ")}`, remedy: PACKAGE.runsc };
  try {
    if (tier === "bwrap") await tryJail(trial(ground.bwrap, tier), ground);
    else await tryGvisor(ground);
  } catch (error) {
    if (!(error instanceof MaestroError)) throw error;
    return { usable: false, because: error.detail, remedy: remedyOf(error.detail, kernelSetting) };
  }
  return { usable: true, version: versionOf(tier === "bwrap" ? ground.bwrap : (ground.runsc ?? "")) };
}

/** Of what a tool says about why it does not work. */
const TRIAL_TAIL_BYTES_MAX = 4_096;

/** `runsc` is one static program, so it can be the job of its own trial. */
async function tryGvisor(ground: Ground): Promise<void> {
  const { end, stderr } = await runJob(trial(ground.runsc ?? "", "runsc"), ground, null, () => undefined);
  if (end.kind !== "exit" || end.code !== 0) throw new MaestroError("sandbox.failed", `runsc: ${JSON.stringify(end)} ${Buffer.from(stderr).toString("utf8").trim()}`);
}

const trial = (tool: string, tier: SandboxTier): WireJob => ({
  argv: [`${INSIDE.tree}/runsc`, "--version"],
  cwd: INSIDE.scratch,
  tree_dir: dirname(tool),
  mounts: [],
  env: {},
  stdin: null,
  wanted: [],
  tail_bytes_max: TRIAL_TAIL_BYTES_MAX,
  tier,
  limits: Value.Create(SandboxLimits),
});

function versionOf(tool: string): string {
  const first = Bun.spawnSync([tool, "--version"], { env: {} }).stdout.toString().split("\n")[0] ?? "";
  return first.replace(/^\S+ (?:version )?/, "").trim();
}

/** `/proc/sys` by dotted name; null where the kernel has no such setting. */
function kernelSetting(name: string): string | null {
  try {
    return readFileSync(`/proc/sys/${name.replaceAll(".", "/")}`, "utf8").trim();
  } catch {
    return null;
  }
}

/** What an operator has to do, from what bubblewrap said and how the kernel is set. */
export function remedyOf(words: string, setting: (name: string) => string | null): string {
  if (/unknown option/i.test(words)) return PACKAGE.bwrap;
  if (setting("user.max_user_namespaces") === "0") return "allow user namespaces: sysctl user.max_user_namespaces=10000";
  if (setting("kernel.unprivileged_userns_clone") === "0") return "allow user namespaces: sysctl kernel.unprivileged_userns_clone=1";
  if (setting("kernel.apparmor_restrict_unprivileged_userns") === "1") {
    return "let AppArmor allow bwrap user namespaces (a profile for bwrap with the rule `userns,`), or: sysctl kernel.apparmor_restrict_unprivileged_userns=0";
  }
  if (/proc.*(?:not permitted|denied)/i.test(words)) return "in a container, unmask /proc (for Docker: --security-opt systempaths=unconfined), or run the daemon outside of it";
  return "allow this process to make user namespaces: under systemd name sandbox_socket in the host configuration; in a container, no seccomp profile that forbids unshare";
}
