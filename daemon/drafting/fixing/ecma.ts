/** Mends of what tsc, eslint and engines of JavaScript say, beside those in rules.ts and languages.ts. */
import { nearest } from "../../../proto/suggest.ts";
import { codeOf, isEcma, isInText, word } from "./lines.ts";
import { indentOf, line, once, only } from "./mending.ts";
import type { Mend, MendRule, Place } from "./rules.ts";

const named = (message: string): string => /["'`‘]([A-Za-z_$][\w$]*)["'`’]/.exec(message)?.[1] ?? "";

/** `import { a, Shape }` where `Shape` is a type: marked, so that it is no import at run time. */
function typeOnly(place: Place): Mend | null {
  const name = named(place.message);
  const said = /^(\s*(?:import|export)\s+)(type\s+)?(.*)$/.exec(place.text);
  if (name === "" || said === null || said[2] !== undefined || isInText(place)) return null;
  const braces = /\{([^{}]*)\}/.exec(place.text);
  if (braces === null) return new RegExp(`^\\s*import\\s+${name}\\s+from\\b`).test(place.text) ? line(place, `${said[1]}type ${said[3]}`, "import it as a type") : null;
  const parts = braces[1]!.split(",").map((part) => part.trim()).filter((part) => part !== "");
  const marked = parts.map((part) => (new RegExp(`^${name}(?:\\s+as\\b|$)`).test(part) ? `type ${part}` : part));
  return marked.join() === parts.join() ? null : line(place, place.text.replace(braces[0], () => `{ ${marked.join(", ")} }`), "say that it is a type");
}

/** A path in an import for the one that the compiler names: the same file, with its ending. */
function pathNamed(place: Place): Mend | null {
  const right = /did you mean ["'‘`](?<right>\.{1,2}\/[\w./-]+)["'’`]/i.exec(place.message)?.groups?.["right"];
  const quoted = [...place.text.matchAll(/(["'])(\.{1,2}\/[\w./-]+)\1/g)];
  const [hit] = quoted;
  if (right === undefined || hit === undefined || quoted.length !== 1 || !/\b(?:import|export|from|require)\b/.test(place.text)) return null;
  const wrong = hit[2]!;
  // Nothing but an ending, or an index of that folder, comes.
  return right.startsWith(wrong) && /^(?:\/index)?\.[cm]?[jt]sx?$|^\.json$/.test(right.slice(wrong.length)) ? line(place, place.text.replace(hit[0], () => `${hit[1]}${right}${hit[1]}`), "name the file with its ending") : null;
}

const MODIFIERS = /^(\s*(?:(?:public|private|protected|static)\s+)*)((?:readonly\s+|async\s+|get\s+|set\s+|abstract\s+)*[*#]?[A-Za-z_$][\w$]*\s*[<(:=?;])/;
const overriding = (place: Place): Mend | null => (/\boverride\b/.test(place.text) || !MODIFIERS.test(place.text) ? null : line(place, place.text.replace(MODIFIERS, "$1override $2"), "say that it overrides"));

/** Declared as const and given another value: the declaration is let. */
function assignedConstant(place: Place): Mend | null {
  const name = named(place.message);
  if (name === "") return null;
  const declares = new RegExp(`^(\\s*(?:export\\s+)?)const(\\s+${name}\\s*(?::[^=]+)?=(?![=>]).*)$`);
  const at = place.lines.flatMap((text, i) => (declares.test(text) ? [i] : []));
  const shadows = place.lines.filter((text) => new RegExp(`\\b(?:const|let|var|function|class)\\s+${name}\\b`).test(codeOf(text))).length;
  const writes = place.lines.some((text) => new RegExp(`${word(name).source}\\s*(?:[-+*/%&|^?<>]{0,3}=(?![=>])|\\+\\+|--)|(?:\\+\\+|--)\\s*${name}\\b`).test(codeOf(text).replace(new RegExp(`\\bconst\\s+${name}\\b.*$`), "")));
  const [first] = at;
  if (at.length !== 1 || first === undefined || shadows !== 1 || !writes) return null;
  return { what: "declare it as let, as it is given another value", edits: [{ line: first + 1, gone: 1, come: [place.lines[first]!.replace(declares, "$1let$2")] }], caution: "where it was meant to stay, the assignment is what is wrong" };
}

/** Where in the line a backslash stands: in a text, in a class of a pattern or beside one. */
function contextOf(text: string, at: number): { readonly kind: "text" | "pattern" | "class"; readonly delimiter: string; readonly edge: boolean } | null {
  let [kind, delimiter, opened]: [string, string, number] = ["code", "", 0];
  for (let i = 0; i <= at; i += 1) {
    const each = text[i]!;
    if (i === at) return kind === "code" ? null : { kind: kind as "text", delimiter, edge: i === opened + 1 || (text[i + 2] === "]" && kind === "class") };
    if (each === "\\" && kind !== "code") i += 1;
    else if (kind === "code" && /["'`]/.test(each)) [kind, delimiter] = ["text", each];
    else if (kind === "code" && each === "/" && /(?:^|[=(,:!&|?;[{}]|\breturn|=>)\s*$/.test(text.slice(0, i))) [kind, delimiter] = ["pattern", "/"];
    else if (kind === "code" && text.startsWith("//", i)) return null;
    else if (kind === "pattern" && each === "[") [kind, opened] = ["class", i];
    else if (kind === "class" && each === "]") kind = "pattern";
    else if (kind !== "code" && kind !== "class" && each === delimiter) kind = "code";
  }
  return null;
}

/** A backslash in front of what means itself there. */
function uselessEscape(place: Place): Mend | null {
  const escaped = /escape character: \\?(?<of>\S)(?=\.?\s|\.?$)/.exec(place.message)?.groups?.["of"] ?? "";
  if (escaped === "" || /[\w\s\\\]^]/.test(escaped) || isInText(place)) return null;
  const hits = [...place.text.matchAll(/\\(.)/g)].filter((hit) => hit[1] === escaped);
  const context = hits.length === 1 ? contextOf(place.text, hits[0]!.index) : null;
  if (context === null) return null;
  const plain = context.kind === "class" ? escaped !== "-" || context.edge : context.kind === "pattern" ? /["'%&@#!,:;=<>~` -]/.test(escaped) : escaped !== context.delimiter && !(context.delimiter === "`" && /[${]/.test(escaped));
  const { index } = hits[0]!;
  return plain ? line(place, place.text.slice(0, index) + place.text.slice(index + 1), "take out the backslash that changes nothing") : null;
}

const CASE = /^\s*(?:case\b.*|default\s*):\s*(?:\{\s*)?$/;
const GIVES = /^\s*([A-Za-z_$][\w$.]*)\s*=(?!=)[^;]*;?\s*$/;

/** The case before gives a value that this one at once replaces: nobody fell through on purpose. */
export function fallsThrough({ lines, line: at }: Pick<Place, "lines" | "line">): Mend | null {
  const next = CASE.test(lines[at - 1] ?? "") ? at : lines.findIndex((text, i) => i >= at && i < at + 3 && CASE.test(text)) + 1;
  const last = next - 1;
  const [before, after] = [GIVES.exec(lines[last - 1] ?? "")?.[1], GIVES.exec(lines[next] ?? "")?.[1]];
  if (last < 1 || before === undefined || before !== after || new RegExp(`=.*(?<![\\w.])${before.replace(/[^\w]/g, "\\$&")}(?![\\w])`).test(lines[next]!)) return null;
  return { what: "leave the case before the next one replaces its value", edits: [{ line: next, gone: 0, come: [`${indentOf(lines[last - 1]!)}break;`] }], caution: "where it was meant to go on, say so in a comment instead" };
}

const TYPES_OF = ["undefined", "object", "boolean", "number", "string", "function", "symbol", "bigint"];
function typeofValue(place: Place): Mend | null {
  const hits = [...place.text.matchAll(/\btypeof\s+[\w$.]+\s*[!=]==?\s*(["'])(\w+)\1/g)];
  const right = hits.length === 1 ? nearest(hits[0]![2]!, TYPES_OF) : null;
  return right === null || right === hits[0]![2] ? null : line(place, place.text.replace(hits[0]![0], (all) => all.replace(hits[0]![2]!, right)), "compare with a name that typeof gives");
}

/** A parameter that nothing reads, by a name that says so. */
function unusedParameter(place: Place): Mend | null {
  const name = named(place.message);
  if (name === "" || name.startsWith("_") || place.lines.some((text, i) => i !== place.line - 1 && word(name).test(codeOf(text)))) return null;
  const code = codeOf(place.text);
  const hits = [...code.matchAll(new RegExp(`(?<=[(,]\\s*)${name}(?=\\s*(?:[,):=]|\\?:))`, "g"))];
  if (hits.length !== 1 || code.match(new RegExp(word(name).source, "g"))?.length !== 1) return null;
  const before = code.slice(0, hits[0]!.index);
  // In braces it would be another key; in a call it would be another value.
  const open = before.lastIndexOf("(");
  if ((before.match(/\{/g) ?? []).length > (before.match(/\}/g) ?? []).length && before.lastIndexOf("{") > open) return null;
  const isHead = /(?:\bfunction\b[^(]*|^\s*(?:(?:public|private|protected|static|async|override|get|set)\s+)*[\w$]+(?:<[^>]*>)?)\($/.test(before.slice(0, open + 1)) || /^[^()]*(?:\([^()]*\)[^()]*)*\)\s*(?::[^=]*)?=>/.test(code.slice(open + 1));
  return isHead ? line(place, `${place.text.slice(0, hits[0]!.index)}_${place.text.slice(hits[0]!.index)}`, "mark the parameter that nothing reads") : null;
}

const BUILT_IN = new Set("assert buffer child_process cluster console crypto dgram dns events fs fs/promises http http2 https inspector module net os path perf_hooks process querystring readline stream stream/promises string_decoder timers timers/promises tls tty url util v8 vm worker_threads zlib".split(" "));
function nodeProtocol(place: Place): Mend | null {
  const hit = /(\bfrom\s*|\brequire\(\s*|\bimport\(?\s*)(["'])([a-z0-9_/]+)\2/.exec(place.text);
  return hit === null || !BUILT_IN.has(hit[3]!) ? null : line(place, place.text.replace(hit[0], () => `${hit[1]}${hit[2]}node:${hit[3]}${hit[2]}`), "name the built-in module as one");
}

/** `if (x) return;` on one line. */
function braces(place: Place): Mend | null {
  const said = /^(\s*(?:if|while|for)\s*\((?:[^()]|\([^()]*\))*\))\s+((?!if\b|for\b|while\b|do\b|switch\b|try\b|\{)[^{}]*;)\s*$/.exec(place.text);
  return said === null || isInText(place) || /^\s*else\b/.test(place.lines[place.line] ?? "") ? null : line(place, `${said[1]} { ${said[2]} }`, "put the body in braces");
}

/** Each property of the line that is named as its value is. */
function shorthand(place: Place): Mend | null {
  const code = codeOf(place.text);
  const short = place.text.replace(/(?<=[{,]\s*)([A-Za-z_$][\w$]*)\s*:\s*\1(?=\s*[,}])/g, (all, name: string, at: number) => (code.slice(at, at + all.length) === all ? name : all));
  // A type that has the name of its key stays.
  return isInText(place) || /\b(?:type|interface)\b/.test(code) ? null : line(place, short, "write the name once");
}

/** `String` is an object around a text; the type of a text is `string`. */
function primitive(place: Place): Mend | null {
  const hits = [...place.text.matchAll(/(?<=[:<|]\s*)(?:String|Number|Boolean|Symbol|BigInt)\b(?=\s*(?:[=,;)|>{[]|$))/g)];
  if (hits.length !== 1 || codeOf(place.text)[hits[0]!.index] === " ") return null;
  const { index, 0: name } = hits[0]!;
  return line(place, place.text.slice(0, index) + name.toLowerCase() + place.text.slice(index + name.length), "name the primitive type");
}

export const ECMA_MENDS: readonly MendRule[] = ([
  { of: /ts1484|ts1485|ts1205|must be (?:im|ex)ported using a type-only|consistent-type-imports|only used as type|useimporttype/i, mend: typeOnly },
  { of: /ts2834|ts2835|explicit file extensions/i, mend: pathNamed },
  { of: /ts4114|ts4116|noimplicitoverride|must have an 'override' modifier/i, mend: overriding },
  { of: /ts4112|ts4113|cannot have an 'override' modifier/i, mend: once(/\boverride\s+/, "", "it overrides nothing") },
  { of: /no-const-assign|ts2588|is constant|because it is a constant|assignment to constant/i, mend: assignedConstant },
  { of: /no-useless-escape|unnecessary escape/i, mend: uselessEscape },
  { of: /no-fallthrough|expected a 'break' statement|ts7029/i, mend: fallsThrough },
  { of: /valid-typeof|invalid typeof comparison/i, mend: typeofValue },
  { of: /no-unused-vars|ts6133|never (?:used|read)|nounusedfunctionparameters/i, mend: unusedParameter },
  { of: /prefer-node-protocol|usenodejsimportprotocol|node: protocol/i, mend: nodeProtocol },
  { of: /\bcurly\b|expected \{ after|useblockstatements/i, mend: braces },
  { of: /object-shorthand|no-useless-rename|expected property shorthand|unnecessarily renamed/i, mend: shorthand },
  { of: /no-undef-init|initialize .* to undefined/i, mend: once(/^(\s*(?:let|var)\s+[\w$]+)\s*=\s*undefined(?=\s*;?\s*$)/, "$1", "leave out what it is anyway") },
  { of: /dot-notation|better written in dot notation|useliteralkeys/i, mend: once(/(?<=[\w$)\]])\[(["'])([A-Za-z_$][\w$]*)\1\]/, ".$2", "name the property") },
  { of: /no-extra-boolean-cast|redundant double negation|redundant boolean/i, mend: once(/(?<=\b(?:if|while)\s*\(\s*)!!(?=[\w$.]+\s*\))/, "", "the condition asks for truth by itself") },
  { of: /no-unneeded-ternary|unnecessary use of boolean literals/i, mend: once(/(?<![\w$.)\]=!<>|&+*/%-]\s*)([A-Za-z_$][\w$.]*) \? true : false\b/, "Boolean($1)", "say what it is") },
  { of: /no-wrapper-object-types|ban-types|primitive .* as a type name/i, mend: primitive },
  { of: /no-inferrable-types|trivially inferred/i, mend: once(/(?<=(?:const|let)\s+[\w$]+)\s*:\s*(?:number(?=\s*=\s*-?\d)|string(?=\s*=\s*["'])|boolean(?=\s*=\s*(?:true|false)\b))/, "", "leave the type to the value") },
] satisfies readonly MendRule[]).map(({ of, mend }) => ({ of, mend: only(isEcma, mend) }));
