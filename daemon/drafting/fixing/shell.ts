/** Mends of what shellcheck says, beside those in rules.ts and languages.ts. */
import { isShell, once, only } from "./mending.ts";
import type { MendRule } from "./rules.ts";

export const SHELL_MENDS: readonly MendRule[] = ([
  { of: /sc3014|== in place of = is undefined/i, mend: once(/(?<=\[ [^\]]*?\S) == (?=[^\]]*\])/, " = ", "compare as every shell does") },
  { of: /sc3046|sc3051|'source' in place of '\.'/i, mend: once(/^(\s*)source(?=\s)/, "$1.", "read it as every shell does") },
  { of: /sc2112|sc2113|'function' keyword is non-standard/i, mend: once(/^(\s*)function\s+([A-Za-z_]\w*)\s*(?:\(\s*\))?(?=\s*\{)/, "$1$2()", "define it as every shell does") },
  { of: /sc2061|quote the parameter to -\w+/i, mend: once(/(?<=\s-i?name\s)([\w.]*\*[\w.*]*)(?=\s|$)/, "'$1'", "quote the pattern, which find reads") },
] satisfies readonly MendRule[]).map(({ of, mend }) => ({ of, mend: only(isShell, mend) }));
