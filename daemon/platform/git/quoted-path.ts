import { utf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";

/** Single-letter escapes of git's C-style quoting (core.quotePath); any other byte is three octal digits. */
const ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, '"': 34, "\\": 92 };
const QUOTED = /\\([abtnvfr"\\]|[0-7]{3})/g;

/** The bytes of a path as git prints it with core.quotePath on: plain ASCII, or in quotes with escapes. Throws `git.failed`. */
export function unquotePath(text: string): Uint8Array {
  if (!text.startsWith('"')) return utf8(text);
  if (!text.endsWith('"') || text.length < 2) throw new MaestroError("git.failed", "a quoted path has no closing quote");
  const inner = text.slice(1, -1).replace(QUOTED, (_all, code: string) => String.fromCharCode(ESCAPES[code] ?? Number.parseInt(code, 8)));
  return Uint8Array.from(inner, (char) => char.charCodeAt(0));
}
