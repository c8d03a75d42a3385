/** What was merged beside what was admitted. Git's own objects decide; nobody's words do. */
import type { Attempt, Identity } from "../../../proto/change.ts";
import type { Verdict } from "../../../proto/decision.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Clone } from "./clone.ts";
import { treeDigest } from "./tree-digest.ts";

/** Of a verified statement. */
export interface Admitted {
  readonly identity: Identity;
  readonly verdict: Verdict;
  readonly attempt: Attempt;
}

/** `stale`: what was admitted, on something nobody judged it with. `unknown`: this clone does not hold what would tell. */
export type LandingResult = "as_admitted" | "differs" | "stale" | "unknown";

export interface Landing {
  readonly result: LandingResult;
  readonly landed: string;
  readonly how: "merge" | "squash" | "rebase" | "fast_forward";
  /** Commits on the branch since the base that was judged; null where the base is not behind them. */
  readonly commits: number | null;
  readonly because: readonly string[];
  /** Raw names of paths whose content is not what was to be expected. */
  readonly paths: readonly string[];
  readonly paths_cut: number;
}

/** A rebased change of more commits than that is not followed to its base. */
const LINE_COMMITS_MAX = 1_000;
const PATHS_MAX = 100;
const FOREIGN_MAX = 10;

interface Commit {
  readonly oid: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly committed_s: number;
}

interface Landed extends Commit {
  /** First parents, newest first, the landed commit itself left out. */
  readonly line: readonly string[];
}

async function landedAt(clone: Clone, name: string): Promise<Landed> {
  const oid = await clone.named(name);
  if (oid === null) throw new MaestroError("git.unknown_ref", name);
  const [tree = "", time = "", ...parents] = (await clone.text(["log", "--no-walk", "--format=%T %ct %P", oid])).trim().split(" ");
  const line = (await clone.text(["rev-list", "--first-parent", `--max-count=${LINE_COMMITS_MAX + 1}`, oid])).split("\n").filter((one) => one !== "");
  return { oid, tree, parents, committed_s: Number(time), line: line.slice(1) };
}

/** For looking the evidence up. Throws `git.unknown_ref`. */
export async function parentsAndTree(clone: Clone, name: string): Promise<Pick<Commit, "oid" | "tree" | "parents">> {
  return landedAt(clone, name);
}

/** Whether the base that was judged lies where the landed commits begin, and how many they are. */
async function sinceBase(clone: Clone, { oid, line }: Landed, { base, head }: Identity): Promise<number | null> {
  // Without a base everything behind it landed, and a shallow clone does not say what that is.
  if (base === null) return clone.shallow ? null : line.length + 1;
  const at = line.indexOf(base);
  if (at >= 0) return at + 1;
  // A branch that had merged its target is behind itself by its own first parent.
  if (oid !== head || (await clone.find(base, "commit")) === null || !(await clone.isAncestor(base, head))) return null;
  return Number((await clone.text(["rev-list", "--count", `${base}..${oid}`])).trim());
}

/** Every parent but the first brings its history in with it, in any of the commits that landed. */
async function strangers(clone: Clone, landed: Landed, { head, base }: Identity, commits: number | null): Promise<string[]> {
  if (landed.oid === head) return [];
  const own = Math.max(1, commits ?? 1);
  const lines = (await clone.text(["rev-list", "--first-parent", "--parents", `--max-count=${own}`, landed.oid])).trim().split("\n");
  const brought = new Set(lines.flatMap((line) => line.split(" ").slice(2)));
  const known: string[] = [];
  for (const name of [head, base]) if (name !== null && (await clone.find(name, "commit")) !== null) known.push(name);
  const found: string[] = [];
  for (const parent of brought) {
    if (parent === head) continue;
    const inside = await Promise.all(known.map((name) => clone.isAncestor(parent, name)));
    if (!inside.includes(true)) found.push(parent);
  }
  return found;
}

const short = (oid: string): string => oid.slice(0, 12);

class Comparison {
  private readonly how: Landing["how"];

  constructor(
    private readonly clone: Clone,
    private readonly landed: Landed,
    private readonly admitted: Admitted,
    private readonly commits: number | null,
  ) {
    const { oid, parents } = landed;
    this.how = oid === admitted.identity.head ? "fast_forward" : parents.length > 1 ? "merge" : (commits ?? 1) > 1 ? "rebase" : "squash";
  }

  private say(result: LandingResult, because: readonly string[], paths: readonly string[] = []): Landing {
    return { result, landed: this.landed.oid, how: this.how, commits: this.commits, because, paths: paths.slice(0, PATHS_MAX), paths_cut: Math.max(0, paths.length - PATHS_MAX) };
  }

  async landing(): Promise<Landing> {
    const { clone, landed, commits } = this;
    const { identity, verdict } = this.admitted;
    if (verdict !== "admit") return this.say("differs", [`the evidence is of ${verdict === "hold" ? "a hold" : "a refusal"}, not of an admit`]);
    if (landed.oid === identity.base) return this.say("differs", [`${short(landed.oid)} is the base that was judged: nothing of the change is merged there`]);
    const foreign = await strangers(clone, landed, identity, commits);
    if (foreign.length > 0) return this.say("differs", foreign.slice(0, FOREIGN_MAX).map((oid) => `it also merges ${short(oid)}, which this admit is not about`), await this.pathsFrom(landed.tree, identity.merge_tree));
    if (landed.tree === identity.merge_tree) return this.sameTree();
    // The judged base right below a squash or a merge leaves nothing else that could explain the difference.
    const judged_here = identity.base !== null && landed.line[0] === identity.base;
    if (judged_here) return this.say("differs", ["on the base that was judged, its content is another one than was admitted"], await this.pathsFrom(landed.tree, identity.merge_tree));
    if ((await clone.find(identity.head, "commit")) === null) return this.say("unknown", [`its content is not what was admitted, and this clone has no commit ${short(identity.head)} to tell by whether only the base moved; fetch it`]);
    return commits === 1 || landed.parents.length > 1 ? this.onAnother(landed.parents[0]) : this.rebased();
  }

  private async sameTree(): Promise<Landing> {
    const { clone, landed, commits } = this;
    const { identity, attempt } = this.admitted;
    if (identity.tree_sha256 !== null && (await treeDigest(clone, landed.tree)) !== identity.tree_sha256) return this.say("differs", ["git's tree id is the admitted one and the content is not: two contents share one object id"]);
    if (commits === null && clone.shallow) return this.say("unknown", ["the content is what was admitted, but this clone is shallow: what it was merged onto cannot be told; fetch the history"]);
    if (commits === null) return this.say("stale", [`the content is what was admitted, but the base that was judged (${identity.base === null ? "none" : short(identity.base)}) is not behind it: the base moved after the admit`]);
    const between = await this.between(commits);
    if (between !== null) return between;
    if (landed.committed_s * 1000 > Date.parse(attempt.valid_until)) return this.say("stale", [`the content is what was admitted, and by its own date it was merged after the admit ended (${attempt.valid_until})`]);
    return this.say("as_admitted", []);
  }

  /** What came and went between the judged base and what landed leaves the content as it was, and stands in the history. */
  private async between(commits: number): Promise<Landing | null> {
    const { clone, landed } = this;
    const { base, head } = this.admitted.identity;
    if (commits === 1 || landed.oid === head) return null;
    if ((await clone.find(head, "commit")) === null) return this.say("unknown", [`the content is what was admitted and came in ${commits} commits, and this clone has no commit ${short(head)} to tell by whether all of them are the change's; fetch it`]);
    const merges = landed.parents.length > 1;
    const others = (await clone.unlike(base, head, landed.oid)).filter((oid) => !merges || oid !== landed.oid);
    if (others.length === 0) return null;
    const [shown, more] = [others.slice(0, FOREIGN_MAX).map(short).join(", "), others.length - FOREIGN_MAX];
    return this.say("stale", [`the content is what was admitted, but commits came in with it or before it that are none of the change's: ${shown}${more > 0 ? ` and ${more} more` : ""}`]);
  }

  /** Several commits landed and their content differs: below them lies the judged base, or commits that came between. */
  private async rebased(): Promise<Landing> {
    const { clone, landed } = this;
    const { identity } = this.admitted;
    const own = identity.base === null ? 0 : Number((await clone.text(["rev-list", "--count", "--no-merges", `${identity.base}..${identity.head}`])).trim());
    const below = landed.line[own - 1];
    // A squash on top of somebody else's commits looks like a rebase too: the plainest reading that explains the content is told.
    const squashed = await this.onAnother(landed.parents[0]);
    if (squashed.result === "stale") return squashed;
    const whole = below === identity.base ? this.say("differs", ["on the base that was judged, its content is another one than was admitted"], await this.pathsFrom(landed.tree, identity.merge_tree)) : await this.onAnother(below);
    const plainer = squashed.result === "differs" && squashed.paths.length + squashed.paths_cut < whole.paths.length + whole.paths_cut;
    return plainer && whole.result !== "stale" ? squashed : whole;
  }

  /** Not on the judged base: whether what landed is at least what git makes of that base and the admitted head. */
  private async onAnother(base: string | undefined): Promise<Landing> {
    const { clone, landed } = this;
    const { identity } = this.admitted;
    if (base === undefined) return this.say("unknown", ["its content is not what was admitted, and what it was merged onto is not in this clone"]);
    const moved = `it was admitted on ${identity.base === null ? "no base" : short(identity.base)} and merged onto ${short(base)}: nobody judged the two together; gate it again`;
    const expected = await clone.merge(base, identity.head);
    if (expected === null) return this.say("unknown", [moved, "this clone lacks the history to merge them for comparison"]);
    if (expected.tree === landed.tree && expected.conflicts.length === 0) return this.say("stale", [moved]);
    const paths = await clone.differing(expected.tree, landed.tree);
    if (expected.conflicts.length > 0) return this.say("differs", [moved, "merging them conflicts, so somebody resolved it by hand"], [...new Set([...expected.conflicts, ...paths])]);
    return this.say("differs", [moved, "and its content is not what merging them gives"], paths);
  }

  /** The admitted tree may never have been in this clone; merging base and head makes it again. */
  private async pathsFrom(tree: string, expected: string | null): Promise<string[]> {
    if (expected === null) return [];
    const { base, head } = this.admitted.identity;
    if ((await this.clone.find(expected, "tree")) === null) {
      const made = base === null || (await this.clone.find(head, "commit")) === null ? null : await this.clone.merge(base, head);
      if (made?.tree !== expected) return [];
    }
    return this.clone.differing(expected, tree);
  }
}

/** Throws `git.unknown_ref` where the clone has no such commit, and `git.failed`. */
export async function compareLanding(clone: Clone, name: string, admitted: Admitted): Promise<Landing> {
  const landed = await landedAt(clone, name);
  return new Comparison(clone, landed, admitted, await sinceBase(clone, landed, admitted.identity)).landing();
}
