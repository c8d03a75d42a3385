/** What of a repository is sent for one change: the trees of merge base, target and head whole, and the commits between. */
import { basename, dirname } from "node:path";
import { MaestroError } from "./error.ts";
import { Git, lastWords } from "./git.ts";
import type { Environment } from "./location.ts";
import type { Body } from "./request.ts";

export interface ChangePlan {
  /** What the folder is called; a claim, by which nothing is decided. */
  readonly repository: string;
  readonly object_format: "sha1" | "sha256";
  readonly target_ref: string;
  readonly target: string;
  readonly head: string;
  /** Commits whose parents are not sent. */
  readonly cuts: readonly string[];
  /** Commits sent with their whole tree. */
  readonly tips: readonly string[];
  readonly pack: Body;
}

export interface PlanOptions {
  readonly target?: string;
  readonly head?: string;
  readonly env: Environment;
}

const ANSWER_BYTES_MAX = 64 * 1024;
const HISTORY_BYTES_MAX = 64 * 1024 * 1024;
const COMMITS_MAX = 20_000;
/** Boundary commits come on top, at most as many again, each with a sign and a line feed. */
const LIST_BYTES_MAX = COMMITS_MAX * 2 * 66;
const TARGETS = ["refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/remotes/origin/master", "refs/heads/main", "refs/heads/master", "HEAD"];

/** Looks at the repository around `path`. Throws `git.not_repository`, `git.foreign_owner`, `git.unknown_ref`, `git.missing`, `git.failed`. */
export async function planChange(path: string, { target: wanted, head: named = "HEAD", env }: PlanOptions): Promise<ChangePlan> {
  const git = new Git(path, env);
  const { object_format, repository } = await place(git);
  const head = await commitOf(git, named);
  if (head === null) throw new MaestroError("git.unknown_ref", named);
  const { oid: target, ref: target_ref } = await targetOf(git, wanted);
  const bases = (await lines(git, "rev-parse", [`${target}...${head}`])).filter((line) => line.startsWith("^")).map((line) => line.slice(1));
  const behind = bases.includes(head) ? (await lines(git, "rev-list", ["--parents", "--max-count=1", head]))[0]!.split(" ").slice(1, 2) : bases;
  const tips = [...new Set([target, head, ...behind])];
  const { commits, cuts } = await historyOf(git, [target, head], behind);
  return { repository, object_format, target_ref, target, head, tips, cuts, pack: () => packBody(git, tips, commits) };
}

async function lines(git: Git, command: "rev-parse" | "rev-list", args: readonly string[], stdin = "", stdout_bytes_max = ANSWER_BYTES_MAX): Promise<string[]> {
  const { code, stdout, stderr } = await git.run(command, args, { stdin, stdout_bytes_max });
  if (code !== 0) throw new MaestroError("git.failed", `git ${command}: ${lastWords(stderr)}`);
  return stdout.toString("utf8").split("\n").filter((line) => line !== "");
}

async function place(git: Git): Promise<Pick<ChangePlan, "object_format" | "repository">> {
  // The path comes last, because a folder's name may hold a line feed.
  const { code, stdout, stderr } = await git.run("rev-parse", ["--show-object-format", "--path-format=absolute", "--git-common-dir"], { stdout_bytes_max: ANSWER_BYTES_MAX });
  if (code !== 0) throw new MaestroError(stderr.includes("dubious ownership") ? "git.foreign_owner" : "git.not_repository", `${git.folder}: ${lastWords(stderr)}`);
  const [format, ...rest] = stdout.toString("utf8").split("\n");
  if (format !== "sha1" && format !== "sha256") throw new MaestroError("git.failed", "git does not say the object format");
  const common = rest.slice(0, -1).join("\n");
  const own = basename(common) === ".git" ? basename(dirname(common)) : basename(common).replace(/\.git$/, "");
  return { object_format: format, repository: own.replace(/[\u0000-\u0020\u007f]/g, "-").slice(0, 400) || "repository" };
}

async function commitOf(git: Git, name: string): Promise<string | null> {
  // A name that begins with a dash would be read as an option.
  if (name.startsWith("-") || /[\0\n]/.test(name)) return null;
  const { code, stdout } = await git.run("rev-parse", ["--verify", "--quiet", `${name}^{commit}`], { stdout_bytes_max: ANSWER_BYTES_MAX });
  return code === 0 ? stdout.toString("utf8").trim() : null;
}

async function targetOf(git: Git, wanted: string | undefined): Promise<{ oid: string; ref: string }> {
  for (const name of wanted === undefined ? TARGETS : [wanted]) {
    const oid = await commitOf(git, name);
    if (oid === null) continue;
    const { stdout } = await git.run("rev-parse", ["--symbolic-full-name", name], { stdout_bytes_max: ANSWER_BYTES_MAX });
    const full = stdout.toString("utf8").trim();
    // `origin/main` is `refs/heads/main` in its own repository; an expression without a name is its commit.
    const branch = /^refs\/remotes\/[^/]+\/(.+)$/.exec(full)?.[1];
    return { oid, ref: branch !== undefined ? `refs/heads/${branch}` : /^refs\/[^\s~^:?*[\\]+$/.test(full) ? full : oid };
  }
  throw new MaestroError("git.unknown_ref", wanted ?? "HEAD");
}

/** The commits from `tips` down to `behind`, and where a side branch leaves the line further down, the path to there. */
async function historyOf(git: Git, tips: readonly string[], behind: readonly string[]): Promise<{ commits: string[]; cuts: string[] }> {
  const revisions = (from: readonly string[], without: readonly string[]): string => [...from, ...without.map((oid) => `^${oid}`)].map((line) => `${line}\n`).join("");
  const limit = `--max-count=${COMMITS_MAX}`;
  const listed = await lines(git, "rev-list", ["--boundary", limit, "--stdin"], revisions(tips, behind), LIST_BYTES_MAX);
  const commits = listed.filter((line) => !line.startsWith("-"));
  const edge = listed.filter((line) => line.startsWith("-")).map((line) => line.slice(1));
  const older = edge.filter((oid) => !behind.includes(oid));
  const all = (more: readonly string[]): string[] => [...new Set([...commits, ...edge, ...behind, ...more])];
  if (commits.length >= COMMITS_MAX) return { commits: all([]), cuts: edge };
  if (older.length === 0 || behind.length === 0) return { commits: all([]), cuts: [...new Set([...edge, ...behind])] };
  return { commits: all(await lines(git, "rev-list", ["--ancestry-path", limit, "--stdin"], revisions(behind, older), LIST_BYTES_MAX)), cuts: older };
}

/** A header with the length of a pack of bare commits, that pack, then the pack of the trees. */
async function* packBody(git: Git, tips: readonly string[], commits: readonly string[]): AsyncGenerator<Uint8Array, void> {
  const { code, stdout, stderr } = await git.run("pack-objects", ["--stdout", "--quiet", "--delta-base-offset"], { stdin: commits.map((oid) => `${oid}\n`).join(""), stdout_bytes_max: HISTORY_BYTES_MAX });
  if (code !== 0) throw new MaestroError("intake.incomplete", `git pack-objects: ${lastWords(stderr)}`);
  yield Buffer.from(`maestro-pack 1 ${stdout.length}\n`);
  if (stdout.length > 0) yield stdout;
  // `--shallow` makes pack-objects take each tip whole and stop there.
  const revisions = [...tips.map((oid) => `--shallow ${oid}`), ...tips].map((line) => `${line}\n`).join("");
  yield* git.stream("pack-objects", ["--revs", "--stdout", "--quiet", "--delta-base-offset", "--window=0"], revisions);
}
