/** Text of TLA+, read no further than it takes to say what changed. */
import { moduleText } from "../../../analysis/modelcheck/comments.ts";

/** What is left of a module that TLC reads: no comments, no empty lines, nothing before its head. Where a string may go over lines, these stay. */
export function meaningOf(text: string): string {
  const code = moduleText(text);
  return code.includes("`") ? code : code.split("\n").map((line) => line.trimEnd()).filter((line) => line !== "").join("\n");
}

const HEAD = /^(?:LOCAL +)?([A-Za-z0-9_]+)(?:\([^)]*\)|\[[^\]]*\])? *==/;
const DECLARES = /^(CONSTANTS?|VARIABLES?|ASSUME|EXTENDS|INSTANCE|THEOREM)\b/;

/** Top-level pieces of a module by name. */
function piecesOf(meaning: string): Map<string, string> {
  const pieces = new Map<string, string>();
  let name = "the head of the module";
  for (const line of meaning.split("\n")) {
    name = HEAD.exec(line)?.[1] ?? DECLARES.exec(line)?.[1] ?? name;
    pieces.set(name, `${pieces.get(name) ?? ""}${line}\n`);
  }
  return pieces;
}

/** Names of what is another, gone or new; empty where nothing that TLC reads is. What begins a line need not begin a definition, so another order is another text. */
export function changedPieces(before: string, after: string): string[] {
  const [was, is] = [meaningOf(before), meaningOf(after)];
  if (was === is) return [];
  const [old, now] = [piecesOf(was), piecesOf(is)];
  const names = [...new Set([...old.keys(), ...now.keys()])].filter((name) => old.get(name) !== now.get(name));
  return names.length > 0 ? names : ["the order of its lines"];
}
