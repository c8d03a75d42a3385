/** Files of a change that say how a target of the base is driven: the base names them, the change says what stands in them. Runs in a check process. */
import type { FileChange } from "../../../../proto/facts.ts";
import type { PropertyTarget } from "../../../../proto/property.ts";
import { pathText } from "../../../../proto/scalar.ts";
import { treePathOf, wordsOfArgv } from "../running/words.ts";

/** A function is the code itself, and has no driver. The first word of a command is a file of the tree only where a path leads to it. */
function driversOf({ model, command }: PropertyTarget): ReadonlySet<string> {
  const words = wordsOfArgv(command?.argv ?? []).filter((word, at) => at > 0 || word.includes("/"));
  const named = words.flatMap((word) => [word, word.slice(word.indexOf("=") + 1)]);
  return new Set([...(model === undefined ? [] : [model.module]), ...named].flatMap((word) => treePathOf("", word) ?? []).filter((path) => path !== ""));
}

/** Each target with the files that the change does anything to. */
export function changedDrivers(targets: ReadonlyMap<string, PropertyTarget>, files: readonly FileChange[]): readonly { readonly target: string; readonly file: FileChange }[] {
  return [...targets].flatMap(([target, declared]) => {
    const drivers = driversOf(declared);
    return files.filter(({ path, old_path }) => drivers.has(pathText(path)) || (old_path !== null && drivers.has(pathText(old_path)))).map((file) => ({ target, file }));
  });
}
