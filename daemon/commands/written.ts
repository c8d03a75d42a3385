/** The trees of one gate: each is written out when a command first asks for it, once, and all are removed together. */
import type { Command } from "../../proto/command.ts";
import type { Gap } from "../../proto/facts.ts";
import { removeTree } from "../platform/folders.ts";

interface WrittenTree {
  readonly tree_dir: string;
  readonly gaps: readonly Gap[];
}

/** What of a tree a command is shown; null: all of it. Only one that asks for re-use is shown less: what it does not see its answer cannot follow from. */
export function shownTo({ reuse = false, inputs, guards = [] }: Command): readonly string[] | null {
  return reuse && inputs !== undefined ? [...inputs, ...guards] : null;
}

export class WrittenTrees implements AsyncDisposable {
  /** By what is shown; one that could not be written is not tried again. */
  private readonly trees = new Map<string, { readonly tree_dir: string; readonly written: Promise<readonly Gap[]> }>();

  constructor(
    private readonly folder: string,
    private readonly write: (tree_dir: string, only: readonly string[] | null) => Promise<readonly Gap[]>,
  ) {}

  /** Throws what `write` throws. */
  async of(command: Command): Promise<WrittenTree> {
    const only = shownTo(command);
    const key = JSON.stringify(only);
    let tree = this.trees.get(key);
    if (tree === undefined) {
      const tree_dir = `${this.folder}-${this.trees.size}`;
      this.trees.set(key, (tree = { tree_dir, written: this.write(tree_dir, only) }));
    }
    return { tree_dir: tree.tree_dir, gaps: await tree.written };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { tree_dir } of this.trees.values()) await removeTree(tree_dir);
  }
}
