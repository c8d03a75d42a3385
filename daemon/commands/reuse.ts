/**
 * Answers of commands that are used again: where a command that asks for it (`reuse: true`) sees just what it saw, it is not run. What it sees is
 * its part of the merged tree, its tool chain and its surroundings; of each there is a digest, and where one cannot be told it is run.
 */
import { createHash } from "node:crypto";
import { canonicalText } from "../../proto/canonical.ts";
import { commandCheck, type Command, type ToolMounts } from "../../proto/command.ts";
import type { Outcome } from "../../proto/outcome.ts";
import type { CheckRun } from "../checking/answer.ts";
import { readKept, shelveReports, unlessStore, type Kept, type KeptBodies, type ReuseScope } from "../store/kept-bodies.ts";
import type { Attempted, Keep, KeptReport } from "./kept.ts";
import { tells } from "./kept-bases.ts";
import { EXIT_RULE } from "./tool-finding.ts";
import type { Chain } from "./tools/chains.ts";

/** What the answers of one gate's commands are kept in, and whose they are. */
export interface CommandReuse {
  readonly kept: KeptBodies;
  /** Digest of the code that runs commands and reads their reports. */
  readonly code: string;
  readonly scope: ReuseScope;
  /** Everything is asked again; what comes of it is kept. */
  readonly fresh: boolean;
}

/** Undefined for a stranger's change: it teaches nothing, and learns nothing. */
export function reuseFor(kept: KeptBodies, code: string, scope: ReuseScope, fresh: boolean): CommandReuse | undefined {
  return scope.mode === "fork" ? undefined : { kept, code, scope, fresh };
}

/** What else an answer follows from. */
export interface Surroundings {
  readonly mounts: ToolMounts;
  readonly limits: unknown;
  readonly sandbox: string;
  readonly machine: string;
}

/** What one command is shown, or why that is not known. */
export interface Sight {
  readonly command: Command;
  readonly view: { readonly sha256: string } | { readonly because: string };
  readonly chain: Chain;
  readonly files: readonly string[];
}

type Plan = { readonly key: string; readonly tools: string; readonly command: Command } | { readonly because: string };

/** Codes above are how shells report a signal: something else ended the program. */
const EXIT_CODE_MAX = 128;

/**
 * A pass is; of what fails only what a SARIF report lists, as linters do: such findings are accepted one by one, gate after gate.
 * A test that failed may pass next time, so it is run next time.
 */
export function keepable({ output }: Command, { code }: { readonly code: number }, outcome: Outcome): boolean {
  if (!tells(outcome) || code < 0 || code > EXIT_CODE_MAX) return false;
  // A linter that fails and lists no error may have found the disk full.
  return outcome.result === "pass" || (output?.sarif !== undefined && outcome.findings.every(({ rule, test }) => test === undefined && rule !== `${outcome.check}.${EXIT_RULE}`));
}

function keyOf({ code, scope }: CommandReuse, { command, files }: Sight, view: string, name: string, { mounts, limits, sandbox, machine }: Surroundings): string {
  const text = canonicalText({ v: 1, kind: "command", code, scope: { ...scope }, name, command, files: [...files], view, mounts, limits, sandbox, machine });
  return createHash("sha256").update(text).digest("hex");
}

/** Of one gate: under what each command's answer is kept, and what was kept under it. */
export class CommandPlans {
  private readonly plans = new Map<string, Plan>();

  constructor(
    private readonly reuse: CommandReuse,
    sights: ReadonlyMap<string, Sight>,
    surroundings: Surroundings,
  ) {
    for (const [name, sight] of sights) this.plans.set(name, this.plan(name, sight, surroundings));
  }

  private plan(name: string, sight: Sight, surroundings: Surroundings): Plan {
    const { command, view, chain } = sight;
    if ("because" in view) return view;
    if ("because" in chain) return chain;
    return { key: keyOf(this.reuse, sight, view.sha256, name, surroundings), tools: chain.sha256, command };
  }

  /** Digest of a command's tool chain; null where it was not asked for or cannot be told. */
  tools(name: string): string | null {
    const plan = this.plans.get(name);
    return plan === undefined || "because" in plan ? null : plan.tools;
  }

  /** As if the command had run; null where it has to. */
  async earlier(name: string, keep: Keep): Promise<Attempted | null> {
    const plan = this.plans.get(name);
    if (plan === undefined || "because" in plan || this.reuse.fresh) return null;
    const kept = await readKept(this.reuse.kept, plan.key, commandCheck(name));
    if (kept === null || kept.reads["tools"] !== plan.tools) return null;
    const files = await unlessStore(() => this.filesOf(kept, keep));
    if (files === null) return null;
    const earlier: CheckRun = { outcome: { ...kept.outcome, reused: kept.asked }, duration_us: 0, ...(kept.took_us === undefined ? {} : { saved_us: kept.took_us }) };
    return { name, because: "", not_applicable: false, ran: null, files, duration_us: 0, earlier };
  }

  private async filesOf({ reports = [] }: Kept, keep: Keep): Promise<Map<string, KeptReport> | null> {
    const files = new Map<string, KeptReport>();
    for (const { path, report } of reports) {
      if (typeof report !== "string") {
        files.set(path, report);
        continue;
      }
      const into = keep.place();
      if (!(await this.reuse.kept.blobs.copyOut(report, into))) return null;
      files.set(path, { path: into, sha256: report.replace("sha256:", "") });
    }
    return files;
  }

  /** The run with what is needed to use it again, or with why it had to be asked. */
  async told({ name, ran, files: left, earlier }: Attempted, run: CheckRun): Promise<CheckRun> {
    const plan = this.plans.get(name);
    if (plan === undefined || earlier !== undefined) return run;
    if ("because" in plan) return { ...run, asked_because: plan.because };
    if (ran === null || left === null || !keepable(plan.command, ran, run.outcome)) return run;
    const files = [...left].map(([path, report]) => ({ path, report: "absent" in report ? report : { file: report.path, sha256: report.sha256 } }));
    const shelf = await unlessStore(() => shelveReports(this.reuse.kept.blobs, files));
    return shelf === null ? run : { ...run, keep: { key: plan.key, reads: { tools: plan.tools }, outcome: run.outcome, reports: shelf.reports, report_bytes: shelf.bytes, took_us: run.duration_us } };
  }
}
