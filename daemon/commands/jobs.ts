/** The jobs of a check process that outside tools need: the tree written out, what a command came to, what reports hold. */
import { listTree } from "../platform/git/tree.ts";
import { materialise } from "../platform/git/materialise.ts";
import { ObjectReader } from "../platform/git/objects.ts";
import { Git } from "../platform/git/runner.ts";
import { MaestroError } from "../../proto/errors.ts";
import { pathText } from "../../proto/scalar.ts";
import type { CommandJob, MaterialiseJob, MeasureJob, ReportJob, ToolsJob, ViewsJob, WorkerReply } from "../../proto/worker.ts";
import { shownBy, viewDigest } from "./inputs.ts";
import { lookAtTools } from "./tools/look.ts";
import { measure } from "./reports/measure.ts";
import { openReport } from "./reports/open.ts";
import { handedReport } from "./handed-report.ts";
import { commandOutcome, keptBytes } from "./outcome.ts";

async function writeTree({ git, git_dir, object_format, tree, folder, only, limits }: MaterialiseJob): Promise<WorkerReply> {
  const { tree_entries_max, tree_deadline_ms } = limits;
  const dir = { git_dir, object_format };
  const { entries, truncated } = await listTree(new Git(git), dir, tree, tree_entries_max, { deadline_ms: tree_deadline_ms });
  if (truncated) throw new MaestroError("request.too_large", `the merged tree has more than ${tree_entries_max} files (tree_entries_max)`);
  await using objects = new ObjectReader(new Git(git), dir, { deadline_ms: tree_deadline_ms });
  const shown = only === undefined ? () => true : shownBy(only);
  const { files, bytes, gaps } = await materialise(objects, entries.filter(({ path }) => shown(pathText(path))), folder, limits);
  return { kind: "materialise", files, bytes, gaps: [...gaps] };
}

async function viewsOf({ git, git_dir, object_format, tree, views, limits }: ViewsJob): Promise<WorkerReply> {
  const { entries, truncated } = await listTree(new Git(git), { git_dir, object_format }, tree, limits.tree_entries_max, { deadline_ms: limits.tree_deadline_ms });
  return { kind: "views", views: views.map(({ name, globs }) => ({ name, sha256: truncated ? null : viewDigest(entries, globs) })) };
}

async function judgeCommand(job: CommandJob): Promise<WorkerReply> {
  const start = performance.now();
  const watched = new Set(job.watched ?? []);
  const passed = new Set<string>();
  const outcome = await commandOutcome(job, (id) => void (watched.has(id) && passed.add(id)));
  return { kind: "command", ...(passed.size === 0 ? {} : { passed: [...passed] }), outcome, duration_us: Math.round((performance.now() - start) * 1000) };
}

async function measureReport({ format, observer, report, rules }: MeasureJob): Promise<WorkerReply> {
  const opened = openReport(format, await keptBytes(report));
  return { kind: "measure", obligations: rules.map(({ name, rule }) => measure(name, rule, observer, opened)) };
}

export async function toolJob(job: MaterialiseJob | ViewsJob | ToolsJob | CommandJob | MeasureJob | ReportJob): Promise<WorkerReply> {
  if (job.kind === "materialise") return writeTree(job);
  if (job.kind === "views") return viewsOf(job);
  if (job.kind === "tools") return lookAtTools(job);
  if (job.kind === "report") return handedReport(job);
  return job.kind === "command" ? judgeCommand(job) : measureReport(job);
}
