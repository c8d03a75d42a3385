/** Commands on their way through the sandbox: which of them the change touches, what they are shown, and what they leave. */
import { basename, join } from "node:path";
import type { Command } from "../../proto/command.ts";
import type { GateConfig } from "../../proto/config.ts";
import { concatBytes, toBase64 } from "../../proto/encoding.ts";
import type { Gap } from "../../proto/facts.ts";
import { reasonOf } from "../checking/failure.ts";
import type { SandboxResult } from "../platform/sandbox/job.ts";
import { keptReport, type Attempted, type Keep, type KeptReport } from "./kept.ts";
import { deadlineFor, leftFor, type ToolDeps, type ToolQuestion } from "./question.ts";
import type { CommandPlans } from "./reuse.ts";
import { sandboxJob } from "./sandbox-job.ts";
import { plansFor } from "./sights.ts";
import { ToolChains } from "./tools/chains.ts";
import { WrittenTrees } from "./written.ts";

const idle = (name: string, because: string, not_applicable = false): Attempted => ({ name, because, not_applicable, ran: null, files: null, duration_us: 0 });

/** What became of each command, and under what answers are used again. */
interface AllAttempts {
  readonly attempted: readonly Attempted[];
  readonly plans: CommandPlans | null;
}

const noneOf = ({ commands }: GateConfig, because: string): AllAttempts => ({ attempted: Object.keys(commands).map((name) => idle(name, because)), plans: null });

/** The command's own report and whatever obligations read of it. */
function wantedFiles(name: string, { commands, obligations }: GateConfig): string[] {
  const output = commands[name]?.output;
  const measured = Object.values(obligations).flatMap(({ from }) => (from.command === name && from.file !== undefined ? [from.file] : []));
  return [...new Set([output?.sarif, output?.junit, ...measured].filter((file) => file !== undefined))];
}

/** Standard error last: it is where a tool says why it failed. */
function tailOf({ stdout, stderr }: SandboxResult): string {
  return toBase64(concatBytes(stdout, stderr));
}

export class Attempts {
  private readonly chains: ToolChains;

  constructor(
    private readonly deps: ToolDeps,
    /** Processor time, in microseconds, that a gate may still use, of what was reserved for it: the gate knows what it reserved. */
    private readonly cpuLeft: (used_us: number, left_ms: number) => number,
  ) {
    this.chains = new ToolChains({ limits: deps.host.limits.command, now_ms: () => deps.clock.monotonic_ms(), apart: deps.host.sandbox_socket !== null });
  }

  /** Each command in turn, one at a time: a gate takes one sandbox's worth of the machine, however many tools it has. */
  async all(question: ToolQuestion, keep: Keep): Promise<AllAttempts> {
    const { config, facts } = question;
    const { change } = facts;
    if (change.history === "unknown") return noneOf(config, "what the change is, is unknown");
    if (change.merge_tree === null) return noneOf(config, "the change does not merge, so there is no tree to run on");
    return this.on(change.merge_tree, question, keep);
  }

  private async on(merge_tree: string, question: ToolQuestion, keep: Keep): Promise<AllAttempts> {
    const { config } = question;
    await using trees = this.trees(question, merge_tree, "");
    let touched: ReadonlySet<string>;
    let plans: CommandPlans | null;
    try {
      touched = await this.touched(question);
      plans = await plansFor({ ...this.deps, chains: this.chains }, { ...question, deadline_ms: () => deadlineFor(this.deps, question), files: (name) => wantedFiles(name, config) }, touched, merge_tree);
    } catch (error) {
      return noneOf(config, reasonOf(error));
    }
    const attempted: Attempted[] = [];
    for (const [name, command] of Object.entries(config.commands)) {
      if (!touched.has(name)) attempted.push(idle(name, "the change touches none of its inputs", true));
      else attempted.push((await plans?.earlier(name, keep)) ?? (await this.in(trees, question, name, command, keep)));
    }
    return { attempted, plans };
  }

  trees(question: ToolQuestion, tree: string, suffix: string): WrittenTrees {
    return new WrittenTrees(join(this.deps.trees_dir, `${basename(question.folder)}${suffix}`), (tree_dir, only) => this.writeTree(question, tree, tree_dir, only));
  }

  /** In a tree of its own kind, written out for the first that needs it. */
  async in(trees: WrittenTrees, question: ToolQuestion, name: string, command: Command, keep: Keep): Promise<Attempted> {
    let tree: Awaited<ReturnType<WrittenTrees["of"]>>;
    try {
      tree = await trees.of(command);
    } catch (error) {
      return idle(name, reasonOf(error));
    }
    // A sandbox may take minutes: meanwhile the process is somebody else's.
    await question.lane.rest();
    return { ...(await this.attempt(question, name, command, tree.tree_dir, keep)), gaps: tree.gaps };
  }

  private async touched(question: ToolQuestion): Promise<ReadonlySet<string>> {
    const { config, facts, facts_path, lane } = question;
    const all = Object.entries(config.commands);
    const always = all.filter(([, { inputs }]) => inputs === undefined).map(([name]) => name);
    const commands = all.flatMap(([name, { inputs }]) => (inputs === undefined ? [] : [{ name, inputs }]));
    if (commands.length === 0) return new Set(always);
    const { touched } = await lane.run({ kind: "inputs", facts_path, facts_sha256: facts.facts_sha256, commands }, deadlineFor(this.deps, question));
    return new Set([...always, ...touched]);
  }

  private async writeTree(question: ToolQuestion, tree: string, folder: string, only: readonly string[] | null): Promise<readonly Gap[]> {
    const { git, host } = this.deps;
    const { git_dir, object_format } = question.repository;
    const limits = host.limits.command;
    const deadline_ms = Math.max(1, Math.ceil(Math.min(limits.tree_deadline_ms, leftFor(this.deps, question))));
    const { gaps } = await question.lane.run({ kind: "materialise", git: { ...git }, git_dir, object_format, tree, folder, ...(only === null ? {} : { only: [...only] }), limits }, deadline_ms);
    return gaps;
  }

  private async attempt(question: ToolQuestion, name: string, command: Command, tree_dir: string, keep: Keep): Promise<Attempted> {
    const { host, sandbox, clock } = this.deps;
    const { config, mode, signal, lane, allowance } = question;
    const over = allowance?.over() ?? null;
    if (over !== null) return idle(name, over);
    const budget = allowance?.left() ?? { wall_ms: Infinity, cpu_us: Infinity };
    const files = new Map(wantedFiles(name, config).map((file) => [file, keep.place()]));
    const job = sandboxJob(command, files, { mounts: config.mounts, offered: Object.keys(host.mounts), limits: host.limits.sandbox, cpu_left_us: Math.min(budget.cpu_us, this.cpuLeft(lane.usage.cpu_us, leftFor(this.deps, question))), report_bytes_max: host.limits.command.report_bytes_max, tier: mode === "fork" ? "runsc" : "bwrap", tree_dir, left_ms: Math.min(budget.wall_ms, leftFor(this.deps, question)) });
    if ("impossible" in job) return idle(name, job.impossible);
    const started_ms = clock.monotonic_ms();
    const since = (): number => Math.max(0, Math.round((clock.monotonic_ms() - started_ms) * 1000));
    let used_us = 0;
    try {
      const result = await sandbox.run(job, signal, (cpu_us) => (used_us = Math.max(used_us, cpu_us)));
      used_us = result.usage.cpu_us;
      const usage = { cpu_us: result.usage.cpu_us, max_rss_bytes: result.usage.memory_bytes_max };
      const shape = { name, not_applicable: false, duration_us: since(), usage };
      if (result.end.kind === "signal") return { ...shape, because: `it was ended by ${result.end.signal}`, ran: null, files: null };
      if (result.end.kind === "limit") return { ...shape, because: `it passed ${result.end.limit} (${job.limits[result.end.limit]}) and was killed; make it do less, or raise limits.sandbox.${result.end.limit} of the host configuration`, ran: null, files: null };
      const kept = new Map<string, KeptReport>();
      for (const file of files.keys()) kept.set(file, keptReport(file, result.files.get(file)));
      return { ...shape, because: "", ran: { code: result.end.code, tail: tailOf(result) }, files: kept };
    } catch (error) {
      return { ...idle(name, reasonOf(error)), duration_us: since() };
    } finally {
      lane.charge(used_us);
    }
  }
}
