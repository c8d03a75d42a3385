/** Mends of blocks that read the same in most languages: what is never reached, what a branch has left, what is written twice, white space where a tool names it. */
import { codeOf, countsIndent, isCode, isInText, isOnlyBody, isSameCode, word } from "./lines.ts";
import { blockBelow, indentOf, isGo, isPython, line } from "./mending.ts";
import type { Mend, MendRule, Place } from "./rules.ts";

const LEAVES = /^\s*(?:return|throw|raise|break|continue|panic\(|exit\(|os\.Exit\(|sys\.exit\(|die\()/;
const KEPT = /\b(?:function|var|def|case|default|class|goto)\b|^\s*\w+:\s*$|^\s*[#@]/;

/** From the first line that nothing reaches to where its block ends. */
function unreachable(place: Place): Mend | null {
  const { lines } = place;
  const own = indentOf(place.text);
  const above = lines.slice(0, place.line - 1).findLast(isCode);
  if (isInText(place) || above === undefined || !LEAVES.test(above) || indentOf(above) !== own || own === "" || !/[;)\w"'`\]}]$/.test(codeOf(above).trimEnd()) || isOnlyBody({ ...place, line: lines.lastIndexOf(above, place.line - 2) + 1, text: above })) return null;
  let to = place.line;
  while (to < lines.length && (lines[to]!.trim() === "" || indentOf(lines[to]!).length >= own.length) && !/^\s*(?:case\b|default\b)/.test(lines[to]!)) to += 1;
  while (to > place.line && lines[to - 1]!.trim() === "") to -= 1;
  const gone = lines.slice(place.line - 1, to);
  return gone.length > 20 || gone.some((text) => KEPT.test(codeOf(text))) ? null : { what: "remove what is never reached", edits: [{ line: place.line, gone: gone.length, come: [] }] };
}

const ELSE = /^(\s*)(\}\s*)?else\s*[:{]\s*$/;
/** `else` behind a branch that leaves: its body stands by itself. */
function withoutElse(place: Place): Mend | null {
  const { lines, path } = place;
  let at = ELSE.test(place.text) ? place.line - 1 : -1;
  // Some tools name the condition, and some the first line of the body.
  if (at < 0 && ELSE.test(lines[place.line - 2] ?? "")) at = place.line - 2;
  if (at < 0 && /^\s*if\b/.test(place.text)) {
    const { to } = blockBelow(lines, place.line);
    at = ELSE.test(lines[to] ?? "") ? to : -1;
  }
  const said = at < 0 ? null : ELSE.exec(lines[at]!);
  const left = said === null ? undefined : lines.slice(0, at).findLast(isCode);
  if (said === null || left === undefined || !LEAVES.test(left) || isInText({ ...place, line: at + 1, text: lines[at]! })) return null;
  const own = said[1]!.length;
  const head = lines.slice(0, at).findLastIndex((text) => text.trim() !== "" && indentOf(text).length === own);
  if (!/^\s*if\b/.test(lines[head] ?? "") || indentOf(left).length <= own || isOnlyBody({ ...place, line: head + 1, text: lines[head]! })) return null;
  const { from, to } = blockBelow(lines, at + 1);
  const closes = isPython(path) ? 0 : 1;
  const body = lines.slice(from - 1, to);
  const step = indentOf(body[0] ?? "").slice(own);
  if (body.length === 0 || step === "" || (closes === 1 && lines[to]?.trim() !== "}") || (!isPython(path) && said[2] === undefined) || body.some((text) => text.trim() !== "" && !text.startsWith(said[1]! + step))) return null;
  // What the body declares would be known further on.
  if (body.some((text) => /^\s*(?:const|let|class|function|type|interface|var)\b|:=/.test(text) && indentOf(text).length === own + step.length) && lines.slice(to + closes).some((text) => text.trim() !== "" && indentOf(text).length === own)) return null;
  if (body.some((text) => /`|"""|'''/.test(text))) return null;
  const dedented = body.map((text) => (text.trim() === "" ? text : said[1]! + text.slice(own + step.length)));
  return { what: "leave out the else, as what is above it leaves", edits: [{ line: at + 1, gone: body.length + 1 + closes, come: isPython(path) ? dedented : [`${said[1]}}`, ...dedented] }] };
}

/** The last statement of a function that gives nothing: it leaves anyway. */
function uselessReturn(place: Place): Mend | null {
  const at = [place.line, place.line + 1].find((one) => /^\s*(?:return(?: None)?;?|pass|continue;?)\s*$/.test(place.lines[one - 1] ?? ""));
  const text = at === undefined ? "" : place.lines[at - 1]!;
  const [before, after] = at === undefined ? [undefined, undefined] : [place.lines.slice(0, at - 1).findLast(isCode), place.lines.slice(at).find(isCode)];
  if (at === undefined || before === undefined || isOnlyBody({ ...place, line: at, text })) return null;
  const own = indentOf(text).length;
  if (indentOf(before).length < own && isPython(place.path)) return null;
  const ends = after === undefined || indentOf(after).length < own;
  return ends || /^\s*pass\s*$/.test(text) ? { what: "leave out what does nothing there", edits: [{ line: at, gone: 1, come: [] }] } : null;
}

const KEY = /^(\s*)(["']?)([\w.-]+)\2\s*(?::|=>)\s*(.+?),?\s*$/;
/** A key that stands twice: the first is replaced by the second, so it goes. Where they say the same, either may. */
function twice(place: Place): Mend | null {
  const own = KEY.exec(place.text);
  if (own === null || isInText(place)) return null;
  for (let at = place.line - 2; at >= 0; at -= 1) {
    const above = place.lines[at]!;
    if (above.trim() === "" || indentOf(above).length > own[1]!.length) continue;
    if (indentOf(above).length < own[1]!.length) return null;
    const other = KEY.exec(above);
    if (other === null || other[3] !== own[3]) continue;
    const same = other[4] === own[4];
    if (!same && (/\.(?:ya?ml|go|toml)$/.test(place.path) || /[([{]/.test(other[4]!))) return null;
    if (/[([{|>]$/.test(other[4]!)) return null;
    return { what: "keep one of the two", edits: [{ line: at + 1, gone: 1, come: [] }], ...(same ? {} : { caution: "the later one counts, as it does now" }) };
  }
  return null;
}

/** `x = x`. */
const selfAssigned = (place: Place): Mend | null => (/^\s*([A-Za-z_$][\w$]*)\s*=\s*\1\s*;?\s*$/.test(place.text) && !isOnlyBody(place) && !isInText(place) ? { what: "remove the assignment that changes nothing", edits: [{ line: place.line, gone: 1, come: [] }] } : null);

/** Space where the tool wants one, or none: the same code, and the place that it names. */
function spacing(place: Place): Mend | null {
  const { text, column, message } = place;
  if (column === undefined || column < 1 || column > text.length + 1 || isInText(place)) return null;
  const [head, tail] = [text.slice(0, column - 1), text.slice(column - 1)];
  if (head.trim() === "") return null;
  const sign = /^(?:[-+*/%&|^=!<>?:]=?=?|=>|&&|\|\||\w+)/.exec(tail)?.[0] ?? "";
  const tries = /missing (?:white)?space|missing space|must be spaced|expected space|\be22[5-8]\b|\be231\b|required after|required before/i.test(message)
    ? [`${head.replace(/\s*$/, " ")}${sign} ${tail.slice(sign.length).trimStart()}`, `${head} ${tail}`, `${head}${tail.slice(0, 1)} ${tail.slice(1)}`, `${head.replace(/\s*$/, " ")}${tail}`]
    : [`${head.trimEnd()}${tail.trimStart()}`, `${head}${tail.replace(/^(\S?)\s+/, "$1")}`, `${head.trimEnd()} ${tail.trimStart()}`];
  const code = codeOf(text);
  const outside = code.slice(column - 1, column) !== " " || text.slice(column - 1, column) === " ";
  const good = outside ? tries.find((one) => one !== text && isSameCode(text, one)) : undefined;
  return good === undefined ? null : line(place, good, "put the space where the tool wants it");
}

/** How far a line stands in, in a language where that says nothing. */
function indented(place: Place): Mend | null {
  const said = /expected indentation of (\d{1,2}) (space|tab)s? but found/i.exec(place.message) ?? /expected (\d{1,2}) (space)s? indentation|unexpected indentation \((?:\d+)\) \(should be (\d{1,2})\)/i.exec(place.message);
  if (said === null || countsIndent(place.path) || isInText(place) || /^\s*\*/.test(place.text)) return null;
  const wide = Number(said[1] ?? said[3]);
  return wide > 80 ? null : line(place, (said[2] === "tab" ? "\t" : " ").repeat(wide) + place.text.trimStart(), "indent the line as the others");
}

/** Blank lines beyond what the tool allows. */
function manyBlank(place: Place): Mend | null {
  const allowed = Number(/max(?:imum)?(?: of)? (\d)|expected: (\d)|more than (\d)|\((\d) > (\d)\)/i.exec(place.message)?.slice(1).findLast((one) => one !== undefined) ?? "1");
  const at = [place.line, place.line - 1].find((one) => place.lines[one - 1]?.trim() === "");
  if (at === undefined || isInText(place)) return null;
  let [from, to] = [at, at];
  while (from > 1 && place.lines[from - 2]!.trim() === "") from -= 1;
  while (to < place.lines.length && place.lines[to]!.trim() === "") to += 1;
  const extra = to - from + 1 - allowed;
  // At the end of a file none stands.
  return extra <= 0 || to >= place.lines.length ? null : { what: "take out blank lines", edits: [{ line: from, gone: extra, come: [] }] };
}

/** A word of prose or of a comment, where the one that is meant is near. */
function misspeltWord(place: Place): Mend | null {
  const said = /^["'`]?([A-Za-z]{3,30})["'`]?\s+(?:==>|->|should be)\s+["'`]?([A-Za-z]{3,30})["'`]?$/.exec(place.message.trim()) ?? /["'`]([A-Za-z]{3,30})["'`] (?:is a misspelling of|should be) ["'`]([A-Za-z]{3,30})["'`]/.exec(place.message);
  if (said === null) return null;
  const hits = [...place.text.matchAll(new RegExp(word(said[1]!).source, "g"))];
  const [one, other] = [said[1]!.toLowerCase(), said[2]!.toLowerCase()];
  const near = [...new Set(one)].sort().join("").replace(/[aeiou]/g, "") === [...new Set(other)].sort().join("").replace(/[aeiou]/g, "") || Math.abs(one.length - other.length) <= 2 && one[0] === other[0];
  const prose = /\.(?:md|markdown|txt|rst|adoc)$/.test(place.path) || /^\s*(?:\/\/|#|\*|--)/.test(place.text);
  return hits.length !== 1 || !near || !prose ? null : line(place, place.text.replace(new RegExp(word(said[1]!).source), said[2]!), "spell it as it is spelt");
}

export const BLOCK_MENDS: readonly MendRule[] = [
  { of: /no-unreachable|unreachable|ts7027|w0101/i, mend: unreachable },
  { of: /no-else-return|unnecessary ["'`]?(?:else|elif)|superfluous-else|indent-error-flow|\br1705\b|\br1720\b|\bret50[5-8]\b|drop this else/i, mend: withoutElse },
  { of: /no-useless-return|unnecessary return|useless[- ]return|\br1711\b|\bplr1711\b|redundant return|redundant `?return|\bs1023\b|unnecessary.pass|\bw0107\b|\bpie790\b/i, mend: uselessReturn },
  { of: /no-dupe-keys|duplicate[- ]key|duplicate object key|\bf601\b|w0109|key-duplicates|duplication of key|mlty.*duplicate|literal .* repeated/i, mend: twice },
  { of: /no-self-assign|self-assign|assigned to itself|\bplw0127\b|w0127|sa4018|assigning .* to itself/i, mend: selfAssigned },
  { of: /space-infix-ops|must be spaced|missing (?:white)?space|whitespace (?:before|after|around)|multiple spaces|space-before|keyword-spacing|unexpected (?:white)?space|comma-spacing|too many spaces|no-multi-spaces|extra space|space inside|spaces? (?:missing|detected)|\be2[0-2]\d\b/i, mend: spacing },
  { of: /\bindent\b|expected indentation|unexpected indentation|standard:indent/i, mend: indented },
  { of: /no-multiple-empty-lines|too many blank|multiple consecutive blank|md012|max-empty-lines|no-consecutive-blank-lines|emptylines\b|extra empty line/i, mend: (place) => (isPython(place.path) || isGo(place.path) ? null : manyBlank(place)) },
  { of: /==>|misspell|typo\b|should be/i, mend: misspeltWord },
];
