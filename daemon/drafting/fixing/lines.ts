/** What a line is part of, told line by line: what a mend has to know so that nothing but the complaint changes. Where it cannot be told, the answer is the one that forbids. */
import { nearest } from "../../../proto/suggest.ts";

export interface Standing {
  readonly path: string;
  readonly lines: readonly string[];
  /** 1-based. */
  readonly line: number;
  /** The line itself, without a carriage return. */
  readonly text: string;
}

/** The line with each string and comment blanked, character for character: what is left is code. */
export function codeOf(line: string): string {
  return line.replace(/(["'`])(?:\\.|(?!\1).)*\1|\/\/.*$|\/\*.*?\*\//g, (all) => " ".repeat(all.length));
}

export const isEcma = (path: string): boolean => /\.(?:[cm]?[jt]sx?|vue|svelte|astro)$/.test(path);
const isPython = (path: string): boolean => /\.pyw?i?$/.test(path);
/** There a space at the beginning says what belongs to what. */
export const countsIndent = (path: string): boolean => /\.(?:pyw?i?|ya?ml|coffee|pug|jade|sass|haml|slim|nim|hs|fs|mk)$|(?:^|\/)(?:GNU)?[Mm]akefile$/.test(path);

const escaped = (name: string): string => name.replace(/[^\w]/g, "\\$&");
export const word = (name: string): RegExp => new RegExp(`(?<![\\w$.])${escaped(name)}(?![\\w$])`);
const indentOf = (text: string): number => text.length - text.trimStart().length;
const COMMENT_ONLY = /^\s*(?:\/\/|\/\*|\*|#(?!!|\[|define|include|if|else|end))/;
export const isCode = (text: string): boolean => text.trim() !== "" && !COMMENT_ONLY.test(text);
const count = (text: string, of: RegExp): number => (text.match(of) ?? []).length;

const HEAD = /^(?:\}\s*)?(?:else\b|if\b|for\b|while\b|with\b|switch\b|catch\b|try\b|finally\b|do\b|unless\b|until\b|foreach\b)/;

/** `if (x)` and its like without a brace: what follows is its body. */
const leavesOpen = (text: string): boolean => {
  const code = codeOf(text).trim();
  if (/[;{}]$/.test(code)) return false;
  return HEAD.test(code) || /(?:=>|\belse|\bdo)$/.test(code) || (code.endsWith(")") && count(code, /\)/g) > count(code, /\(/g) && !code.startsWith("}"));
};

export const isHead = ({ text }: Standing): boolean => leavesOpen(text);

/** The statement is the whole body of what stands above: without it, the next one would be. */
export function isOnlyBody({ lines, line, path }: Standing): boolean {
  const above = lines.slice(0, line - 1).findLast(isCode);
  return above !== undefined && !isPython(path) && leavesOpen(above);
}

/** The only statement of an indented block, which cannot be empty. */
export function isAloneInBlock({ lines, line }: Standing): boolean {
  const own = indentOf(lines[line - 1]!);
  const [before, after] = [lines.slice(0, line - 1).findLast(isCode), lines.slice(line).find(isCode)];
  return before !== undefined && indentOf(before) < own && (after === undefined || indentOf(after) < own);
}

/** The statement goes on in the next line, or the next line would join it. */
export function goesOn({ lines, line, path, text }: Standing): boolean {
  const code = codeOf(text).trimEnd();
  if (/\\$/.test(text.trimEnd()) || /(?:[-+*/%&|^<>=!?:,.([{~]|\b(?:and|or|not|in|is|instanceof|typeof|await|return|new|else))$/.test(code)) return true;
  if (isPython(path) || code.endsWith(";")) return false;
  const next = lines.slice(line).find(isCode)?.trim() ?? "";
  return /^(?:[.?:+*/%&|^<>=,()[\]{`]|-(?!-)|(?:instanceof|in|as|satisfies)\b)/.test(next) && !next.startsWith("}");
}

/** Whether the end of the line lies inside a text of several lines, where white space is meant. */
export function isInText({ lines, line, path, text }: Standing): boolean {
  // A backslash in front of the space escapes it; without it, the backslash would join two lines.
  if (/\\\s*$/.test(text)) return true;
  const upto = lines.slice(0, line).map((each) => each.slice(0, LINE_CHARACTERS_MAX)).join("\n");
  if (/\.(?:sh|bash|zsh|fish|ps1|rb|rake|php|pl|pm)$/.test(path)) return /<<|^=begin|@['"]$/m.test(upto) || count(upto, /(?<!\\)"/g) % 2 !== 0 || count(upto, /(?<!\\)'/g) % 2 !== 0;
  if (/\.(?:rs|cs|sql|lua|r|jl|hs|tf|hcl|nim)$/.test(path)) return count(upto, /(?<!\\)"/g) % 2 !== 0 || /\[=*\[|<<-?\w/.test(upto);
  if (isPython(path)) return count(upto, /"""/g) % 2 !== 0 || count(upto, /'''/g) % 2 !== 0;
  return count(upto, /(?<!\\)`/g) % 2 !== 0 || count(upto, /"""/g) % 2 !== 0 || /R"[^(\n]{0,16}\(/.test(upto);
}

export const LINE_CHARACTERS_MAX = 2_000;

const withoutComment = (text: string, path: string): string => (COMMENT_ONLY.test(text) ? "" : isPython(path) || /\.(?:sh|rb)$/.test(path) ? text.replace(/\s#.*$/, "") : text.replace(/(?<!:)\/\/.*$/, ""));

/** Another line writes the name: whatever a tool says, something may use it. */
export const isWrittenElsewhere = ({ lines, line, path }: Standing, name: string): boolean => lines.some((text, at) => at !== line - 1 && word(name).test(withoutComment(text, path)));

/** A line below, in the same block, writes it. */
export function isWrittenBelow({ lines, line, path }: Standing, name: string): boolean {
  const own = indentOf(lines[line - 1]!);
  for (const text of lines.slice(line)) {
    if (!isCode(text)) continue;
    if (indentOf(text) < own) return false;
    if (word(name).test(withoutComment(text, path))) return true;
  }
  return false;
}

/** Written where the block around the line has ended, or before it. */
export function isWrittenOutside({ lines, line, path }: Standing, name: string): boolean {
  const own = indentOf(lines[line - 1]!);
  const ends = lines.findIndex((text, at) => at >= line && isCode(text) && indentOf(text) < own);
  return [...lines.slice(0, line - 1), ...(ends < 0 ? [] : lines.slice(ends))].some((text) => word(name).test(withoutComment(text, path)));
}

/** Some line gives it another value. */
export const isAssigned = ({ lines, line }: Standing, name: string): boolean => lines.some((text, at) => at !== line - 1 && new RegExp(`(?:${word(name).source}\\s*(?:[-+*/%&|^?<>]{0,3}=(?![=>])|\\+\\+|--))|(?:\\+\\+|--)\\s*${escaped(name)}\\b`).test(codeOf(text)));

/** A slip of the fingers: what is meant is near, and nothing here has the name that is wrong. */
export function isMisspelt({ lines, line }: Standing, wrong: string, right: string): boolean {
  const made = new RegExp(`\\b(?:const|let|var|function|class|def|fn|func|type|interface|enum|struct|import|from|as)\\b[^;=]*(?<![\\w$.])${escaped(wrong)}(?![\\w$])`);
  return (nearest(wrong, [right]) !== null || [...wrong].sort().join("") === [...right].sort().join("")) && !lines.some((text, at) => at !== line - 1 && made.test(codeOf(text)));
}

const TEXTS = /(["'`])(?:\\.|(?!\1).)*\1/g;
const textsIn = (line: string): string => JSON.stringify((line.match(TEXTS) ?? []).map((text) => text.slice(1, -1)));
/** Code without what formatters write as they like: spaces that part no words, kinds of quotes, commas before a bracket, semicolons at the end. */
const shapeOf = (line: string): string => line.replaceAll("'", '"').replace(/\s+/g, " ").replace(/ ?([^\w$ ]) ?/g, "$1").replace(/,(?=[)\]}]|$)/g, "").replace(/;+$/, "").trim();

/** Two ways to write one line. */
export const isSameCode = (one: string, other: string): boolean => shapeOf(one) === shapeOf(other) && textsIn(one) === textsIn(other);
