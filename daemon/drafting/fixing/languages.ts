/** Mends of what linters and compilers of one language say, beside those in rules.ts: each on one line, or one place beside it, and for files of that language alone. */
import { codeOf, goesOn, isEcma, isHead, isOnlyBody, isWrittenBelow, isWrittenElsewhere } from "./lines.ts";
import { indentOf, isC, isGo, isPython, isShell, line, once, only } from "./mending.ts";
import type { Mend, MendRule, Place } from "./rules.ts";

/** `def f(a, into=[]):` shares one list among all calls. */
function mutableDefault(place: Place): Mend | null {
  const { text, lines } = place;
  if (!/^\s*(?:async\s+)?def\s+\w+\([^#]*\)\s*(?:->[^:#]+)?:\s*$/.test(text)) return null;
  const hits = [...text.matchAll(/(?<=[(,]\s*)(?<name>\w+)(?<equals>\s*=\s*)(?<value>\[\]|\{\}|list\(\)|dict\(\)|set\(\))(?=\s*[,)])/g)];
  if (hits.length !== 1) return null;
  const { index, 0: all, groups } = hits[0]!;
  const { name = "", equals = "", value = "" } = groups ?? {};
  // Behind the text that says what the function is for.
  let at = place.line;
  const quote = /^\s*[rbu]?("""|''')/.exec(lines[at] ?? "")?.[1];
  if (quote !== undefined) {
    const closed = (lines[at] ?? "").split(quote).length >= 3;
    if (!closed) for (at += 1; at < lines.length && !(lines[at] ?? "").includes(quote); at += 1);
    at += 1;
  } else if (/^\s*["']/.test(lines[at] ?? "")) return null;
  const first = lines[at];
  if (first === undefined || indentOf(first).length <= indentOf(text).length) return null;
  const indent = indentOf(first);
  return {
    what: "make a new one for each call",
    edits: [{ line: place.line, gone: 1, come: [`${text.slice(0, index)}${name}${equals}None${text.slice(index + all.length)}`] }, { line: at + 1, gone: 0, come: [`${indent}if ${name} is None:`, `${indent}    ${name} = ${value}`] }],
    caution: "whoever relied on what earlier calls left there finds nothing",
  };
}

/** `raise X(...)` inside `except E as error:`. */
function raiseFrom(place: Place): Mend | null {
  const { text, lines } = place;
  if (!/^\s+raise\s+[\w.]+\(.*\)\s*$/.test(text) || /\bfrom\b/.test(codeOf(text))) return null;
  for (let at = place.line - 2; at >= 0; at -= 1) {
    const above = lines[at]!;
    if (above.trim() === "" || indentOf(above).length >= indentOf(text).length) continue;
    const name = /^\s*except\b.*\bas\s+(\w+)\s*:\s*$/.exec(above)?.[1];
    if (name !== undefined) return line(place, `${text.trimEnd()} from ${name}`, "keep what the error came from");
    if (!/^\s*(?:if|elif|else|for|while|with)\b/.test(above)) return null;
  }
  return null;
}

const VERBS: Readonly<Record<string, string>> = { int: "%d", int8: "%d", int16: "%d", int32: "%d", int64: "%d", uint: "%d", uint8: "%d", uint16: "%d", uint32: "%d", uint64: "%d", string: "%s", float32: "%g", float64: "%g", bool: "%t", error: "%v" };

/** Go says which verb and which type; with one such verb there is no doubt which is meant. */
function goVerb(place: Place): Mend | null {
  const said = /format (?<verb>%[+#]?[a-z]) (?:has arg (?<arg>.{1,80}?) )?of wrong type (?<type>[\w.*[\]]+)/.exec(place.message)?.groups;
  const wanted = said === undefined ? undefined : VERBS[said["type"]!] ?? "%v";
  if (said === undefined || wanted === undefined || wanted === said["verb"]) return null;
  const verbs = [...place.text.matchAll(/%[-+# 0]*\d*(?:\.\d+)?[a-zA-Z]/g)];
  const call = /"(?:\\.|[^"\\])*",\s*(.+)\)[^)]*$/.exec(place.text)?.[1] ?? "";
  const values = /["[({]/.test(call) ? [] : call.split(",").map((value) => value.trim());
  const at = verbs.length === 1 ? 0 : values.length === verbs.length && /^[A-Za-z_]/.test(said["arg"] ?? "") && values.filter((value) => value === said["arg"]).length === 1 ? values.indexOf(said["arg"]!) : -1;
  const meant = verbs[at];
  if (meant === undefined || meant[0] !== said["verb"] || place.text.includes("%%")) return null;
  return line(place, place.text.slice(0, meant.index) + wanted + place.text.slice(meant.index + meant[0].length), "write the value with the verb of its type");
}

const HEADERS: Readonly<Record<string, string>> = { malloc: "stdlib.h", calloc: "stdlib.h", realloc: "stdlib.h", free: "stdlib.h", exit: "stdlib.h", abort: "stdlib.h", atoi: "stdlib.h", strtol: "stdlib.h", qsort: "stdlib.h", getenv: "stdlib.h", printf: "stdio.h", fprintf: "stdio.h", snprintf: "stdio.h", sprintf: "stdio.h", puts: "stdio.h", fopen: "stdio.h", fclose: "stdio.h", perror: "stdio.h", strlen: "string.h", strcpy: "string.h", strncpy: "string.h", strcmp: "string.h", strncmp: "string.h", strcat: "string.h", memcpy: "string.h", memset: "string.h", memmove: "string.h", memcmp: "string.h", strchr: "string.h", strstr: "string.h", assert: "assert.h", sqrt: "math.h", pow: "math.h", isdigit: "ctype.h", isspace: "ctype.h", isalpha: "ctype.h", toupper: "ctype.h", tolower: "ctype.h", read: "unistd.h", write: "unistd.h", close: "unistd.h", time: "time.h", errno: "errno.h", bool: "stdbool.h", uint8_t: "stdint.h", uint32_t: "stdint.h", uint64_t: "stdint.h", int32_t: "stdint.h", int64_t: "stdint.h" };

function missingHeader({ message, lines }: Place): Mend | null {
  const name = /(?:implicit declaration of function|unknown type name|implicitly declaring library function|call to undeclared (?:library )?function)\s*['‘`](\w+)['’`]/i.exec(message)?.[1] ?? "";
  const header = Object.hasOwn(HEADERS, name) ? HEADERS[name]! : null;
  if (header === null || lines.some((text) => text.includes(`<${header}>`))) return null;
  const first = lines.findIndex((text) => /^\s*#\s*include\b/.test(text));
  // Inside a condition of the preprocessor it would be there only sometimes.
  if (first < 0 || lines.slice(0, first).some((text) => /^\s*#\s*if(?!ndef\s+\w+_H)/.test(text))) return null;
  return { what: "include the header that declares it", edits: [{ line: first + 1, gone: 0, come: [`#include <${header}>`] }] };
}

/** `local x=$(command)` hides how the command ended. */
function declaredApart(place: Place): Mend | null {
  const said = /^(\s*)(local|export|declare|readonly)\s+([A-Za-z_]\w*)=(.*\$\(.*)$/.exec(place.text);
  if (said === null || said[2] === "readonly" || isOnlyBody(place) || goesOn(place)) return null;
  const [, indent, word, name, value] = said;
  return { what: "declare and assign apart, so that a failure is seen", edits: [{ line: place.line, gone: 1, come: word === "export" ? [`${indent}${name}=${value}`, `${indent}export ${name}`] : [`${indent}${word} ${name}`, `${indent}${name}=${value}`] }], caution: "under set -e a failure of the command now ends the script" };
}

function unusedLoopName(place: Place): Mend | null {
  const name = /['"`](\w+)['"`]/.exec(place.message)?.[1] ?? "";
  if (name === "" || name.startsWith("_") || isWrittenBelow(place, name) || isWrittenElsewhere(place, name)) return null;
  return /^\s*for\b/.test(place.text) && place.text.match(new RegExp(`\\b${name}\\b`, "g"))?.length === 1 ? line(place, place.text.replace(new RegExp(`\\b${name}\\b`), `_${name}`), "mark the name that the loop does not use") : null;
}

export const LANGUAGE_MENDS: readonly MendRule[] = [
  { of: /\bb006\b|mutable (?:data structures? for argument )?default|dangerous-default-value|w0102/i, mend: only(isPython, mutableDefault) },
  { of: /\bb904\b|raise-missing-from|w0707/i, mend: only(isPython, raiseFrom) },
  { of: /\bb007\b|loop (?:control )?variable .* not used/i, mend: only(isPython, unusedLoopName) },
  { of: /\bf632\b|r0123|literal-comparison|use ==.* to compare|is.* with a literal/i, mend: only(isPython, (place) => once(/\s+is\s+not\s+(?=["'\d])/, " != ", "compare the value, not the identity")(place) ?? once(/\s+is\s+(?=["'\d])/, " == ", "compare the value, not the identity")(place)) },
  { of: /\bb011\b|do not (?:call )?assert false/i, mend: only(isPython, once(/^(\s*)assert False(?:,\s*(.+))?$/, "$1raise AssertionError($2)", "raise it, as assert is left out under -O")) },
  { of: /\bs506\b|unsafe.*yaml\.load|yaml[-_.]load/i, mend: only(isPython, once(/\byaml\.load\(([^,()]+)\)/, "yaml.safe_load($1)", "load plain data alone", "tags that make objects are refused now")) },
  { of: /\be401\b|multiple imports on one line/i, mend: only(isPython, (place) => { const said = /^(\s*)import\s+(\w[\w.]*(?:\s*,\s*\w[\w.]*)+)\s*$/.exec(place.text); return said === null ? null : { what: "one import to a line", edits: [{ line: place.line, gone: 1, come: said[2]!.split(",").map((name) => `${said[1]}import ${name.trim()}`) }] }; }) },
  { of: /incompatible default for (?:argument|parameter).*none|ruf013|implicit.?optional/i, mend: only(isPython, once(/(\w+\s*:\s*[\w.]+(?:\[[\w., ]+\])?)(\s*=\s*None)/, "$1 | None$2", "say that it may be None")) },
  { of: /\bprintf\b|wrong type/i, mend: only(isGo, goVerb) },
  { of: /implicit(?:ly)? declar|undeclared (?:library )?function|unknown type name/i, mend: only(isC, missingHeader) },
  { of: /use-isnan|use the isnan function/i, mend: only(isEcma, (place) => once(/([\w.$]+)\s*===?\s*NaN\b/, "Number.isNaN($1)", "ask for NaN, which equals nothing")(place) ?? once(/([\w.$]+)\s*!==?\s*NaN\b/, "!Number.isNaN($1)", "ask for NaN, which equals nothing")(place)) },
  { of: /\bradix\b|missing radix/i, mend: only(isEcma, once(/\bparseInt\(([\w.$[\]]+)\)/, "parseInt($1, 10)", "read it as a decimal number", "text that begins with 0x reads as 0 now")) },
  { of: /no-prototype-builtins|do not access object\.prototype method/i, mend: only(isEcma, once(/(?<![\w$.\])])([A-Za-z_$][\w$]*)\.hasOwnProperty\(/, "Object.prototype.hasOwnProperty.call($1, ", "ask Object itself, as the value may have its own or none")) },
  { of: /no-unsafe-negation|unexpected negating the left operand/i, mend: only(isEcma, once(/!([\w$.]+)\s+(in|instanceof)\s+([\w$.]+)/, "!($1 $2 $3)", "negate the whole", "what the condition says is turned round where the name was something")) },
  { of: /no-throw-literal|only-throw-error|expected an error object to be thrown/i, mend: only(isEcma, once(/\bthrow\s+(["'`][^"'`]*["'`])\s*(;?)$/, "throw new Error($1)$2", "throw an error, which has a stack", "whoever catches finds the text in its message")) },
  { of: /no-useless-catch|consistent-type-imports|imports .* only used as types?/i, mend: only(isEcma, (place) => (/are only used|all imports|consistent-type-imports/i.test(`${place.rule} ${place.message}`) && /^import\s+\{[^}]*\}\s+from\b/.test(place.text) && !/only used as types?.*some/i.test(place.message) ? line(place, place.text.replace(/^import\s+/, "import type "), "import it as types") : null)) },
  { of: /no-self-assign|self-assignment|assigned to itself/i, mend: (place) => { const said = /^\s*([\w.$]+)\s*=\s*([\w.$]+)\s*;?\s*$/.exec(place.text); return said !== null && said[1] === said[2] && !said[1]!.includes(".") && !isOnlyBody(place) && !isHead(place) ? { what: "remove what changes nothing", edits: [{ line: place.line, gone: 1, come: [] }] } : null; } },
  { of: /sc2046|quote this to prevent word splitting/i, mend: only(isShell, (place) => { const hits = [...place.text.matchAll(/\$\([^()]*\)/g)]; const bare = place.text.replace(/"(?:\\.|[^"\\])*"|'[^']*'/g, (all) => " ".repeat(all.length)); const [hit] = hits; return hits.length !== 1 || hit === undefined || bare[hit.index] !== "$" || /^\s*for\b|\[\[|^\s*\w+=/.test(place.text) || /["']/.test(hit[0]) ? null : line(place, `${place.text.slice(0, hit.index)}"${hit[0]}"${place.text.slice(hit.index + hit[0].length)}`, "quote what the command writes"); }) },
  { of: /sc2068|double quote array expansions|sc2048/i, mend: only(isShell, once(/(?<!["\w])\$[@*](?!["\w])/, '"$$@"', "quote all arguments, each as it is")) },
  { of: /sc2155|declare and assign separately/i, mend: only(isShell, declaredApart) },
  { of: /sc2196|egrep is non-?standard/i, mend: only(isShell, once(/\begrep\b/, "grep -E", "use grep -E")) },
  { of: /sc2197|fgrep is non-?standard/i, mend: only(isShell, once(/\bfgrep\b/, "grep -F", "use grep -F")) },
  { of: /sc2236|use -n instead of ! -z/i, mend: only(isShell, once(/!\s+-z\b/, "-n", "ask with -n")) },
  { of: /sc2237|use \[ -n \.\. \] instead of ! \[ -z/i, mend: only(isShell, once(/!\s+\[\s+-z\b/, "[ -n", "ask with -n")) },
  { of: /sc2230|which is non-?standard/i, mend: only(isShell, once(/(?<![\w-])which(?=\s+\w)/, "command -v", "use what each shell has")) },
  { of: /sc2115|ensure this never expands to/i, mend: only(isShell, (place) => { const said = /"\$\{?(\w+)\}?(\/[^"]*)"/.exec(place.text); const bare = /(?<=\s)\$\{?(\w+)\}?(?=\/\*?(?:\s|$))/.exec(place.text); if (said === null && bare !== null && place.text.split("$").length === 2) return line(place, place.text.replace(bare[0], () => `"\${${bare[1]}:?}"`), "stop where the variable is empty", "where it holds several words, they are one now"); return said === null || place.text.split("$").length !== 2 ? null : line(place, place.text.replace(said[0], () => `"\${${said[1]}:?}${said[2]}"`), "stop where the variable is empty"); }) },
  { of: /sc2059|don't use variables in the printf format/i, mend: only(isShell, once(/\bprintf\s+"?\$(\w+)"?\s*$/, "printf '%s' \"$$$1\"", "write it as text", "what it held of % and \\ is written as it is")) },
  { of: /sc2148|add a shebang/i, mend: only(isShell, (place) => (place.lines[0]?.startsWith("#!") === true || place.lines.some((text) => /\[\[|\(\(|<\(|\blocal\b|\bdeclare\b|\$'/.test(text)) ? null : { what: "say which shell reads it", edits: [{ line: 1, gone: 0, come: ["#!/bin/sh"] }] })) },
];
