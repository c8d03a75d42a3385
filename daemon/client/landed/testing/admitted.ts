import type { Identity } from "../../../../proto/change.ts";
import type { Source } from "../../../platform/git/testing/scratch.ts";
import { Clone } from "../clone.ts";
import type { Admitted } from "../compare.ts";

const ZERO = "0".repeat(64);

/** What a gate that admitted `head` on `base` would have signed; the merged tree is git's own. */
export async function admittedOf(source: Source, base: string, head: string, over: Partial<Identity> = {}): Promise<Admitted> {
  using clone = await Clone.open(source.path);
  const merge_tree = (await clone.merge(base, head))!.tree;
  const identity = { repo_id: "r", target_ref: "refs/heads/main", base, head, merge_tree, object_format: "sha1", tree_sha256: null, policy: `policy:${ZERO}`, config: `config:${ZERO}`, checks: `checks:${ZERO}`, trust_domain: "local", ...over } as Identity;
  return { identity, verdict: "admit", attempt: { attempt: 1, supersedes: null, issued_at: "2023-01-01T00:00:00Z", valid_until: "2030-01-01T00:00:00Z" } };
}
