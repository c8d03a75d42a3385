/** Mends of what tools of Rust, Java, Kotlin, C#, PHP and Ruby say, and of data, style sheets, containers and makefiles. */
import { codeOf, isAssigned, isInText, isOnlyBody, isWrittenBelow, isWrittenElsewhere } from "./lines.ts";
import { indentOf, line, once, only } from "./mending.ts";
import type { Mend, MendRule, Place } from "./rules.ts";

const of = (ending: RegExp) => (path: string): boolean => ending.test(path);
const isRust = of(/\.rs$/);
const isJava = of(/\.(?:java|kt|kts|scala|groovy|cs|swift|php)$/);
const isRuby = of(/\.(?:rb|rake|gemspec)$|(?:^|\/)(?:Gemfile|Rakefile)$/);
const isJson = of(/\.json$/);
const isYaml = of(/\.ya?ml$/);
const isCss = of(/\.(?:css|scss|less)$/);
const isDocker = of(/(?:^|\/)(?:Dockerfile|Containerfile)(?:\.[\w-]+)?$|\.dockerfile$/i);
const isMake = of(/(?:^|\/)(?:GNU)?[Mm]akefile$|\.mk$/);
const isMarkdown = of(/\.(?:md|markdown)$/);
const isSql = of(/\.sql$/);

/** `use a::{B, C};` without the one that nothing names. */
function rustImport(place: Place): Mend | null {
  const names = [...place.message.split("\n")[0]!.matchAll(/`([\w:]+)`/g)].map((hit) => hit[1]!.split("::").at(-1)!);
  const said = /^(\s*use [\w:]+::)\{([\w, ]+)\};\s*$/.exec(place.text);
  if (said === null || names.length === 0 || names.some((name) => isWrittenElsewhere(place, name))) return null;
  const parts = said[2]!.split(",").map((part) => part.trim()).filter((part) => part !== "");
  const left = parts.filter((part) => !names.includes(part));
  if (left.length === parts.length) return null;
  return left.length === 0 ? { what: "remove the import that nothing uses", edits: [{ line: place.line, gone: 1, come: [] }] } : line(place, `${said[1]}${left.length === 1 ? left[0] : `{${left.join(", ")}}`};`, "remove the name that nothing uses from its import");
}

/** `import a.b.C;`, `using System.Text;`, `use App\C;` on a line of its own. */
function unusedImport(place: Place): Mend | null {
  const said = /^\s*(?:import|using|use)\s+(?:static\s+)?([\w.\\]+?)(?:\s+as\s+(\w+))?;?\s*$/.exec(place.text);
  const name = said?.[2] ?? said?.[1]!.split(/[.\\]/).at(-1) ?? "";
  // The name of a namespace says nothing of what is used from it: there the compiler's word stands alone.
  return said === null || name === "" || (!place.path.endsWith(".cs") && isWrittenElsewhere(place, name)) ? null : { what: "remove the import that nothing uses", edits: [{ line: place.line, gone: 1, come: [] }] };
}

/** `var x = 1;` of Java, Kotlin and C#, `x = 1` of Ruby: a plain value, or none. */
function unusedLocal(place: Place): Mend | null {
  const name = /variable ["'`‘]?\$?(\w+)["'`’]? |variable - (\w+)|["'`‘](\w+)["'`’]/.exec(`${place.message} `)?.slice(1).find((one) => one !== undefined) ?? "";
  const plain = new RegExp(`^\\s*(?:(?:final |var |val |let |int |long |double |bool |boolean |string |String |float |char )+)?\\$?${name}(?:: ?\\w+)?\\s*(?:=\\s*(?:-?[\\d.]+[fFlL]?|"[^"\\\\]*"|'[^'\\\\]*'|true|false|null|nil|\\[\\]|\\{\\}))?;?\\s*$`);
  return name === "" || !plain.test(place.text) || isWrittenBelow(place, name) || isOnlyBody(place) || isInText(place) || /^\s*(?:return|throw|else)\b/.test(place.text) ? null : { what: "remove the variable that nothing uses", edits: [{ line: place.line, gone: 1, come: [] }] };
}

const semicolon = (place: Place): Mend | null => (isInText(place) || !/[\w)\]"']$/.test(codeOf(place.text).trimEnd()) || /^\s*(?:if|for|foreach|while|else|switch|do|try|catch|class|interface|public class|namespace|using \()\b|^\s*[@#]/.test(place.text) || /\/\//.test(place.text) || /^\s*[.+*/%&|?:=,)\]-]/.test(place.lines[place.line] ?? "") ? null : line(place, `${place.text.trimEnd()};`, "end the statement with a semicolon"));

/** Texts of Java are compared by what they hold. */
function equalTexts(place: Place): Mend | null {
  if (!place.path.endsWith(".java")) return null;
  return once(/(?<![\w.)\]])([A-Za-z_][\w.]*(?:\(\))?) == ("[^"\\]*")/, "$2.equals($1)", "compare what they hold")(place) ?? once(/(?<![\w.)\]])([A-Za-z_][\w.]*(?:\(\))?) != ("[^"\\]*")/, "!$2.equals($1)", "compare what they hold")(place)
    ?? (/'(?:return )?(?:java\.util\.)?Objects\.equals\((\w+), (\w+)\)/.test(place.message) || /\.equals\(/.test(`${place.message}\n${place.excerpt}`) ? once(/(?<![\w.)\]])([A-Za-z_][\w.]*) == ([A-Za-z_][\w.]*)(?=\s*[;)&|])/, "java.util.Objects.equals($1, $2)", "compare what they hold")(place) : null);
}

/** The last comma of a list, which JSON has none of. */
function jsonComma(place: Place): Mend | null {
  const text = place.lines.join("\n");
  if (isParsed(text)) return null;
  const found = place.lines.flatMap((one, i) => (/,\s*$/.test(one) && /^\s*[\]}]/.test(place.lines.slice(i + 1).find((next) => next.trim() !== "") ?? "") ? [i] : []));
  const missing = place.lines.flatMap((one, i) => (/(?:["\d\]}]|true|false|null)\s*$/.test(one) && /^\s*["{[]/.test(place.lines[i + 1] ?? "") ? [i] : []));
  const edits = [...found.map((i) => ({ line: i + 1, gone: 1, come: [place.lines[i]!.replace(/,(\s*)$/, "$1")] })), ...missing.map((i) => ({ line: i + 1, gone: 1, come: [`${place.lines[i]!.trimEnd()},`] }))].sort((a, b) => a.line - b.line);
  const now = place.lines.map((one, i) => edits.find((edit) => edit.line === i + 1)?.come[0] ?? one).join("\n");
  // Only where that is all that is wrong.
  return edits.length > 0 && edits.length <= 4 && isParsed(now) ? { what: found.length > 0 && missing.length === 0 ? "leave out the last comma" : "part the values with a comma", edits } : null;
}

function isParsed(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Commands of a recipe stand behind a tab. */
function recipe(place: Place): Mend | null {
  const wrong = place.lines.flatMap((text, i) => (/^ {2,}\S/.test(text) && i >= place.line - 1 && i < place.line + 40 ? [i] : []));
  const [first] = wrong;
  const head = place.lines.slice(0, place.line - 1).findLast((text) => text.trim() !== "" && !/^\s|^#/.test(text)) ?? "";
  if (first !== place.line - 1 || !/^[\w./%$() -]+:(?!=)/.test(head) || /\\$/.test(place.lines[place.line - 2] ?? "")) return null;
  const run = wrong.filter((i, n) => i === first + n);
  return { what: "begin the commands of a recipe with a tab", edits: run.map((i) => ({ line: i + 1, gone: 1, come: [place.lines[i]!.replace(/^ +/, "\t")] })) };
}

/** What a style sheet's tool names: the same colour, length or word, written otherwise. */
function styled(place: Place): Mend | null {
  const said = /(?:Expected|Unexpected) "([^"]+)" (?:to be|expected) "([^"]+)"/.exec(place.message) ?? /Expected "([^"]+)" to be "([^"]+)"/.exec(place.message);
  if (said === null) return null;
  const [, from = "", to = ""] = said;
  const plain = (text: string): string => text.toLowerCase().replace(/^#([0-9a-f])([0-9a-f])([0-9a-f])$/, "#$1$1$2$2$3$3").replace(/["'\s]/g, "").replace(/^::?/, ":");
  return plain(from) !== plain(to) || place.text.split(from).length !== 2 ? null : line(place, place.text.replace(from, () => to), "write it as the tool does");
}

/** The words of CMD and ENTRYPOINT, each by itself. */
function execForm(place: Place): Mend | null {
  const said = /^(\s*(?:CMD|ENTRYPOINT)\s+)([\w./:=@-]+(?: [\w./:=@-]+)*)\s*$/.exec(place.text);
  return said === null ? null : line(place, `${said[1]}[${said[2]!.split(/\s+/).map((one) => `"${one}"`).join(", ")}]`, "name the program and its arguments, without a shell");
}

const KEYWORDS = /\b(?:select|from|where|and|or|not|in|as|on|join|left|right|inner|outer|full|group|order|by|having|limit|offset|insert|into|values|update|set|delete|create|table|index|drop|alter|add|distinct|case|when|then|else|end|null|is|between|like|union|all|exists|asc|desc|with)\b/gi;
function keywordCase(place: Place): Mend | null {
  const upper = /upper case/i.test(place.message);
  if (!upper && !/lower case/i.test(place.message) || isInText(place)) return null;
  const bare = place.text.replace(/'(?:[^']|'')*'|"[^"]*"|--.*$/g, (all) => "\u0001".repeat(all.length));
  const now = [...bare.matchAll(KEYWORDS)].reduce((text, { index, 0: all }) => text.slice(0, index) + (upper ? all.toUpperCase() : all.toLowerCase()) + text.slice(index + all.length), place.text);
  return line(place, now, "write the words of SQL in one way");
}

/** Where Ruby quotes a text that holds nothing to put in. */
const singleQuotes = (place: Place): Mend | null => (/prefer double/i.test(place.message) ? null : once(/"([^"\\#']*)"/, "'$1'", "quote it as the others are")(place));

const frozen = ({ lines }: Place): Mend | null => (lines.some((text) => /frozen_string_literal/.test(text)) ? null : { what: "say that texts do not change", edits: [{ line: /^#!/.test(lines[0] ?? "") ? 2 : 1, gone: 0, come: lines[0]?.trim() === "" ? ["# frozen_string_literal: true"] : ["# frozen_string_literal: true", ""] }], caution: "whoever changes a text in place finds an error" });

const notAssigned = (place: Place): Mend | null => { const name = /\bvar\s+(\w+)/.exec(place.text)?.[1] ?? ""; return name === "" || isAssigned(place, name) ? null : once(/\bvar(?=\s+\w)/, place.path.endsWith(".swift") ? "let" : "val", "declare it as what does not change")(place); };

export const OTHER_MENDS: readonly MendRule[] = [
  { of: /unused imports?/i, mend: only(isRust, rustImport) },
  { of: /needless_return|unneeded `?return/i, mend: only(isRust, once(/^(\s*)return (.+?);\s*$/, "$1$2", "give the value itself")) },
  { of: /len_zero|length comparison to zero/i, mend: only(isRust, (place) => once(/(?<![\w.])([\w.]+)\.len\(\) == 0\b/, "$1.is_empty()", "ask whether it is empty")(place) ?? once(/(?<![\w.])([\w.]+)\.len\(\) (?:> 0|!= 0|>= 1)(?!\d)/, "!$1.is_empty()", "ask whether it is empty")(place)) },
  { of: /bool_comparison|equality checks against (?:true|false)/i, mend: only(isRust, (place) => once(/(?<=\b(?:if|while) )([\w.]+(?:\(\))?) == true\b/, "$1", "ask for truth itself")(place) ?? once(/(?<=\b(?:if|while) )([\w.]+(?:\(\))?) == false\b/, "!$1", "ask for truth itself")(place)) },
  { of: /redundant_clone|clone_on_copy|using `clone` on type/i, mend: only(isRust, once(/\.clone\(\)/, "", "it is copied anyway")) },
  { of: /redundant_field_names|redundant field names/i, mend: only(isRust, once(/(?<=[{,]\s*|^\s*)(\w+): \1(?=\s*[,}])/, "$1", "write the name once")) },
  { of: /unused_mut|does not need to be mutable/i, mend: only(isRust, once(/\bmut (?=\w)/, "", "it is not changed")) },
  { of: /unused `?Result|unused_must_use/i, mend: only(isRust, once(/^(\s*)(?=[\w.:]+\(.*\);\s*$)/, "$1let _ = ", "say that the result is let go", "where it may fail, look at it instead")) },
  { of: /redundant_static_lifetimes|redundant_pattern|ptr_arg|writing `&Vec/i, mend: only(isRust, (place) => once(/&'static str(?=\s*=)/, "&str", "a constant lives that long anyway")(place) ?? once(/(?<=: )&Vec<(\w+)>/, "&[$1]", "take a slice")(place) ?? once(/(?<=: )&String\b/, "&str", "take a slice")(place)) },
  { of: /unused.?import|unnecessary using directive|import .* is never used|cs8019|ide0005|no-unused-imports|unusedimport|unused use|remove this unused import/i, mend: only(isJava, unusedImport) },
  { of: /unused.?(?:local|variable|private)|never (?:used|read)|cs0168|cs0219|useless ?assignment|uselessassignment|unusedlocal/i, mend: only((path) => isJava(path) || isRuby(path), unusedLocal) },
  { of: /; expected|';' expected|cs1002|expecting ['"`]?;|unexpected .* expecting ";"/i, mend: only(isJava, semicolon) },
  { of: /never modified|declared (?:using|as) ['"`]?(?:val|let|a 'let')|canbeval|varcouldbeval|variable was never mutated/i, mend: only(isJava, notAssigned) },
  { of: /stringequality|strings? .*(?:compared|comparison) (?:using|with|by)|es_comparing_strings|use "?equals|usequalstocomparestrings|java:s4973/i, mend: only(isJava, equalTexts) },
  { of: /redundantsemicolon|redundant-semi|redundant semicolon|no-semi\b|unnecessary semicolon/i, mend: only(of(/\.kts?$|\.swift$|\.groovy$|\.scala$/), once(/;\s*$/, "", "leave out the semicolon")) },
  { of: /missingoverride|should be annotated with @override|add the "@override"/i, mend: only(of(/\.java$/), (place) => (/^\s*@Override/.test(place.lines[place.line - 2] ?? "") || !/\)\s*(?:throws [\w, ]+)?\{?\s*$/.test(place.text) ? null : { what: "say that it overrides", edits: [{ line: place.line, gone: 0, come: [`${indentOf(place.text)}@Override`] }] })) },
  { of: /style\/stringliterals|prefer single-quoted/i, mend: only(isRuby, singleQuotes) },
  { of: /style\/redundantreturn|redundant return/i, mend: only(isRuby, once(/^(\s*)return (?=\S)/, "$1", "give the value itself")) },
  { of: /style\/frozenstringliteral|missing frozen string literal/i, mend: only(isRuby, frozen) },
  { of: /style\/redundantself|redundant self/i, mend: only(isRuby, once(/\bself\.(?=[a-z_]\w*\b(?!\s*=(?!=)))/, "", "it is its own anyway")) },
  { of: /style\/nilcomparison|prefer the use of the nil\?/i, mend: only(isRuby, once(/\b([\w.@]+) == nil\b/, "$1.nil?", "ask for nil")) },
  { of: /style\/hashsyntax|ruby 1\.9 hash syntax/i, mend: only(isRuby, once(/(?<![\w:]):(\w+) => /, "$1: ", "write the key as the others are")) },
  { of: /style\/negatedif|favor unless over if/i, mend: only(isRuby, (place) => (/&&|\|\||\band\b|\bor\b/.test(place.text) ? null : once(/\bif !(?=[\w.@?]+\s*$)/, "unless ", "say it without not")(place))) },
  { of: /json|trailing comma|double-quoted property name|expected.*(?:eof|,|\})|unexpected token|comma/i, mend: only(isJson, jsonComma) },
  { of: /truthy value should be/i, mend: only(isYaml, (place) => (isInText(place) || /^\s*["']?on["']?\s*:/.test(place.text) ? null : once(/(?<=:\s+|-\s+)(?:yes|Yes|YES|on|On|ON|True|TRUE)(?=\s*(?:#.*)?$)/, "true", "write the value as true")(place) ?? once(/(?<=:\s+|-\s+)(?:no|No|NO|off|Off|OFF|False|FALSE)(?=\s*(?:#.*)?$)/, "false", "write the value as false")(place))) },
  { of: /missing document start|document-start/i, mend: only(isYaml, ({ lines }) => (lines.some((text) => text.startsWith("---")) ? null : { what: "begin the document", edits: [{ line: 1, gone: 0, come: ["---"] }] })) },
  { of: /expected ".*" to be|color-hex|value-keyword-case|function-url-quotes|selector-pseudo-element-colon/i, mend: only(isCss, styled) },
  { of: /length-zero-no-unit|unexpected unit|nouselessunit|zero-units/i, mend: only(isCss, once(/(?<![\w.#])0(?:px|em|rem|pt|vh|vw)(?=[\s;,)])/, "0", "nothing has no unit")) },
  { of: /block-no-empty|unexpected empty block/i, mend: only(isCss, (place) => (/^[^{}]*\{\s*\}\s*$/.test(place.text) ? { what: "remove the rule that says nothing", edits: [{ line: place.line, gone: 1, come: [] }] } : null)) },
  { of: /dl3020|use copy instead of add/i, mend: only(isDocker, (place) => (/https?:|\.(?:tar|tgz|gz|xz|bz2|zip)\b/.test(place.text) ? null : once(/^(\s*)ADD(?=\s)/, "$1COPY", "copy the file as it is")(place))) },
  { of: /dl3025|json notation for cmd|shell form/i, mend: only(isDocker, execForm) },
  { of: /dl4000|maintainer.*deprecated/i, mend: only(isDocker, once(/^MAINTAINER\s+(.+?)\s*$/, 'LABEL org.opencontainers.image.authors="$1"', "name the author in a label")) },
  { of: /dl3015|--no-install-recommends/i, mend: only(isDocker, once(/\bapt-get install (-y )?(?!.*--no-install-recommends)/, "apt-get install $1--no-install-recommends ", "install what is asked for alone", "what only was recommended is not there")) },
  { of: /dl3014|use the `?-y/i, mend: only(isDocker, once(/\bapt-get install (?!.*-y)/, "apt-get install -y ", "ask nobody")) },
  { of: /dl3042|--no-cache-dir/i, mend: only(isDocker, once(/\bpip3? install (?!.*--no-cache-dir)/, "$&--no-cache-dir ", "keep no cache in the image")) },
  { of: /casing of instruction|fromascasing|stage name.*casing|'as' and 'from' keywords/i, mend: only(isDocker, once(/^(FROM\s+\S+\s+)as(?=\s)/, "$1AS", "write the words of the file in one way")) },
  { of: /missing separator/i, mend: only(isMake, recipe) },
  { of: /md009|trailing spaces/i, mend: only(isMarkdown, (place) => line(place, place.text.trimEnd(), "take the white space off the end", "where two spaces were to break the line, it is no longer broken")) },
  { of: /md034|bare url/i, mend: only(isMarkdown, once(/(?<![<("'`\[\w])(https?:\/\/[\w./?=&%#~+-]*[\w/])(?![\w>)\]"'`])/, "<$1>", "mark the address as one")) },
  { of: /md018|no space after hash/i, mend: only(isMarkdown, once(/^(#{1,6})(?=[^#\s])/, "$1 ", "a space behind the number sign")) },
  { of: /md022|headings should be surrounded by blank/i, mend: only(isMarkdown, (place) => (/below|Below/.test(place.message) && place.lines[place.line]?.trim() !== "" ? { what: "part the heading from the text", edits: [{ line: place.line + 1, gone: 0, come: [""] }] } : /above|Above/.test(place.message) && place.lines[place.line - 2]?.trim() !== "" ? { what: "part the heading from the text", edits: [{ line: place.line, gone: 0, come: [""] }] } : null)) },
  { of: /md032|lists should be surrounded by blank|md031|fenced code blocks should be surrounded/i, mend: only(isMarkdown, (place) => (place.line > 1 && place.lines[place.line - 2]!.trim() !== "" && /^\s*(?:[-*+]|\d+\.|```)/.test(place.text) && !/^\s*(?:[-*+]|\d+\.) /.test(place.lines[place.line - 2]!) ? { what: "part it from the text", edits: [{ line: place.line, gone: 0, come: [""] }] } : null)) },
  { of: /cp01|l010|keywords must be/i, mend: only(isSql, keywordCase) },
];
