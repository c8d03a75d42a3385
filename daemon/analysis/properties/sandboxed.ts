/** One plan's runs in the sandbox: its generated test, and cases that are driven one after the other in a process of their own. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import type { PropertyLimits } from "../../../proto/limits.ts";
import { INSIDE, type Sandbox, type SandboxResult } from "../../platform/sandbox/job.ts";
import type { Step } from "./cases.ts";
import { exactly } from "./inside/exact.ts";
import { LEFT, propertyJob, TEST } from "./job.ts";
import type { Driven } from "./judge.ts";
import type { Plan } from "../../invariants/index.ts";
import { readLines, readReport, type Report } from "./report.ts";

/** What drives a target, beside the generated test. */
export const INSIDE_FOLDER = Bun.fileURLToPath(new URL("./inside", import.meta.url));
const SAID_CHARACTERS_MAX = 1_000;

/** The sources that a generated test carries along. */
export const insideSources = (): { readonly exact: string; readonly line_target: string } => ({
  exact: readFileSync(join(INSIDE_FOLDER, "exact.ts"), "utf8"),
  line_target: readFileSync(join(INSIDE_FOLDER, "line-target.ts"), "utf8"),
});

export interface PropertyDeps {
  readonly sandbox: Sandbox;
  /** Below a work path of the sandbox, or nowhere private. */
  readonly work_dir: string;
  /** The tree with the target. */
  readonly tree_dir: string;
  readonly limits: PropertyLimits;
}

export interface RunOptions {
  readonly seed: number;
  /** Of fast-check, to begin at a shrunk case; empty otherwise. */
  readonly path: string;
  readonly runs: number;
}

type Ran<T> = T | { readonly because: string };

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8").replace(/\s+/g, " ").trim().slice(-SAID_CHARACTERS_MAX);

function endOf({ end, stdout, stderr }: SandboxResult): string {
  const said = text(stderr) || text(stdout);
  const how = end.kind === "limit" ? `it passed ${end.limit}` : end.kind === "signal" ? `it was ended by ${end.signal}` : `it ended with ${end.code}`;
  return said === "" ? how : `${how}: ${said}`;
}

export class Sandboxed {
  readonly #folder: string;
  #jobs = 0;

  constructor(
    private readonly plan: Plan,
    test: string,
    private readonly deps: PropertyDeps,
  ) {
    this.#folder = mkdtempSync(join(deps.work_dir, "property-"));
    mkdirSync(join(this.#folder, "test"));
    cpSync(INSIDE_FOLDER, join(this.#folder, "test"), { recursive: true });
    writeFileSync(join(this.#folder, "test", TEST), test);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  private async run(work: "test" | "drive", env: Readonly<Record<string, string>>, stdin: string | null, signal: AbortSignal): Promise<{ readonly left: string | null; readonly result: SandboxResult }> {
    const { sandbox, tree_dir, limits } = this.deps;
    this.#jobs += 1;
    const into = join(this.#folder, `left-${this.#jobs}`);
    const result = await sandbox.run(propertyJob({ work, folder: join(this.#folder, "test"), tree_dir, limits, env, stdin, into }), signal);
    return { left: result.files.get(LEFT)?.state === "kept" ? readFileSync(into, "utf8") : null, result };
  }

  /** A test that leaves no report has not run, whatever its exit code says. `trouble`: how it ended, where not with 0. */
  async tested({ seed, path, runs }: RunOptions, signal: AbortSignal): Promise<Ran<Report & { readonly trouble: string | null }>> {
    const { left, result } = await this.run("test", { PROPERTY_SEED: String(seed), PROPERTY_PATH: path, PROPERTY_RUNS: String(runs) }, null, signal);
    const report = left === null ? null : readReport(left);
    if (report === null || result.end.kind !== "exit") return { because: `the generated test left no report: ${endOf(result)}` };
    return { ...report, trouble: result.end.code === 0 ? null : endOf(result) };
  }

  /** What the target answers to each case. */
  async driven(cases: readonly (readonly Step[])[], signal: AbortSignal): Promise<Ran<readonly Driven[]>> {
    const { kind, module, export: name, argv, fields, returns, actions } = this.plan;
    const order = { kind, module: `${INSIDE.tree}/${module}`, export: name, argv, cwd: INSIDE.tree, fields, returns, args: kind === "function" ? (actions[0]?.args ?? []).map((argument) => argument.name) : [], cases };
    const { left, result } = await this.run("drive", {}, JSON.stringify(order, exactly), signal);
    const lines = left === null ? null : readLines(left, cases.length);
    if (lines === null || result.end.kind !== "exit" || result.end.code !== 0) return { because: `driving the target left no whole answer: ${endOf(result)}` };
    return lines;
  }
}

/** What failed around a run, in words; a bug and being told to stop are thrown. */
export async function orBecause<T>(work: () => Promise<Ran<T>>): Promise<Ran<T>> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof MaestroError) || error.code === "request.cancelled" || error.code === "daemon.draining") throw error;
    return { because: `${error.code}: ${error.detail}` };
  }
}
