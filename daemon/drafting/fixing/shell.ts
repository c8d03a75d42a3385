/** Mends of what shellcheck says, beside those in rules.ts and languages.ts. */
import { isInText } from "./lines.ts";
import { isShell, line, once, only } from "./mending.ts";
import type { Mend, MendRule, Place } from "./rules.ts";

const isBash = ({ lines, path }: Place): boolean => path.endsWith(".bash") || /^#!.*\bbash\b/.test(lines[0] ?? "");

/** A place on the line outside quotes of every kind, and outside `[[ ]]` where words are not split. */
function bareAt(text: string, of: RegExp): RegExpMatchArray | null {
  const bare = text.replace(/\\.|"(?:\\.|[^"\\])*"|'[^']*'/g, (all) => "\u0001".repeat(all.length)).replace(/\[\[.*?\]\]|\(\(.*?\)\)/g, (all) => "\u0001".repeat(all.length));
  const comment = bare.search(/(?:^|\s)#/);
  const hits = [...bare.matchAll(new RegExp(of.source, "g"))].filter(({ index }) => comment < 0 || index < comment);
  return hits.length === 1 ? hits[0]! : null;
}

/** `$(command)` as one word. */
function quotedCommand(place: Place): Mend | null {
  if (isInText(place) || /^\s*(?:for|case|select)\b|<<|`/.test(place.text)) return null;
  const start = [...place.text.matchAll(/\$\((?!\()/g)];
  if (start.length !== 1) return null;
  const at = start[0]!.index;
  let [depth, end] = [0, -1];
  for (let i = at + 1; i < place.text.length && end < 0; i += 1) {
    if (place.text[i] === "(") depth += 1;
    if (place.text[i] === ")" && (depth -= 1) === 0) end = i + 1;
  }
  const before = place.text.slice(0, at);
  if (end < 0 || (before.match(/(?<!\\)"/g) ?? []).length % 2 !== 0 || /'/.test(place.text.slice(at, end)) && /'/.test(before) || /^\s*(?:(?:local|export|readonly|declare)\s+)?\w+\+?=$/.test(before) || /\[\[/.test(before)) return null;
  return line(place, `${before}"${place.text.slice(at, end)}"${place.text.slice(end)}`, "quote what the command gives", "where it gives several words, they are one now");
}

/** Each variable that stands bare on the line, quoted. */
function quotedVariables(place: Place): Mend | null {
  if (isInText(place) || /^\s*(?:for|case|select)\b|\[\[|<<|\(\(|\blet\b|^\s*(?:(?:local|export|readonly)\s+)?\w+=\S*$/.test(place.text)) return null;
  let [out, quote, at] = ["", "", 0];
  const { text } = place;
  while (at < text.length) {
    const each = text[at]!;
    const variable = quote === "" ? /^\$(?:[A-Za-z_]\w*|\d|\{[A-Za-z_]\w*\})/.exec(text.slice(at))?.[0] : undefined;
    if (each === "\\") { out += text.slice(at, at + 2); at += 2; continue; }
    if (quote === "" && each === "#" && /(?:^|\s)$/.test(text.slice(0, at))) return out === text.slice(0, at) ? null : line(place, out + text.slice(at), "quote the variables", "where one holds several words, they are one now");
    // What a command gives has its own quotes.
    if (each === "`" || text.startsWith("$(", at)) return null;
    if (variable !== undefined) { out += `"${variable}"`; at += variable.length; continue; }
    if (quote === "" && /["']/.test(each)) quote = each;
    else if (each === quote) quote = "";
    out += each;
    at += 1;
  }
  return quote !== "" ? null : line(place, out, "quote the variables", "where one holds several words, they are one now");
}

/** `printf "$text"`: text, and no format. */
const asText = (place: Place): Mend | null => once(/(\bprintf )(?=(?:"\$\w+"|"\$\{\w+\}")\s*(?:$|[;|>]))/, "$1'%s' ", "print it as text, not as a format")({ ...place });

/** `if [ $? -ne 0 ]` behind a command: the command itself is asked. */
function askedDirectly(place: Place): Mend | null {
  const said = /^(\s*)if \[\[? \$\? (-eq|-ne|==|!=|=) 0 \]\]?; then\s*$/.exec(place.text);
  const before = place.lines[place.line - 2] ?? "";
  if (said === null || isInText(place) || !/^\s*[\w./-]+(?: [^;&|#]*)?$/.test(before) || /^\s*(?:if|then|else|fi|do|done|esac|\}|return|exit)\b|=\S*$|\\$/.test(before) || /^\s*/.exec(before)![0] !== said[1]) return null;
  const negated = said[2] === "-ne" || said[2] === "!=";
  return { what: "ask the command itself", edits: [{ line: place.line - 1, gone: 2, come: [`${said[1]}if ${negated ? "! " : ""}${before.trim()}; then`] }], caution: "under set -e the script no longer ends there" };
}

/** A first line that says which shell it is. */
const shebang = (place: Place): Mend | null => (place.lines[0]?.startsWith("#") === true && /^#!/.test(place.lines[0]) ? null : { what: "say which shell reads it", edits: [{ line: 1, gone: 0, come: [place.path.endsWith(".bash") || place.lines.some((text) => /\[\[|^\s*(?:local|declare)\b|<\(|\w+=\(/.test(text)) ? "#!/usr/bin/env bash" : "#!/bin/sh"] }] });

/** Quotes that let the shell put values in when the trap is set, and not when it goes off. */
const trapped = (place: Place): Mend | null => (/'/.test(place.text) ? null : once(/^(\s*trap )"((?:[^"\\])*)"(?= [A-Z0-9])/, "$1'$2'", "put the values in when it goes off")(place));

export const SHELL_MENDS: readonly MendRule[] = ([
  { of: /sc3014|== in place of = is undefined/i, mend: once(/(?<=\[ [^\]]*?\S) == (?=[^\]]*\])/, " = ", "compare as every shell does") },
  { of: /sc3046|sc3051|'source' in place of '\.'/i, mend: once(/^(\s*)source(?=\s)/, "$1.", "read it as every shell does") },
  { of: /sc2112|sc2113|'function' keyword is non-standard/i, mend: once(/^(\s*)function\s+([A-Za-z_]\w*)\s*(?:\(\s*\))?(?=\s*\{)/, "$1$2()", "define it as every shell does") },
  { of: /sc2061|quote the parameter to -\w+/i, mend: once(/(?<=\s-i?name\s)([\w.]*\*[\w.*]*)(?=\s|$)/, "'$1'", "quote the pattern, which find reads") },
  { of: /sc2046|quote this to prevent word splitting/i, mend: quotedCommand },
  { of: /sc2086|double quote to prevent globbing/i, mend: quotedVariables },
  { of: /sc2048|sc2068|use "\$@"|double quote array expansions/i, mend: (place) => { const hit = bareAt(place.text, /\$[*@](?!\w)|\$\{[A-Za-z_]\w*\[[@*]\]\}/); return hit === null || isInText(place) ? null : line(place, `${place.text.slice(0, hit.index)}"${place.text.slice(hit.index!, hit.index! + hit[0].length).replace("*", "@")}"${place.text.slice(hit.index! + hit[0].length)}`, "keep each argument as it is"); } },
  { of: /sc2059|don't use variables in the printf format/i, mend: asText },
  { of: /sc2181|check exit code directly/i, mend: askedDirectly },
  { of: /sc2148|shebang/i, mend: shebang },
  { of: /sc2064|use single quotes, otherwise this expands now/i, mend: trapped },
  { of: /sc2236|use -n instead of ! -z/i, mend: once(/(?<=\[\[? )! -z (?=\S)/, "-n ", "ask whether there is any") },
  { of: /sc2237|use \[ -n|use -z instead of ! -n/i, mend: once(/(?<=\[\[? )! -n (?=\S)/, "-z ", "ask whether there is none") },
  { of: /sc2166|prefer \[ p \] (?:&&|\|\|)/i, mend: (place) => once(/(?<=\[ [^\]|&]*?\S) -a (?=[^\]]+\])/, " ] && [ ", "ask twice")(place) ?? once(/(?<=\[ [^\]|&]*?\S) -o (?=[^\]]+\])/, " ] || [ ", "ask twice")(place) },
  { of: /sc2196|egrep is/i, mend: once(/(?<![\w/-])egrep(?=\s)/, "grep -E", "write it as grep does") },
  { of: /sc2197|fgrep is/i, mend: once(/(?<![\w/-])fgrep(?=\s)/, "grep -F", "write it as grep does") },
  { of: /sc2230|which is non-standard|sc2294_which/i, mend: once(/(?<![\w/-])which(?=\s+["$\w])/, "command -v", "ask the shell itself") },
  { of: /sc2126|consider using ['"`]?grep -c/i, mend: once(/\bgrep ((?:-[a-zA-Z]+ )*(?:"[^"]*"|'[^']*'|[\w.]+)(?: [\w./"$-]+)?) \| wc -l/, "grep -c $1", "count the lines as they are found") },
  { of: /sc2004|\$\/\$\{\} is unnecessary on arithmetic/i, mend: once(/(?<=\(\([^)]*?)\$([A-Za-z_]\w*)(?=[^)]*\)\))/, "$1", "name the variable, as counting does") },
  { of: /sc2115|use "\$\{var:\?\}"/i, mend: (place) => (/\brm\b/.test(place.text) ? line(place, place.text.replace(/\$\{?([A-Za-z_]\w*)\}?(?="?\/)/, "${$1:?}"), "stop where it is empty, and do not remove from the root") : null) },
  { of: /sc1068|don't put spaces around the =/i, mend: once(/^(\s*(?:(?:local|export|readonly)\s+)?[A-Za-z_]\w*)\s*=\s*(?=\S)/, "$1=", "assign without spaces") },
  { of: /sc1007|remove space after =/i, mend: once(/^(\s*(?:(?:local|export|readonly)\s+)?[A-Za-z_]\w*=)\s+(?=\S)/, "$1", "assign without spaces") },
  { of: /sc2071|is for string comparisons/i, mend: (place) => { const signs: Readonly<Record<string, string>> = { ">": "-gt", "<": "-lt", ">=": "-ge", "<=": "-le" }; const said = /(?<=\[\[? \S+ )\\?([<>]=?)(?= \S+ \])/.exec(place.text); return said === null ? null : line(place, place.text.replace(said[0] === "" ? "\u0001" : ` ${said[0]} `, ` ${signs[said[1]!]} `), "compare as numbers"); } },
  { of: /sc2088|tilde does not expand in quotes/i, mend: once(/"~\//, '"$HOME/', "name the folder, as a tilde in quotes is one") },
  { of: /sc2076|remove quotes from right-hand side of =~/i, mend: once(/(?<==~ )"([\w^$.*+?|-]+)"(?= \]\])/, "$1", "match it as a pattern") },
  { of: /sc2219|instead of 'let expr'/i, mend: (place) => (isBash(place) ? once(/^(\s*)let "?(\w+\s*[-+*/]?=?\s*[\w+* /-]+?)"?\s*$/, "$1(( $2 ))", "count as the shell does")(place) : null) },
  { of: /sc2128|expanding an array without an index/i, mend: once(/(?<=\bin )"?\$\{?(\w+)\}?"?(?=;? ?do\b|\s*$|;)/, '"${$1[@]}"', "go through all of it") },
  { of: /sc2268|avoid x-prefix/i, mend: once(/(?<=\[ )"?x\$\{?(\w+)\}?"? (=|==|!=) "?x(\w*)"?(?= \])/, '"$$$1" $2 "$3"', "compare what is meant") },
  { of: /sc2002|useless cat/i, mend: once(/^(\s*)cat ("?[\w./$-]+"?) \| ([\w-]+(?: -[\w]+)*(?: (?:'[^']*'|"[^"]*"))?)(?=\s*(?:$|\|))/, "$1$3 < $2", "read the file directly") },
  { of: /sc2143|use grep -q/i, mend: once(/\[ -n "?\$\(grep ([^()|]+)\)"? \]/, "grep -q $1", "ask grep itself") },
  { of: /sc2069|2>&1 must be last/i, mend: once(/ 2>&1 (>>? ?\S+)\s*$/, " $1 2>&1", "send both to where the first goes") },
  { of: /sc1037|braces are required for positionals/i, mend: once(/\$(\d)(\d)/, "$${$1$2}", "read the argument of that number") },
  { of: /sc2035|use \.\/\*glob\*/i, mend: (place) => { const hit = bareAt(place.text, /(?<=\s)\*[\w.]*(?=\s|$|\))/); return hit === null || isInText(place) ? null : line(place, `${place.text.slice(0, hit.index)}./${place.text.slice(hit.index)}`, "name the files so that none is an option"); } },
] satisfies readonly MendRule[]).map(({ of, mend }) => ({ of, mend: only(isShell, mend) }));
