import { expect, test } from "bun:test";
import { posix } from "node:path";
import { readSources, type Source } from "../house/sources.ts";
import { ships, SOURCE_FILES, SOURCE_FOLDERS } from "./layout.ts";

/** Of every folder on the way, and the file. */
const goesAlong = (path: string): boolean => path.split("/").every((_, at, parts) => ships(parts.slice(0, at + 1).join("/"))) && (SOURCE_FILES.some((file) => file === path) || SOURCE_FOLDERS.some((folder) => path.startsWith(`${folder}/`)));

const imported = ({ path, code }: Source): string[] => [...code.matchAll(/^(?:import|export)\s[^"';]*?from\s+"(\.[^"\n]+)"/gm)].map(([, to]) => posix.join(posix.dirname(path), to ?? ""));

test("whatever a file of the package imports goes along, texts and JSON too: without it nothing can be bundled", () => {
  const shipped = readSources().filter(({ path }) => goesAlong(path));
  const wanted = shipped.flatMap((file) => imported(file).map((target) => ({ from: file.path, target })));
  expect([shipped.length > 500, wanted.some(({ target }) => target === "policies/prompts/summary.txt")]).toEqual([true, true]);
  expect(wanted.filter(({ target }) => !goesAlong(target))).toEqual([]);
});
