/** Options of git's subcommands as git reads them (gitcli(7)): letters joined, a long one by any beginning, a value in the next word. */
import type { Word } from "../shell/script.ts";

/** Letters and names that take the next word as their value; what may only be attached, such as `-S` and `-u` of commit, is not here. */
const TAKES: Readonly<Record<string, { readonly short: string; readonly long: readonly string[] }>> = {
  commit: { short: "CcFmt", long: ["--reuse-message", "--reedit-message", "--fixup", "--squash", "--file", "--author", "--date", "--message", "--trailer", "--template", "--cleanup", "--pathspec-from-file"] },
  push: { short: "o", long: ["--repo", "--push-option", "--receive-pack", "--exec", "--recurse-submodules"] },
  am: { short: "Cp", long: ["--whitespace", "--directory", "--exclude", "--include", "--patch-format"] },
  merge: { short: "sXmF", long: ["--strategy", "--strategy-option", "--message", "--file", "--into-name", "--cleanup"] },
  pull: { short: "sXjo", long: ["--strategy", "--strategy-option", "--depth", "--upload-pack", "--refmap", "--server-option", "--jobs", "--cleanup"] },
  rebase: { short: "sXxC", long: ["--onto", "--strategy", "--strategy-option", "--exec", "--whitespace"] },
  "cherry-pick": { short: "mX", long: ["--mainline", "--strategy", "--strategy-option", "--cleanup"] },
  revert: { short: "mX", long: ["--mainline", "--strategy", "--strategy-option", "--cleanup"] },
  subtree: { short: "Pmb", long: ["--prefix", "--message", "--branch", "--onto", "--annotate"] },
  config: { short: "ft", long: ["--file", "--blob", "--type", "--default", "--comment", "--value", "--url"] },
};
/** Letters behind which the rest of the word is their value, taken or not. */
const ATTACHED: Readonly<Record<string, string>> = { commit: "Su", am: "S", merge: "S", rebase: "S", "cherry-pick": "S", revert: "S" };

export interface GitOption {
  /** `-n`, or a long one without its value, as it was written. */
  readonly name: string;
  readonly value: Word | null;
}

export interface GitWords {
  readonly options: readonly GitOption[];
  readonly operands: readonly Word[];
}

const valued = (word: Word, text: string): Word => ({ ...word, text });

function cluster(word: Word, takes: string, attached: string, next: Word | undefined): { options: GitOption[]; used: boolean } {
  const options: GitOption[] = [];
  for (let at = 1; at < word.text.length; at++) {
    const letter = word.text[at]!;
    const rest = word.text.slice(at + 1);
    const name = `-${letter}`;
    if (attached.includes(letter)) return { options: [...options, { name, value: valued(word, rest) }], used: false };
    if (takes.includes(letter)) return { options: [...options, { name, value: rest === "" ? (next ?? null) : valued(word, rest) }], used: rest === "" };
    options.push({ name, value: null });
  }
  return { options, used: false };
}

/** What stands behind a subcommand. A long name cut short keeps its next word an option: taken for a value, it could hide one. */
export function gitWords(subcommand: string, rest: readonly Word[]): GitWords {
  const { short, long } = TAKES[subcommand] ?? { short: "", long: [] };
  const options: GitOption[] = [];
  const operands: Word[] = [];
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at]!;
    const { text } = word;
    if (text === "--") return { options, operands: [...operands, ...rest.slice(at + 1)] };
    if (text.startsWith("--")) {
      const [name = "", inline] = text.split(/=(.*)/s, 2);
      const takes = inline === undefined && long.includes(name);
      options.push({ name, value: inline !== undefined ? valued(word, inline) : takes ? (rest[at + 1] ?? null) : null });
      if (takes) at++;
    } else if (text.startsWith("-") && text.length > 1) {
      const found = cluster(word, short, ATTACHED[subcommand] ?? "", rest[at + 1]);
      options.push(...found.options);
      if (found.used) at++;
    } else operands.push(word);
  }
  return { options, operands };
}

const BEGINNING_MIN = "--a".length;

/** Whether git could take `name` for `full`: a long option goes by any beginning that means no other. */
export const couldBe = (name: string, full: string): boolean => name === full || (name.length >= BEGINNING_MIN && full.startsWith(name));
