import type { Language } from "../../../checking/classify.ts";

const HASH_COMMENTS: ReadonlySet<Language> = new Set(["python", "ruby", "elixir", "shell"]);
/** A line of a block comment, as editors lay them out; it can start no statement in these languages. */
const BLOCK_COMMENT_LINE = /^\s*(?:\*(?:\s|\/|$)|\/\*)/;
const STAR_STARTS_CODE: ReadonlySet<Language> = new Set(["c", "go", "rust", "python", "ruby", "shell", "elixir"]);
const CHARACTER_LITERAL_MAX = 4;
/** Ends of line that git does not count and compilers do: behind one, a comment is over. */
const OTHER_LINE_END = /[\r\u2028\u2029]/;

/** What a compiler takes for lines in one line of a diff. */
export const compilerLines = (text: string): string[] => text.split(OTHER_LINE_END);

/** Index of the closing quote, or -1 where the line ends first. */
function closing(line: string, quote: string, from: number): number {
  for (let at = from; at < line.length; at += 1) {
    if (line[at] === "\\") at += 1;
    else if (line[at] === quote) return at;
  }
  return -1;
}

/**
 * One line with its comments and the insides of its strings blanked, columns
 * kept. It knows no state from the lines above: the text of a multi-line
 * string reads as code, and an unclosed quote is an ordinary character, so a
 * mistake here shows too much rather than too little. Linear in the line.
 */
export function codeOnly(line: string, language: Language): string {
  const hash = HASH_COMMENTS.has(language) || language === "php";
  const slashes = !HASH_COMMENTS.has(language);
  if (slashes && !STAR_STARTS_CODE.has(language) && BLOCK_COMMENT_LINE.test(line) && !line.includes("*/", 1)) return "";
  if (!/["'`#/]/.test(line)) return line;
  /** Quotes known to have no closing partner further right: looked for once, so the scan stays linear. */
  const open = new Set<string>();
  let out = "";
  let at = 0;
  while (at < line.length) {
    const character = line[at] ?? "";
    if (hash && character === "#" && !(language === "php" && line[at + 1] === "[") && (at === 0 || /[\s;]/.test(line[at - 1] ?? ""))) break;
    if (slashes && character === "/" && line[at + 1] === "/" && line[at - 1] !== ":") break;
    if (slashes && character === "/" && line[at + 1] === "*" && !open.has("*/")) {
      const end = line.indexOf("*/", at + 2);
      if (end === -1) open.add("*/");
      else {
        out += " ".repeat(end + 2 - at);
        at = end + 2;
        continue;
      }
    }
    if ((character === '"' || character === "'" || character === "`") && !open.has(character)) {
      const end = closing(line, character, at + 1);
      if (end === -1) open.add(character);
      else if (character !== "'" || language !== "rust" || end - at <= CHARACTER_LITERAL_MAX) {
        out += character + " ".repeat(end - at - 1) + character;
        at = end + 1;
        continue;
      }
    }
    out += character;
    at += 1;
  }
  return out;
}
