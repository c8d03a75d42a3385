/** Whether a command runs where its line makes it seem: a shell may skip a `cd`, run it beside itself, or come back to it. */
import type { SimpleCommand } from "../shell/script.ts";
import { programOf, unwrap } from "./unwrap.ts";

const GOES = /^(?:cd|chdir|pushd|popd)$/;
const MENTIONS = /\b(?:cd|chdir|pushd|popd)\b/;
/** Where what stands later may run earlier, again or not at all. */
const BRANCHES = /(?:^|[;&|\n({!]|\b(?:do|then|else|elif|if|while|until)\b)\s*(?:while|until|for|select|function|if|case)\s|\(\s*\)|[&|]\s*\{/;
/** What these are given may be run in this very shell, at another moment. */
const RUN_LATER = /^(?:eval|trap|alias)$/;

const sets = ({ assignments, words }: SimpleCommand, name: string): boolean => assignments.some((one) => one.name === name) || words.some(({ text }) => text.startsWith(`${name}=`));

/** A `cd` of which it can be told that it ran, in this shell, by all that stands behind it. */
function plain(command: SimpleCommand): boolean {
  return GOES.test(command.words[0]?.text ?? "") && command.before !== "||" && !command.before.startsWith("|") && !/^(?:&|\||\|&)$/.test(command.after);
}

/** Which commands of a line may run in another folder than the reader takes them to. */
export function astray(commands: readonly SimpleCommand[], text: string): (command: SimpleCommand) => boolean {
  const moves = commands.filter((command) => GOES.test(programOf(unwrap(command).words[0])));
  const hidden = commands.some(({ words }) => RUN_LATER.test(programOf(words[0])) && words.some((word) => MENTIONS.test(word.text)));
  if (moves.length === 0 && !hidden) return () => false;
  if (hidden || BRANCHES.test(text) || !moves.every(plain) || commands.some((command) => sets(command, "CDPATH"))) return () => true;
  // Behind `&&` it ran if what follows by `&&` runs, and nobody knows for the rest of the line.
  const after: SimpleCommand[] = [];
  let doubtful = false;
  let within = false;
  for (const command of commands) {
    if (within && command.before !== "&&") [doubtful, within] = [true, false];
    if (doubtful) after.push(command);
    if (moves.includes(command) && command.before === "&&") within = true;
  }
  return (command) => after.includes(command);
}
