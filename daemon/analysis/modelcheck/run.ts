/** One model, checked by TLC in the sandbox. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalText } from "../../../proto/canonical.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { ModelAnswer, ModelLimits, ModelOutcome, ModelTool } from "../../../proto/model.ts";
import { defaultMounts, SYSTEM_MOUNT } from "../../config/tool-mounts.ts";
import type { Collected, Sandbox, SandboxResult } from "../../platform/sandbox/job.ts";
import { trustedArchive } from "./archive.ts";
import type { ModelCache } from "./cache.ts";
import { CLASS_PATH, COMPLAINTS, endOf, OUTPUT, PROFILE, tlcJob } from "./job.ts";
import { readRun, type RunEnd } from "./reading.ts";
import { JAR_SHA256, TLC_VERSION } from "./release.ts";
import { type ModelRequest, requestDigest, requestProblem } from "./request.ts";
import { jarProblem, type Toolchain } from "./toolchain.ts";

export interface ModelDeps {
  readonly sandbox: Sandbox;
  readonly toolchain: Toolchain;
  /** Below a work path of the sandbox, or nowhere private. */
  readonly work_dir: string;
  readonly limits: ModelLimits;
  readonly cache: ModelCache | null;
  readonly monotonic_ms: () => number;
  /** Reads TLC's words; a daemon hands in one that asks a check process, because they come from a change. */
  readonly read?: (end: RunEnd, output_path: string | null) => Promise<ModelOutcome>;
  /** Why a request is not run; a daemon has a check process look, because its words come from a change. */
  readonly problem?: typeof requestProblem;
  /** Who looks into the sandbox's tree may be another user: a launcher in a unit of its own. */
  readonly apart?: boolean;
}

const OPEN_MODE = 0o755;

export const systemMounts = () => defaultMounts(process.execPath)[SYSTEM_MOUNT]?.folders ?? [];

const COMPLAINT_CHARACTERS_MAX = 300;

export function textIn(file: Collected | undefined): string | null {
  return file?.state === "kept" ? readFileSync(file.path, "utf8") : null;
}

/** Why there is no whole output, in the sandbox's words. */
const missing = (file: Collected | undefined): string => (file?.state === "refused" ? file.because : "there is none");

const readHere = (end: RunEnd, path: string | null): Promise<ModelOutcome> => Promise.resolve(readRun(end, path === null ? "" : readFileSync(path, "utf8")));

async function outcomeOf({ end, files }: SandboxResult, limits: Parameters<typeof endOf>[1], read: NonNullable<ModelDeps["read"]>): Promise<ModelOutcome> {
  const output = files.get(OUTPUT);
  const path = output?.state === "kept" ? output.path : null;
  if (path === null && end.kind === "exit") return { result: "unavailable", because: `TLC's output was not to be had: ${missing(output)}` };
  const outcome = await read(endOf(end, limits), path);
  const complaint = (textIn(files.get(COMPLAINTS)) ?? "").replace(/\s+/g, " ").trim().slice(0, COMPLAINT_CHARACTERS_MAX);
  return outcome.result === "unavailable" && complaint !== "" ? { ...outcome, because: `${outcome.because} [${complaint}]`.slice(0, 2_000) } : outcome;
}

/** What failed around the run, as an outcome; a bug and being told to stop are thrown. */
async function guarded(work: () => Promise<ModelOutcome>): Promise<ModelOutcome> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof MaestroError) || error.code === "request.cancelled" || error.code === "daemon.draining") throw error;
    return { result: "unavailable", because: `${error.code}: ${error.detail}`.slice(0, 2_000) };
  }
}

async function ran(request: ModelRequest, { sandbox, toolchain, work_dir, limits, read = readHere, apart = false }: ModelDeps, signal: AbortSignal): Promise<ModelOutcome> {
  // Each time, not once for a daemon's life: what is run is what was pinned.
  const because = jarProblem(toolchain.jar);
  if (because !== null) return { result: "unavailable", because };
  const folder = mkdtempSync(join(work_dir, "model-"));
  try {
    if (apart) chmodSync(folder, OPEN_MODE);
    const tree_dir = join(folder, "spec");
    mkdirSync(tree_dir);
    for (const [name, bytes] of request.modules) writeFileSync(join(tree_dir, `${name}.tla`), bytes);
    writeFileSync(join(tree_dir, `${request.spec}.cfg`), request.cfg);
    const archive = trustedArchive(toolchain, "jail", CLASS_PATH);
    const job = tlcJob({ java: toolchain.java, folder: toolchain.folder, system: systemMounts(), archive, spec: request.spec, tree_dir, into: (name) => join(folder, name), limits });
    return await outcomeOf(await sandbox.run(job, signal), job.limits, read);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Whether a specification holds, with the counterexample where it does not. Whatever goes wrong is `unavailable` with its reason.
 * Throws `request.cancelled` and `daemon.draining` alone.
 */
export async function runModel(request: ModelRequest, deps: ModelDeps, signal: AbortSignal): Promise<ModelAnswer> {
  const { sandbox, toolchain: { java }, limits, cache, monotonic_ms, problem = requestProblem } = deps;
  const started_ms = monotonic_ms();
  const tier = await sandbox.tier("bwrap");
  const tool: ModelTool = { tlc: TLC_VERSION, jar_sha256: JAR_SHA256, java: java.version, java_sha256: java.sha256, sandbox: tier.usable ? tier.version.slice(0, 200) : "none" };
  const spec_sha256 = requestDigest(request);
  const key = Bun.SHA256.hash(canonicalText({ v: 1, spec_sha256, tool, profile: PROFILE }), "hex");
  const answer = (outcome: ModelOutcome, cached: boolean): ModelAnswer => ({ key, spec_sha256, tool, outcome, cached, us: Math.max(0, Math.round((monotonic_ms() - started_ms) * 1000)) });
  const because = problem(request, limits);
  if (because !== null) return answer({ result: "unavailable", because: because.slice(0, 2_000) }, false);
  const kept = cache?.get(key) ?? null;
  if (kept !== null) return answer(kept, true);
  const outcome = await guarded(() => ran(request, deps, signal));
  if (outcome.result !== "unavailable") cache?.put(key, outcome);
  return answer(outcome, false);
}
