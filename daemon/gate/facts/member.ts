import { MaestroError } from "../../../proto/errors.ts";
import type { FactsJob } from "../../../proto/worker.ts";
import type { Oid } from "../../platform/git/object-format.ts";
import type { GitReader } from "../../platform/git/reader.ts";

/**
 * The head that `head` only carries to the target's tip: a queue's merge commit whose tree is what git itself makes of the two. What people released
 * of the one is then what they would be asked of the other. One member alone: in a group of several, a finding that somebody saw in one could hide
 * what another adds beside it. Null for anything else, and where objects of the member are not stored.
 */
export async function memberOf(reader: GitReader, { target, head }: Pick<FactsJob, "target" | "head">): Promise<Oid | null> {
  const merge = await reader.history.commit(head);
  const [first, member, third] = merge?.parents ?? [];
  if (merge === null || first !== target || member === undefined || third !== undefined) return null;
  const found = await reader.history.resolveChange(target, member);
  if (!found.known || found.kind !== "merge") return null;
  const [base, ours, theirs] = await Promise.all([found.base, target, member].map(async (oid) => (await reader.history.commit(oid))?.tree));
  if (base === undefined || ours === undefined || theirs === undefined) return null;
  try {
    const made = await reader.merge({ base, target: ours, head: theirs });
    return made.result === "merged" && made.tree === merge.tree ? member : null;
  } catch (error) {
    // Only the member's commits come with the merge; its files are there where it was gated itself, and nowhere else could it have been released.
    if (error instanceof MaestroError && error.code === "git.failed") return null;
    throw error;
  }
}
