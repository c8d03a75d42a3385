/** Makes what cannot be seen visible; the ground every escaper stands on. */
import { fromBase64, fromUtf8 } from "../../proto/encoding.ts";
import type { PathBytes } from "../../proto/scalar.ts";

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

/** As text that stands in double quotes: a backslash or a quote of its own is told from one of ours. */
const within = (text: string): string => visible(text.replaceAll("\\", "\\\\").replaceAll('"', '\\"'));

/** How many bytes a character takes whose first byte this is (RFC 3629, section 3). */
const lengthAt = (lead: number): number => (lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4);

/** Bytes that are no UTF-8 as `\377`, in octal as git writes them: none of our escapes begins with a digit. */
function withinBytes(bytes: Uint8Array): string {
  const parts: string[] = [];
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at] ?? 0;
    const length = lengthAt(lead);
    const character = at + length > bytes.length ? null : fromUtf8(bytes.subarray(at, at + length));
    if (character === null) {
      parts.push(within(text), `\\${lead.toString(8).padStart(3, "0")}`);
      text = "";
    } else text += character;
    at += character === null ? 1 : length;
  }
  return [...parts, within(text)].join("");
}

/** The longest name that a kernel takes (PATH_MAX); a card of a stranger may claim longer ones. */
const PATH_BYTES_MAX = 4096;

/**
 * A path for a person, in the manner of git: as it is, or in double quotes where something of it is written with a backslash. So no two paths look
 * the same: one with a line feed is `"a\nb"`, one with a backslash and an n `"a\\nb"`. What comes out may go through `visible` again and stays.
 */
export function visiblePath(path: PathBytes | string): string {
  if (typeof path !== "string" && "b64" in path) {
    // Not by `scalar.ts`: that loads the schemas, and every command escapes something.
    const bytes = fromBase64(path.b64) ?? new Uint8Array(0);
    return `"${withinBytes(bytes.subarray(0, PATH_BYTES_MAX))}"${bytes.length > PATH_BYTES_MAX ? "..." : ""}`;
  }
  const text = typeof path === "string" ? path : path.u;
  const shown = within(text);
  return shown === text ? text : `"${shown}"`;
}
