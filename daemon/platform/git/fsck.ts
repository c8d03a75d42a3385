/**
 * Faults that old or foreign tools left in real histories and that change nothing about what a
 * file is or where it lies: accepted and reported. `index-pack --strict` alone would refuse them, and many
 * well-known projects with them. Names are git's own (git-fsck, "fsck messages"), all known to 2.38.
 */
export const FSCK_WARN = [
  "badDate",
  "badDateOverflow",
  "badEmail",
  "badFilemode",
  "badName",
  "badTagName",
  "badTimezone",
  "extraHeaderEntry",
  "gitignoreSymlink",
  "gitmodulesParse",
  "mailmapSymlink",
  "missingEmail",
  "missingNameBeforeEmail",
  "missingSpaceBeforeDate",
  "missingSpaceBeforeEmail",
  "missingTaggerEntry",
  "multipleAuthors",
  "nulInCommit",
  "zeroPaddedDate",
  "zeroPaddedFilemode",
] as const;

/**
 * Faults that hide a file, lead out of the tree or reach git's own files. Strict mode refuses most of
 * them already; they are named so that no later default of git softens one.
 */
export const FSCK_ERROR = [
  "duplicateEntries",
  "emptyName",
  "fullPathname",
  "gitattributesSymlink",
  "gitmodulesBlob",
  "gitmodulesLarge",
  "gitmodulesMissing",
  "gitmodulesName",
  "gitmodulesPath",
  "gitmodulesSymlink",
  "gitmodulesUpdate",
  "gitmodulesUrl",
  "hasDot",
  "hasDotdot",
  "hasDotgit",
  "nullSha1",
  "treeNotSorted",
] as const;

/** Severities exist only on `--strict` (git 2.39): `--fsck-objects=…` is a usage error, `fetch.fsck.*` is not read. */
export function strictOption(): string {
  const levels = [...FSCK_WARN.map((id) => `${id}=warn`), ...FSCK_ERROR.map((id) => `${id}=error`)];
  return `--strict=${levels.join(",")}`;
}

const WARNING = /^warning: object ([0-9a-f]{40,64}): ([A-Za-z0-9]+):/;
const ERROR = /^error: object ([0-9a-f]{40,64}): ([A-Za-z0-9]+):/;

/** `id (n objects, first <oid>)` for each fault that was let through, sorted. */
export function fsckWarnings(stderr: string): string[] {
  const seen = new Map<string, { count: number; first: string }>();
  for (const line of stderr.split("\n")) {
    const [, oid, id] = WARNING.exec(line) ?? [];
    if (oid === undefined || id === undefined) continue;
    const entry = seen.get(id);
    if (entry === undefined) seen.set(id, { count: 1, first: oid });
    else entry.count++;
  }
  return [...seen].map(([id, { count, first }]) => `${id} (${count} ${count === 1 ? "object" : "objects"}, first ${first})`).sort();
}

/** The first fault that refused the pack, or null where git refused it for another reason. */
export function fsckError(stderr: string): { readonly oid: string; readonly id: string } | null {
  for (const line of stderr.split("\n")) {
    const [, oid, id] = ERROR.exec(line) ?? [];
    if (oid !== undefined && id !== undefined) return { oid, id };
  }
  return null;
}
