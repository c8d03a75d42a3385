/** What is asked of the sandbox and what it answers. Checks build these; how a tier fulfils them is the launcher's own business. */
import type { SandboxLimits } from "../../../proto/config.ts";

/** `bwrap`: namespaces, seccomp and resource limits. `runsc`: a user-space kernel (gVisor) in between, for strangers' code. */
export type SandboxTier = "bwrap" | "runsc";

/** Where things lie inside. The tree is read-only; scratch is fresh, empty, writable and bounded. */
export const INSIDE = { tree: "/change", scratch: "/scratch" } as const;

/** A folder of the host that is visible inside, read-only. */
export interface Mount {
  readonly host: string;
  readonly inside: string;
}

/** A file under scratch that is wanted afterwards. It is opened without following any link, below scratch only. */
export interface WantedFile {
  /** Relative to scratch, `/` between segments. */
  readonly path: string;
  readonly bytes_max: number;
}

/** And where it goes: it passes the daemon in pieces and is never held there. */
export interface Wanted extends WantedFile {
  /** A path of the host at which there is nothing yet; made with mode 0600, and gone again where the job has no result. */
  readonly into: string;
}

export interface SandboxJob {
  readonly argv: readonly [string, ...string[]];
  /** Inside: the tree, scratch, or a folder below one of them. */
  readonly cwd: string;
  /** Host folder that becomes `INSIDE.tree`. */
  readonly tree_dir: string;
  /** The tool chain. */
  readonly mounts: readonly Mount[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Uint8Array | null;
  readonly wanted: readonly Wanted[];
  /** Of each stream, how many of its last bytes are wanted; `TAIL_BYTES_MAX` at most. */
  readonly tail_bytes_max: number;
  /** The weakest tier that will do. */
  readonly tier: SandboxTier;
  readonly limits: SandboxLimits;
}

export type SandboxEnd =
  | { readonly kind: "exit"; readonly code: number }
  | { readonly kind: "signal"; readonly signal: string }
  /** Killed by the sandbox; the limit is named with its value. */
  | { readonly kind: "limit"; readonly limit: keyof SandboxLimits };

/** What is held in memory of a result: two of these, whatever a job prints and leaves. */
export const TAIL_BYTES_MAX = 64 * 1024;

export type NotCollected =
  | { readonly state: "absent" }
  /** A link, a device, too large, or in a place that is not scratch. */
  | { readonly state: "refused"; readonly because: string };

/** `path` is `Wanted.into`, `sha256` is in hex. */
export type Collected = { readonly state: "kept"; readonly path: string; readonly bytes: number; readonly sha256: string } | NotCollected;

export interface SandboxResult {
  readonly tier: SandboxTier;
  readonly end: SandboxEnd;
  /** The last `tail_bytes_max` bytes that were printed. More than `output_bytes_max` end the job, and none of those beyond is in here. */
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  /** By `Wanted.path`, one for each that was asked for. */
  readonly files: ReadonlyMap<string, Collected>;
  readonly usage: { readonly wall_us: number; readonly cpu_us: number; readonly memory_bytes_max: number };
}

/** Whether a tier can be used on this machine, and what to do where it cannot. */
export type TierState = { readonly usable: true; readonly version: string } | { readonly usable: false; readonly because: string; readonly remedy: string };

export interface Sandbox {
  /**
   * Runs one job. A program that fails is a result. Throws `sandbox.unavailable`, with the remedy in the detail,
   * where the tier cannot be used; `sandbox.failed` where the sandbox itself broke; `request.cancelled`.
   * `used` hears now and then what the job has used so far, which is all that is known of one that was cut off.
   */
  run(job: SandboxJob, signal: AbortSignal, used?: (cpu_us: number) => void): Promise<SandboxResult>;
  tier(tier: SandboxTier): Promise<TierState>;
  close(): Promise<void>;
}
