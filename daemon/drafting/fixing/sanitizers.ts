/** What UBSan and ASan say of C and C++, mended where one mend is right whatever the program means. */
import { codeOf, isOnlyBody } from "./lines.ts";
import type { Mend, MendRule, Place } from "./rules.ts";

const indentOf = (text: string): string => /^\s*/.exec(text)![0];
const FUNCTION = /^(?!\s)(?!(?:else|return|typedef|struct\s+\w+\s*\{))(?<type>[\w\s*&:<>,]+?[\s*&]+)(?<name>~?[A-Za-z_]\w*)\s*\([^;]*\)?\s*\{?\s*$/;

/** Of a longer line nobody would read a head, and the pattern is slow on it. */
const HEAD_CHARACTERS_MAX = 300;

/** What the function around it gives back, as it is written; null where no head is found. */
function returnsOf({ lines, line }: Place): string | null {
  for (let at = line - 2; at >= 0; at -= 1) {
    const type = FUNCTION.exec(lines[at]!.slice(0, HEAD_CHARACTERS_MAX))?.groups?.["type"];
    if (type !== undefined) return type.replace(/\b(?:static|inline|extern|const|constexpr)\b/g, " ").replace(/\s+/g, " ").trim();
  }
  return null;
}

/** What says "nothing" in that type without inventing a value. */
function nothingOf(type: string | null, cpp: boolean): string | null {
  if (type === null) return null;
  if (type === "void") return "return;";
  if (type.endsWith("*")) return `return ${cpp ? "nullptr" : "NULL"};`;
  if (/^(?:bool|_Bool)$/.test(type)) return "return false;";
  if (/^(?:unsigned |signed )?(?:int|long|short|size_t|ssize_t|unsigned|u?int\d+_t|long long|double|float|long int)$/.test(type)) return "return 0;";
  return null;
}

function nullGuard(place: Place): Mend | null {
  const { path, line, text } = place;
  const cpp = /\.(?:cc|cpp|cxx|hpp|hh)$/.test(path);
  const code = codeOf(text);
  const pointers = new Set([...code.matchAll(/(?<![\w.>])([A-Za-z_]\w*)\s*->/g), ...code.matchAll(/(?:^|[=(,;{!&|+-]|\breturn)\s*\*\s*([A-Za-z_]\w*)/g)].map((match) => match[1]!));
  const [pointer] = pointers;
  if (pointer === undefined || pointers.size !== 1 || /^\s*(?:else|case|for|while|do)\b/.test(text) || new RegExp(`^[\\w\\s*]+\\*\\s*${pointer}\\s*=`).test(text)) return null;
  const leave = nothingOf(returnsOf(place), cpp);
  // Statements begin at a line; one that goes on over two cannot be split.
  const before = place.lines.slice(0, line - 1).findLast((above) => above.trim() !== "" && !/^\s*(?:\/\/|\/\*|\*)/.test(above))?.trim() ?? "";
  if (leave === null || !/[;{}]$|^#(?!.*\\$)/.test(codeOf(before).trim())) return null;
  const given = /^return (.+);$/.exec(leave)?.[1];
  const value = given === undefined ? "" : `; whether ${given} is what callers want for nothing is for you to say`;
  return { what: "leave where the pointer is null", edits: [{ line, gone: 0, come: [`${indentOf(text)}if (${pointer} == ${cpp ? "nullptr" : "NULL"}) ${leave}`] }], caution: `callers see nothing of the missing object${value}` };
}

/** The index is exactly the size: one step too far. */
function offByOne(place: Place): Mend | null {
  const size = /index (\d+) out of bounds for type '[^']*\[(\d+)\]'/.exec(place.message);
  if (size === null || size[1] !== size[2]) return null;
  return loopShortened(place);
}

function loopShortened({ lines, line, text }: Place): Mend | null {
  const indices = new Set([...codeOf(text).matchAll(/\[\s*([A-Za-z_]\w*)\s*\]/g)].map((match) => match[1]!));
  for (let at = line - 1; at >= 0 && at >= line - 15; at -= 1) {
    const loop = lines[at]!;
    const head = /^\s*(?:for\s*\([^;]*;\s*|while\s*\(\s*)([A-Za-z_]\w*)\s*<=\s*/.exec(codeOf(loop));
    if (head === null || !indices.has(head[1]!)) continue;
    return { what: "end the loop before the size", edits: [{ line: at + 1, gone: 1, come: [loop.replace(/<=/, "<")] }] };
  }
  return null;
}

function middle({ line, text }: Place): Mend | null {
  const sum = /\(\s*([A-Za-z_]\w*)\s*\+\s*([A-Za-z_]\w*)\s*\)\s*\/\s*2\b/.exec(text);
  if (sum === null) return wider({ line, text });
  return { what: "find the middle without the sum", edits: [{ line, gone: 1, come: [text.replace(sum[0], `${sum[1]} + (${sum[2]} - ${sum[1]}) / 2`)] }] };
}

/** The place it goes to is wide enough; the sum is made too narrow. */
function wider({ line, text }: Pick<Place, "line" | "text">): Mend | null {
  const made = /^(\s*(?:const\s+)?(?:long long|int64_t|uint64_t|size_t)\s+\w+\s*=\s*)([A-Za-z_]\w*\s*[*+]\s*[A-Za-z_]\w*\s*;)\s*$/.exec(text);
  const type = made === null ? null : /(?:long long|int64_t|uint64_t|size_t)/.exec(made[1]!)![0];
  return made === null || type === null ? null : { what: "compute in the wider type", edits: [{ line, gone: 1, come: [`${made[1]}(${type})${made[2]}`] }] };
}

function unsignedShift({ line, text }: Place): Mend | null {
  const hits = [...codeOf(text).matchAll(/(?<![\w.])1\s*<</g)];
  return hits.length !== 1 ? null : { what: "shift an unsigned one", edits: [{ line, gone: 1, come: [`${text.slice(0, hits[0]!.index)}1U${text.slice(hits[0]!.index + 1)}`] }] };
}

/** The text that is copied there needs one more where it was allocated, some lines above. */
function roomForCopy({ line, text, lines }: Place): Mend | null {
  const target = /\bstr(?:n?cpy|n?cat)\s*\(\s*([A-Za-z_]\w*)\s*,\s*([\w.>[\]-]+)\s*\)/.exec(codeOf(text));
  for (let at = line - 2; target !== null && at >= 0 && at >= line - 20 && !/^\}/.test(lines[at]!); at -= 1) {
    const above = lines[at]!;
    if (new RegExp(`\\b${target[1]}\\s*=.*\\bmalloc\\s*\\(\\s*strlen\\s*\\(\\s*${target[2]!.replace(/[^\w]/g, "\\$&")}\\s*\\)\\s*\\)`).test(codeOf(above))) return roomForEnd({ line: at + 1, text: above });
  }
  return null;
}

/** Nothing is divided by nothing: leave before, with the type's own nothing. */
function zeroGuard(place: Place): Mend | null {
  const { path, line, text, lines } = place;
  const divisors = new Set([...codeOf(text).matchAll(/[/%]=?\s*([A-Za-z_]\w*)(?![\w.([]|->)/g)].map((match) => match[1]!));
  const [divisor] = divisors;
  if (divisor === undefined || divisors.size !== 1 || /^\s*(?:else|case|for|while|do|if)\b|[+-]{2}\s*\w*$/.test(text) || new RegExp(`\\b${divisor}\\s*=(?!=)`).test(text)) return null;
  const leave = nothingOf(returnsOf(place), /\.(?:cc|cpp|cxx|hpp|hh)$/.test(path));
  const before = lines.slice(0, line - 1).findLast((above) => above.trim() !== "")?.trim() ?? "";
  if (leave === null || isOnlyBody(place) || !/[;{}]$|^\/\/|\*\/$|^#/.test(before)) return null;
  return { what: "leave where there is nothing to divide by", edits: [{ line, gone: 0, come: [`${indentOf(text)}if (${divisor} == 0) ${leave}`] }], caution: "whether that is what callers want of nothing is for you to say" };
}

function roomForEnd({ line, text }: Pick<Place, "line" | "text">): Mend | null {
  const grown = text.replace(/\b((?:m|re)alloc\s*\(\s*(?:sizeof\s*\(\s*char\s*\)\s*\*\s*)?)(strlen\s*\(\s*[\w.>[\]-]+\s*\))\s*\)/, "$1($2 + 1))").replace(/\(\((strlen\s*\(\s*[\w.>[\]-]+\s*\)) \+ 1\)\)/, "($1 + 1)");
  return grown === text ? null : { what: "make room for the terminating zero", edits: [{ line, gone: 1, come: [grown] }] };
}

function emptyCopy({ line, text }: Place): Mend | null {
  const call = /^(\s*)(mem(?:cpy|move|set|cmp)\s*\((?:[^,()]|\([^()]*\))+,(?:[^,()]|\([^()]*\))+,\s*([\w.>-]+)\s*\)\s*;)\s*$/.exec(text);
  return call === null ? null : { what: "copy only where there is something to copy", edits: [{ line, gone: 1, come: [`${call[1]}if (${call[3]} != 0) ${call[2]}`] }] };
}

const C_FILE = /\.(?:c|h|cc|cpp|cxx|hpp|hh)$/;
const inC = (mend: MendRule["mend"]): MendRule["mend"] => (place) => (C_FILE.test(place.path) ? mend(place) : null);

export const SANITIZER_MENDS: readonly MendRule[] = [
  { of: /(?:member access within|load of|store to|member call on|applying (?:non-)?zero offset.*to) null pointer|null pointer dereference|SEGV on unknown address 0x0+\b/i, mend: inC(nullGuard) },
  { of: /index \d+ out of bounds for type/i, mend: inC(offByOne) },
  { of: /(?:stack|global|heap)-buffer-overflow/i, mend: inC((place) => roomForEnd(place) ?? roomForCopy(place) ?? loopShortened(place)) },
  { of: /signed integer overflow/i, mend: inC(middle) },
  { of: /(?:integer )?division by zero|\bFPE on\b/i, mend: inC(zeroGuard) },
  { of: /left shift of 1 by 31/i, mend: inC(unsignedShift) },
  { of: /null pointer passed as argument/i, mend: inC(emptyCopy) },
];
