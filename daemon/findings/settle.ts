/** Which findings the base had and which somebody accepted: the last question before policy. Runs in a check process; the facts are those the checks read. */
import { createHash } from "node:crypto";
import type { Facts } from "../../proto/facts.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Finding, Outcome } from "../../proto/outcome.ts";
import { pathText } from "../../proto/scalar.ts";
import { BASELINE_FILE_NAME, type BaselineEntry, type Waiver } from "../../proto/waiver.ts";
import type { Settled, SettleJob, SettleReply } from "../../proto/worker.ts";
import { Borders } from "../checking/border.ts";
import { LINE_LOOKED_AT_MAX, normalised, restOf } from "../checking/line.ts";
import { published, redact } from "../checking/redact.ts";
import { GitReader } from "../platform/git/reader.ts";
import { Waivers, type Trusted } from "./accepting.ts";
import { Accepting, parseBaseline } from "./baseline-file.ts";
import { countedByRule, pairUp } from "./pairing.ts";
import { classOf, classOfSaid, quarantineOf, Touched } from "./mine.ts";
import type { FailedTest } from "../../proto/failed-test.ts";
import { Sources } from "./sources.ts";

const STALE_NAMED_MAX = 3;
/** Of one finding: a private key has fewer. */
const LINES_LOOKED_AT_MAX = 200;
const FILE_BYTES_MAX = 8 * 1024 * 1024;

/** What a tool's finding is compared by: its line's text beside what it says, since it says the same of another line. */
interface Told {
  readonly rule: string;
  readonly path: string | null;
  /** Whose rules and waivers speak of the place it lies in. */
  readonly under: string;
  /** Null where there is no line or it was not read. */
  readonly line: string | null;
  /** Its line was not read, and the change may have put any other in that place. */
  readonly unknown: boolean;
  readonly text: string;
  readonly rest: string | null;
}

interface Draft {
  baseline?: "new" | "existing";
  identity?: string;
  waiver?: Waiver;
  test?: FailedTest;
}

const ofTool = (check: string): boolean => check.startsWith("command.");
const identityOf = ({ rule, text }: Told): string => createHash("sha256").update(JSON.stringify([rule, redact(text)])).digest("hex");

const pathsOf = (outcomes: readonly Outcome[]): ReadonlySet<string> => new Set(outcomes.flatMap(({ findings }) => findings.flatMap(({ range }) => (range === null ? [] : [pathText(range.path)]))));

class Settling {
  private readonly drafts = new Map<Finding, Draft>();
  readonly fixed: SettleReply["fixed"] = [];
  /** Findings in files of the change whose line was not read: nothing that goes by the line speaks of them. */
  readonly unknown = new Set<Finding>();

  private readonly borders: Borders;

  constructor(private readonly job: SettleJob, private readonly sources: Sources) {
    this.borders = new Borders(job.folders ?? [], job.waivers);
  }

  draft(finding: Finding): Draft {
    const draft = this.drafts.get(finding) ?? {};
    this.drafts.set(finding, draft);
    return draft;
  }

  private async told({ rule, range, message }: Finding, line: (path: string, number: number) => Promise<string | null>, named: (path: string) => string): Promise<Told> {
    const path = range === null ? null : pathText(range.path);
    const text = path === null || range === null ? null : await line(path, range.start_line);
    const under = path === null ? "" : this.borders.sideOf(path, rule);
    return { rule, path: path === null ? null : named(path), under, line: text, unknown: path !== null && text === null && this.sources.touched(path), text: JSON.stringify([message, text === null ? null : normalised(text.slice(0, LINE_LOOKED_AT_MAX))]), rest: text === null ? null : restOf(text) };
  }

  /** Findings of one tool on both trees. */
  async compare({ check, findings }: Outcome, base: Outcome | undefined): Promise<void> {
    const now = new Map<Told, Finding>();
    for (const finding of findings) {
      const told = await this.told(finding, (path, number) => this.sources.line(path, number), (path) => this.sources.basePath(path));
      now.set(told, finding);
      this.draft(finding).identity = identityOf(told);
      if (told.unknown) this.unknown.add(finding);
    }
    if (base === undefined) return;
    // An exit code says nothing of its cause: that the tool failed on the base, too, excuses no failure.
    const named = (rule: string) => rule !== `${check}.exit`;
    for (const told of [...now.keys()]) if (!named(told.rule)) now.delete(told);
    const before: Told[] = [];
    for (const finding of base.findings.filter(({ rule }) => named(rule))) before.push(await this.told(finding, async (path, number) => (await this.sources.linesAt(this.job.old_tree, path))?.[number - 1] ?? null, (path) => path));
    const inPlace = ({ rule, under, path, text, rest, unknown }: Told) => (unknown ? null : JSON.stringify([rule, under, path, text, rest]));
    // Without its line, what a tool says is no more than its words: elsewhere it may be said of anything.
    const anywhere = ({ rule, under, path, line, text, rest }: Told) => (path !== null && line === null ? null : JSON.stringify([rule, under, text, rest]));
    const { existing, left } = pairUp([...now.keys()], before, [inPlace, anywhere]);
    for (const [told, finding] of now) this.draft(finding).baseline = existing.has(told) ? "existing" : "new";
    if (left.length > 0) this.fixed.push({ check, fixed: countedByRule(left).slice(0, 1000) });
  }

  /** After waivers and the baseline file: they say what counts as the base's. */
  claim(outcome: Outcome, base: Outcome | undefined, touched: Touched): void {
    for (const finding of outcome.findings) {
      const { test } = finding;
      if (test === undefined) continue;
      const draft = this.draft(finding);
      const quarantine = draft.waiver?.state === "accepted" ? null : quarantineOf(this.job.quarantine ?? [], finding, test, this.job.now_ms);
      if (quarantine !== null) draft.waiver = quarantine;
      const [kind, because] = outcome.observer === "job" ? classOfSaid(finding, test, this.job.base_outcomes, touched) : classOf(finding, test, draft.baseline === "existing", base, touched);
      if (kind === "base") draft.baseline = "existing";
      draft.test = draft.waiver?.state === "accepted" ? { ...test, class: "quarantined", because: `accepted by ${draft.waiver.owner ?? "somebody"} until ${draft.waiver.until ?? "no day"}`.slice(0, 2000) } : { ...test, class: kind, because };
    }
  }

  settled(): Settled[] {
    return this.job.outcomes.flatMap(({ check, findings }) =>
      findings.flatMap((finding, at) => {
        const draft = this.drafts.get(finding);
        return draft === undefined || Object.keys(draft).length === 0 ? [] : [{ check, finding: at, ...draft }];
      }),
    );
  }
}

/** Whether the file may stand at the base: it stands in the merged tree, or the change takes it away. */
function mayHaveBaseline({ tree, files }: Facts): boolean {
  return tree.some(({ path }) => pathText(path) === BASELINE_FILE_NAME) || files.some(({ path, old_path }) => [path, old_path].some((one) => one !== null && pathText(one) === BASELINE_FILE_NAME));
}

async function baselineAt(reader: GitReader, { tree }: Trusted, sources: Sources): Promise<readonly BaselineEntry[]> {
  const oid = await sources.at(tree, BASELINE_FILE_NAME);
  if (oid === null) return [];
  const read = await reader.objects.read(oid, FILE_BYTES_MAX);
  if (read.result !== "read") throw new MaestroError("config.malformed", `${BASELINE_FILE_NAME} is missing or larger than ${FILE_BYTES_MAX} bytes`);
  return parseBaseline(read.content);
}

/** Commands that ran to their end over the whole tree: of their rules it is known what is no longer found. */
function lookedEverywhere(outcomes: readonly Outcome[]): (entry: BaselineEntry) => boolean {
  const whole = outcomes.filter(({ check, result, findings_cut }) => ofTool(check) && (result === "pass" || result === "fail") && findings_cut === 0).map(({ check }) => `${check}.`);
  return ({ rule }) => whole.some((prefix) => rule.startsWith(prefix));
}

function staleText(stale: readonly BaselineEntry[]): string | null {
  if (stale.length === 0) return null;
  const named = stale.slice(0, STALE_NAMED_MAX).map(({ rule, path, count }) => `${count} of ${rule} in ${published(path)}`);
  return `${BASELINE_FILE_NAME} lists what is no longer found: ${named.join(", ")}${stale.length > named.length ? ` and ${stale.length - named.length} more` : ""}; \`maestro baseline\` takes it out`.slice(0, 2000).toWellFormed();
}

/** What is masked in a line, or stands far out in it, is no part of its identity, which may be published: once the change has touched it, it may be something else. */
async function hidesMore({ range }: Finding, sources: Sources): Promise<boolean> {
  if (range === null) return false;
  const path = pathText(range.path);
  for (let number = range.start_line; number <= Math.min(range.end_line, range.start_line + LINES_LOOKED_AT_MAX); number++) {
    const line = sources.added(path, number) ? await sources.line(path, number) : null;
    if (line !== null && (line.length > LINE_LOOKED_AT_MAX || redact(line) !== line)) return true;
  }
  return false;
}

export async function settle(job: SettleJob, facts: Facts): Promise<SettleReply> {
  await using reader = new GitReader(job.git, { git_dir: job.git_dir, object_format: job.object_format }, { deadline_ms: job.deadline_ms, commits_max: 100_000 });
  const commit = job.config_commit === null ? null : await reader.history.commit(job.config_commit);
  const trusted = commit === null ? null : { commit: commit.oid, tree: commit.tree };
  const sources = new Sources(facts, () => reader.objects);
  const settling = new Settling(job, sources);
  await sources.readTouched(pathsOf(job.outcomes.filter(({ check }) => ofTool(check))), pathsOf(job.base_outcomes), job.old_tree);
  for (const outcome of job.outcomes) if (ofTool(outcome.check)) await settling.compare(outcome, job.base_outcomes.find(({ check }) => check === outcome.check));
  let stale: string | null = null;
  let accepting: Accepting | null = null;
  if (trusted !== null && mayHaveBaseline(facts)) {
    try {
      accepting = new Accepting(await baselineAt(reader, trusted, sources), job.inline_denied);
    } catch (error) {
      if (!(error instanceof MaestroError)) throw error;
      stale = `it accepts nothing: ${error.row.sentence} (${error.detail})`.slice(0, 2000).toWellFormed();
    }
  }
  const waivers = new Waivers(job, sources, trusted, (oid) => reader.history.commit(oid));
  for (const { findings } of job.outcomes) {
    for (const finding of findings) {
      const draft = settling.draft(finding);
      const identity = draft.identity ?? finding.identity;
      const path = finding.range === null ? null : sources.basePath(pathText(finding.range.path));
      if (path !== null && identity !== undefined && accepting !== null && !settling.unknown.has(finding) && !(await hidesMore(finding, sources)) && accepting.take(finding.rule, path, identity)) draft.baseline = "existing";
      const waiver = await waivers.of(finding);
      if (waiver !== null) draft.waiver = waiver;
    }
  }
  const touched = new Touched(facts);
  for (const outcome of job.outcomes) settling.claim(outcome, job.base_outcomes.find(({ check }) => check === outcome.check), touched);
  return { kind: "settle", settled: settling.settled(), fixed: settling.fixed, stale: stale ?? staleText(accepting?.stale(lookedEverywhere(job.outcomes)) ?? []) };
}
