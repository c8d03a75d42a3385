/** Runs the declared commands of one gate and measures its obligations. The core handles names and digests; what stands in a change or a report is read by check processes. */
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { canonicalText } from "../../proto/canonical.ts";
import { commandCheck, type Command } from "../../proto/command.ts";
import type { GateConfig } from "../../proto/config.ts";
import type { Mode } from "../../proto/change.ts";
import { concatBytes, fromBase64, toBase64 } from "../../proto/encoding.ts";
import type { Gap } from "../../proto/facts.ts";
import type { MeasuredObligation, Outcome } from "../../proto/outcome.ts";
import { OBLIGATIONS_CHECK, type HandedReport } from "../../proto/report.ts";
import type { FactsReply } from "../../proto/worker.ts";
import type { Host } from "../config/host.ts";
import type { Clock } from "../platform/clock.ts";
import type { Repository } from "../platform/git/repository-store.ts";
import type { GitTools } from "../platform/git/runner.ts";
import type { Sandbox, SandboxResult } from "../platform/sandbox/job.ts";
import { unavailable, type CheckRun } from "../checking/answer.ts";
import { reasonOf } from "../checking/failure.ts";
import type { Lane } from "../checking/lane.ts";
import { obligationsOutcome } from "./reports/obligations.ts";
import { Keep, keptReport, type Attempted, type KeptReport } from "./kept.ts";
import { comparable, KeptBases, tells } from "./kept-bases.ts";
import { bothRuns, failedIds, withRates } from "./flakiness.ts";
import type { TestHistory } from "./history.ts";
import { measureAll } from "./measure-all.ts";
import type { CommandPlans, CommandReuse } from "./reuse.ts";
import { sandboxJob } from "./sandbox-job.ts";
import { plansFor } from "./sights.ts";
import { ToolChains } from "./tools/chains.ts";
import { WrittenTrees } from "./written.ts";

export interface ToolDeps {
  readonly host: Host;
  readonly git: GitTools;
  readonly sandbox: Sandbox;
  readonly clock: Clock;
  /** Where merged trees are written out: all that a launcher in a unit of its own is shown of the state folder (see trees.ts). */
  readonly trees_dir: string;
  /** What is known of tests; absent where nothing is kept. */
  readonly history?: TestHistory;
}

/** A run, and which watched tests passed in it. */
interface Judged extends CheckRun {
  readonly passed: readonly string[];
}

/** One gate's question to its tools. */
export interface ToolQuestion {
  readonly repository: Repository;
  readonly mode: Mode;
  readonly config: GateConfig;
  readonly facts: FactsReply;
  readonly facts_path: string;
  /** The gate's own folder; removed with everything in it. */
  readonly folder: string;
  readonly handed: readonly HandedReport[];
  /** The head is the target's tip itself: what is judged has landed, and is nobody's push. */
  readonly tip: boolean;
  /** On the monotonic clock. */
  readonly end_ms: number;
  readonly lane: Lane;
  readonly done: (run: CheckRun) => void;
  readonly signal: AbortSignal;
  /** Answers that may be used again; absent where none may. */
  readonly reuse?: CommandReuse | undefined;
  /** What the change's budget leaves; absent: nothing limits it. */
  readonly allowance?: { over(): string | null; left(): { readonly wall_ms: number; readonly cpu_us: number } };
}

export interface ToolAnswer {
  readonly runs: readonly CheckRun[];
  /** What commands with findings found on the base's own tree. */
  readonly base_outcomes: readonly Outcome[];
  readonly obligations: readonly MeasuredObligation[];
}

const NOTHING: ToolAnswer = { runs: [], base_outcomes: [], obligations: [] };

const idle = (name: string, because: string, not_applicable = false): Attempted => ({ name, because, not_applicable, ran: null, duration_us: 0 });

/** What became of each command, and under what answers are used again. */
interface Attempts {
  readonly attempted: readonly Attempted[];
  readonly plans: CommandPlans | null;
}

const noneOf = ({ commands }: GateConfig, because: string): Attempts => ({ attempted: Object.keys(commands).map((name) => idle(name, because)), plans: null });

/** Standard error last: it is where a tool says why it failed. */
function tailOf({ stdout, stderr }: SandboxResult): string {
  return toBase64(concatBytes(stdout, stderr));
}

export class ToolRunner {
  private readonly bases = new KeptBases();
  private readonly chains: ToolChains;

  constructor(
    private readonly deps: ToolDeps,
    /** Processor time, in microseconds, that a gate may still use, of what was reserved for it: the gate knows what it reserved. */
    private readonly cpuLeft: (used_us: number, left_ms: number) => number,
  ) {
    this.chains = new ToolChains({ limits: deps.host.limits.command, now_ms: () => deps.clock.monotonic_ms(), apart: deps.host.sandbox_socket !== null });
  }

  /** Always one outcome for each command and one for all obligations together; none where trusted configuration declares neither. Throws `request.cancelled` and `daemon.draining` only. */
  async run(question: ToolQuestion): Promise<ToolAnswer> {
    const { config, lane, done } = question;
    const declared = Object.keys(config.commands).length;
    if (declared + Object.keys(config.obligations).length === 0) return NOTHING;
    const keep = new Keep(question.folder);
    const { attempted, plans } = declared === 0 ? { attempted: [], plans: null } : await this.attemptAll(question, keep);
    const judged: CheckRun[] = [];
    for (const one of attempted) {
      const asked = one.earlier ?? (await this.again(question, one.name, await this.judged(question, one, one.gaps ?? [], landedTree(question)), keep));
      const run = (await plans?.told(one, asked)) ?? asked;
      judged.push(run);
      done(run);
    }
    const { runs, base_outcomes } = await this.withBase(question, judged, keep);
    const handed = new Map(await Promise.all(question.handed.map(async ({ name, bytes }) => [name, await keep.put(fromBase64(bytes) ?? new Uint8Array(0))] as const)));
    const deadline_ms = () => this.deadline(question);
    const obligations = await measureAll(config, { attempted, outcomes: runs.map(({ outcome }) => outcome), handed, lane, deadline_ms });
    if (obligations.length === 0) return { runs, base_outcomes, obligations };
    const outcome = obligationsOutcome(obligations.map(({ source_sha256: _, ...shown }) => shown), config.obligations);
    const last: CheckRun = { outcome, duration_us: 0 };
    done(last);
    return { runs: [...runs, last], base_outcomes, obligations };
  }

  /** A second run, over the base's own tree, of the commands that found something there is something to compare with. */
  private async withBase(question: ToolQuestion, runs: readonly CheckRun[], keep: Keep): Promise<{ runs: readonly CheckRun[]; base_outcomes: readonly Outcome[] }> {
    const { facts, config } = question;
    const { change, trusted } = facts;
    const names = Object.keys(config.commands).filter((name) => runs.some(({ outcome }) => outcome.check === commandCheck(name) && comparable(outcome, config.commands[name])));
    // A root commit has no base: everything in it is new, and that is no gap.
    if (names.length === 0 || trusted === null || change.history === "unknown" || change.base === null) return { runs, base_outcomes: [] };
    const bases = await this.onBase(question, names, trusted.old_tree, keep);
    const not_compared = (base: Outcome): string => `the command gave no whole answer on the base's own tree: ${base.because ?? "it found more than is listed"}`.slice(0, 2000);
    const told = runs.map((run): CheckRun => {
      const base = bases.find(({ check }) => check === run.outcome.check);
      return base === undefined || tells(base) ? run : { ...run, outcome: { ...run.outcome, comparison: { fixed: [], not_compared: not_compared(base) } } };
    });
    return { runs: told, base_outcomes: bases.filter(tells) };
  }

  private async onBase(question: ToolQuestion, names: readonly string[], tree: string, keep: Keep): Promise<readonly Outcome[]> {
    const { repository, config, mode } = question;
    const { repo_id, object_format } = repository;
    await using trees = this.trees(question, tree, "-base");
    const outcomes: Outcome[] = [];
    try {
      for (const name of names) {
        const command = config.commands[name]!;
        const run = { repo_id, object_format, tree, name, command, mounts: config.mounts, tier: mode === "fork" ? "fork" : "own" };
        const kept = this.bases.get(run);
        const outcome = kept ?? (await this.judged(question, await this.attemptIn(trees, question, name, command, keep), [], targetTree(question, tree))).outcome;
        this.bases.put(run, outcome);
        outcomes.push(outcome);
      }
      return outcomes;
    } catch (error) {
      const because = reasonOf(error);
      return names.map((name) => outcomes.find(({ check }) => check === commandCheck(name)) ?? unavailable(commandCheck(name), because));
    }
  }

  private left(question: ToolQuestion): number {
    return Math.max(0, question.end_ms - this.deps.clock.monotonic_ms());
  }

  private deadline(question: ToolQuestion): number {
    return Math.max(1, Math.ceil(Math.min(this.deps.host.limits.worker.check_deadline_ms, this.left(question))));
  }

  /** Each command in turn, one at a time: a gate takes one sandbox's worth of the machine, however many tools it has. */
  private async attemptAll(question: ToolQuestion, keep: Keep): Promise<Attempts> {
    const { config, facts } = question;
    const { change } = facts;
    if (change.history === "unknown") return noneOf(config, "what the change is, is unknown");
    if (change.merge_tree === null) return noneOf(config, "the change does not merge, so there is no tree to run on");
    return this.attemptOn(change.merge_tree, question, keep);
  }

  private async attemptOn(merge_tree: string, question: ToolQuestion, keep: Keep): Promise<Attempts> {
    const { config } = question;
    await using trees = this.trees(question, merge_tree, "");
    let touched: ReadonlySet<string>;
    let plans: CommandPlans | null;
    try {
      touched = await this.touched(question);
      plans = await plansFor({ ...this.deps, chains: this.chains }, { ...question, deadline_ms: () => this.deadline(question), files: (name) => wantedFiles(name, config) }, touched, merge_tree);
    } catch (error) {
      return noneOf(config, reasonOf(error));
    }
    const attempted: Attempted[] = [];
    for (const [name, command] of Object.entries(config.commands)) {
      if (!touched.has(name)) attempted.push(idle(name, "the change touches none of its inputs", true));
      else attempted.push((await plans?.earlier(name, keep)) ?? (await this.attemptIn(trees, question, name, command, keep)));
    }
    return { attempted, plans };
  }

  private trees(question: ToolQuestion, tree: string, suffix: string): WrittenTrees {
    return new WrittenTrees(join(this.deps.trees_dir, `${basename(question.folder)}${suffix}`), (tree_dir, only) => this.writeTree(question, tree, tree_dir, only));
  }

  /** In a tree of its own kind, written out for the first that needs it. */
  private async attemptIn(trees: WrittenTrees, question: ToolQuestion, name: string, command: Command, keep: Keep): Promise<Attempted> {
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
    const { touched } = await lane.run({ kind: "inputs", facts_path, facts_sha256: facts.facts_sha256, commands }, this.deadline(question));
    return new Set([...always, ...touched]);
  }

  private async writeTree(question: ToolQuestion, tree: string, folder: string, only: readonly string[] | null): Promise<readonly Gap[]> {
    const { git, host } = this.deps;
    const { git_dir, object_format } = question.repository;
    const limits = host.limits.command;
    const deadline_ms = Math.max(1, Math.ceil(Math.min(limits.tree_deadline_ms, this.left(question))));
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
    const job = sandboxJob(command, files, { mounts: config.mounts, offered: Object.keys(host.mounts), limits: host.limits.sandbox, cpu_left_us: Math.min(budget.cpu_us, this.cpuLeft(lane.usage.cpu_us, this.left(question))), report_bytes_max: host.limits.command.report_bytes_max, tier: mode === "fork" ? "runsc" : "bwrap", tree_dir, left_ms: Math.min(budget.wall_ms, this.left(question)) });
    if ("impossible" in job) return idle(name, job.impossible);
    const started_ms = clock.monotonic_ms();
    const since = (): number => Math.max(0, Math.round((clock.monotonic_ms() - started_ms) * 1000));
    let used_us = 0;
    try {
      const result = await sandbox.run(job, signal, (cpu_us) => (used_us = Math.max(used_us, cpu_us)));
      used_us = result.usage.cpu_us;
      const usage = { cpu_us: result.usage.cpu_us, max_rss_bytes: result.usage.memory_bytes_max };
      const shape = { name, not_applicable: false, duration_us: since(), usage };
      if (result.end.kind === "signal") return { ...shape, because: `it was ended by ${result.end.signal}`, ran: null };
      if (result.end.kind === "limit") return { ...shape, because: `it passed ${result.end.limit} (${job.limits[result.end.limit]}) and was killed; make it do less, or raise limits.sandbox.${result.end.limit} of the host configuration`, ran: null };
      const kept = new Map<string, KeptReport>();
      for (const file of files.keys()) kept.set(file, keptReport(file, result.files.get(file)));
      return { ...shape, because: "", ran: { code: result.end.code, tail: tailOf(result), files: kept } };
    } catch (error) {
      return { ...idle(name, reasonOf(error)), duration_us: since() };
    } finally {
      lane.charge(used_us);
    }
  }

  /** Once more where a test failed that is known to be flaky: only a second run that passes it may excuse it. */
  private async again(question: ToolQuestion, name: string, first: Judged, keep: Keep): Promise<CheckRun> {
    const { outcome } = first;
    const tree = mergedTree(question);
    const command = question.config.commands[name];
    const { history } = this.deps;
    const rates = history?.rates({ repo_id: question.repository.repo_id, command: name }, failedIds(outcome));
    if (rates === undefined || rates.size === 0 || tree === null || command === undefined || outcome.findings_cut > 0) return first;
    await using trees = this.trees(question, tree, "-again");
    const rated = withRates(outcome, rates);
    try {
      const second = await this.judged(question, await this.attemptIn(trees, question, name, command, keep), [], landedTree(question));
      return { ...first, duration_us: first.duration_us + second.duration_us, outcome: bothRuns(rated, second.outcome, new Set(second.passed)) };
    } catch (error) {
      return { ...first, outcome: bothRuns(rated, unavailable(outcome.check, reasonOf(error)), new Set()) };
    }
  }

  /** `teaching`: the tree it ran over, where the run says something of the target and not of somebody's push; see docs/flaky.md. */
  private async judged(question: ToolQuestion, { name, because, not_applicable, ran, duration_us, usage }: Attempted, gaps: readonly Gap[], teaching: string | null): Promise<Judged> {
    const check = commandCheck(name);
    const spent = { duration_us, passed: [], ...(usage === undefined ? {} : { usage }) };
    if (not_applicable) return { outcome: { ...unavailable(check, because), result: "not_applicable" }, ...spent };
    if (ran === null) return { outcome: unavailable(check, because), ...spent };
    const { output, cwd = "" } = question.config.commands[name] ?? {};
    const file = output?.sarif ?? output?.junit;
    const report = file === undefined ? null : (ran.files.get(file) ?? { absent: "it was not asked for" });
    const kind = output?.sarif !== undefined ? "sarif" : output?.junit !== undefined ? "junit" : "exit";
    try {
      const place = { repo_id: question.repository.repo_id, command: name };
      const watched = kind === "junit" ? (this.deps.history?.watched(place) ?? []) : [];
      const { outcome, passed = [] } = await question.lane.run({ kind: "command", ...(watched.length === 0 ? {} : { watched }), command: name, cwd, code: ran.code, output: kind, report, tail: ran.tail, gaps: [...gaps] }, this.deadline(question));
      if (kind === "junit" && teaching !== null && question.mode !== "fork" && outcome.result !== "unavailable") this.deps.history?.ran(place, oneWay(question, name, teaching), failedIds(outcome), passed);
      return { ...spent, outcome, passed };
    } catch (error) {
      return { outcome: unavailable(check, `what it left could not be read: ${reasonOf(error)}`), ...spent };
    }
  }
}

/** What commands run over; null where there is no such tree. */
const mergedTree = ({ facts: { change } }: ToolQuestion): string | null => (change.history === "known" ? change.merge_tree : null);

/** The merged tree, where it is the target's own: a head's runs teach nothing, whoever admits it. */
const landedTree = (question: ToolQuestion): string | null => (question.tip ? mergedTree(question) : null);

/** The tree compared with, where it is the target's tip. Of a landed head it is the first parent's, which a branch of many commits brought along. */
const targetTree = ({ facts: { change } }: ToolQuestion, tree: string): string | null => (change.history === "known" && change.kind === "merge" ? tree : null);

/** A tree and how it was run: another answer after another declaration is no flake. */
function oneWay({ config }: ToolQuestion, name: string, tree: string): string {
  return createHash("sha256").update(canonicalText({ tree, command: config.commands[name], mounts: config.mounts })).digest("hex");
}

/** The command's own report and whatever obligations read of it. */
function wantedFiles(name: string, { commands, obligations }: GateConfig): string[] {
  const output = commands[name]?.output;
  const measured = Object.values(obligations).flatMap(({ from }) => (from.command === name && from.file !== undefined ? [from.file] : []));
  return [...new Set([output?.sarif, output?.junit, ...measured].filter((file) => file !== undefined))];
}

/** The same configuration for who runs no outside tool, and the checks that are left out by that: nothing is required that nobody asks. */
export function withoutTools(config: GateConfig): { readonly config: GateConfig; readonly left_out: readonly string[] } {
  const left_out = [...Object.keys(config.commands).map(commandCheck), ...(Object.keys(config.obligations).length > 0 ? [OBLIGATIONS_CHECK] : [])];
  return { config: { ...config, commands: {}, obligations: {}, mounts: {}, required: config.required.filter((check) => !left_out.includes(check)) }, left_out };
}
