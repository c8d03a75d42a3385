/** Which declared commands a change touches. Runs in a check process: the paths are the change's. */
import type { Facts } from "../../proto/facts.ts";
import { pathText } from "../../proto/scalar.ts";
import type { InputsJob } from "../../proto/worker.ts";
import { pathMatcher } from "../checking/globs.ts";

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
