import { MaestroError } from "../../../proto/errors.ts";
import { commitLinks, parseCommit, type ParsedCommit } from "./commit.ts";
import { objectId, type Oid } from "./object-format.ts";
import type { ObjectReader } from "./objects.ts";

/** A commit with a longer message or signature is treated as if it had not been sent. */
const COMMIT_BYTES_MAX = 1024 * 1024;

/** Each is compared with each other one. */
const BASES_MAX = 16;

const ONE = 1;
const TWO = 2;
const COMMON = ONE | TWO;
const STALE = 4;

/** Why a question about history has no answer. */
export type Unknown = "history_cut" | "several_merge_bases" | "unrelated_histories" | "too_many_commits" | "objects_missing";

export interface UnknownHistory {
  readonly known: false;
  readonly because: Unknown;
  readonly detail: string;
}

/** Ids hash their parents, so what was streamed proves itself whoever sent it. */
export type Ancestry = { readonly known: true; readonly ancestry: "verified-by-hash" };

export type MergeBases = (Ancestry & { readonly bases: readonly Oid[] }) | UnknownHistory;
export type Ancestor = (Ancestry & { readonly ancestor: boolean }) | UnknownHistory;

/** `merge`: head would be merged into target. `landed`: head is part of target already, the change is its first parent..head, base null for a root commit. */
export type ChangeBasis =
  | (Ancestry & { readonly kind: "merge"; readonly base: Oid; readonly target: Oid; readonly head: Oid })
  | (Ancestry & { readonly kind: "landed"; readonly base: Oid | null; readonly target: Oid; readonly head: Oid })
  | UnknownHistory;

export interface CommitList {
  /** Newest first. */
  readonly commits: readonly ParsedCommit[];
  /** Null where the list is whole. */
  readonly gap: UnknownHistory | null;
}

interface Node {
  readonly oid: Oid;
  readonly parents: readonly Oid[];
  readonly at_s: number;
  /** A parent that is named but was never sent. */
  cut: boolean;
  flags: number;
}

interface Painted {
  readonly nodes: ReadonlyMap<Oid, Node>;
  readonly common: readonly Oid[];
  /** Commits of one side alone whose parents were not sent: behind them could be anything. */
  readonly cuts: readonly Oid[];
}

const verified = { known: true, ancestry: "verified-by-hash" } as const;
const unknown = (because: Unknown, detail: string): UnknownHistory => ({ known: false, because, detail });

/**
 * Questions about the commits that were streamed. A parent that is not stored is a cut; an answer that a
 * cut could change is unknown. No list of cuts from the client is believed or needed.
 */
export class History {
  readonly #links = new Map<Oid, Omit<Node, "cut" | "flags"> | null>();

  constructor(
    readonly objects: ObjectReader,
    /** Commits visited by one question. */
    readonly commits_max: number,
  ) {}

  /** The best common ancestors; none where the histories are unrelated. */
  async mergeBases(target: Oid, head: Oid): Promise<MergeBases> {
    const painted = await this.#paint(target, head);
    if ("known" in painted) return painted;
    const [cut] = painted.cuts;
    if (cut !== undefined) return unknown("history_cut", `the parents of ${cut} were not sent`);
    return this.#independent(painted.common);
  }

  async isAncestor(ancestor: Oid, descendant: Oid): Promise<Ancestor> {
    const painted = await this.#paint(ancestor, descendant);
    if ("known" in painted) return painted;
    if (painted.common.includes(ancestor)) return { ...verified, ancestor: true };
    const [cut] = painted.cuts;
    return cut === undefined ? { ...verified, ancestor: false } : unknown("history_cut", `the parents of ${cut} were not sent`);
  }

  /** What the change is, with the trees of both its ends present. */
  async resolveChange(target: Oid, head: Oid): Promise<ChangeBasis> {
    const landed = await this.isAncestor(head, target);
    if (landed.known && landed.ancestor) return this.#landed(target, head);
    const found = await this.mergeBases(target, head);
    if (!found.known) return found;
    const [base, ...others] = found.bases;
    if (base === undefined) return unknown("unrelated_histories", `${target} and ${head} have no common ancestor`);
    if (others.length > 0) return unknown("several_merge_bases", found.bases.join(", "));
    return (await this.#withoutTree([base, target, head])) ?? { ...verified, kind: "merge", base, target, head };
  }

  /**
   * Commits of head that base does not have, at most `described_max` of them parsed. With base null, head alone. Where base's own history
   * was cut, a commit that base reaches only behind the cut is listed as well: one too many, never one too few.
   */
  async commits(base: Oid | null, head: Oid, described_max: number): Promise<CommitList> {
    const painted = base === null ? null : await this.#paint(head, base);
    if (painted !== null && "known" in painted) return { commits: await this.#parsed([head]), gap: painted };
    const own = painted === null ? [head] : [...painted.nodes.values()].filter(({ flags }) => flags === ONE).map(({ oid }) => oid);
    const cut = painted?.cuts.find((oid) => painted.nodes.get(oid)?.flags === ONE);
    const commits = await this.#parsed(own.slice(0, described_max));
    if (cut !== undefined) return { commits, gap: unknown("history_cut", `the parents of ${cut} were not sent`) };
    if (own.length > described_max) return { commits, gap: unknown("too_many_commits", `${own.length} commits, ${described_max} described`) };
    if (commits.length < Math.min(own.length, described_max)) return { commits, gap: unknown("objects_missing", "a commit cannot be read") };
    return { commits, gap: null };
  }

  /** One commit, or null where it is not stored or not a commit git would use. */
  async commit(oid: Oid): Promise<ParsedCommit | null> {
    return (await this.#parsed([oid]))[0] ?? null;
  }

  async #landed(target: Oid, head: Oid): Promise<ChangeBasis> {
    const base = (await this.#load([head])).get(head)?.parents[0] ?? null;
    if (base === null) return (await this.#withoutTree([head])) ?? { ...verified, kind: "landed", base, target, head };
    if ((await this.#load([base])).get(base) === undefined) return unknown("history_cut", `the first parent ${base} of ${head} was not sent`);
    return (await this.#withoutTree([base, head])) ?? { ...verified, kind: "landed", base, target, head };
  }

  /** Commits come without their trees in a history pack; those a change is made of must have one. */
  async #withoutTree(oids: readonly Oid[]): Promise<UnknownHistory | null> {
    const commits = await this.#parsed(oids);
    const trees = await this.objects.info(commits.map(({ tree }) => tree));
    const missing = commits.length < oids.length ? oids.find((oid) => !commits.some((commit) => commit.oid === oid)) : commits[trees.findIndex((info) => info?.type !== "tree")]?.oid;
    return missing === undefined ? null : unknown("objects_missing", `the tree of commit ${missing} was not sent`);
  }

  /**
   * Walks both histories by commit date, newest first, until everything left is an ancestor of a common commit. Dates only set the order:
   * a commit whose flags change after its visit is visited again. Wrong dates can leave a common ancestor too many, which
   * `#independent` removes, or count an ancestor of both as one side's own, which shows a commit too many or an unknown too many, never one too few.
   */
  async #paint(one: Oid, two: Oid): Promise<Painted | UnknownHistory> {
    const nodes = new Map<Oid, Node>();
    const queue: Node[] = [];
    const common = new Set<Oid>();
    const missing = await this.#reach([one, two], nodes);
    if (missing[0] !== undefined) return unknown("objects_missing", `commit ${missing[0]} was not sent`);
    for (const [oid, flag] of [[one, ONE], [two, TWO]] as const) push(queue, nodes.get(oid), flag);
    let oldest_s = Number.MAX_SAFE_INTEGER;
    for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
      // What is left are ancestors of common commits. They matter only to a commit visited as one side's own that is one of them in truth.
      if ((node.flags & STALE) !== 0 && node.at_s < oldest_s && !queue.some(({ flags }) => (flags & STALE) === 0)) break;
      if ((node.flags & COMMON) !== COMMON) oldest_s = Math.min(oldest_s, node.at_s);
      if (nodes.size > this.commits_max) return unknown("too_many_commits", `more than ${this.commits_max} commits to look at`);
      if ((node.flags & (COMMON | STALE)) === COMMON) common.add(node.oid);
      const flags = (node.flags & COMMON) === COMMON ? node.flags | STALE : node.flags;
      node.cut = (await this.#reach(node.parents, nodes)).length > 0;
      for (const parent of node.parents) push(queue, nodes.get(parent), flags);
    }
    const best = [...common].filter((oid) => ((nodes.get(oid)?.flags ?? 0) & STALE) === 0);
    const cuts = [...nodes.values()].filter(({ cut, flags }) => cut && (flags & COMMON) !== COMMON).map(({ oid }) => oid);
    return { nodes, common: best, cuts };
  }

  /** Adds commits to the walk; returns those that are not stored. */
  async #reach(oids: readonly Oid[], nodes: Map<Oid, Node>): Promise<Oid[]> {
    const fresh = oids.filter((oid) => !nodes.has(oid));
    const links = await this.#load(fresh);
    for (const [oid, link] of links) nodes.set(oid, { ...link, cut: false, flags: 0 });
    return fresh.filter((oid) => !links.has(oid));
  }

  /** Parents and date of each stored commit among `oids`; content is hashed again, so a damaged store cannot invent ancestry. */
  async #load(oids: readonly Oid[]): Promise<Map<Oid, Omit<Node, "cut" | "flags">>> {
    const wanted = oids.filter((oid) => !this.#links.has(oid));
    for (const read of await this.objects.readMany(wanted, COMMIT_BYTES_MAX)) {
      if (read.result !== "read" || read.info.type !== "commit") continue;
      const { oid } = read.info;
      if (objectId(this.objects.dir.object_format, "commit", read.content) !== oid) throw new MaestroError("store.corrupt", `commit ${oid} does not have its own id`);
      const links = commitLinks(read.content, oid.length);
      this.#links.set(oid, links === null ? null : { oid, ...links });
    }
    const found = new Map<Oid, Omit<Node, "cut" | "flags">>();
    for (const oid of oids) {
      const links = this.#links.get(oid);
      if (links !== undefined && links !== null) found.set(oid, links);
    }
    return found;
  }

  /**
   * Drops a common ancestor that another one reaches (wrong dates can leave one). Where a cut lies between them, neither that nor that there are
   * several is proved.
   */
  async #independent(common: readonly Oid[]): Promise<MergeBases> {
    if (common.length > BASES_MAX) return unknown("several_merge_bases", `more than ${BASES_MAX}`);
    const bases: Oid[] = [];
    let proved = true;
    for (const oid of common) {
      let redundant = false;
      for (const other of common) {
        if (other === oid) continue;
        const answer = await this.isAncestor(oid, other);
        redundant ||= answer.known && answer.ancestor;
        proved &&= answer.known;
      }
      if (!redundant) bases.push(oid);
    }
    if (bases.length > 1 && !proved) return unknown("several_merge_bases", bases.join(", "));
    return { ...verified, bases };
  }

  async #parsed(oids: readonly Oid[]): Promise<ParsedCommit[]> {
    const parsed: ParsedCommit[] = [];
    for (const read of await this.objects.readMany(oids, COMMIT_BYTES_MAX)) {
      const commit = read.result === "read" && read.info.type === "commit" ? parseCommit(read.info.oid, read.content) : null;
      if (commit !== null) parsed.push(commit);
    }
    return parsed;
  }
}

/** Adds flags; a commit they are new to is queued (again), oldest first so that `pop` takes the newest. */
function push(queue: Node[], node: Node | undefined, flags: number): void {
  if (node === undefined || (node.flags & flags) === flags) return;
  node.flags |= flags;
  let low = 0;
  let high = queue.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((queue[middle]?.at_s ?? 0) < node.at_s) low = middle + 1;
    else high = middle;
  }
  queue.splice(low, 0, node);
}
