import { TreeDiff, type DiffLimits } from "./diff.ts";
import { differenceSha256 } from "./difference.ts";
import { History } from "./history.ts";
import { mergeTrees, type MergeOutcome, type MergeTrees } from "./merge.ts";
import type { Oid } from "./object-format.ts";
import { ObjectReader } from "./objects.ts";
import { Git, type GitDir, type GitTools } from "./runner.ts";
import { listTree, type ReadLimits, type TreeLeaf, type TreeList } from "./tree.ts";
import { treeSha256, type ContentDigests } from "./tree-digest.ts";

export interface ReaderLimits extends ReadLimits {
  /** Commits one question about history may visit. */
  readonly commits_max: number;
}

/** Everything that is read from one repository store, under one deadline. Its arguments are plain data, so a check process can open it. */
export class GitReader implements AsyncDisposable {
  readonly objects: ObjectReader;
  readonly history: History;
  readonly #git: Git;
  readonly #dir: GitDir;
  readonly #limits: ReaderLimits;
  readonly #end_ms: number;

  constructor(tools: GitTools, dir: GitDir, limits: ReaderLimits) {
    this.#git = new Git(tools);
    this.#dir = dir;
    this.#limits = limits;
    this.#end_ms = performance.now() + limits.deadline_ms;
    this.objects = new ObjectReader(this.#git, dir, limits);
    this.history = new History(this.objects, limits.commits_max);
  }

  listTree(tree: Oid, entries_max: number): Promise<TreeList> {
    return listTree(this.#git, this.#dir, tree, entries_max, this.#left());
  }

  diff(old_tree: Oid, new_tree: Oid, limits: Omit<DiffLimits, keyof ReadLimits>): TreeDiff {
    return new TreeDiff(this.#git, this.#dir, old_tree, new_tree, { ...limits, ...this.#left() });
  }

  merge(trees: MergeTrees): Promise<MergeOutcome> {
    return mergeTrees(this.#git, this.#dir, trees, this.#left());
  }

  /** Digest of what differs between two trees: every path with its modes and object ids. Nothing of it is read here. */
  differenceSha256(old_tree: Oid, new_tree: Oid): Promise<string> {
    return differenceSha256(this.#git, this.#dir, old_tree, new_tree, this.#left());
  }

  /** `entries` must be the whole list of the tree. */
  treeSha256(entries: readonly TreeLeaf[], known?: ContentDigests): Promise<string> {
    return treeSha256(this.objects, entries, known);
  }

  close(): Promise<void> {
    return this.objects.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #left(): ReadLimits {
    const { signal } = this.#limits;
    const deadline_ms = Math.max(1, Math.ceil(this.#end_ms - performance.now()));
    return signal === undefined ? { deadline_ms } : { deadline_ms, signal };
  }
}
