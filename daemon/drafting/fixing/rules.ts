/** Mechanical mends, each for a rule whose meaning is known. A rule looks at one line, and says nothing where it is not sure. */
import { codeOf, countsIndent, goesOn, isAloneInBlock, isAssigned, isEcma, isHead, isInText, isMisspelt, isOnlyBody, isSameCode, isWrittenBelow, isWrittenElsewhere, isWrittenOutside, type Standing, word } from "./lines.ts";
import type { Edit } from "./patch.ts";

export interface Complaint {
  readonly rule: string;
  /** The tool's words: hostile, matched and never followed. */
  readonly message: string;
  readonly excerpt: string;
  readonly line: number;
  /** 1-based, where the tool names one. */
  readonly column?: number;
}

export interface Place extends Complaint, Standing {}

export interface Mend {
  readonly what: string;
  readonly edits: readonly Edit[];
  /** The file is to end with a line feed. */
  readonly ends?: true;
  /** What a person has to know before using it. */
  readonly caution?: string;
}

export interface MendRule {
  readonly of: RegExp;
  readonly mend: (place: Place) => Mend | null;
}

const IDENTIFIER = "[A-Za-z_$][\\w$]*";
const escaped = (name: string): string => name.replace(/[^\w]/g, "\\$&");
const one = (place: Place, text: string, what: string, caution?: string): Mend | null =>
  text === place.text ? null : { what, edits: [{ line: place.line, gone: 1, come: [text] }], ...(caution === undefined ? {} : { caution }) };
/** Null where what follows would take its place, or where it goes on. */
function without(place: Place, what: string, caution?: string): Mend | null {
  if (isOnlyBody(place) || goesOn(place)) return null;
  const come = countsIndent(place.path) && isAloneInBlock(place) ? [place.text.replace(/^(\s*).*$/, "$1pass")] : [];
  return { what, edits: [{ line: place.line, gone: 1, come }], ...(caution === undefined ? {} : { caution }) };
}

const NAMED = [/["'`‘“](?<name>[A-Za-z_$][\w$./@-]*)["'`’”]/, /^(?<name>[A-Za-z_$][\w$]*) (?:is|imported)\b/, /^(?:[A-Z]\d{4}: )?Unused (?:import )?(?<name>[A-Za-z_$][\w$.]*)(?: imported from| \(unused-import)/, /unused (?:variable|import|parameter|function|argument|local)s?:? [`'"‘]?(?<name>[A-Za-z_$][\w$.:/]*)/];
const nameIn = (message: string): string | null => NAMED.map((of) => of.exec(message)?.groups?.["name"]).find((name) => name !== undefined) ?? null;

/** `import { a, b as c } from "x"` without one of its names; null where it is none of them. */
function withoutSpecifier(text: string, name: string): string | null {
  const short = name.split(".").at(-1)!;
  const braces = /\{([^}]*)\}/.exec(text);
  if (braces !== null && /^\s*import\b/.test(text)) {
    const parts = braces[1]!.split(",").map((part) => part.trim()).filter((part) => part !== "");
    const left = parts.filter((part) => part.replace(/^type\s+/, "").split(/\s+as\s+/).at(-1) !== short);
    if (left.length === parts.length) return withoutDefault(text, short);
    if (left.length > 0) return text.replace(braces[0], `{ ${left.join(", ")} }`);
    const before = /^\s*import\s+(?:type\s+)?([\w$]+)\s*,\s*\{/.exec(text)?.[1];
    return before === undefined ? "" : text.replace(/\s*,\s*\{[^}]*\}/, "");
  }
  const python = /^(\s*from\s+\S+\s+import\s+)\(?([^()#]+?)\)?(\s*#.*)?$/.exec(text) ?? /^(\s*import\s+)([^#]+?)(\s*#.*)?$/.exec(text);
  if (python !== null && !/\bfrom\b.*["']|["']/.test(text)) {
    const parts = python[2]!.split(",").map((part) => part.trim()).filter((part) => part !== "");
    const left = parts.filter((part) => ![part.split(/\s+as\s+/).at(-1), part.split(/\s+as\s+/)[0]].some((each) => each === name || each === short));
    if (left.length === parts.length) return null;
    return left.length === 0 ? "" : `${python[1]}${left.join(", ")}`;
  }
  return /^\s*import\b/.test(text) ? withoutDefault(text, short) : null;
}

function withoutDefault(text: string, name: string): string | null {
  const whole = new RegExp(`^\\s*import\\s+(?:type\\s+)?(?:\\*\\s+as\\s+)?${escaped(name)}\\s+from\\b|^\\s*import\\s+${escaped(name)}\\s*=`);
  if (whole.test(text)) return "";
  const first = new RegExp(`^(\\s*import\\s+)${escaped(name)}\\s*,\\s*`);
  return first.test(text) ? text.replace(first, "$1") : null;
}

const NOT_LOADED = "a module that does something when it is loaded is no longer loaded";

function unusedImport(place: Place): Mend | null {
  const name = nameIn(place.message);
  const { text } = place;
  const short = name?.split(".").at(-1) ?? "";
  if (short !== "" && !/\.(?:go|rs)$/.test(place.path) && isWrittenElsewhere(place, short)) return null;
  // What a package takes in, it gives on.
  if (/(?:^|\/)__init__\.pyi?$/.test(place.path)) return null;
  if (/\.go$/.test(place.path)) return place.message.includes(/"[^"]+"/.exec(text)?.[0] ?? " ") && /^\s*(?:import\s+)?(?:[\w.]+\s+)?"[^"]+"\s*$/.test(text) && !/^\s*import\s+_/.test(text) ? without(place, "remove the import that nothing uses") : null;
  if (/\.rs$/.test(place.path)) return /^\s*use\s+[\w:]+;\s*$/.test(text) ? without(place, "remove the import that nothing uses") : null;
  if (isEcma(place.path) && /^\s*import\b.*\bfrom\s*["'][^"']+["'];?\s*$/.test(text) && /All imports/i.test(place.message)) return without(place, "remove the import that nothing uses", NOT_LOADED);
  if (name === null) return null;
  // A specifier on a line of its own.
  if (new RegExp(`^\\s*(?:type\\s+)?(?:[\\w$]+\\s+as\\s+)?${escaped(short)}\\s*,?\\s*$`).test(text) && insideImport(place)) return without(place, "remove the name that nothing uses from its import");
  const left = withoutSpecifier(text, name);
  if (left === null) return null;
  return left.trim() === "" ? without(place, "remove the import that nothing uses", NOT_LOADED) : one(place, left, "remove the name that nothing uses from its import");
}

function insideImport({ lines, line }: Place): boolean {
  for (let at = line - 2; at >= 0 && at > line - 60; at -= 1) {
    if (/^\s*(?:import|from)\b.*[{(]\s*$/.test(lines[at]!)) return true;
    if (/[;})]\s*$/.test(lines[at]!)) return false;
  }
  return false;
}

const SIDE_EFFECT_FREE = /^[\s\w$."'`\-+*/%<>=!&|?:,[\]]*$/;
const CALLS = /[\w$)\]]\s*[(`]|`[^`]*\$\{|\b(?:await|delete|throw|import)\b|\byield\b|\bnew\b|\+\+|--|[^=!<>]=[^=>]/;

function unusedVariable(place: Place): Mend | null {
  const name = nameIn(place.message);
  if (name === null || !new RegExp(`^${IDENTIFIER}$`).test(name)) return null;
  const { text, path } = place;
  if (isWrittenBelow(place, name)) return null;
  if (/\.rs$/.test(path)) return one(place, text.replace(new RegExp(`(\\blet\\s+(?:mut\\s+)?|[(,]\\s*(?:mut\\s+)?)${escaped(name)}\\b`), `$1_${name}`), "mark the variable that nothing uses with an underscore");
  const value = (new RegExp(`^\\s*(?:const|let|var)\\s+${escaped(name)}\\s*(?::[^=]+)?(?:=\\s*(?<value>.*?))?;?\\s*$`).exec(text) ?? (/\.py$/.test(path) ? new RegExp(`^\\s*${escaped(name)}\\s*(?::[^=]+)?=(?!=)\\s*(?<value>.+)$`).exec(text) : null))?.groups;
  if (value === undefined) return null;
  const from = (value["value"] ?? "").trim();
  const closed = (from.match(/[([{]/g) ?? []).length === (from.match(/[)\]}]/g) ?? []).length;
  if (!closed || CALLS.test(from) || !SIDE_EFFECT_FREE.test(from.replace(/[{}]/g, ""))) return /\.py$/.test(path) && closed && /\(/.test(from) ? one(place, text.replace(/^(\s*)[^=]+=\s*/, "$1"), "keep the call and drop the variable that nothing uses") : null;
  const bare = from.replace(/(["'`])(?:\\.|(?!\1).)*\1|\[[^\]]*\]|\{[^}]*\}/g, "");
  // One of several that are declared at once.
  if (bare.includes(",") && !/\.py$/.test(path)) return null;
  return without(place, "remove the variable that nothing uses", /[.[]/.test(bare.replace(/\d\.\d/g, "")) || /\[/.test(from) ? "reading what it held may do something or fail, which no longer happens" : undefined);
}

function missingAwait(place: Place): Mend | null {
  const { lines, line, text } = place;
  if (/\bawait\b/.test(text) || !/^\s*(?:(?:const|let|var)\s+[\w${},\s[\]]+=\s*|return\s+)?[\w$.]+(?:<[^>]*>)?\(/.test(text)) return null;
  const indent = text.length - text.trimStart().length;
  for (let at = line - 2; at >= 0; at -= 1) {
    const above = lines[at]!;
    if (above.trim() === "" || above.length - above.trimStart().length >= indent) continue;
    if (/\basync\b/.test(above)) return one(place, text.replace(/^(\s*(?:(?:const|let|var)\s+[\w${},\s[\]]+=\s*|return\s+)?)/, "$1await "), "wait for the promise");
    // A function that is not async is in between: waiting there is another change.
    if (/\bfunction\b|=>\s*\{|^\s*(?!(?:if|for|while|switch|try|else|do|catch)\b)[\w$]+\s*\([^)]*\)\s*(?::[^{]+)?\{/.test(above)) return null;
  }
  return null;
}

function strictEquality(place: Place): Mend | null {
  const code = codeOf(place.text);
  // Inside a regular expression it compares nothing.
  if (!isEcma(place.path) || /(?:^|[=(,:!&|?;[{]|\breturn)\s*\/(?![/*])/.test(code)) return null;
  const hits = [...code.matchAll(/(?<![=!<>])(==|!=)(?!=)/g)];
  if (hits.length !== 1) return null;
  const { index, 0: sign } = hits[0]!;
  // `x == null` asks for undefined as well, and the other way round.
  if (/^[\s(]*(?:null|undefined|void\b)/.test(code.slice(index + 2)) || /\b(?:null|undefined|void\s+0)[\s)]*$/.test(code.slice(0, index))) return null;
  return one(place, `${place.text.slice(0, index)}${sign}=${place.text.slice(index + 2)}`, "compare without conversion", "values of two types are no longer equal");
}

const HEADS = /^\s*(?:\}\s*)?(?:(?:export|default|declare|abstract|async|public|private|protected|static)\s+)*(?:if|else|for|while|with|switch|try|catch|finally|do|function|class|interface|namespace|module|enum|struct|union|impl|fn|func)\b|^\s*[@#]/;

function semicolon(place: Place): Mend | null {
  const bare = place.text.trimEnd();
  // Behind a head it would end what the head decides about.
  if (HEADS.test(bare) || isHead(place) || goesOn(place)) return null;
  if (/^\s*(?:\/\/|\*|\/\*)|[;{,(:[&|?+]$|^\s*$/.test(bare) || codeOf(bare).trimEnd().length < bare.length && /\/[/*]/.test(bare)) return null;
  return one(place, `${bare};`, "end the statement with a semicolon");
}

/** mypy and pylint name the type first. */
const MAYBE = /(?:attribute|no) ["'](?<wrong>[A-Za-z_]\w*)["'](?: member)?; maybe ["'](?<right>[A-Za-z_]\w*)["']/;

/** What is wrong is one of the names that stand before the one that is meant: the one that the line has, and that is near. */
function namesSaid(place: Place): { readonly wrong: string; readonly right: string } | null {
  const maybe = MAYBE.exec(place.message)?.groups;
  if (maybe !== undefined) return { wrong: maybe["wrong"]!, right: maybe["right"]! };
  const text = `${place.message}\n${place.excerpt}`.slice(0, 4_000);
  const hint = /(?:[Dd]id you mean|similar name exists|[Mm]aybe you meant)[^"'`‘]*["'`‘](?<right>[A-Za-z_$][\w$]*)["'`’]/.exec(text);
  const right = hint?.groups?.["right"];
  if (hint === null || right === undefined) return null;
  const names = [...text.slice(0, hint.index).matchAll(/["'`‘]([A-Za-z_$][\w$]*)["'`’]/g)].map((match) => match[1]!);
  const wrong = names.find((name) => name !== right && word(name).test(place.text.replaceAll(".", " ")) && isMisspelt(place, name, right));
  return wrong === undefined ? null : { wrong, right };
}

function suggestion(place: Place): Mend | null {
  const said = namesSaid(place);
  if (said === null) return null;
  const { wrong, right } = said;
  // What is taken in under another name has to be called by it.
  if (/^\s*(?:import|from|use|using)\b/.test(place.text) && isWrittenElsewhere(place, wrong)) return null;
  if (!isMisspelt(place, wrong, right)) return null;
  const uses = [...codeOf(place.text).matchAll(new RegExp(`(?<![\\w$])${escaped(wrong)}(?![\\w$])`, "g"))];
  if (uses.length !== 1) return null;
  const at = uses[0]!.index;
  return one(place, place.text.slice(0, at) + right + place.text.slice(at + wrong.length), "use the name that exists");
}

/** `Insert`, `Delete` and `Replace` of formatters, where the line has one place for it. Their dot is a space. */
function formatted(place: Place): Mend | null {
  const shown = (text: string): string | null => (text.includes("⏎") ? null : text.replaceAll("·", " ").replaceAll("↹", "\t"));
  const { text, message } = place;
  const said = /^(?:\W*)(?<verb>Insert|Delete|Replace) `(?<a>[^`]*)`(?: with `(?<b>[^`]*)`)?/.exec(message)?.groups;
  if (said === undefined) return null;
  const [a, b] = [shown(said["a"]!), said["b"] === undefined ? "" : shown(said["b"])];
  if (a === null || a === "" || b === null) return null;
  const mend = formattedAs(place, said["verb"]!, a, b);
  const now = mend?.edits[0]?.come[0];
  // A formatter changes no meaning: whoever asks for more is none.
  return mend !== null && now !== undefined && isSameCode(text, now) ? mend : null;
}

function formattedAs(place: Place, verb: string, a: string, b: string): Mend | null {
  const { text, lines, line, path } = place;
  if (verb === "Insert") {
    if (/^\s+$/.test(a)) return countsIndent(path) ? null : one(place, a + text, "indent the line");
    if (a === ";") return semicolon(place);
    return a === "," && !text.trimEnd().endsWith(a) && /^\s*[)\]}]/.test(lines[line] ?? "") ? one(place, text.trimEnd() + a, "end the line with a comma") : null;
  }
  if (verb === "Delete" && /^\s+$/.test(a) && text.endsWith(a)) return trailing(place);
  if (text.split(a).length !== 2 || (countsIndent(path) && text.trimStart() !== text && text.startsWith(a))) return null;
  return one(place, text.replace(a, () => b), verb === "Delete" ? "take out what the formatter names" : "write it as the formatter does");
}

export const trailing = (place: Place): Mend | null => (isInText(place) ? null : one(place, place.text.trimEnd(), "take the white space off the end"));
const end = ({ lines }: Place): Mend | null => (lines.length === 0 ? null : { what: "end the file with a line feed", edits: [], ends: true });

function blanksAtEnd({ lines }: Place): Mend | null {
  let last = lines.length;
  while (last > 0 && lines[last - 1]!.trim() === "") last -= 1;
  return last === lines.length || last === 0 ? null : { what: "remove the blank lines at the end", edits: [{ line: last + 1, gone: lines.length - last, come: [] }], ends: true };
}

const replaced = (from: RegExp, to: string, what: string, caution?: string) => (place: Place): Mend | null => (from.test(place.text) ? one(place, place.text.replace(from, to), what, caution) : null);
/** Only where it stands once outside strings. */
const onceInCode = (from: RegExp, to: string, what: string, caution?: string) => (place: Place): Mend | null => {
  const hits = [...codeOf(place.text).matchAll(new RegExp(from.source, "g"))];
  if (hits.length !== 1) return null;
  const { index, 0: all } = hits[0]!;
  return one(place, place.text.slice(0, index) + all.replace(from, to) + place.text.slice(index + all.length), what, caution);
};

/** `rule` or the tool's words; the first that fits and has something to say wins. */
export const MENDS: readonly MendRule[] = [
  { of: /did you mean|similar name exists|; maybe ["'`]|maybe you meant/i, mend: suggestion },
  { of: /unused[-_ ]?imports?|no-unused-imports|\bf401\b|imported (?:but unused|and not used)|ts6133|ts6192|all imports in import declaration are unused|no-unused-vars|never used|never read/i, mend: unusedImport },
  { of: /unused[-_ ]?var|no-unused-vars|\bf841\b|ts6133|never (?:used|read)|unused variable|assigned to but never used|assigned a value but never used/i, mend: unusedVariable },
  { of: /no-floating-promises|floating promise|promises must be awaited|missing[-_ ]await|was never awaited|require-await-call/i, mend: missingAwait },
  { of: /eqeqeq|expected '[=!]==' and instead saw/i, mend: strictEquality },
  { of: /\bsemi\b|missing[- ]semicolon|expected.*semicolon|';' expected/i, mend: semicolon },
  { of: /no-trailing-spaces|trailing[-_ ]?(?:white)?space|trailing whitespaces|\bw291\b|\bw293\b/i, mend: trailing },
  { of: /eol-last|\bw292\b|no newline at end of (?:the )?file|newline required at end|missing newline at end|final-newline|no new ?line character at the end|md047|single newline character|trailingemptylines|final newline missing|noemptyfinal|finalnewline|insertfinalnewline|missing-final-newline|c0304/i, mend: end },
  { of: /\bw391\b|too many blank lines at the end|no-multiple-empty-lines.*end|blank lines? at (?:the )?end of (?:the )?file|trailing-newlines|c0305/i, mend: blanksAtEnd },
  { of: /prettier|biome.*format|formatter|dprint/i, mend: formatted },
  { of: /prefer-const|never reassigned/i, mend: (place) => (isAssigned(place, /let\s+([\w$]+)/.exec(place.text)?.[1] ?? " ") ? null : replaced(/^(\s*(?:export\s+)?)let\b/, "$1const", "declare it as const")(place)) },
  { of: /no-debugger|code\.debugger|debugger/i, mend: (place) => (/^\s*debugger;?\s*$/.test(place.text) ? without(place, "remove the debugger statement") : /^\s*(?:breakpoint\(\)|import i?pdb.*set_trace\(\))\s*$/.test(place.text) ? without(place, "remove the breakpoint") : null) },
  { of: /test\.focused|no-only-tests|no-focused|focused/i, mend: replaced(/^(\s*(?:it|test|describe))\.only\b/, "$1", "take the focus off") },
  { of: /no-extra-semi|unnecessary semicolon/i, mend: replaced(/;;+\s*$/, ";", "keep one semicolon") },
  { of: /\be711\b|comparison to none|(?:singleton-comparison.*none|none.*singleton-comparison)/i, mend: (place) => onceInCode(/\s*==\s*None\b/, " is None", "ask for None by identity")(place) ?? onceInCode(/\s*!=\s*None\b/, " is not None", "ask for None by identity")(place) },
  { of: /\be712\b|comparison to true/i, mend: (place) => (comparisonsIn(place.text) > 1 ? null : onceInCode(/\s*==\s*True\b/, "", "ask for truth itself", "a value that is true and not True counts now")(place)) },
  { of: /\be722\b|bare[- ]except/i, mend: replaced(/\bexcept\s*:/, "except Exception:", "let signals and exits through") },
  { of: /\bf541\b|f-string.*(?:without|missing).*placeholders|w1309|f-string-without-interpolation/i, mend: plainString },
  { of: /\be713\b|not in.*test for membership|test for membership should be/i, mend: onceInCode(/\bnot\s+(\w[\w.]*)\s+in\b/, "$1 not in", "use not in") },
  { of: /\be714\b|test for object identity should be/i, mend: onceInCode(/\bnot\s+(\w[\w.]*)\s+is\b/, "$1 is not", "use is not") },
  { of: /sc2086|double quote to prevent globbing/i, mend: onlyVariable },
  { of: /sc2164|use 'cd \.\.\. \|\| exit'/i, mend: replaced(/^(\s*(?:cd|pushd|popd)\b[^|&;]*?)\s*$/, "$1 || exit", "stop where the folder is not there") },
  { of: /sc2006|use \$\(\.\.\.\) notation/i, mend: replaced(/`([^`]+)`/, "$($1)", "write the command substitution with brackets") },
  { of: /sc2162|read without -r/i, mend: replaced(/\bread\b(?!\s+-\w*r)/, "read -r", "read backslashes as they are") },
  { of: /no-var\b|unexpected var/i, mend: (place) => (isWrittenOutside(place, /var\s+([\w$]+)/.exec(place.text)?.[1] ?? " ") ? null : replaced(/^(\s*)var\b/, "$1let", "declare it as let")(place)) },
  { of: /possibly '?(?:null|undefined)|ts2531|ts2532|ts18047|ts18048|strict-null/i, mend: optionalCall },
];

const comparisonsIn = (text: string): number => (codeOf(text).match(/[=!<>]=|[<>]|\b(?:is|in|not)\b/g) ?? []).length;

/** The one f-string of the line that has nothing in braces. */
function plainString(place: Place): Mend | null {
  const found = [...place.text.matchAll(/(?<![\w"'])f(["'])(?:\\.|(?!\1).)*\1/g)].filter(([all]) => !/[{}]/.test(all));
  if (found.length !== 1 || isInText(place)) return null;
  const at = found[0]!.index;
  return one(place, place.text.slice(0, at) + place.text.slice(at + 1), "make it a plain string");
}

function onlyVariable(place: Place): Mend | null {
  if (!/\.(?:sh|bash|zsh)$|(?:^|\/)[^/.]+$/.test(place.path) || isInText(place)) return null;
  const bare = place.text.replace(/"(?:\\.|[^"\\])*"|'[^']*'/g, (all) => " ".repeat(all.length));
  const hits = [...bare.matchAll(/\$(?:\w+|\{\w+\})/g)];
  if (hits.length !== 1 || /^\s*(?:for|case)\b|\[\[|^\s*\w+=/.test(place.text)) return null;
  const { index, 0: all } = hits[0]!;
  // Quotes around a part of a word quote that part, which is what is wanted.
  return one(place, `${place.text.slice(0, index)}"${all}"${place.text.slice(index + all.length)}`, "quote the variable", "where it holds several words, they are one now");
}

/** A statement that only calls: with nothing to call, nothing is done. */
function optionalCall(place: Place): Mend | null {
  const name = nameIn(place.message)?.split(".").at(-1);
  if (!/\.[cm]?[jt]sx?$/.test(place.path) || name === undefined || !/^\s*(?:await\s+)?[\w$.]+\([^=]*\);?\s*$/.test(place.text)) return null;
  const calls = [...codeOf(place.text).matchAll(new RegExp(`(?<![\\w$])${escaped(name)}\\.(?=[\\w$]+)`, "g"))];
  return calls.length === 1 ? one(place, place.text.replace(calls[0]![0], `${name}?.`), "call it only where there is something to call", "where it is null nothing happens, and nobody is told") : null;
}
