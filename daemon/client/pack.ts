import { MaestroError } from "../../proto/errors.ts";
import { packBodyHeader } from "../../proto/pack-body.ts";
import type { ObjectFormat } from "../../proto/scalar.ts";
import { ClientGit, lastWords, type ClientEnvironment } from "./git.ts";
import { historyBetween, HISTORY_BYTES_MAX, type StreamedHistory } from "./history.ts";
import { originOf } from "./origin.ts";

const ANSWER_BYTES_MAX = 64 * 1024;
const LIST_BYTES_MAX = 16 * 1024 * 1024;
/** `proto/config.ts` IntakeLimits.commits_max, the host's default. */
const COMMITS_MAX = 20_000;
/** Where a change would be merged, most telling first; a checkout of a build job often has no `origin/HEAD`. */
const TARGETS = ["refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/remotes/origin/master", "refs/heads/main", "refs/heads/master", "HEAD"];

export interface PlanOptions {
  readonly head?: string | undefined;
  readonly env?: ClientEnvironment | undefined;
  readonly commits_max?: number | undefined;
}

/** What is about to be streamed. `repository` and `target_ref` are names the daemon takes as claims. */
export interface PackPlan {
  readonly repository: string;
  readonly object_format: ObjectFormat;
  readonly target_ref: string;
  readonly head: string;
  /** Commits whose parents are not sent. */
  readonly cuts: readonly string[];
  /** Commits sent with their whole tree. */
  readonly tips: readonly string[];
  /** The clone is shallow: what lies behind its edge cannot be sent. */
  readonly shallow: boolean;
  /** History was longer than `commits_max`. */
  readonly history_truncated: boolean;
  /** One body for `PUT /v1/intakes/:id/pack`, made anew by each call. */
  readonly pack: () => ReadableStream<Uint8Array>;
}

export interface ChangePlan extends PackPlan {
  readonly target: string;
  /** What the clone calls its origin, as it stands in its configuration; it may carry a password, so it is compared and never sent. */
  readonly origin: string | null;
}

export interface ReplayPlan extends PackPlan {
  /** First-parent changes of head, newest first; base null for the root commit. */
  readonly changes: readonly { readonly base: string | null; readonly head: string }[];
}

interface Place {
  readonly git: ClientGit;
  readonly repository: string;
  readonly origin: string | null;
  readonly object_format: ObjectFormat;
  readonly shallow: boolean;
}

/**
 * Looks at the repository around `path` and plans what to stream for one change: the trees of merge base, target tip and head, and the
 * commits between. Uncommitted work is not part of it. Throws `git.not_repository`, `git.foreign_owner`, `git.unknown_ref`, `git.empty_repository`, `git.missing`.
 */
export async function planChange(path: string, options: PlanOptions & { readonly target?: string | undefined } = {}): Promise<ChangePlan> {
  const place = await locate(path, options.env);
  const head = await resolve(place.git, options.head ?? "HEAD");
  const { oid: target, ref: target_ref } = await resolveTarget(place.git, options.target);
  const bases = await mergeBases(place.git, target, head);
  const landed = bases.includes(head);
  const parent = landed ? await firstParent(place.git, head) : null;
  const behind = landed ? (parent === null ? [] : [parent]) : bases;
  const tips = [...new Set([target, head, ...behind])];
  const history = await historyBetween(place.git, [target, head], behind, options.commits_max ?? COMMITS_MAX);
  return { ...described(place, target_ref, head, tips, history), target, origin: place.origin };
}

/** Plans the last `last` first-parent changes of head as one pack. */
export async function planReplay(path: string, options: PlanOptions & { readonly last: number }): Promise<ReplayPlan> {
  const place = await locate(path, options.env);
  const head = await resolve(place.git, options.head ?? "HEAD");
  const { ref: target_ref } = await resolveTarget(place.git, undefined);
  const chain = await place.git.lines("rev-list", ["--first-parent", `--max-count=${options.last + 1}`, head], { stdout_bytes_max: LIST_BYTES_MAX });
  // The oldest commit of a shallow clone looks like a root but is not one, so no change can be made of it.
  const whole = chain.length > options.last ? options.last : place.shallow ? chain.length - 1 : chain.length;
  const changes = chain.slice(0, whole).map((oid, at) => ({ base: chain[at + 1] ?? null, head: oid }));
  if (changes.length === 0) throw new MaestroError("git.empty_repository", "this shallow clone holds no change with its parent");
  const oldest = chain[options.last];
  const history = await historyBetween(place.git, [head], oldest === undefined ? [] : [oldest], options.commits_max ?? COMMITS_MAX);
  return { ...described(place, target_ref, head, chain, history), changes };
}

/** What lies between two commits; `from` null: everything. */
export interface RangePlan extends ChangePlan {
  readonly from: string | null;
}

/** Plans the first-parent changes after `from` up to `to` as one pack, each of them with its tree. Throws what `planChange` throws. */
export async function planRange(path: string, { from: old, to: young, target: onto, ...options }: PlanOptions & { readonly from: string | null; readonly to: string; readonly target?: string | undefined }): Promise<RangePlan> {
  const place = await locate(path, options.env);
  const head = await resolve(place.git, young);
  const from = old === null ? null : await resolve(place.git, old);
  const { oid: target, ref: target_ref } = await resolveTarget(place.git, onto);
  const limit = options.commits_max ?? COMMITS_MAX;
  const line = await place.git.lines("rev-list", ["--first-parent", `--max-count=${limit}`, head, ...(from === null ? [] : [`^${from}`])], { stdout_bytes_max: LIST_BYTES_MAX });
  const behind = from === null ? [] : [from];
  const history = await historyBetween(place.git, [head, target], behind, limit);
  return { ...described(place, target_ref, head, [...new Set([...line, head, ...behind])], history), target, origin: place.origin, from };
}

function described({ git, repository, object_format, shallow }: Place, target_ref: string, head: string, tips: readonly string[], history: StreamedHistory): PackPlan {
  const { cuts, truncated: history_truncated } = history;
  return { repository, object_format, target_ref, head, tips, shallow, cuts, history_truncated, pack: () => packStream(git, tips, history.commits) };
}

function packStream(git: ClientGit, tips: readonly string[], commits: readonly string[]): ReadableStream<Uint8Array> {
  const body = packBody(git, tips, commits);
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    const { done, value } = await body.next();
    if (done) controller.close();
    else controller.enqueue(value);
  };
  return new ReadableStream<Uint8Array>({ pull, cancel: async () => void (await body.return()) }, { highWaterMark: 0 });
}

/** History pack, then the trees: `--shallow` makes pack-objects take each tip whole and stop there. */
async function* packBody(git: ClientGit, tips: readonly string[], commits: readonly string[]): AsyncGenerator<Uint8Array, void, undefined> {
  const history = await historyPack(git, commits);
  yield packBodyHeader(history.length);
  if (history.length > 0) yield history;
  const revisions = [...tips.map((oid) => `--shallow ${oid}`), ...tips].map((line) => `${line}\n`).join("");
  // Deltas are taken over where they exist and not searched for: the bytes stay on this machine.
  yield* git.stream("pack-objects", ["--revs", "--stdout", "--quiet", "--delta-base-offset", "--window=0"], revisions);
}

async function historyPack(git: ClientGit, commits: readonly string[]): Promise<Uint8Array> {
  if (commits.length === 0) return new Uint8Array(0);
  const { code, stdout, stderr } = await git.run("pack-objects", ["--stdout", "--quiet", "--delta-base-offset"], { stdin: `${commits.join("\n")}\n`, stdout_bytes_max: HISTORY_BYTES_MAX });
  if (code !== 0) throw new MaestroError("intake.incomplete", `git pack-objects: ${lastWords(stderr)}`);
  return stdout;
}

async function locate(path: string, env: ClientEnvironment | undefined): Promise<Place> {
  const git = new ClientGit(path, env);
  // The path comes last, because a folder's name may hold a line feed.
  const args = ["--is-shallow-repository", "--show-object-format", "--path-format=absolute", "--git-common-dir"];
  const { code, stdout, stderr } = await git.run("rev-parse", args, { stdout_bytes_max: ANSWER_BYTES_MAX });
  if (code !== 0) throw new MaestroError(stderr.includes("dubious ownership") ? "git.foreign_owner" : "git.not_repository", `${path}: ${lastWords(stderr)}`);
  const [shallow, format, ...path_lines] = Buffer.from(stdout).toString("utf8").split("\n");
  const common_dir = path_lines.slice(0, -1).join("\n");
  if (format !== "sha1" && format !== "sha256") throw new MaestroError("git.failed", "git does not say the object format");
  const { name, url } = originOf(common_dir);
  return { git, repository: name, origin: url, object_format: format, shallow: shallow === "true" };
}

/** The commit a name stands for. Throws `git.empty_repository` where nothing was ever committed. */
async function resolve(git: ClientGit, name: string): Promise<string> {
  const oid = await find(git, name);
  if (oid !== null) return oid;
  const any = await git.run("rev-list", ["--all", "--max-count=1"], { stdout_bytes_max: ANSWER_BYTES_MAX });
  if (any.code === 0 && any.stdout.length === 0) throw new MaestroError("git.empty_repository", git.path);
  throw new MaestroError("git.unknown_ref", name);
}

async function find(git: ClientGit, name: string): Promise<string | null> {
  // A name that begins with a dash would be read as an option.
  if (name.startsWith("-") || /[\0\n]/.test(name)) return null;
  const { code, stdout } = await git.run("rev-parse", ["--verify", "--quiet", `${name}^{commit}`], { stdout_bytes_max: ANSWER_BYTES_MAX });
  return code === 0 ? Buffer.from(stdout).toString("utf8").trim() : null;
}

async function resolveTarget(git: ClientGit, name: string | undefined): Promise<{ oid: string; ref: string }> {
  for (const candidate of name === undefined ? TARGETS : [name]) {
    const oid = await find(git, candidate);
    if (oid !== null) return { oid, ref: await branchName(git, candidate, oid) };
  }
  throw new MaestroError("git.unknown_ref", name ?? "HEAD");
}

/** The branch as its own repository calls it: `origin/main` is `refs/heads/main` there. An expression without a name is its commit. */
async function branchName(git: ClientGit, name: string, oid: string): Promise<string> {
  const { stdout } = await git.run("rev-parse", ["--symbolic-full-name", name], { stdout_bytes_max: ANSWER_BYTES_MAX });
  const full = Buffer.from(stdout).toString("utf8").trim();
  const remote = /^refs\/remotes\/[^/]+\/(.+)$/.exec(full)?.[1];
  if (remote !== undefined) return `refs/heads/${remote}`;
  return /^refs\/[^\s~^:?*[\\]+$/.test(full) ? full : oid;
}

/** `A...B` prints both tips and the merge bases, these with a caret. */
async function mergeBases(git: ClientGit, target: string, head: string): Promise<string[]> {
  const lines = await git.lines("rev-parse", [`${target}...${head}`], { stdout_bytes_max: ANSWER_BYTES_MAX });
  return lines.filter((line) => line.startsWith("^")).map((line) => line.slice(1));
}

async function firstParent(git: ClientGit, oid: string): Promise<string | null> {
  const [line = ""] = await git.lines("rev-list", ["--parents", "--max-count=1", oid], { stdout_bytes_max: ANSWER_BYTES_MAX });
  return line.split(" ")[1] ?? null;
}
