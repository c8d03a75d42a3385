/** Whose approval the changed files need: the rules of host and base over paths of the change, and CODEOWNERS of the trusted base. */
import type { FileChange, Gap } from "../../../proto/facts.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { ApprovalNeed, ApprovalNeeds, ApprovalRules } from "../../../proto/people.ts";
import { pathText } from "../../../proto/scalar.ts";
import { pathMatcher } from "../../checking/globs.ts";
import { published } from "../../checking/redact.ts";
import { CODEOWNERS_BYTES_MAX, CODEOWNERS_PLACES, parseCodeowners, type Codeowners } from "../../config/codeowners.ts";
import type { Oid } from "../../platform/git/object-format.ts";
import type { GitReader } from "../../platform/git/reader.ts";
import { blobAt, standsAt } from "../../platform/git/tree-entry.ts";

const NEEDS_MAX = 64;
const FROM_MAX = 256;
const EXAMPLE_CHARACTERS_MAX = 300;
const CODEOWNERS = "codeowners";

/** The file at the base, or why there is none to go by. */
async function codeownersAt(reader: GitReader, commit: Oid | null): Promise<Codeowners | string> {
  const tree = commit === null ? null : ((await reader.history.commit(commit))?.tree ?? null);
  if (tree === null) return "there is no base that CODEOWNERS could stand in";
  for (const place of CODEOWNERS_PLACES) {
    if (!(await standsAt(reader.objects, tree, place))) continue;
    const oid = await blobAt(reader.objects, tree, place);
    const read = oid === null ? null : await reader.objects.read(oid, CODEOWNERS_BYTES_MAX);
    if (read?.result !== "read") return `${place} at the base is no file of at most ${CODEOWNERS_BYTES_MAX} bytes`;
    return parseCodeowners(read.content, place);
  }
  return "an approval is asked of code owners, and the base has no CODEOWNERS file";
}

/** One entry for each distinct set of people and number of them; `null` where there are too many. */
function needsOf(rules: ApprovalRules, paths: readonly string[], owners: Codeowners | null): ApprovalNeed[] | null {
  const found = new Map<string, { from: string[]; count: number; paths: Set<string> }>();
  for (const { paths: globs, from, count } of rules) {
    const matchers = globs.map(pathMatcher);
    const fixed = from.filter((source) => source !== CODEOWNERS);
    const by_owners = fixed.length < from.length;
    for (const path of paths) {
      if (!matchers.some((matches) => matches(path))) continue;
      const owned = by_owners && owners !== null ? owners.ownersOf(path) : [];
      const sets = owned.length > 0 ? owned.map((one) => ({ from: [...new Set([...fixed, ...one.owners])].sort(), count: Math.max(count, one.count) })) : fixed.length > 0 ? [{ from: [...fixed].sort(), count }] : [];
      for (const one of sets) {
        const key = JSON.stringify([one.from, one.count]);
        const known = found.get(key) ?? { ...one, paths: new Set() };
        known.paths.add(path);
        found.set(key, known);
        if (found.size > NEEDS_MAX || one.from.length > FROM_MAX) return null;
      }
    }
  }
  return [...found.values()].map(({ from, count, paths: files }) => ({ from, count, files: files.size, example: published([...files][0] ?? "").slice(0, EXAMPLE_CHARACTERS_MAX).toWellFormed() }));
}

/** What cannot be told is said, and holds the gate: a rule that could not be applied has not been met. */
export async function approvalNeeds(reader: GitReader, commit: Oid | null, rules: ApprovalRules, files: readonly FileChange[], gaps: readonly Gap[]): Promise<ApprovalNeeds> {
  if (rules.length === 0) return { needs: [], unclear: null };
  if (gaps.some(({ what }) => what === "changed files")) return { needs: [], unclear: "not every changed file was listed" };
  const paths = [...new Set(files.flatMap(({ path, old_path }) => [pathText(path), ...(old_path === null ? [] : [pathText(old_path)])]))];
  try {
    const owners = rules.some(({ from }) => from.includes(CODEOWNERS)) ? await codeownersAt(reader, commit) : null;
    if (typeof owners === "string") return { needs: [], unclear: owners };
    const needs = needsOf(rules, paths, owners);
    return needs === null ? { needs: [], unclear: `more than ${NEEDS_MAX} sets of people, or ${FROM_MAX} names in one, would have to approve: split the change` } : { needs, unclear: null };
  } catch (error) {
    if (!(error instanceof MaestroError)) throw error;
    return { needs: [], unclear: `${error.row.sentence} (${error.detail})`.slice(0, 1000).toWellFormed() };
  }
}
