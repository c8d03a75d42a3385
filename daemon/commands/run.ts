/** The declared commands of one gate, from what they leave to what is known of them, and its obligations. The core handles names and digests; what stands in a change or a report is read by check processes. */
import { createHash } from "node:crypto";
import { canonicalText } from "../../proto/canonical.ts";
import { commandCheck } from "../../proto/command.ts";
import type { GateConfig } from "../../proto/config.ts";
import { fromBase64 } from "../../proto/encoding.ts";
import type { Gap } from "../../proto/facts.ts";
import type { MeasuredObligation, Outcome } from "../../proto/outcome.ts";
import { OBLIGATIONS_CHECK } from "../../proto/report.ts";
import { unavailable, type CheckRun } from "../checking/answer.ts";
import { reasonOf } from "../checking/failure.ts";
import { Attempts } from "./attempts.ts";
import { conceal, hidingCommands } from "./conceal.ts";
import { obligationsOutcome } from "./reports/obligations.ts";
import { Keep, type Attempted } from "./kept.ts";
import { comparable, KeptBases, tells } from "./kept-bases.ts";
import { bothRuns, failedIds, withRates } from "./flakiness.ts";
import { measureAll } from "./measure-all.ts";
import { saidOfTests } from "./said-of-tests.ts";
import { deadlineFor, type ToolDeps, type ToolQuestion } from "./question.ts";
import type { CommandPlans } from "./reuse.ts";

/** A run, and which watched tests passed in it. */
interface Judged extends CheckRun {
  readonly passed: readonly string[];
}

export interface ToolAnswer {
  readonly runs: readonly CheckRun[];
  /** What commands with findings found on the base's own tree. */
  readonly base_outcomes: readonly Outcome[];
  readonly obligations: readonly MeasuredObligation[];
}

const NOTHING: ToolAnswer = { runs: [], base_outcomes: [], obligations: [] };

export class ToolRunner {
  private readonly bases = new KeptBases();
  private readonly attempts: Attempts;

  /** `cpuLeft`: see attempts.ts. */
  constructor(
    private readonly deps: ToolDeps,
    cpuLeft: (used_us: number, left_ms: number) => number,
  ) {
    this.attempts = new Attempts(deps, cpuLeft);
  }

  /** Always one outcome for each command and one for all obligations together; none where trusted configuration declares neither. Throws `request.cancelled` and `daemon.draining` only. */
  async run(question: ToolQuestion): Promise<ToolAnswer> {
    const { config, lane, done } = question;
    const declared = Object.keys(config.commands).length;
    if (declared + Object.keys(config.obligations).length === 0) return NOTHING;
    const keep = new Keep(question.folder);
    const { attempted, plans } = declared === 0 ? { attempted: [], plans: null } : await this.attempts.all(question, keep);
    const judged: CheckRun[] = [];
    for (const one of attempted) {
      const asked = one.earlier ?? (await this.again(question, one.name, await this.judged(question, one, one.gaps ?? [], landedTree(question)), keep));
      const run = (await plans?.told(one, asked)) ?? asked;
      judged.push(run);
      done(run);
    }
    const { runs, base_outcomes } = await this.withBase(question, judged, plans, keep);
    const handed = new Map(await Promise.all(question.handed.map(async ({ name, bytes }) => [name, await keep.put(fromBase64(bytes) ?? new Uint8Array(0))] as const)));
    const deadline_ms = () => deadlineFor(this.deps, question);
    const obligations = conceal(await measureAll(config, { attempted, outcomes: runs.map(({ outcome }) => outcome), handed, lane, deadline_ms }), config);
    if (obligations.length === 0) return { runs, base_outcomes, obligations };
    const outcome = obligationsOutcome(obligations.map(({ source_sha256: _, secret: _number, ...shown }) => shown), config.obligations);
    const said = await saidOfTests(config, { repo_id: question.repository.repo_id, history: this.deps.history, handed, lane, deadline_ms });
    const more: CheckRun[] = [...said, { outcome, duration_us: 0 }];
    for (const run of more) done(run);
    return { runs: [...runs, ...more], base_outcomes, obligations };
  }

  /** A second run, over the base's own tree, of the commands that found something there is something to compare with. */
  private async withBase(question: ToolQuestion, runs: readonly CheckRun[], plans: CommandPlans | null, keep: Keep): Promise<{ runs: readonly CheckRun[]; base_outcomes: readonly Outcome[] }> {
    const { facts, config } = question;
    const { change, trusted } = facts;
    const names = Object.keys(config.commands).filter((name) => runs.some(({ outcome }) => outcome.check === commandCheck(name) && comparable(outcome, config.commands[name])));
    // A root commit has no base: everything in it is new, and that is no gap.
    if (names.length === 0 || trusted === null || change.history === "unknown" || change.base === null) return { runs, base_outcomes: [] };
    const bases = await this.onBase(question, names, trusted.old_tree, plans, keep);
    const not_compared = (base: Outcome): string => `the command gave no whole answer on the base's own tree: ${base.because ?? "it found more than is listed"}`.slice(0, 2000);
    const told = runs.map((run): CheckRun => {
      const base = bases.find(({ check }) => check === run.outcome.check);
      return base === undefined || tells(base) ? run : { ...run, outcome: { ...run.outcome, comparison: { fixed: [], not_compared: not_compared(base) } } };
    });
    return { runs: told, base_outcomes: bases.filter(tells) };
  }

  private async onBase(question: ToolQuestion, names: readonly string[], tree: string, plans: CommandPlans | null, keep: Keep): Promise<readonly Outcome[]> {
    const { repository, config, mode } = question;
    const { repo_id, object_format } = repository;
    await using trees = this.attempts.trees(question, tree, "-base");
    const outcomes: Outcome[] = [];
    try {
      for (const name of names) {
        const command = config.commands[name]!;
        const run = { repo_id, object_format, tree, name, command, mounts: config.mounts, tier: mode === "fork" ? "fork" : "own", tools: plans?.tools(name) ?? null };
        const kept = this.bases.get(run);
        const outcome = kept ?? (await this.judged(question, await this.attempts.in(trees, question, name, command, keep), [], targetTree(question, tree))).outcome;
        this.bases.put(run, outcome);
        outcomes.push(outcome);
      }
      return outcomes;
    } catch (error) {
      const because = reasonOf(error);
      return names.map((name) => outcomes.find(({ check }) => check === commandCheck(name)) ?? unavailable(commandCheck(name), because));
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
    await using trees = this.attempts.trees(question, tree, "-again");
    const rated = withRates(outcome, rates);
    try {
      const second = await this.judged(question, await this.attempts.in(trees, question, name, command, keep), [], landedTree(question));
      return { ...first, duration_us: first.duration_us + second.duration_us, outcome: bothRuns(rated, second.outcome, new Set(second.passed)) };
    } catch (error) {
      return { ...first, outcome: bothRuns(rated, unavailable(outcome.check, reasonOf(error)), new Set()) };
    }
  }

  /** `teaching`: the tree it ran over, where the run says something of the target and not of somebody's push; see docs/flaky.md. */
  private async judged(question: ToolQuestion, { name, because, not_applicable, ran, files, duration_us, usage }: Attempted, gaps: readonly Gap[], teaching: string | null): Promise<Judged> {
    const check = commandCheck(name);
    const spent = { duration_us, passed: [], ...(usage === undefined ? {} : { usage }) };
    if (not_applicable) return { outcome: { ...unavailable(check, because), result: "not_applicable" }, ...spent };
    if (ran === null || files === null) return { outcome: unavailable(check, because), ...spent };
    const { output, cwd = "" } = question.config.commands[name] ?? {};
    const file = output?.sarif ?? output?.junit;
    const report = file === undefined ? null : (files.get(file) ?? { absent: "it was not asked for" });
    const kind = output?.sarif !== undefined ? "sarif" : output?.junit !== undefined ? "junit" : "exit";
    try {
      const place = { repo_id: question.repository.repo_id, command: name };
      const watched = kind === "junit" ? (this.deps.history?.watched(place) ?? []) : [];
      const { outcome, passed = [] } = await question.lane.run({ kind: "command", ...(watched.length === 0 ? {} : { watched }), command: name, cwd, code: ran.code, output: kind, report, tail: hidingCommands(question.config).has(name) ? "" : ran.tail, gaps: [...gaps] }, deadlineFor(this.deps, question));
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

/** Checks of the daemon that have code driven and models run, where they are declared: without a sandbox they compare documents alone. */
const RUN_IN_PART: readonly string[] = ["invariants", "learning", "modelcheck"];

/** The same configuration for who runs no outside tool, and the checks that are left out by that: nothing is required that nobody asks. */
export function withoutTools(config: GateConfig): { readonly config: GateConfig; readonly left_out: readonly string[] } {
  const left_out = [...Object.keys(config.commands).map(commandCheck), ...(Object.keys(config.obligations).length > 0 ? [OBLIGATIONS_CHECK] : []), ...RUN_IN_PART.filter((check) => config.required.includes(check))];
  return { config: { ...config, commands: {}, obligations: {}, mounts: {}, required: config.required.filter((check) => !left_out.includes(check)) }, left_out };
}
