/**
 * `hooks/pre-receive` of a bare repository: the one place a pusher cannot leave out. Git hands over every ref of a push at once, and the new objects
 * wait in a quarantine (git-receive-pack(1)) until this hook says yes to all of them.
 */
import { MaestroError } from "../../../../proto/errors.ts";
import { ClientGit, type ClientEnvironment } from "../../../client/git.ts";
import type { Values } from "../../command.ts";
import { connectOrStart } from "../../connect.ts";
import type { HookVerdict } from "./index.ts";
import { fits } from "../guard/wildcard.ts";
import { deadlineOf } from "./limits.ts";
import { isZero, refLines } from "./lines.ts";
import { commitOf, fine, gateOnto, isAncestor, judgeAll, judged, refused, type Ground, type RefVerdict } from "./refs.ts";

const BRANCH = "refs/heads/";
const TAG = "refs/tags/";
const REPLACE = "refs/replace/";
const LINE_BYTES_MAX = 64 * 1024;

interface Update {
  readonly old: string;
  readonly now: string;
  readonly ref: string;
}

/** Git's own words about where the objects of the push lie; half of them would make every look fail, or look elsewhere. */
function environmentOf(env: Readonly<Record<string, string | undefined>>): ClientEnvironment {
  const { GIT_QUARANTINE_PATH, GIT_OBJECT_DIRECTORY, GIT_ALTERNATE_OBJECT_DIRECTORIES } = env;
  if (GIT_QUARANTINE_PATH === undefined) return {};
  if (GIT_OBJECT_DIRECTORY === undefined || GIT_ALTERNATE_OBJECT_DIRECTORIES === undefined) throw new MaestroError("git.failed", "git names a quarantine and not the objects in it");
  return { objects: { directory: GIT_OBJECT_DIRECTORY, alternates: GIT_ALTERNATE_OBJECT_DIRECTORIES } };
}

/** The branch that HEAD names, whether or not it has a commit yet. */
async function defaultBranch({ git }: Pick<Ground, "git">): Promise<string> {
  const { code, stdout } = await git.run("rev-parse", ["--symbolic-full-name", "HEAD"], { stdout_bytes_max: LINE_BYTES_MAX });
  const name = Buffer.from(stdout).toString("utf8").trim();
  if (code === 0 && name.startsWith(BRANCH)) return name;
  // An unborn branch has no name for rev-parse; the file has it.
  const head = await Bun.file(`${git.path}/HEAD`).text();
  const ref = /^ref: (\S+)\s*$/.exec(head)?.[1];
  if (ref === undefined) throw new MaestroError("git.failed", "HEAD of this repository names no branch");
  return ref;
}

class Receiving {
  /** What this push made of guarded branches, once it is admitted: a tag on it needs no second look. */
  private readonly admitted: string[] = [];

  constructor(
    private readonly ground: Ground,
    private readonly main: string,
    private readonly guarded: readonly string[],
  ) {}

  /** As in a refspec of git's, a `*` goes through slashes: `release/*` is `release/1/x` too. */
  private isGuarded(ref: string): boolean {
    return ref === this.main || this.guarded.some((pattern) => fits(pattern, ref) || new Bun.Glob(pattern).match(ref));
  }

  async judge(update: Update): Promise<RefVerdict> {
    const { old, now, ref } = update;
    const strict = this.isGuarded(ref);
    if (isZero(now)) return strict ? refused(ref, "a guarded branch is not deleted by a push") : fine(ref, "deleted, nothing to judge");
    if (ref.startsWith(REPLACE)) return refused(ref, "it would have git read something else in a commit's place");
    if (ref.startsWith(TAG)) return this.tag(update);
    const head = await commitOf(this.ground, now);
    if (head === null) return refused(ref, "it names no commit, so it cannot be judged");
    if (strict && !isZero(old) && !(await isAncestor(this.ground, old, head))) return refused(ref, "a guarded branch is not rewritten: the push would take commits away");
    const verdict = await this.branch(update, head, strict);
    if (strict && !verdict.stop) this.admitted.push(head);
    return verdict;
  }

  private async branch({ old, ref }: Update, head: string, strict: boolean): Promise<RefVerdict> {
    const { ground, main } = this;
    if (strict && !isZero(old)) return judged(ref, await gateOnto(ground, head, { target: old, target_ref: ref }), true);
    const tip = await commitOf(ground, main);
    if (tip === null) return judgeAll(ground, ref, head);
    if (await isAncestor(ground, head, tip)) return fine(ref, "part of the default branch already");
    return judged(ref, await gateOnto(ground, head, { target: tip, target_ref: main }), strict);
  }

  /** Releases are made from tags, so what a tag names must have been let in: a hold stops it too. */
  private async tag({ old, now, ref }: Update): Promise<RefVerdict> {
    const { ground, main } = this;
    if (!isZero(old)) return refused(ref, "a tag that is there is not moved; delete it first, then make it anew");
    const head = await commitOf(ground, now);
    if (head === null) return refused(ref, "the tag names no commit, so it cannot be judged");
    const tip = await commitOf(ground, main);
    for (const known of [...this.admitted, ...(tip === null ? [] : [tip])]) if (await isAncestor(ground, head, known)) return fine(ref, "names what was let in");
    return tip === null ? judgeAll(ground, ref, head) : judged(ref, await gateOnto(ground, head, { target: tip, target_ref: main }), true);
  }
}

/** Branches before tags, guarded ones first: what they let in is known by then. */
function inOrder(updates: readonly Update[], main: string): Update[] {
  const place = ({ ref }: Update): number => (ref === main ? 0 : ref.startsWith(BRANCH) ? 1 : 2);
  return updates.toSorted((a, b) => place(a) - place(b));
}

export async function preReceive(values: Values, guarded: readonly string[]): Promise<HookVerdict> {
  const end_ms = deadlineOf(values);
  const nowhere = guarded.find((pattern) => !pattern.startsWith("refs/"));
  if (nowhere !== undefined) throw new MaestroError("cli.usage", `--guarded ${JSON.stringify(nowhere)} is the name of no ref, so it would guard nothing; write refs/heads/${nowhere}`);
  const lines = await refLines(Bun.stdin.stream(), 3, [0, 1]);
  const updates = lines.map(([old = "", now = "", ref = ""]): Update => ({ old, now, ref }));
  const env = environmentOf(process.env);
  const path = process.cwd();
  const { client } = await connectOrStart(values);
  const ground: Ground = { client, git: new ClientGit(path, env), path, env, values, end_ms };
  const main = await defaultBranch(ground);
  const receiving = new Receiving(ground, main, guarded);
  const verdicts: RefVerdict[] = [];
  for (const update of inOrder(updates, main)) verdicts.push(await receiving.judge(update));
  return { stop: verdicts.some(({ stop }) => stop), lines: verdicts.map(({ line }) => line) };
}
