/**
 * Comments of TLA+ and of configurations, found where TLC's own lexer finds them (its grammar: tlaplus/tlaplus, javacc/tla+.jj). What is taken
 * for a comment and is none would let a change say something that nobody compares.
 */

/** A token `/\` before `*` begins no comment. */
const MARK = /\/\\|"|\\\*|\(\*/g;
const NESTED = /\(\*|\*\)/g;
const LINE_END = /[\n\r]/g;

function next(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** Behind the last mark of the comment that begins at `at`; null where it has no end. In it nothing is a string. */
function endOfBlock(text: string, at: number): number | null {
  let level = 1;
  for (let mark = next(NESTED, text, at + 2); mark !== null; mark = next(NESTED, text, mark.index + 2)) {
    level += mark[0] === "(*" ? 1 : -1;
    if (level === 0) return mark.index + 2;
  }
  return null;
}

/** Behind the string that begins at `at`; null where TLC finds none. Between ` and ' anything may stand. */
function endOfString(text: string, at: number): number | null {
  for (let i = at + 1; i < text.length; i++) {
    const character = text[i];
    if (character === '"') return i + 1;
    if (character === "\n" || character === "\r") return null;
    if (character === "\\" && !'ntrf\\"'.includes(text[++i] ?? "none")) return null;
    if (character === "`") {
      i = text.indexOf("'", i);
      if (i < 0) return null;
    }
  }
  return null;
}

/** What moves no column: line ends, and tabs, which TLC counts to the next eighth. */
const blank = (comment: string): string => comment.replace(/[^\n\r\t]/g, " ");

export interface Stripped {
  /** Comments are blanks, so that what follows keeps its column: in TLA+ the columns of /\ and \/ are grammar. */
  readonly text: string;
  /** Where a comment or a string begins that has no end: TLC reads no further, and from there on nothing is blanked. */
  readonly open_at: number | null;
}

export function stripped(text: string): Stripped {
  const pieces: string[] = [];
  let from = 0;
  let at = 0;
  for (let mark = next(MARK, text, at); mark !== null; mark = next(MARK, text, at)) {
    const { 0: word, index } = mark;
    if (word === "/\\") {
      at = index + 2;
      continue;
    }
    const end = word === '"' ? endOfString(text, index) : word === "(*" ? endOfBlock(text, index) : (next(LINE_END, text, index)?.index ?? text.length);
    if (end === null) return { text: pieces.join("") + text.slice(from), open_at: index };
    at = end;
    if (word === '"') continue;
    pieces.push(text.slice(from, index), blank(text.slice(index, end)));
    from = end;
  }
  return { text: pieces.join("") + text.slice(from), open_at: null };
}

const HEAD = /-{4,} *MODULE/;

/** A module without what TLC passes over: comments, and everything before its first line. A pragma before it is kept. */
export function moduleText(text: string): string {
  const head = text.search(HEAD);
  return stripped(head < 0 || text.slice(0, head).includes("--->") ? text : text.slice(head)).text;
}
