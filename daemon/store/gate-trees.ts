/**
 * Which gates were of which content: the merged tree, by which a squash or a rebase that names no head is found. A gate brings its tree along
 * when it is recorded. Rows from before there was this index, or from a repair, are in it once somebody has read their bundles.
 */
import { Type } from "@sinclair/typebox";
import { Closed, GitOid } from "../../proto/scalar.ts";
import type { Store } from "./db.ts";

const Nothing = Closed({});
/** null: a conflict has no tree, and a bundle that is gone shows none. */
const TreeOf = Closed({ tree: Type.Union([GitOid, Type.Null()]) });

export interface GateTrees {
  /** Inside `Store.atomic`, for a row at its place. */
  add(place: number, tree: string | null): void;
  /** Inside `Store.atomic`, for a row that goes. */
  remove(place: number): void;
  /** Inside `Store.atomic`: places have changed, so it is filled again. */
  forget(): void;
  knows(place: number): boolean;
  /** As many as are known. */
  count(): number;
  /** Places of the gates of this content, newest first. */
  of(tree: string): readonly number[];
}

export function openGateTrees(store: Store): GateTrees {
  const places = store.table<readonly [string, number], typeof Nothing>("gate_trees", Nothing);
  const trees = store.table<number, typeof TreeOf>("gate_tree_of", TreeOf);
  const remove = (place: number): void => {
    const tree = trees.get(place)?.tree;
    if (tree !== undefined && tree !== null) places.remove([tree, place]);
    trees.remove(place);
  };
  return {
    add(place, tree) {
      remove(place);
      trees.put(place, { tree });
      if (tree !== null) places.put([tree, place], {});
    },
    remove,
    forget() {
      for (const { key } of [...places.entries()]) places.remove(key);
      for (const { key } of [...trees.entries()]) trees.remove(key);
    },
    knows: (place) => trees.get(place) !== undefined,
    count: () => trees.count(),
    of: (tree) => [...places.entries({ start: [tree, Number.MAX_SAFE_INTEGER], end: [tree, -1], reverse: true })].map(({ key: [, place] }) => place),
  };
}
