/** Which declared commands a change touches. Runs in a check process: the paths are the change's. */
import type { Facts } from "../../proto/facts.ts";
import { pathText } from "../../proto/scalar.ts";
import type { InputsJob, WorkerReply } from "../../proto/worker.ts";
import { pathMatcher } from "../checking/globs.ts";

/** Whether a path lies under one of the globs. */
export function shownBy(globs: readonly string[]): (path: string) => boolean {
  const matchers = globs.map(pathMatcher);
  return (path) => matchers.some((matches) => matches(path));
}

/**
 * What of the merged tree a command is shown, by name, mode and object id: within one repository's store an id names the same bytes.
 * `null` where the tree was too large to be listed.
 */
export function viewDigest({ tree, gaps }: Pick<Facts, "tree" | "gaps">, globs: readonly string[]): string | null {
  if (gaps.some(({ what }) => what === "merged tree")) return null;
  const shown = shownBy(globs);
  const hash = new Bun.CryptoHasher("sha256");
  for (const { path, mode, oid } of tree) {
    const text = pathText(path);
    if (shown(text)) hash.update(`${mode} ${oid} ${text}\0`);
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

export function inputsJob(facts: Facts, { commands, views }: InputsJob): WorkerReply {
  const shown = views === undefined ? {} : { views: views.map(({ name, globs }) => ({ name, sha256: viewDigest(facts, globs) })) };
  return { kind: "inputs", touched: touchedCommands(facts, commands), ...shown };
}
