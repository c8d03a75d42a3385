/** More of what gcc, clang and the sanitizers say of C and C++. */
import { codeOf, isInText, isOnlyBody, word } from "./lines.ts";
import { blockBelow, indentOf, isC, line, once, only } from "./mending.ts";
import type { Mend, MendRule, Place } from "./rules.ts";

const named = (message: string): string => /["'‘`]([A-Za-z_]\w*)["'’`]/.exec(message)?.[1] ?? "";

/** The line of a function's opening brace, whose body the place is in; 1-based. */
function bodyAround({ lines, line: at }: Pick<Place, "lines" | "line">): { readonly head: number; readonly from: number; readonly to: number } | null {
  let head = at;
  while (head >= 1 && !/^[A-Za-z].*\(/.test(lines[head - 1]!)) head -= 1;
  const open = lines.findIndex((text, i) => i >= head - 1 && /\{\s*$/.test(text)) + 1;
  const end = lines.findIndex((text, i) => i >= open && /^\}/.test(text)) + 1;
  return head < 1 || open < head || open > head + 6 || end === 0 || end < at ? null : { head, from: open + 1, to: end - 1 };
}

/** `(void)data;`, as C says that a parameter is not read. */
function unreadParameter(place: Place): Mend | null {
  const name = named(place.message);
  const body = bodyAround(place);
  if (name === "" || body === null || place.lines.slice(body.from - 1, body.to).some((text) => word(name).test(codeOf(text)))) return null;
  const indent = indentOf(place.lines.slice(body.from - 1, body.to).find((text) => text.trim() !== "") ?? "    ");
  return { what: "say that nothing reads the parameter", edits: [{ line: body.from, gone: 0, come: [`${indent === "" ? "    " : indent}(void)${name};`] }] };
}

/** A sum, a count or a pointer that is read before it is given anything. */
function uninitialised(place: Place): Mend | null {
  const name = named(place.message) !== "" ? named(place.message) : (/\b(\w+)\s*(?:\+\+|[-+|]=)/.exec(codeOf(place.text))?.[1] ?? "");
  const declares = new RegExp(`^(\\s+(?:unsigned |signed |const |struct )*(\\w+(?: \\w+)?)(\\s*\\*+\\s*|\\s+))${name}\\s*;\\s*$`);
  const body = bodyAround(place);
  const at = name === "" || body === null ? [] : place.lines.flatMap((text, i) => (i + 1 >= body.from && i + 1 <= body.to && declares.test(text) && !/^\s*(?:return|goto|else)\b/.test(text) ? [i] : []));
  const [first] = at;
  if (body === null || first === undefined || at.length !== 1) return null;
  const said = declares.exec(place.lines[first]!)!;
  const pointer = said[3]!.includes("*");
  const writes = place.lines.slice(first + 1, body.to).map(codeOf).filter((text) => new RegExp(`(?<![\\w.>])${name}\\s*(?:[-+*/%&|^]?=(?!=)|\\+\\+|--|<<=|>>=)|(?:\\+\\+|--)${name}\\b|&${name}\\b`).test(text));
  // Only what adds to nothing begins at zero without doubt; what is set somewhere has a value that only its author knows.
  const adds = writes.length > 0 && writes.every((text) => new RegExp(`(?<![\\w.>])${name}\\s*(?:\\+\\+|[-+|^]=)|\\+\\+${name}\\b`).test(text));
  if (!pointer && !adds || said[2]!.trim() === "struct") return null;
  const value = pointer ? (/\.c$|\.h$/.test(place.path) ? "NULL" : "nullptr") : /\b(?:double|float)\b/.test(said[2]!) ? "0.0" : "0";
  if (value === "NULL" && !place.lines.some((text) => /#\s*include\s*<(?:stdio|stdlib|string|stddef)\.h>/.test(text))) return null;
  return { what: "let it begin with nothing", edits: [{ line: first + 1, gone: 1, come: [place.lines[first]!.replace(/\s*;\s*$/, ` = ${value};`)] }], ...(pointer ? { caution: "whether nothing is what is meant where no value is set is for you to say" } : {}) };
}

/** `delete list;` of what `new[]` made, and the other way round; what malloc made is freed. */
function deletedOtherwise(place: Place): Mend | null {
  const said = /^\s*(delete(?:\s*\[\])?\s*|free\s*\()(\w+)\)?;\s*$/;
  const at = [place.line, ...place.lines.map((_, i) => i + 1)].find((one) => said.test(place.lines[one - 1] ?? "")) ?? 0;
  const ends = place.lines.flatMap((text, i) => { const hit = said.exec(text); return hit === null ? [] : [{ i, name: hit[2]!, how: hit[1]!.startsWith("free") ? "free" : hit[1]!.includes("[") ? "delete[]" : "delete" }]; });
  const wrong = ends.filter(({ name, how }) => {
    const made = place.lines.findLast((text) => new RegExp(`\\b${name}\\s*(?:=|\\()\\s*(?:\\([^()]*\\)\\s*)?(?:new\\b|(?:m|c|re)alloc\\b|strdup\\b)`).test(codeOf(text))) ?? "";
    const wants = /\bnew\b[^;(]*\[/.test(made) ? "delete[]" : /\bnew\b/.test(made) ? "delete" : /alloc|strdup/.test(made) ? "free" : how;
    return wants !== how;
  });
  const [one] = wrong;
  if (at === 0 || one === undefined || wrong.length !== 1) return null;
  const made = place.lines.findLast((text) => new RegExp(`\\b${one.name}\\s*=`).test(codeOf(text))) ?? "";
  const indent = indentOf(place.lines[one.i]!);
  return { what: "give it back as it was taken", edits: [{ line: one.i + 1, gone: 1, come: [/\bnew\b[^;(]*\[/.test(made) ? `${indent}delete[] ${one.name};` : /\bnew\b/.test(made) ? `${indent}delete ${one.name};` : `${indent}free(${one.name});`] }] };
}

/** A local that is freed twice on one way: the second goes. */
function freedAgain(place: Place): Mend | null {
  const { lines } = place;
  const body = bodyAround(place);
  if (body === null) return null;
  const frees = lines.flatMap((text, i) => { const hit = /^(\s+)(?:free|fclose)\((\w+)\);\s*$/.exec(text); return hit !== null && i + 1 >= body.from && i + 1 <= body.to ? [{ i, indent: hit[1]!.length, name: hit[2]! }] : []; });
  for (const second of frees) {
    const first = frees.find(({ i, indent, name }) => i < second.i && name === second.name && indent <= second.indent);
    if (first === undefined) continue;
    const between = lines.slice(first.i + 1, second.i);
    // The first is on the way to the second where nothing between leaves its block, and nothing gives the name another value.
    const left = between.some((text) => text.trim() !== "" && indentOf(text).length < first.indent) || between.some((text) => indentOf(text).length === first.indent && /^\s*(?:return|goto|break|continue)\b/.test(text));
    if (left || between.some((text) => new RegExp(`\\b${second.name}\\s*=(?!=)`).test(codeOf(text))) || isOnlyBody({ path: place.path, lines, line: second.i + 1, text: lines[second.i]! })) continue;
    return { what: "free it once", edits: [{ line: second.i + 1, gone: 1, come: [] }] };
  }
  return null;
}

/** What is read right behind its `free` is freed behind that. */
function readAfterFree(place: Place): Mend | null {
  const { lines, line: at } = place;
  const name = /^(\s+)(?:free|delete|fclose)[\s(]+(\w+)\)?;\s*$/.exec(lines[at - 2] ?? "");
  if (name === null || indentOf(place.text) !== name[1] || !word(name[2]!).test(codeOf(place.text)) || !/;\s*$/.test(place.text) || /^\s*(?:free|delete|if|for|while|goto)\b/.test(place.text) || new RegExp(`(?<![\\w.>])${name[2]}\\s*=(?!=)`).test(codeOf(place.text))) return null;
  if (isOnlyBody({ path: place.path, lines, line: at - 1, text: lines[at - 2]! })) return null;
  const given = /^(\s+)return (.+);\s*$/.exec(place.text);
  if (given === null) return { what: "free it behind what reads it", edits: [{ line: at - 1, gone: 2, come: [place.text, lines[at - 2]!] }] };
  const body = bodyAround(place);
  const type = body === null ? "" : /^(?:static\s+|inline\s+)*((?:unsigned )?(?:int|long|size_t|bool|char|double|float|u?int\d+_t))\s+\w+\s*\(/.exec(lines[body.head - 1]!)?.[1] ?? "";
  return type === "" || lines.some((text) => /\bresult\b/.test(text)) ? null : { what: "free it behind what reads it", edits: [{ line: at - 1, gone: 2, come: [`${given[1]}${type} result = ${given[2]};`, lines[at - 2]!, `${given[1]}return result;`] }] };
}

/** `"a" == text`: what both hold is compared. */
function comparedText(place: Place): Mend | null {
  if (!/\.(?:c|h)$/.test(place.path) || !place.lines.some((text) => /<string\.h>/.test(text))) return null;
  return once(/(?<![\w.)\]>])([\w.>[\]-]+) == ("(?:\\.|[^"\\])*")/, "strcmp($1, $2) == 0", "compare what they hold")(place) ?? once(/(?<![\w.)\]>])([\w.>[\]-]+) != ("(?:\\.|[^"\\])*")/, "strcmp($1, $2) != 0", "compare what they hold")(place);
}

/** A counter as wide as what it is held against. */
function unsignedCounter(place: Place): Mend | null {
  const said = /^(\s*for \()int (\w+) = 0; (\2 < [^;]+; (?:\2\+\+|\+\+\2)\).*)$/.exec(place.text);
  if (said === null || isInText(place)) return null;
  const { to } = blockBelow(place.lines, place.line);
  const body = place.lines.slice(place.line, to).join("\n");
  return new RegExp(`%d[^\\n]*\\b${said[2]}\\b|\\b${said[2]}\\s*(?:--|-)|-\\s*${said[2]}\\b|&${said[2]}\\b|int\\s+\\w+\\s*=[^;]*\\b${said[2]}\\b`).test(body) ? null : line(place, `${said[1]}size_t ${said[2]} = 0; ${said[3]}`, "count in the type of what it is held against");
}

/** `if (x);` with a block behind it. */
const emptyBody = (place: Place): Mend | null => (/^\s*\{|\{\s*$/.test(place.lines[place.line] ?? "") || indentOf(place.lines[place.line] ?? "").length > indentOf(place.text).length ? once(/^(\s*(?:if|for|while)\s*\(.*\));\s*$/, "$1", "let the condition have its body")(place) : null);

/** A destructor that is found when the object is deleted by its base. */
function virtualDestructor(place: Place): Mend | null {
  const base = /non-final ['‘](?:class |struct )?(\w+)['’]/.exec(place.message)?.[1] ?? /(?:class|struct) ['‘](\w+)['’] has virtual functions/.exec(place.message)?.[1] ?? /['‘](?:class |struct )?(\w+)['’] (?:has|that).*(?:virtual|non-virtual)/.exec(place.message)?.[1] ?? "";
  const at = base === "" ? -1 : place.lines.findIndex((text) => new RegExp(`^\\s*(?:class|struct)\\s+${base}\\b[^;]*\\{\\s*$`).test(text));
  if (at < 0 || place.lines.slice(at, at + 60).some((text) => text.includes(`~${base}(`))) return null;
  const isPublic = /^\s*struct\b/.test(place.lines[at]!) ? at : place.lines.findIndex((text, i) => i > at && /^\s*public:\s*$/.test(text));
  const indent = indentOf(place.lines[isPublic + 1] ?? "");
  return isPublic < 0 || indent === "" ? null : { what: "let the whole object be destroyed", edits: [{ line: isPublic + 2, gone: 0, come: [`${indent}virtual ~${base}() = default;`] }] };
}

const overriding = (place: Place): Mend | null => once(/^(\s*)(?:virtual )?(.*\)(?: const)?(?: noexcept)?)(?=\s*(?:\{|;|=))/, "$1$2 override", "say that it overrides")(/\boverride\b/.test(place.text) ? { ...place, text: "" } : place);

/** Text into a place of fixed size: no more than it holds. */
function bounded(place: Place): Mend | null {
  const copy = /^(\s*)strcpy\((\w+), ([\w.>[\]-]+)\);\s*$/.exec(place.text) ?? /^(\s*)sprintf\((\w+), (.+)\);\s*$/.exec(place.text);
  const array = copy === null ? undefined : place.lines.slice(0, place.line).findLast((text) => new RegExp(`\\bchar ${copy[2]}\\[`).test(text));
  if (copy === null || array === undefined || !place.lines.some((text) => /<stdio\.h>/.test(text)) || isInText(place)) return null;
  return line(place, /strcpy/.test(place.text) ? `${copy[1]}snprintf(${copy[2]}, sizeof ${copy[2]}, "%s", ${copy[3]});` : `${copy[1]}snprintf(${copy[2]}, sizeof ${copy[2]}, ${copy[3]});`, "write no more than fits", "longer text is cut");
}

export const C_FORMS: readonly MendRule[] = ([
  { of: /unused parameter/i, mend: unreadParameter },
  { of: /uninitiali[sz]ed|use-of-uninitialized/i, mend: uninitialised },
  { of: /alloc-dealloc-mismatch|mismatched-new-delete|mismatched (?:free|delete)|allocated with 'new(?:\[\])?'|new-delete-type-mismatch/i, mend: deletedOtherwise },
  { of: /double-free|attempting double|freed twice|double free|unix\.malloc.*released/i, mend: freedAgain },
  { of: /heap-use-after-free|use-after-free|use of memory after it is freed|pointer .* used after/i, mend: readAfterFree },
  { of: /comparison with string literal|-wstring-compare|against a string literal/i, mend: comparedText },
  { of: /-wsign-compare|comparison of integer expressions of different signedness|comparison of integers of different signs/i, mend: unsignedCounter },
  { of: /-wempty-body|empty body|suggest braces around empty body/i, mend: emptyBody },
  { of: /non-virtual[ -]dest|non-virtual-dtor|has virtual functions/i, mend: virtualDestructor },
  { of: /not marked 'override'|suggest-override|can be marked .?override|missing-override|modernize-use-override/i, mend: overriding },
  { of: /stack-buffer-overflow|-wstringop-overflow|-wformat-overflow|insecureapi\.strcpy|does not check for buffer overflows/i, mend: bounded },
  { of: /strict-prototypes|function declaration isn.t a prototype|without a prototype/i, mend: once(/^((?:static |extern |inline )*[\w ]+[\s*]+\w+)\(\)(?=\s*[;{]|\s*$)/, "$1(void)", "say that it takes nothing") },
  { of: /zero as null pointer|modernize-use-nullptr/i, mend: once(/\bNULL\b|(?<=[=(,] )0(?=[;,)])/, "nullptr", "name the null pointer") },
  { of: /pessimizing-move|redundant-move|prevents copy elision/i, mend: once(/(?<=\breturn )std::move\((\w+)\)/, "$1", "give it back itself, which is moved or made in place") },
  { of: /catching polymorphic|-wcatch-value|catch by (?:const )?reference/i, mend: once(/\bcatch \((?:const )?([\w:]+) (\w+)\)/, "catch (const $1& $2)", "catch the error itself, and no copy of a part") },
  { of: /range-loop|loop variable .* creates a copy|performance-for-range-copy/i, mend: once(/\bfor \((?:const )?auto (\w+) :/, "for (const auto& $1 :", "look at each, and copy none") },
  { of: /sizeof-pointer-memaccess|sizeof.* is the same as .*pointer|argument to 'sizeof' in '\w+' call is the same/i, mend: once(/(\bmemset\((\w+), 0, )sizeof\(\2\)/, "$1sizeof(*$2)", "as much as it points to") },
  { of: /expected '?;'? after (?:struct|class|union|enum)/i, mend: (place) => (/^\s*\}\s*$/.test(place.text) ? line(place, `${place.text.trimEnd()};`, "end the declaration") : null) },
  { of: /expected ['‘];['’]/i, mend: (place) => { const at = /before/.test(place.message) && !/[\w)\]"']\s*$/.test(codeOf(place.text)) ? place.line - 1 : place.line; const text = place.lines[at - 1] ?? ""; return /[\w)\]"']\s*$/.test(codeOf(text)) && !/^\s*(?:if|for|while|else|switch|do|#)\b|^\s*[#@]/.test(text) && !isInText({ ...place, line: at, text }) && (place.lines[at] ?? "").search(/^\s*[.+*/%&|?:=<>,)\]-]/) < 0 ? { what: "end the statement with a semicolon", edits: [{ line: at, gone: 1, come: [`${text.trimEnd()};`] }] } : null; } },
] satisfies readonly MendRule[]).map(({ of, mend }) => ({ of, mend: only(isC, mend) }));
