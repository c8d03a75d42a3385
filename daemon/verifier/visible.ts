/** Makes what cannot be seen visible; the ground every escaper stands on. */

/**
 * Everything that moves the cursor, breaks the line, turns the reading
 * direction round or takes no room: controls, format characters, surrogates,
 * private use and unassigned (`C`), line and paragraph separators, and what
 * renderers may ignore (zero width, fillers, variation selectors).
 */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Marks past the fourth on one letter climb over the lines above; a mark in front joins a letter of ours. */
const STACKED_MARKS = /^\p{M}|(?<=\p{M}{4})\p{M}/gu;

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** `\n`, `\x1b`, `\u{202e}`: how a programmer would write the character down. */
export function written(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return SHORT[character] ?? (code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`);
}

/**
 * Build hosts read commands out of what a job prints. GitHub: `::name::` at
 * the start of a line after white space, and the older `##[name]` anywhere in
 * it; Azure `##vso[`, TeamCity `##teamcity[`.
 */
const HASH_COMMAND = /##(?=(?:vso|teamcity)?\[)/gi;
const COLON_COMMAND = /^(\s*)::/;

export function visible(text: string): string {
  return text.replace(UNSEEN, written).replace(STACKED_MARKS, written).replace(HASH_COMMAND, "#\\#").replace(COLON_COMMAND, "$1\\::");
}
