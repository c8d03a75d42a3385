/** The merged tree as one file with the digest that every statement of its gate names, for tools that want to hash what was judged. */
import { createHash } from "node:crypto";
import type { Identity } from "../../../proto/change.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { Clone } from "../../client/landed/clone.ts";
import { treeListing } from "../../client/landed/tree-digest.ts";

export const ARTIFACT_FILE = "merged-tree.listing";

/** The tree as the clone has it, or as it merges it once more. */
async function treeIn(clone: Clone, { merge_tree, base, head }: Identity): Promise<string> {
  const tree = merge_tree === null ? null : await clone.find(merge_tree, "tree");
  const merged = tree ?? (base === null ? null : ((await clone.merge(base, head))?.tree ?? null));
  if (merged === null) throw new MaestroError("cli.usage", "that clone has neither the merged tree nor the commits it was made of; fetch the target and the head first");
  return merged;
}

/** Throws `cli.usage` where the clone does not hold what was judged. */
export async function treeArtifact(repository: string, identity: Identity): Promise<Uint8Array> {
  if (identity.tree_sha256 === null) throw new MaestroError("cli.usage", "the change had no merged tree to hash: it conflicts with its target");
  using clone = await Clone.open(repository);
  const listing = Buffer.concat(await Array.fromAsync(treeListing(clone, await treeIn(clone, identity))));
  const digest = createHash("sha256").update(listing).digest("hex");
  if (digest !== identity.tree_sha256) throw new MaestroError("cli.usage", `that clone's merged tree is ${digest}, the evidence is of ${identity.tree_sha256}`);
  return listing;
}
