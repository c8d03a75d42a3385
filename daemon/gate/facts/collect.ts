/** Collects the facts of one change, once, inside a check process. */
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "../../../proto/encoding.ts";
import type { Actor } from "../../../proto/actor.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Commit, Facts, Gap, WaivedPlace } from "../../../proto/facts.ts";
import type { WaiverEntry } from "../../../proto/waiver.ts";
import type { FactsJob, FactsReply } from "../../../proto/worker.ts";
import { Borders } from "../../checking/border.ts";
import { diskCode } from "../../platform/disk.ts";
import type { ParsedCommit } from "../../platform/git/commit.ts";
import type { GitReader } from "../../platform/git/reader.ts";
import type { TreeList } from "../../platform/git/tree.ts";
import { wantsContent } from "../checks/index.ts";
import { touchesLock } from "../checks/lock/read.ts";
import { actorOf } from "./actor.ts";
import { approvalNeeds } from "./approvals.ts";
import { authorsOf } from "./authors.ts";
import { runIdsOf } from "./runs.ts";
import { baseConfig } from "./base-config.ts";
import { resolveChange, type Change, type KnownChange } from "./change.ts";
import { openReader, type Resolved } from "./question.ts";
import { wantedContents } from "./contents.ts";
import { changedFiles, diffed, touchedPaths, type ChangedFiles } from "./files.ts";
import { withFolders } from "./folder-configs.ts";
import { maskedText } from "./masked.ts";
import { memberOf } from "./member.ts";
import { factsDocument } from "./parts.ts";
import { formalFacts } from "./formal.ts";
import { learnedFacts } from "./learned.ts";
import { declaredCommands, runnerFiles } from "./runners.ts";

const TEXT_MAX = 2000;
const REVERT_SUBJECT = /^revert\b/i;
const REVERT_BODY = /^This reverts commit [0-9a-f]{7,64}/m;
const GAPS_MAX = 1000;

export interface Collected {
  readonly facts: Facts;
  readonly reply: FactsReply;
}

/** Who wrote the change is no part of what checks read. */
interface Written {
  readonly runs: string[];
  readonly authors: FactsReply["authors"];
}

interface Described extends Written {
  readonly facts: Facts;
  readonly config: FactsReply["config"];
}

const short = (text: string): string => text.slice(0, TEXT_MAX).toWellFormed();

function commitOf({ oid, parents, author, committer, subject, trailers, signed }: ParsedCommit): Commit {
  return {
    oid,
    parents: [...parents],
    author: { name: short(author.name), email: short(author.email) },
    committer: { name: short(committer.name), email: short(committer.email) },
    subject: short(subject),
    trailers: trailers.map(({ key, value }) => ({ key: short(key), value: short(value) })),
    signed,
  };
}

const unseen = (because: string, title: string): Facts => ({
  basis: "base..head",
  history: "unknown",
  conflicts: [],
  commits: [],
  actor: actorOf([], "job"),
  title,
  files: [],
  tree: [],
  contents: [],
  added_lines: 0,
  removed_lines: 0,
  revert: false,
  merge: false,
  base_policy: null,
  commands: [],
  runners: [],
  formal: { specs: [], invariants: null, files: [] },
  learned: { entries: [], files: [] },
  waived: [],
  gaps: [{ what: "the change", because: because.slice(0, TEXT_MAX) }],
});

/** An agent's sign may stand on a commit that was not described; who the others are says nothing of that one. */
function unseenMayRaise(actor: Actor, some_unseen: boolean): Actor {
  return some_unseen && actor.class !== "agent" ? { ...actor, class: "unknown" } : actor;
}

interface Shaped {
  readonly changed: ChangedFiles;
  readonly tree: TreeList;
  readonly config: FactsReply["config"];
  readonly waived: readonly WaivedPlace[];
}

/** A tool looks at the whole tree, so no file has to be shown whole for it. */
const forTools = ({ rule }: WaiverEntry): boolean => rule.startsWith("command.");

function waivedPlaces(base: FactsReply["config"]): WaivedPlace[] {
  if (base.state !== "read") return [];
  const files = [{ path: "", config: base.config }, ...(base.folders ?? [])];
  return files.flatMap(({ path: folder, config }) => (config.waivers ?? []).filter((entry) => !forTools(entry)).map(({ rule, paths }) => ({ folder, rule, paths })));
}

/** Which renames show every line depends on the base's folders and waivers, and which folders are looked into on what the change touches. */
async function shapeOf(reader: GitReader, { limits }: FactsJob, { old_tree, new_tree, config_commit }: KnownChange, root: FactsReply["config"]): Promise<Shaped> {
  const diff = await diffed(reader, old_tree, new_tree, limits);
  const tree = await reader.listTree(new_tree, limits.tree_entries_max);
  const config = await withFolders(reader, config_commit, { tree: tree.entries, tree_truncated: tree.truncated, touched: touchedPaths(diff) }, root);
  const folders = config.state === "read" ? (config.folders ?? []).map(({ path }) => path) : [];
  const waived = waivedPlaces(config);
  return { changed: await changedFiles(reader, diff, new Borders(folders, waived), limits), tree, config, waived };
}

async function factsOf(reader: GitReader, job: FactsJob, change: KnownChange, root: FactsReply["config"]): Promise<Described> {
  const { limits, head } = job;
  const { resolved } = change;
  const commands = declaredCommands(job.declared, root);
  const { changed, tree, config, waived } = await shapeOf(reader, job, change, root);
  const list = await reader.history.commits(resolved.merge_base, head, limits.commits_max);
  const wanted = await wantedContents(reader, changed.files, wantsContent, limits);
  const gaps: Gap[] = [...changed.gaps, ...wanted.gaps];
  if (tree.truncated) gaps.unshift({ what: "merged tree", because: `more than ${limits.tree_entries_max} entries` });
  if (list.gap !== null) gaps.unshift({ what: "commits of the change", because: short(list.gap.detail) });
  const newest = list.commits.find(({ oid }) => oid === head);
  const authored = list.commits.map((parsed) => ({ commit: commitOf(parsed), message: parsed.message }));
  const facts: Facts = {
    basis: change.basis,
    history: "known",
    conflicts: [...resolved.conflicts],
    commits: authored.map(({ commit }) => commit),
    actor: unseenMayRaise(actorOf(authored, "job"), list.gap !== null),
    title: short(newest?.subject ?? ""),
    files: [...changed.files],
    tree: tree.entries.map((entry) => ({ ...entry })),
    contents: wanted.contents,
    added_lines: changed.added_lines,
    removed_lines: changed.removed_lines,
    revert: newest !== undefined && (REVERT_SUBJECT.test(newest.subject) || REVERT_BODY.test(newest.message)),
    merge: (newest?.parents.length ?? 0) > 1,
    base_policy: root.state === "read" ? (root.config.policy ?? null) : null,
    commands,
    runners: await runnerFiles(reader, { old: change.old_tree, new: change.new_tree }, commands, limits),
    formal: await formalFacts(reader, change, root, changed.files, tree.entries, limits),
    learned: await learnedFacts(reader, change, root, changed.files, limits),
    waived: [...waived],
    gaps,
  };
  return { facts, config, authors: authorsOf(authored, list.gap === null), runs: runIdsOf(facts.commits) };
}

async function unseenOf(reader: GitReader, { head }: FactsJob, { resolved: { because } }: Exclude<Change, KnownChange>, config: FactsReply["config"]): Promise<Described> {
  const facts = unseen(because, short((await reader.history.commit(head))?.subject ?? ""));
  return { facts, config, authors: { emails: [], complete: false }, runs: [] };
}

/** Over a list of gaps the last one says how many were left out. */
function fewGaps(gaps: readonly Gap[]): Gap[] {
  if (gaps.length <= GAPS_MAX) return [...gaps];
  return [...gaps.slice(0, GAPS_MAX - 1), { what: `${gaps.length - GAPS_MAX + 1} more`, because: "not listed one by one" }];
}

async function store(bytes: Uint8Array, path: string, bytes_max: number): Promise<string> {
  if (bytes.length > bytes_max) throw new MaestroError("request.too_large", `facts of ${bytes.length} bytes, facts_bytes_max is ${bytes_max}`);
  try {
    await Bun.write(path, bytes);
  } catch (error) {
    const disk = diskCode(String(error));
    throw disk === null ? error : new MaestroError(disk, "no place for the facts", { cause: error });
  }
  return toHex(sha256(bytes));
}

/**
 * The facts of `job`'s change, also written to `facts_path`, and the summary for the core.
 * `resolved` is what the same commits came to already; its reader is closed here, at the latest at its own deadline. An unknown change has facts that say so and nothing else. Throws when git fails or a limit that cannot be cut is passed.
 */
export async function collect(job: FactsJob, resolved: Resolved | null = null): Promise<Collected> {
  const { limits } = job;
  await using reader = resolved?.reader ?? openReader(job);
  const change = resolved?.change ?? (await resolveChange(reader, job));
  const root = "basis" in change ? await baseConfig(reader, change.config_commit, job) : ({ state: "absent" } as const);
  const { facts, config, authors, runs } = "basis" in change ? await factsOf(reader, job, change, root) : await unseenOf(reader, job, change, root);
  const whole_tree = "basis" in change && change.resolved.merge_tree !== null && !facts.gaps.some(({ what }) => what === "merged tree");
  const tree_sha256 = job.want_tree_sha256 && whole_tree ? await reader.treeSha256(facts.tree as Parameters<GitReader["treeSha256"]>[0]) : null;
  const { bytes, parts } = factsDocument(facts);
  const facts_sha256 = await store(bytes, job.facts_path, limits.facts_bytes_max);
  const { title, actor, added_lines, removed_lines } = facts;
  const asked = [...(job.approvals ?? []), ...(config.state === "read" ? (config.config.approvals ?? []) : [])];
  const approvals = "basis" in change ? await approvalNeeds(reader, change.config_commit, asked, facts.files, facts.gaps) : { needs: [], unclear: null };
  const empty = facts.history === "known" && facts.files.length === 0 && facts.conflicts.length === 0;
  const trusted = "basis" in change ? { config_commit: change.config_commit, old_tree: change.old_tree } : null;
  const member = "basis" in change && change.resolved.kind === "merge" ? await memberOf(reader, job) : null;
  const reply: FactsReply = { kind: "facts", change: change.resolved, title, actor, files: facts.files.length, added_lines, removed_lines, empty, tree_sha256, facts_sha256, parts, gaps: fewGaps(facts.gaps), authors, ...(runs.length === 0 ? {} : { runs }), ...(touchesLock(facts.files) ? { locks: true as const } : {}), approvals, trusted, config, ...(member === null ? {} : { member }) };
  return { facts, reply: maskedText(reply) };
}
