/** Which declared commands a change touches. Runs in a check process: the paths are the change's. */
import type { Facts, TreeEntry } from "../../proto/facts.ts";
import { pathText, pathToBytes } from "../../proto/scalar.ts";
import type { InputsJob } from "../../proto/worker.ts";
import { pathMatcher } from "../checking/globs.ts";

/** Whether a path lies under one of the globs. */
export function shownBy(globs: readonly string[]): (path: string) => boolean {
  const matchers = globs.map(pathMatcher);
  return (path) => matchers.some((matches) => matches(path));
}

/** Names, modes and object ids of the files that a command is shown: within one repository's store an id names the same bytes. */
export function viewDigest(entries: readonly Pick<TreeEntry, "path" | "mode" | "oid">[], globs: readonly string[]): string {
  const shown = shownBy(globs);
  const hash = new Bun.CryptoHasher("sha256");
  for (const { path, mode, oid } of entries) {
    if (!shown(pathText(path))) continue;
    // Bytes, not text: two names that are no UTF-8 may read the same.
    hash.update(`${mode} ${oid} `).update(pathToBytes(path)).update("\0");
  }
  return hash.digest("hex");
}

/** Names of the commands with a changed file, before or after a rename, under one of their globs; all of them where the list of files was cut. */
export function touchedCommands({ files, gaps }: Pick<Facts, "files" | "gaps">, commands: InputsJob["commands"]): string[] {
  if (gaps.some(({ what }) => what === "changed files")) return commands.map(({ name }) => name);
  const paths = files.flatMap(({ path, old_path }) => [pathText(path), ...(old_path === null ? [] : [pathText(old_path)])]);
  return commands
    .filter(({ inputs }) => {
      const matchers = inputs.map(pathMatcher);
      return paths.some((path) => matchers.some((matches) => matches(path)));
    })
    .map(({ name }) => name);
}
