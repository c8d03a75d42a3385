/** Exported values nobody imports, and files nobody reaches. */
import { withoutComments, type Source } from "./sources.ts";

// A type that only describes an exported function's argument is part of that function, so types are not asked.
const EXPORT = /^export\s+(?:async\s+)?(?:const|let|function\*?|class|enum)\s+([A-Za-z_$][\w$]*)/gm;

export const exportedNames = (code: string): string[] => [...new Set([...code.matchAll(EXPORT)].map((match) => match[1]!))];

/** A schema is the contract whether or not this program needs it. */
const isContract = (path: string, name: string): boolean => path.startsWith("proto/") && /^[A-Z]/.test(name);

/** `path name` of each export whose name no other file says. */
export function unusedExports(files: readonly Source[]): string[] {
  const words = new Map(files.map(({ path, code }) => [path, new Set(code.match(/[A-Za-z_$][\w$]*/g) ?? [])]));
  return files.filter((file) => !file.test).flatMap((file) =>
    exportedNames(file.code)
      .filter((name) => !isContract(file.path, name) && !files.some((other) => other.path !== file.path && words.get(other.path)!.has(name)))
      .map((name) => `${file.path} ${name}`),
  );
}

/** Files whose name stands in no other file and in none of `elsewhere`: neither imported nor started. */
export function orphans(files: readonly Source[], elsewhere: string): string[] {
  const texts = files.map(({ path, text }) => ({ path, text: withoutComments(text) }));
  return files
    .filter(({ test }) => !test)
    .map(({ path }) => path)
    .filter((path) => {
      const name = path.split("/").at(-1)!;
      const mentioned = (text: string): boolean => text.includes(`/${name}`) || text.includes(`"${name}"`);
      return !mentioned(elsewhere) && !texts.some((other) => other.path !== path && mentioned(other.text));
    });
}
