/** Mends of what gcc and clang say of C and C++, and of what is leaked, freed too early or raced for. */
import { codeOf, isOnlyBody, isWrittenElsewhere, word } from "./lines.ts";
import { fallsThrough } from "./ecma.ts";
import { isC, line, once, only } from "./mending.ts";
import type { Mend, MendRule, Place } from "./rules.ts";
import type { Edit } from "./patch.ts";

const isCpp = (path: string): boolean => /\.(?:cc|cpp|cxx|hpp|hh)$/.test(path);

/** Text that is printed as it is, and not read as a format. */
const asText = (place: Place): Mend | null =>
  once(/\b(printf\()(?=[A-Za-z_][\w.>-]*\s*\))/, '$1"%s", ', "print it as text, not as a format")(place) ?? once(/\b((?:fprintf|syslog|dprintf)\([\w.>-]+\s*,\s*)(?=[A-Za-z_][\w.>-]*\s*\))/, '$1"%s", ', "print it as text, not as a format")(place);

const VERBS: Readonly<Record<string, string>> = { int: "%d", "unsigned int": "%u", long: "%ld", "long int": "%ld", "long unsigned int": "%lu", "unsigned long": "%lu", "long long int": "%lld", "long long": "%lld", "long long unsigned int": "%llu", "unsigned long long": "%llu", size_t: "%zu", ssize_t: "%zd", double: "%f", "char *": "%s", "const char *": "%s" };
/** What stands before the format, of functions that take one. */
const FORMATS: Readonly<Record<string, number>> = { printf: 0, vprintf: 0, fprintf: 1, dprintf: 1, sprintf: 1, syslog: 1, snprintf: 2 };

/** The verb that the tool means, by the number of its argument or because there is but one; with the type that the tool names. */
function verb(place: Place): Mend | null {
  const gcc = /format ['‘]?(?<verb>%[a-z]{1,3})['’]? expects argument of type ['‘].*?['’], but argument (?<number>\d+) has type ['‘](?<type>[^'’{]+?)['’ ]*(?:\{aka|['’]|$)/.exec(place.message)?.groups;
  const said = gcc ?? /format specifies type '.*?' but the argument has type '(?<type>[^']+)'/.exec(place.message)?.groups;
  const wanted = said === undefined ? undefined : VERBS[said["type"]!.trim()];
  const call = /\b(?<name>[vfsnd]*printf|syslog)\s*\((?<before>[^"]*)"(?<format>(?:\\.|[^"\\])*)"/.exec(place.text);
  if (wanted === undefined || call === null || place.text.split(call[0]).length !== 2) return null;
  const { name = "", before = "", format = "" } = call.groups ?? {};
  const verbs = [...format.matchAll(/%(?<flags>[-+ #0]*\d*(?:\.\d+)?)(?<of>(?:hh?|ll?|[zjtL])?[a-zA-Z%])/g)].filter((hit) => hit.groups!["of"] !== "%");
  const number = gcc?.["number"];
  const at = verbs.length === 1 ? 0 : number === undefined || /[*]/.test(format) || before.split(",").length - 1 !== FORMATS[name] ? -1 : Number(number) - FORMATS[name]! - 2;
  const meant = verbs[at];
  if (meant === undefined || (gcc !== undefined && !gcc["verb"]!.endsWith(meant.groups!["of"]!)) || `%${meant.groups!["of"]}` === wanted) return null;
  const start = call.index + call[0].length - 1 - format.length + meant.index;
  return line(place, `${place.text.slice(0, start)}%${meant.groups!["flags"]}${wanted.slice(1)}${place.text.slice(start + meant[0].length)}`, "write the value with the verb of its type");
}

/** `1 << n` for a place of 64 bits. */
function wideShift(place: Place): Mend | null {
  const head = place.lines.slice(0, place.line).findLast((text) => /^[a-z]/.test(text)) ?? "";
  const wide = /^(?:static\s+|inline\s+)*(?:uint64_t|unsigned long long)\b/.test(head) && /^\s*return\b/.test(place.text) || /^\s*(?:const\s+)?(?:uint64_t|unsigned long long)\s+\w+\s*=/.test(place.text);
  return wide ? once(/(?<![\w.])1U?(?=\s*<<)/, "1ULL", "shift a value as wide as the place it goes to")(place) : null;
}

/** `int worst;`, or with a value that does nothing. */
function unusedVariable(place: Place): Mend | null {
  const name = /unused variable ['"‘`](\w+)['"’`]/.exec(place.message)?.[1] ?? "";
  const declared = new RegExp(`^\\s+(?:(?:const|static|unsigned|signed|struct|volatile)\\s+)*\\w+(?:\\s+(?:int|long|char|short))*[\\s*]+${name}\\s*(?:\\[\\w*\\])?\\s*(?:=\\s*(?:-?[\\w.]+|"(?:\\\\.|[^"\\\\])*"|\\{\\s*0?\\s*\\}))?\\s*;\\s*$`);
  if (name === "" || !declared.test(place.text) || /^\s*(?:return|goto|typedef|extern)\b/.test(place.text) || isWrittenElsewhere(place, name) || isOnlyBody(place)) return null;
  return { what: "remove the variable that nothing uses", edits: [{ line: place.line, gone: 1, come: [] }] };
}

const UNSIGNED = /^(?:u?int32_t|unsigned(?: int)?|uint32_t)$/;
/** What is shifted into the sign is shifted as an unsigned one. */
function unsignedOperand(place: Place): Mend | null {
  const places = /left shift of \d+ by (\d{1,2}) places/.exec(place.message)?.[1];
  const hits = [...codeOf(place.text).matchAll(/(?<![\w.)\]>])(?<of>[A-Za-z_][\w.>-]*(?:\[[^[\]]*\])?)\s*<<\s*(?<by>\d+)\b/g)].filter((hit) => hit.groups!["by"] === places);
  const [hit] = hits;
  if (places === undefined || hit === undefined || hits.length !== 1 || Number(places) > 31 || /\(\s*(?:unsigned|uint32_t|u?int64_t)\s*\)\s*$/.test(place.text.slice(0, hit.index))) return null;
  const type = place.lines.some((text) => /\buint32_t\b/.test(text)) ? "uint32_t" : "unsigned";
  return UNSIGNED.test(type) ? line(place, `${place.text.slice(0, hit.index)}(${type})${place.text.slice(hit.index)}`, "shift an unsigned one") : null;
}

/** `for (n = head; n != NULL; n = n->next) free(n);`: the next one is read before this one is gone. */
function freedList(place: Place): Mend | null {
  const said = /^(\s*)for \((?<type>(?:const\s+)?(?:struct\s+)?\w+)\s*\*\s*(?<name>\w+) = (?<head>[\w.>-]+);\s*(?<until>\w+(?:\s*!=\s*(?:NULL|0|nullptr))?);\s*(?<step>\w+) = \k<step>->(?<next>\w+)\)\s*(?<body>free\((?<freed>\w+)\);)?\s*\{?\s*$/.exec(place.text);
  const { type = "", name = "", head = "", step = "", next = "", body, freed } = said?.groups ?? {};
  if (said !== null && step === name && (said.groups!["until"] ?? "").startsWith(name)) {
    const indent = said[1]!;
    const alone = body !== undefined ? freed === name && !place.text.trimEnd().endsWith("{") : false;
    const below = place.lines[place.line] ?? "";
    const apart = body === undefined && !place.text.trimEnd().endsWith("{") && new RegExp(`^\\s*free\\(${name}\\);\\s*$`).test(below);
    if ((alone || apart) && !place.lines.some((text) => /\bfollowing\b/.test(text))) {
      return { what: "read the next one before this one is freed", edits: [{ line: place.line, gone: apart ? 2 : 1, come: [`${indent}for (${type} *${name} = ${head}, *following; ${said.groups!["until"]}; ${name} = following) {`, `${indent}  following = ${name}->${next};`, `${indent}  free(${name});`, `${indent}}`] }] };
    }
    return null;
  }
  return stepAfterFree(place);
}

/** `free(n);` and then `n = n->next;`. */
function stepAfterFree({ lines, line: at }: Place): Mend | null {
  const from = [at - 2, at - 1].find((up) => up >= 0 && /^\s*free\(\w+\);\s*$/.test(lines[up] ?? "") && new RegExp(`^\\s*(\\w+) = \\1->\\w+;\\s*$`).test(lines[up + 1] ?? ""));
  if (from === undefined) return null;
  const name = /free\((\w+)\)/.exec(lines[from]!)![1]!;
  const step = /^(\s*)(\w+) = \2->(\w+);/.exec(lines[from + 1]!)!;
  const type = lines.slice(0, from).map((text) => new RegExp(`((?:const\\s+)?(?:struct\\s+)?\\b\\w+)\\s*\\*\\s*${name}\\b`).exec(text)?.[1]).findLast((one) => one !== undefined);
  if (step[2] !== name || type === undefined || /^(?:return|else)$/.test(type) || lines.some((text) => /\bfollowing\b/.test(text))) return null;
  return { what: "read the next one before this one is freed", edits: [{ line: from + 1, gone: 2, come: [`${step[1]}${type} *following = ${name}->${step[3]};`, lines[from]!, `${step[1]}${name} = following;`] }] };
}

/** Freed twice at one line: the pointer in its owner says that it is gone. */
function forgotten(place: Place): Mend | null {
  const said = /^(\s*)free\((\w+(?:(?:->|\.)\w+)+)\);\s*$/.exec(place.text);
  return said === null || isOnlyBody(place) || new RegExp(`^\\s*${said[2]!.replace(/[^\w]/g, "\\$&")}\\s*=`).test(place.lines[place.line] ?? "") ? null : { what: "forget the pointer, so that it is freed once", edits: [{ line: place.line + 1, gone: 0, come: [`${said[1]}${said[2]} = ${isCpp(place.path) ? "nullptr" : "NULL"};`] }] };
}

/** Functions that keep nothing of what they are given. */
const KEEPS_NOTHING = /^(?:str(?:n?cpy|n?cat|n?cmp|casecmp|len|chr|rchr|str|spn|cspn|tol|toul|tod)|mem(?:cpy|move|set|cmp|chr)|s?n?printf|fprintf|puts|fputs|fwrite|fread|read|write|to(?:upper|lower)|is\w+|ato[ifl]|sizeof|sscanf|qsort|if|for|while|switch|return)$/;

/** What a function allocates for itself goes before it leaves. */
function leaked(place: Place): Mend | null {
  const { lines } = place;
  const said = /^(\s+)(?:const\s+)?(?:struct\s+)?\w+\s*\*\s*(?<name>\w+)\s*=\s*(?:\([^()]*\)\s*)?(?:strdup|strndup|malloc|calloc)\s*\(/.exec(place.text);
  const name = said?.groups?.["name"];
  if (said === null || name === undefined || lines.slice(0, place.line).findLast((text) => /^\S/.test(text))?.includes("(") !== true) return null;
  const end = lines.findIndex((text, i) => i >= place.line && /^\}/.test(text));
  const body = end < 0 ? [] : lines.slice(place.line, end).map((text, i) => ({ text: codeOf(text), at: place.line + i }));
  const aliases = [name, ...body.flatMap(({ text }) => new RegExp(`\\b(\\w+)\\s*=\\s*${name}\\s*[;,)]`).exec(text)?.[1] ?? [])];
  const any = `(?:${aliases.join("|")})`;
  const owned = body.every(({ text }) => !new RegExp(`\\bfree\\(\\s*${any}\\b|(?:->|\\.)\\w+\\s*=\\s*${any}\\b|\\]\\s*=\\s*${any}\\s*;|(?<!\\w\\s*)\\*+\\w+\\s*=\\s*${any}\\s*;|&\\s*${any}\\b|\\breturn\\s+\\(?${any}\\s*[;)]|\\breturn\\b.*[?:]\\s*${any}\\s*[;:)]|\\bgoto\\b|\\breturn\\s+${any}\\s*[+-]`).test(text) && [...text.matchAll(new RegExp(`(\\w+)\\s*\\((?=[^;]*(?<![\\w*])${any}\\b)`, "g"))].every((call) => KEEPS_NOTHING.test(call[1]!)));
  // A static or global of that name keeps it.
  if (end < 0 || !owned || aliases.slice(1).some((one) => !body.some(({ text }) => new RegExp(`\\w[\\w\\s]*\\*\\s*${one}\\s*=`).test(text)))) return null;
  const type = /^(?:static\s+|inline\s+)*([\w\s]+?[\s*]+)\w+\s*\(/.exec(lines.slice(0, place.line).findLast((text) => /^\S/.test(text)) ?? "")?.[1]?.trim() ?? "";
  const leaves = body.filter(({ text }) => /^\s*return\b/.test(text));
  const edits: Edit[] = [];
  for (const { text, at } of leaves) {
    const given = /^(\s*)return\s*(.*);\s*$/.exec(lines[at]!);
    if (given === null || isOnlyBody({ path: place.path, lines, line: at + 1, text: lines[at]! }) ) return null;
    if (!new RegExp(`(?<![\\w.])${any}\\b`).test(text)) edits.push({ line: at + 1, gone: 0, come: [`${given[1]}free(${name});`] });
    else if (/^(?:int|long|size_t|bool|unsigned|double|char)$/.test(type) && !lines.some((one) => /\bresult\b/.test(one))) edits.push({ line: at + 1, gone: 1, come: [`${given[1]}${type} result = ${given[2]};`, `${given[1]}free(${name});`, `${given[1]}return result;`] });
    else return null;
  }
  if (leaves.length === 0) edits.push({ line: end + 1, gone: 0, come: [`${said[1]}free(${name});`] });
  // An early way out that names the check itself stands before anything is there to be freed.
  return edits.some((edit) => edit.come.length === 3) && edits.length > 1 ? null : { what: "free what it allocates on each way out", edits };
}

/** A counter that threads share, as an atomic one. */
function raced(place: Place): Mend | null {
  // The tail of a report may not hold its name; then it is what the line changes.
  const changed = [...codeOf(place.text).matchAll(/(?<![\w.>])(\w+)\s*(?:\+\+|--|[-+|&]=)|(?:\+\+|--)\s*(\w+)\b(?!\s*(?:->|\.|\[))/g)].map((hit) => hit[1] ?? hit[2]!).filter((one) => place.lines.some((text) => new RegExp(`^(?:static\\s+)?[a-z]\\w*(?:\\s+\\w+)*\\s+${one}\\s*(?:=[^;]*)?;`).test(text)));
  const name = /Location is global '(\w+)' of size [1248]\b/.exec(place.excerpt)?.[1] ?? (new Set(changed).size === 1 ? changed[0]! : "");
  const declares = new RegExp(`^(\\s*(?:static\\s+)?)((?:unsigned |signed )?(?:int|long|short|char|size_t|bool|u?int\\d+_t|long long)\\s+${name}\\s*(?:=\\s*-?\\w+\\s*)?;\\s*)$`);
  const at = name === "" ? [] : place.lines.flatMap((text, i) => (declares.test(text) ? [i] : []));
  const [first] = at;
  if (!place.path.endsWith(".c") || first === undefined || at.length !== 1 || place.lines.some((text) => new RegExp(`&\\s*${name}\\b|\\b_Atomic\\b`).test(codeOf(text)) || (codeOf(text).match(new RegExp(word(name).source, "g"))?.length ?? 0) > 1)) return null;
  return { what: "make it atomic", edits: [{ line: first + 1, gone: 1, come: [place.lines[first]!.replace(declares, "$1_Atomic $2")] }], caution: "each of its reads and writes is whole then; several of them together are not" };
}

/** `return *(const uint32_t *)(bytes + 1);`: the bytes, wherever they lie. */
function unaligned(place: Place): Mend | null {
  const said = /^(\s*)return \*\((?:const )?(\w+) ?(?:const )?\*\)\s*(\((?:[^()]|\([^()]*\))*\)|\w+);\s*$/.exec(place.text);
  if (said === null || isOnlyBody(place) || !place.lines.some((text) => /<string\.h>|<cstring>/.test(text)) || place.lines.some((text) => /\bvalue\b/.test(text))) return null;
  return { what: "copy the bytes, which may lie anywhere", edits: [{ line: place.line, gone: 1, come: [`${said[1]}${said[2]} value;`, `${said[1]}memcpy(&value, ${said[3]}, sizeof value);`, `${said[1]}return value;`] }] };
}

export const C_MENDS: readonly MendRule[] = ([
  { of: /-wformat-security|format (?:string is )?not a string literal/i, mend: asText },
  { of: /-wformat|format .* expects argument|format specifies type/i, mend: verb },
  { of: /shift exponent \d+ is too large for 32-bit type/i, mend: wideShift },
  { of: /unused variable/i, mend: unusedVariable },
  { of: /-wimplicit-fallthrough|may fall through|unannotated fall-through/i, mend: fallsThrough },
  { of: /left shift of \d+ by \d+ places/i, mend: unsignedOperand },
  { of: /heap-use-after-free/i, mend: freedList },
  { of: /double-free/i, mend: forgotten },
  { of: /leaksanitizer|memory leaks|byte\(s\) leaked/i, mend: leaked },
  { of: /threadsanitizer|data race/i, mend: raced },
  { of: /misaligned address/i, mend: unaligned },
] satisfies readonly MendRule[]).map(({ of, mend }) => ({ of, mend: only(isC, mend) }));
