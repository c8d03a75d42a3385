/**
 * Which refs a push would move, as git makes it out of the call and the configuration that stands (git-config(1): `push.default`, `push.followTags`,
 * `remote.NAME.push`, `branch.NAME.pushRemote` and `.merge`, `push.recurseSubmodules`). What it could only guess is said instead, with the spelling that says it all.
 */
import { ClientGit, type ClientEnvironment } from "../../client/git.ts";
import { planChange } from "../../client/pack.ts";
import type { Push, PushedRef } from "./guard/concern.ts";
import { last, refspecsOf, said, standingOf, type Standing } from "./standing.ts";

const REFS_MAX = 16;
const TRUE = /^(?:true|yes|on|[1-9][0-9]*)$/i;
const ONE = "push one branch by its name instead: git push REMOTE BRANCH:BRANCH";

/** What stands, and where a push would go if nothing were named. */
interface Place extends Standing {
  readonly remote: string;
  readonly refspecs: readonly string[];
  /** What was asked about with the rest, so that no process is needed for it. */
  readonly source: string;
}

export interface Moved {
  readonly refs: readonly PushedRef[];
  /** The commit that `source` is, where git knows one; the others are still to be asked about. */
  readonly known: { readonly source: string; readonly head: string; readonly common_dir: string } | null;
}

const fullName = async (git: ClientGit, name: string): Promise<string | null> => {
  const full = (await said(git, "rev-parse", ["--verify", "--quiet", "--symbolic-full-name", "--end-of-options", name])).trim().split("\n").at(-1) ?? "";
  return full.startsWith("refs/") ? full : null;
};

/** Where `remote.NAME.push` sends a ref; null where it says nothing of it. */
function mapped(refspecs: readonly string[], names: readonly string[]): string | null {
  for (const refspec of refspecs) {
    const [source = "", target = source] = refspec.replace(/^\+/, "").split(/:(.*)/s, 2);
    const [before, after] = source.split("*");
    for (const name of names) {
      if (source === name) return target;
      if (after === undefined || before === undefined || name.length < before.length + after.length || !name.startsWith(before) || !name.endsWith(after)) continue;
      return target.replace("*", () => name.slice(before.length, name.length - after.length));
    }
  }
  return null;
}

const branchRef = (name: string): string => (name.startsWith("refs/") ? name : `refs/heads/${name}`);

/** The target of a source that stands alone; null is taken for the guarded branch. */
async function targetOf(git: ClientGit, source: string, place: Place, bare: boolean): Promise<string | null> {
  const { settings, branch, refspecs } = place;
  const full = source === place.source && place.head !== null ? place.full : await fullName(git, source);
  const found = mapped(refspecs, full === null ? [source] : [source, full, full.replace(/^refs\/(?:heads|tags)\//, "")]);
  if (found !== null) return branchRef(found);
  const name = full?.startsWith("refs/heads/") === true ? full.slice("refs/heads/".length) : null;
  const upstream = /^(?:upstream|tracking)$/.test(last(settings, "push.default") ?? "") && name !== null && (source !== "HEAD" || (bare && name === branch));
  return upstream ? (last(settings, `branch.${name}.merge`) ?? null) : full;
}

/** What a push that names no ref moves; a sentence where that is more than can be named. */
async function unnamed(git: ClientGit, standing: Place): Promise<PushedRef[] | string> {
  const { settings, remote, refspecs } = standing;
  if (TRUE.test(last(settings, `remote.${remote}.mirror`) ?? "")) return `remote.${remote}.mirror makes git push every ref there is; ${ONE}`;
  if (refspecs.length === 0) {
    if (last(settings, "push.default") === "matching") return `push.default=matching makes git push every branch that the other side has too; ${ONE}`;
    return [{ source: "HEAD", target: await targetOf(git, "HEAD", standing, true) }];
  }
  const refs = refspecs.map((refspec): PushedRef => {
    const [source = "", target] = refspec.replace(/^\+/, "").split(/:(.*)/s, 2);
    return { source, target: target === undefined || target === "" ? null : branchRef(target) };
  });
  const many = refs.length > REFS_MAX || refs.some(({ source }) => source === "" || source.startsWith("^") || source.includes("*"));
  if (many) return `remote.${remote}.push makes git push, or remove, more refs than it names; ${ONE}`;
  return Promise.all(refs.map(async (ref) => (ref.target === null ? { ...ref, target: await fullName(git, ref.source) } : ref)));
}

/** Tags that come along by `push.followTags`: annotated, and not part of the target branch yet. Each is judged like one that is named. */
async function following(git: ClientGit, folder: string, sources: readonly string[], env: ClientEnvironment): Promise<PushedRef[]> {
  const tags = new Set<string>();
  for (const source of sources) {
    const known = await said(git, "for-each-ref", ["--count=1", `--merged=${source}`, "refs/tags"]);
    if (known === "") continue;
    const { target } = await planChange(folder, { head: source, env });
    const lines = await said(git, "for-each-ref", [`--merged=${source}`, `--no-merged=${target}`, "--format=%(objecttype) %(refname)", "refs/tags"]);
    for (const line of lines.split("\n")) if (line.startsWith("tag ")) tags.add(line.slice("tag ".length));
  }
  return [...tags].map((name) => ({ source: name, target: name }));
}

/** Commits of submodules that go along (git-push(1), `--recurse-submodules`): they are no part of what is judged. */
function submodulesOf({ settings }: Standing): string | null {
  const pushed = last(settings, "push.recursesubmodules");
  const key = /^(?:on-demand|only)$/i.test(pushed ?? "") ? "push.recurseSubmodules" : pushed === undefined && TRUE.test(last(settings, "submodule.recurse") ?? "") ? "submodule.recurse" : null;
  return key === null ? null : `${key} makes git push what submodules hold too; push without them: git push --recurse-submodules=check REMOTE BRANCH:BRANCH`;
}

/** Every ref that moves, with its full target where that can be told; or why it cannot, in a sentence. Throws what git and planning throw. */
export async function movedRefs(folder: string, { remote: named, refs, tags, settings: given }: Push, env: ClientEnvironment = {}): Promise<Moved | string> {
  const git = new ClientGit(folder, env);
  const first = refs[0]?.source ?? "HEAD";
  const source = first.startsWith("-") || /[\0\n]/.test(first) ? "HEAD" : first;
  const standing = await standingOf(git, source, given);
  const { settings, branch, head, common_dir } = standing;
  const remote = named ?? last(settings, `branch.${branch}.pushremote`) ?? last(settings, "remote.pushdefault") ?? last(settings, `branch.${branch}.remote`) ?? "origin";
  const place: Place = { ...standing, remote, refspecs: refspecsOf(standing, remote), source };
  const along_with = submodulesOf(standing);
  if (along_with !== null) return along_with;
  const own = refs.length === 0 ? await unnamed(git, place) : await Promise.all(refs.map(async ({ source, target }) => ({ source, target: target === null || target === "" ? await targetOf(git, source, place, false) : branchRef(target) })));
  if (typeof own === "string") return own;
  const known = head === null || common_dir === null ? null : { source, head, common_dir };
  if (!tags || !TRUE.test(last(settings, "push.followtags") ?? "")) return { refs: own, known };
  const along = await following(git, folder, own.map(({ source }) => source), env);
  return along.length > REFS_MAX ? `push.followTags makes git push ${along.length} tags with it, more than are looked at in one go; push without them: git push --no-follow-tags` : { refs: [...own, ...along], known };
}
