/** In a check process: reads what a gate was about once more, and has drafts written of it. */
import type { Card } from "../../proto/card.ts";
import type { DraftJob, DraftJobReply } from "../../proto/draft-job.ts";
import type { DraftTask } from "../../proto/drafting.ts";
import { fromUtf8 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { FileChange, FileSide, Gap } from "../../proto/facts.ts";
import type { CheckFinding } from "../../proto/findings.ts";
import { pathText } from "../../proto/scalar.ts";
import { Borders } from "../checking/border.ts";
import { type MaterialFile, type Material, write } from "../drafting/index.ts";
import type { GitReader } from "../platform/git/reader.ts";
import { resolveChange } from "./facts/change.ts";
import { changedFiles, diffed } from "./facts/files.ts";
import { openReader } from "./facts/question.ts";

const FILE_BYTES_MAX = 512 * 1024;
const BYTES_MAX = 16 * 1024 * 1024;
const FILES_READ_MAX = 500;
const GAPS_MAX = 64;
/** Files that are not read for one reason. */
const NAMED_MAX = 5;

/** Both sides of what changed, as far as they are text and fit. */
class Sides {
  private left = BYTES_MAX;
  private files = FILES_READ_MAX;

  constructor(private readonly reader: GitReader) {}

  async of(change: FileChange): Promise<MaterialFile> {
    if (change.binary || this.files <= 0) return { change, old: null, new: null, unread: change.binary ? "binary" : "more files than are read whole" };
    this.files -= 1;
    const [old, now] = [await this.side(change.old), await this.side(change.new)];
    const unread = [old, now].find((each) => typeof each === "object" && each !== null);
    return { change, old: typeof old === "string" ? old : null, new: typeof now === "string" ? now : null, unread: unread?.because ?? null };
  }

  private async side(side: FileSide | null): Promise<string | { readonly because: string } | null> {
    // A link's content is a path, a submodule's lies elsewhere.
    if (side === null || side.mode === "120000" || side.mode === "160000") return null;
    if (side.size > FILE_BYTES_MAX || side.size > this.left) return { because: "longer than what is read whole" };
    this.left -= side.size;
    const read = await this.reader.objects.read(side.oid, FILE_BYTES_MAX);
    if (read.result !== "read") return { because: "its content is not in the store" };
    return fromUtf8(read.content) ?? { because: "not UTF-8" };
  }
}

async function materialOf(job: DraftJob, reader: GitReader): Promise<Material> {
  // Written by the core out of its own record, which it has checked by schema.
  const [card, findings] = [JSON.parse(job.card) as Card, JSON.parse(job.findings) as CheckFinding[]];
  const change = await resolveChange(reader, { ...job, trusted_target: false });
  if (!("basis" in change)) return { card, findings, files: [], gaps: [{ what: "the change", because: change.resolved.because }], title: card.title };
  const changed = await changedFiles(reader, await diffed(reader, change.old_tree, change.new_tree, job.limits), new Borders([], []), job.limits);
  const sides = new Sides(reader);
  const files: MaterialFile[] = [];
  for (const file of changed.files) files.push(await sides.of(file));
  return { card, findings, files, gaps: [...changed.gaps, ...unreadOf(files)].slice(0, GAPS_MAX), title: card.title };
}

/** By name where they are few; as a number where they are many, lest the list hide how many. */
function unreadOf(files: readonly MaterialFile[]): Gap[] {
  const by_reason = Map.groupBy(files.filter(({ unread }) => unread !== null), ({ unread }) => unread ?? "");
  return [...by_reason].flatMap(([because, same]) => (same.length > NAMED_MAX ? [{ what: `${same.length} files`, because }] : same.map(({ change: { path } }) => ({ what: pathText(path).slice(0, 500), because }))));
}

/** Throws what git throws, and `intake.incomplete` where the change's objects are gone. */
export async function draftJob(job: DraftJob): Promise<DraftJobReply> {
  await using reader = openReader(job);
  const material = await materialOf(job, reader);
  if (material.files.length === 0 && material.gaps.length > 0 && job.tasks.every((task) => task !== "triage")) throw new MaestroError("intake.incomplete", `the change cannot be read any more: ${material.gaps[0]!.because}`);
  const written = write(material, { tasks: job.tasks as DraftTask[], said: job.said as { task: DraftTask; text: string }[], exemplars: job.exemplars });
  return { kind: "draft", written: written.map((one) => ({ ...one, because: one.because.slice(0, 1_000) })) };
}
