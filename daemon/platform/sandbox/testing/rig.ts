/** Sandboxes of tests: real launchers, with something taken out where a test says so. */
import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { SandboxLimits, WorkerLimits } from "../../../../proto/config.ts";
import { createSandbox, type SandboxDeps } from "../index.ts";
import { type Collected, type Mount, type Sandbox, type SandboxJob, TAIL_BYTES_MAX, type WantedFile } from "../job.ts";
import type { Removed } from "../jail/protections.ts";

export const LIMITS: SandboxLimits = Value.Create(SandboxLimits);
export const WORKER: WorkerLimits = Value.Create(WorkerLimits);

const BUN = realpathSync(process.execPath);
/** What a program needs to start, and Bun with the attacks. */
const MOUNTS: readonly Mount[] = [
  ...["/usr", "/bin", "/lib", "/lib64"].map((path) => ({ host: path, inside: path })),
  { host: dirname(BUN), inside: "/bun" },
  { host: import.meta.dir, inside: "/attacks" },
];

/** Without what is named; nothing named is the launcher of production. */
export function sandboxWithout(removed: Iterable<Removed extends ReadonlySet<infer Name> ? Name : never>, deps: Partial<SandboxDeps> = {}): Sandbox {
  const names = [...removed];
  const launcher = names.length === 0 ? {} : { launcher: [process.execPath, "--smol", join(import.meta.dir, "launcher.ts"), ...names] };
  return createSandbox({ worker: WORKER, private_paths: [], work_paths: [], ...launcher, ...deps });
}

/** Where wanted files of all jobs go, until the tests of the file have ended. */
let kept_dir: string | null = null;
let kept = 0;

function nextKept(): string {
  if (kept_dir === null) {
    const made = mkdtempSync(join(tmpdir(), "ms-kept-"));
    process.on("exit", () => rmSync(made, { recursive: true, force: true }));
    kept_dir = made;
  }
  return join(kept_dir, `report-${++kept}`);
}

/** The bytes of a file that was kept, if they are those that were told of; for any other, its state. */
export function contentOf(found: Collected | undefined): string {
  if (found?.state !== "kept") return found?.state ?? "not asked for";
  const bytes = readFileSync(found.path);
  const sha256 = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
  return bytes.length === found.bytes && sha256 === found.sha256 ? bytes.toString("latin1") : "other bytes than those that were told of";
}

type Given = Partial<Omit<SandboxJob, "limits" | "wanted">> & { readonly limits?: Partial<SandboxLimits>; readonly wanted?: readonly WantedFile[] };

/** A job with everything a plain one has. */
export function jobOf(argv: readonly [string, ...string[]], given: Given = {}): SandboxJob {
  return {
    cwd: "/scratch",
    tree_dir: import.meta.dir,
    env: { PATH: "/usr/bin:/bin" },
    stdin: null,
    tail_bytes_max: TAIL_BYTES_MAX,
    tier: "bwrap",
    ...given,
    argv,
    wanted: (given.wanted ?? []).map((file) => ({ ...file, into: nextKept() })),
    mounts: [...MOUNTS, ...(given.mounts ?? [])],
    limits: { ...LIMITS, wall_ms: 20_000, ...given.limits },
  };
}

export const attackJob = (name: string, args: readonly string[] = [], given: Parameters<typeof jobOf>[1] = {}): SandboxJob => jobOf([`/bun/${BUN.split("/").at(-1)}`, "/attacks/attacks.ts", name, ...args], given);

export const shellJob = (script: string, given: Parameters<typeof jobOf>[1] = {}): SandboxJob => jobOf(["/bin/sh", "-c", script], given);

export const NEVER: AbortSignal = new AbortController().signal;

export interface Scratch extends Disposable {
  readonly path: string;
}

export function scratch(): Scratch {
  const path = mkdtempSync(join(tmpdir(), "ms-sandbox-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
