/** The project's own TypeScript, as the house rules read it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(import.meta.dir, "../..");

export interface Source {
  /** Path from the project's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** The text without comments, line for line; strings stand as they are. */
  readonly code: string;
  readonly test: boolean;
}

/** String, template, regular expression or comment, whichever starts first. */
const TOKEN =
  /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|(?<=[=(,:;!&|?{}[\n]\s*)\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*)|\/\/[^\n]*|\/\*[^]*?\*\//g;

/** Blanks comments and keeps their line breaks. */
export function withoutComments(text: string): string {
  return text.replace(TOKEN, (token, kept: string | undefined) => (kept === undefined ? token.replace(/[^\n]/g, " ") : token));
}

/** Blanks comments and what stands inside strings, templates and regular expressions. */
export function withoutStrings(text: string): string {
  return text.replace(TOKEN, (token, kept: string | undefined) => (kept === undefined ? token.replace(/[^\n]/g, " ") : `"${token.slice(1, -1).replace(/[^\n]/g, " ")}"`));
}

export function source(path: string, text: string): Source {
  const test = /\.(?:test|slow|canary|accept|corpora|nightly)\.ts$/.test(path) || /^daemon\/(?:house\/|(?:.+\/)?testing\/)/.test(path);
  return { path, text, code: withoutComments(text), test };
}

/** All TypeScript that Bun runs; a kernel's `assembly.ts` is AssemblyScript, another language. */
export function readSources(): readonly Source[] {
  const glob = new Bun.Glob("{proto,kernels,daemon,bench}/**/*.ts");
  const paths = [...glob.scanSync({ cwd: ROOT })].filter((path) => !/^kernels\/[^/]+\/assembly\.ts$/.test(path));
  return paths.sort().map((path) => source(path, readFileSync(join(ROOT, path), "utf8")));
}

/** Files git knows, with their mode; `null` outside a checkout. */
export function trackedFiles(): readonly { readonly mode: string; readonly path: string }[] | null {
  const git = Bun.spawnSync(["git", "ls-files", "-s", "-z"], { cwd: ROOT });
  if (git.exitCode !== 0) return null;
  const rows = git.stdout.toString().split("\0").filter((row) => row !== "");
  return rows.map((row) => ({ mode: row.slice(0, 6), path: row.slice(row.indexOf("\t") + 1) }));
}
