/** Who is in a group of a merge queue: one commit of the first-parent line for each entry, with the paths it touches. */
import type { Clone } from "./clone.ts";

export interface Member {
  readonly commit: string;
  readonly subject: string;
  readonly paths: readonly string[];
  /** It is there because of an entry further ahead, which this group waits on. */
  readonly ahead: boolean;
}

export interface Members {
  /** In the order in which they would land. */
  readonly list: readonly Member[];
  readonly cut: boolean;
}

const MEMBERS_MAX = 100;
const SUBJECT_CHARACTERS_MAX = 200;

/**
 * `judged_base` is what the group was judged on, `own_base` what the queue says it stands on: what lies between was put there by
 * entries ahead. Null where this clone lacks one of them.
 */
export async function membersOf(clone: Clone, judged_base: string, own_base: string, head: string): Promise<Members | null> {
  for (const oid of [judged_base, head]) if ((await clone.find(oid, "commit")) === null) return null;
  const lines = (await clone.text(["rev-list", "--first-parent", "--parents", `--max-count=${MEMBERS_MAX + 1}`, `${judged_base}..${head}`])).split("\n").filter((line) => line !== "");
  const line = lines.slice(0, MEMBERS_MAX).map((one) => one.split(" "));
  const own_at = line.findIndex(([oid]) => oid === own_base);
  const list: Member[] = [];
  for (const [at, [commit = "", parent]] of line.entries()) {
    const subject = (await clone.text(["log", "--no-walk", "--format=%s", commit])).trimEnd().slice(0, SUBJECT_CHARACTERS_MAX).toWellFormed();
    const paths = parent === undefined ? [] : await clone.differing(`${parent}^{tree}`, `${commit}^{tree}`);
    list.push({ commit, subject, paths, ahead: own_at >= 0 && at >= own_at });
  }
  return { list: list.reverse(), cut: lines.length > MEMBERS_MAX };
}
