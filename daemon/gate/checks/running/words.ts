/** Words of a command line and the paths they may mean. No shell is imitated: a word too many names a file that is not in the change. */
import { posix } from "node:path";
import { INSIDE } from "../../../platform/sandbox/job.ts";

/** Stands between two commands of one line. */
export const BREAK = ";";

/** What stands for the folder a line runs in. */
const HERE = /\$\{?(?:PWD|INIT_CWD)\}?|\$[({](?:CURDIR|PWD)[)}]/g;
const WORD = /[;&|()\n`]+|[^\s;&|()`'"<>{}$]+/g;

/** Words of a text that a shell or make reads. */
export function wordsOf(text: string): string[] {
  return [...text.replace(HERE, ".").matchAll(WORD)].map(([word]) => (/^[;&|()\n`]/.test(word) ? BREAK : word));
}

/** Words of an argv: what holds white space may be a script of its own, as after `sh -c`, or one name. */
export function wordsOfArgv(argv: readonly string[]): string[] {
  return argv.flatMap((argument) => (/[\s;&|]/.test(argument) ? [argument, BREAK, ...wordsOf(argument), BREAK] : [argument]));
}

/** The path of the tree that a word means in a folder of it, "" for the root; null for an option, a pattern and what lies outside. */
export function treePathOf(folder: string, word: string): string | null {
  if (word === "" || word.startsWith("-") || /[*?\0]/.test(word)) return null;
  const at = word === INSIDE.tree ? "." : word.startsWith(`${INSIDE.tree}/`) ? `./${word.slice(INSIDE.tree.length + 1)}` : null;
  if (at === null && word.startsWith("/")) return null;
  const path = posix.normalize(at ?? posix.join(folder, word)).replace(/\/$/, "");
  if (path === ".") return "";
  return path === ".." || path.startsWith("../") ? null : path.replace(/^\.\//, "");
}
