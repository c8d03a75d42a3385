/** One run of a build over a fresh copy of its tree, with an empty scratch: what it left, or why that is nothing. */
import { mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { toBase64 } from "../../proto/encoding.ts";
import type { Gap } from "../../proto/facts.ts";
import type { Lane } from "../checking/lane.ts";
import type { Host } from "../config/host.ts";
import type { Clock } from "../platform/clock.ts";
import { removeTree } from "../platform/folders.ts";
import type { Repository } from "../platform/git/repository-store.ts";
import type { GitTools } from "../platform/git/runner.ts";
import type { Sandbox, SandboxJob, SandboxResult } from "../platform/sandbox/job.ts";
import { buildJob, type Chain } from "./job.ts";
import type { Decided } from "./provenance.ts";
import type { Kept } from "./record.ts";

export interface AttemptDeps {
  readonly host: Host;
  readonly git: GitTools;
  readonly sandbox: Sandbox;
  readonly clock: Clock;
  readonly trees_dir: string;
}

export type Settled = Omit<Decided, "tools"> & { readonly chains: readonly Chain[] };

export interface Attempt {
  /** null where it ended well and left everything that was declared. */
  readonly because: string | null;
  readonly outputs: ReadonlyMap<string, Kept>;
  readonly log: string;
  readonly gaps: readonly Gap[];
}

function failureOf({ end }: SandboxResult, limits: SandboxJob["limits"]): string | null {
  if (end.kind === "limit") return `it passed ${end.limit} (${limits[end.limit]}) and was killed; make it do less, or raise that limit in the host configuration`;
  if (end.kind === "signal") return `it was ended by ${end.signal}`;
  return end.code === 0 ? null : `it ended with exit code ${end.code}`;
}

/** Every declared output, or why one is lacking. */
function outputsOf({ files }: SandboxResult, wanted: readonly string[]): ReadonlyMap<string, Kept> | string {
  const outputs = new Map<string, Kept>();
  for (const path of wanted) {
    const found = files.get(path);
    if (found === undefined || found.state === "absent") return `it left no /scratch/${path}`;
    if (found.state === "refused") return `/scratch/${path} was not taken: ${found.because}`;
    outputs.set(path, found);
  }
  return outputs;
}

/** `folder` is this run's own and holds its outputs until they are stored. Throws what the sandbox and a check process throw. */
export async function attempt({ host, git, sandbox, clock, trees_dir }: AttemptDeps, repository: Repository, { build, plan, tier, limits, chains }: Settled, folder: string, lane: Lane, signal: AbortSignal): Promise<Attempt> {
  await mkdir(folder, { mode: 0o700 });
  const tree_dir = join(trees_dir, `${basename(dirname(folder))}-${basename(folder)}`);
  const { command, build: { output_bytes_max } } = host.limits;
  let used_us = 0;
  try {
    const { gaps } = await lane.run({ kind: "materialise", git: { ...git }, git_dir: repository.git_dir, object_format: repository.object_format, tree: plan.tree, folder: tree_dir, ...(build.inputs === undefined ? {} : { only: [...build.inputs] }), limits: command }, command.tree_deadline_ms);
    // A build may take minutes: meanwhile the process is somebody else's.
    await lane.rest();
    const files = new Map(build.outputs.map((path, at) => [path, join(folder, `output-${at}`)]));
    const job = buildJob(build, chains, { tree_dir, tier, limits, output_bytes_max, source_date_epoch: plan.committed_s, files });
    const began_ms = clock.monotonic_ms();
    const result = await sandbox.run(job, signal, (cpu_us) => (used_us = Math.max(used_us, cpu_us)));
    used_us = result.usage.cpu_us;
    const { text } = await lane.run({ kind: "build-log", stdout: toBase64(result.stdout), stderr: toBase64(result.stderr) }, host.limits.worker.check_deadline_ms);
    const outputs = failureOf(result, job.limits) ?? outputsOf(result, build.outputs);
    const took_ms = Math.round(clock.monotonic_ms() - began_ms);
    return typeof outputs === "string" ? { because: `${outputs}, after ${took_ms} ms`, outputs: new Map(), log: text, gaps } : { because: null, outputs, log: text, gaps };
  } finally {
    lane.charge(used_us);
    await removeTree(tree_dir);
  }
}
