/** Learned policies of the trusted base, and those of them that the change touches, before and after. */
import type { FactsLimits } from "../../../proto/config.ts";
import type { FileChange, LearnedFacts } from "../../../proto/facts.ts";
import { LEARNED_BYTES_MAX } from "../../../proto/learned.ts";
import { pathText } from "../../../proto/scalar.ts";
import type { FactsReply } from "../../../proto/worker.ts";
import type { GitReader } from "../../platform/git/reader.ts";
import { configAfter, type Compared } from "./config-after.ts";
import { runnerFile } from "./runners.ts";

const ALL_CHARACTERS_MAX = 8 * 1024 * 1024;

/** Every name that a changed file has or had. */
const namesOf = ({ path, old_path }: Pick<FileChange, "path" | "old_path">): string[] => [pathText(path), ...(old_path === null ? [] : [pathText(old_path)])];

/** Beyond the limits a file is listed as unread, and the check says so. */
export async function learnedFacts(reader: GitReader, change: Compared, base: FactsReply["config"], files: readonly FileChange[], limits: FactsLimits): Promise<LearnedFacts> {
  const entries = [...((base.state === "read" ? base.config.learned : undefined) ?? [])];
  if (entries.length === 0) return { entries, files: [] };
  const then = await configAfter(reader, change);
  const after = then === undefined ? {} : { after: "broken" in then ? then : { entries: [...(then.config?.learned ?? [])] } };
  const changed = new Set(files.flatMap(namesOf));
  const learned: LearnedFacts = { entries, ...after, files: [] };
  let left = ALL_CHARACTERS_MAX;
  for (const { path } of entries.filter((entry) => changed.has(entry.path))) {
    const file = left <= 0 ? { path, old: null, new: null, unread: `all of them have more than ${ALL_CHARACTERS_MAX} characters` } : await runnerFile(reader, { old: change.old_tree, new: change.new_tree }, path, Math.min(LEARNED_BYTES_MAX, limits.content_bytes_max));
    left -= (file.old?.length ?? 0) + (file.new?.length ?? 0);
    learned.files.push(file);
  }
  return learned;
}
