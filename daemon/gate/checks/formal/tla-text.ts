/** Text of TLA+ and of TLC's configurations, read no further than it takes to say what changed. */

const MARKS = /"(?:\\.|[^"\\\n])*"|\\\*|\(\*|\*\)|\n/g;

/** Blanks in place of comments, so that what follows keeps its column: in TLA+ the columns of /\ and \/ are grammar. `\*` goes to the end of the line; `(* *)` nest. */
export function withoutComments(text: string): string {
  const pieces: string[] = [];
  let from = 0;
  let level = 0;
  let line = false;
  const take = (to: number): void => {
    const piece = text.slice(from, to);
    pieces.push(level > 0 || line ? piece.replace(/[^\n]/g, " ") : piece);
    from = to;
  };
  for (const { 0: mark, index } of text.matchAll(MARKS)) {
    if (mark === "\n") {
      take(index);
      line = false;
    } else if (!line && mark === "\\*" && level === 0) {
      take(index);
      line = true;
    } else if (!line && mark === "(*") {
      take(index);
      level += 1;
    } else if (!line && mark === "*)" && level > 0) {
      take(index + 2);
      level -= 1;
    } else if (level > 0 && mark.startsWith('"') && mark.includes("*)")) return text;
  }
  take(text.length);
  return pieces.join("");
}

/** What is left of a module that TLC reads: no comments, no empty lines. */
export const meaningOf = (text: string): string => withoutComments(text).split("\n").map((line) => line.trimEnd()).filter((line) => line !== "").join("\n");

const HEAD = /^(?:LOCAL +)?([A-Za-z0-9_]+)(?:\([^)]*\)|\[[^\]]*\])? *==/;
const DECLARES = /^(CONSTANTS?|VARIABLES?|ASSUME|EXTENDS|INSTANCE|THEOREM)\b/;

/** Top-level pieces of a module by name. */
function piecesOf(text: string): Map<string, string> {
  const pieces = new Map<string, string>();
  let name = "the head of the module";
  for (const line of meaningOf(text).split("\n")) {
    name = HEAD.exec(line)?.[1] ?? DECLARES.exec(line)?.[1] ?? name;
    pieces.set(name, `${pieces.get(name) ?? ""}${line}\n`);
  }
  return pieces;
}

/** Names of what is another, gone or new; empty where nothing that TLC reads is. */
export function changedPieces(before: string, after: string): string[] {
  const [old, now] = [piecesOf(before), piecesOf(after)];
  return [...new Set([...old.keys(), ...now.keys()])].filter((name) => old.get(name) !== now.get(name));
}
