/** Property tests that a check asked for, run over the merged tree. The core carries what they leave, and reads none of it. */
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toBase64 } from "../../proto/encoding.ts";
import type { PropertyAsk, PropertyRun } from "../../proto/formal.ts";
import type { PropertyLimits } from "../../proto/limits.ts";
import { reasonOf } from "../checking/failure.ts";
import type { Clock } from "../platform/clock.ts";
import type { Sandbox } from "../platform/sandbox/job.ts";

const OPEN_MODE = 0o755;
const NOTHING = { stdout: "", stderr: "", left: null } as const;

export interface PropertyDeskDeps {
  /** That of the gate: its tier, its bill. */
  readonly sandbox: Sandbox;
  readonly clock: Clock;
  readonly limits: PropertyLimits;
  /** Below a work path of the sandbox. */
  readonly trees_dir: string;
  /** The merged tree, written out once. */
  readonly tree: () => Promise<string>;
  readonly end_ms: number;
  readonly signal: AbortSignal;
}

/** Throws `request.cancelled` and `daemon.draining` only. */
export async function propertyRun({ id, work, test, env, stdin }: PropertyAsk, { sandbox, clock, limits, trees_dir, tree, end_ms, signal }: PropertyDeskDeps): Promise<PropertyRun> {
  const { INSIDE_FOLDER } = await import("../analysis/properties/sandboxed.ts");
  const { LEFT, propertyJob, TEST } = await import("../analysis/properties/job.ts");
  const own = mkdtempSync(join(trees_dir, "property-"));
  try {
    // Whoever runs it may be another user: a launcher in a unit of its own.
    chmodSync(own, OPEN_MODE);
    const folder = join(own, "test");
    mkdirSync(folder);
    cpSync(INSIDE_FOLDER, folder, { recursive: true });
    writeFileSync(join(folder, TEST), test);
    const tree_dir = await tree();
    const left_ms = Math.max(1, Math.floor(end_ms - clock.monotonic_ms()));
    const job = propertyJob({ work, folder, tree_dir, limits: { ...limits, wall_ms: Math.min(limits.wall_ms, left_ms) }, env, stdin, into: join(own, "left") });
    const { end, stdout, stderr, files } = await sandbox.run(job, signal);
    const left = files.get(LEFT);
    return { id, end, stdout: toBase64(stdout), stderr: toBase64(stderr), left: left?.state === "kept" ? toBase64(readFileSync(left.path)) : null };
  } catch (error) {
    return { id, end: { kind: "failed", because: reasonOf(error).slice(0, 2_000) }, ...NOTHING };
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}
