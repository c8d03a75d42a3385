/** Names that a file declares, told line by line. No parser: it has to read a dozen languages, broken files too; what it misses stays unsaid. */
import { classify } from "../../checking/classify.ts";

export interface Declaration {
  readonly name: string;
  /** As people of that language call it: function, class, method, type, constant, key, section. */
  readonly what: string;
  /** Class or receiver it stands in; null at the top. */
  readonly within: string | null;
  /** Others may use it. */
  readonly exported: boolean;
  /** 1-based, and the last line of its body. */
  readonly line: number;
  readonly end_line: number;
  /** From the name to where the body begins, white space collapsed. */
  readonly signature: string;
}

interface Pattern {
  readonly what: string;
  /** Groups: `name`, and where the language says it there, `exported`. */
  readonly line: RegExp;
  /** Told by the name where no word says it. */
  readonly exportedName?: RegExp;
  /** Only inside something else. */
  readonly inner?: true;
  readonly always?: true;
}

const ECMA: readonly Pattern[] = [
  { what: "function", line: /^\s*(?<exported>export\s+)?(?:default\s+)?(?:declare\s+)?(?:async\s+)?function\s*\*?\s*(?<name>[\w$]+)/ },
  { what: "class", line: /^\s*(?<exported>export\s+)?(?:default\s+)?(?:declare\s+)?(?:abstract\s+)?class\s+(?<name>[\w$]+)/ },
  { what: "type", line: /^\s*(?<exported>export\s+)?(?:declare\s+)?(?:interface|type|enum|const\s+enum|namespace)\s+(?<name>[A-Za-z_$][\w$]*)\s*(?:[<={]|extends\b)/ },
  { what: "function", line: /^\s{0,2}(?<exported>export\s+)?(?:const|let|var)\s+(?<name>[\w$]+)\s*(?::[^=]+(?:=>[^=]+)?)?=\s*(?:async\s*)?(?:function\b|\([^)]*$|\([^)]*\)\s*(?::[^=]+)?=>|[\w$]+\s*=>|<[^>]+>\s*\()/ },
  { what: "function", line: /^(?<exported>(?:module\.)?exports\.)(?<name>[\w$]+)\s*=\s*(?:async\s*)?(?:function\b|\()/ },
  { what: "constant", line: /^(?<exported>export\s+)?(?:declare\s+)?(?:const|let|var)\s+(?<name>[\w$]+)\b/ },
  { what: "method", inner: true, line: /^\s+(?!(?:if|for|while|switch|catch|return|function|await|else|do|new|typeof|throw|super|case|import|export)\b)(?<exported>(?:public\s+|static\s+|readonly\s+|async\s+|override\s+|get\s+|set\s+|\*\s*)*)(?:(?:private|protected)\s+(?:static\s+|async\s+|readonly\s+)*)?(?<name>#?[\w$]+)\s*(?:<[^>(]*>)?\([^;]*(?:\{|,|\()\s*$/, exportedName: /^[^#]/ },
];
const PYTHON: readonly Pattern[] = [
  { what: "function", line: /^\s*(?:async\s+)?def\s+(?<name>\w+)/, exportedName: /^(?!_)/ },
  { what: "class", line: /^\s*class\s+(?<name>\w+)/, exportedName: /^(?!_)/ },
  { what: "constant", line: /^(?<name>[A-Z][A-Z0-9_]{2,})\s*(?::[^=]+)?=(?!=)/, exportedName: /^(?!_)/ },
];
const GO: readonly Pattern[] = [
  { what: "method", line: /^func\s+\(\s*\w*\s*\*?(?<within>\w+)[^)]*\)\s*(?<name>\w+)/, exportedName: /^[A-Z]/ },
  { what: "function", line: /^func\s+(?<name>\w+)/, exportedName: /^[A-Z]/ },
  { what: "type", line: /^type\s+(?<name>\w+)/, exportedName: /^[A-Z]/ },
  { what: "constant", line: /^(?:var|const)\s+(?<name>\w+)/, exportedName: /^[A-Z]/ },
];
const RUST: readonly Pattern[] = [
  { what: "function", line: /^\s*(?<exported>pub(?:\([^)]*\))?\s+)?(?:default\s+)?(?:(?:async|const|unsafe|extern(?:\s+"[^"]*")?)\s+)*fn\s+(?<name>\w+)/ },
  { what: "type", line: /^\s*(?<exported>pub(?:\([^)]*\))?\s+)?(?:unsafe\s+)?(?:struct|enum|trait|type|union)\s+(?<name>\w+)/ },
  { what: "class", line: /^impl(?:<[^>]*>)?\s+(?:[\w:<>, ]+\s+for\s+)?(?<name>\w+)/ },
  { what: "module", line: /^\s*(?<exported>pub(?:\([^)]*\))?\s+)?mod\s+(?<name>\w+)/ },
  { what: "constant", line: /^\s*(?<exported>pub(?:\([^)]*\))?\s+)?(?:const|static)\s+(?:mut\s+)?(?<name>[A-Z_][A-Z0-9_]*)\s*:/ },
];
const SHELL: readonly Pattern[] = [
  { what: "function", line: /^\s*(?:function\s+)?(?<name>[\w:-]+)\s*\(\)\s*(?:\{|$)/, always: true },
  { what: "function", line: /^\s*function\s+(?<name>[\w:-]+)\s*\{?$/, always: true },
  { what: "variable", line: /^(?:export\s+|readonly\s+)?(?<name>[A-Z][A-Z0-9_]{2,})=/ },
];
const RUBY: readonly Pattern[] = [
  { what: "function", line: /^\s*def\s+(?<name>(?:self\.)?\w+[?!]?)/, always: true },
  { what: "class", line: /^\s*(?:class|module)\s+(?<name>[A-Z]\w*)/, always: true },
];
/** Java, Kotlin, C#, Swift, PHP, Scala, Dart. */
const BRACES: readonly Pattern[] = [
  { what: "class", line: /^\s*(?<exported>public\s+|open\s+)?(?:(?:private|protected|internal|static|final|abstract|sealed|data)\s+)*(?:class|interface|enum|record|struct|trait|protocol|object)\s+(?<name>\w+)/ },
  { what: "function", line: /^\s*(?<exported>public\s+|open\s+)?(?:(?:private|protected|internal|static|final|override|suspend|async|mutating)\s+)*(?:fun|func|function|def)\s+(?<name>\w+)/, exportedName: /^(?!_)/ },
  { what: "method", line: /^\s*(?<exported>public\s+)?(?:(?:public|private|protected|internal|static|final|abstract|override|virtual|synchronized|async)\s+)*(?!(?:return|new|else|throw|await|case|if|for|while|switch|catch|using)\b)(?:[\w<>[\],.?]+\s+)(?<name>\w+)\s*\([^;={]*(?:\{\s*|=>.*)?$/, inner: true },
];
const ELIXIR: readonly Pattern[] = [
  { what: "function", line: /^\s*(?<exported>def(?!p)\w*\s+)(?<name>[a-z_]\w*[?!]?)(?=[\s(,]|$)/ },
  { what: "function", line: /^\s*defp\s+(?<name>[a-z_]\w*[?!]?)/ },
];
/** Lua, Perl, R, Julia, Erlang, Haskell, Nim, Clojure: a function by the word that begins it. */
const WORDED: readonly Pattern[] = [
  { what: "function", line: /^\s*(?:local\s+)?(?:function|sub|proc|defn-?)\s+(?<name>[\w.:!?*-]+)|^\s*\(defn-?\s+(?<lisp>[\w.:!?*-]+)/, always: true },
  { what: "function", line: /^(?<name>[A-Za-z_.][\w.]*)\s*(?:<-|=)\s*function\s*\(/, always: true },
];
const PROTO: readonly Pattern[] = [{ what: "type", line: /^\s*(?:message|service|enum|oneof)\s+(?<name>\w+)/, always: true }, { what: "function", line: /^\s*rpc\s+(?<name>\w+)/, always: true }];
const GRAPHQL: readonly Pattern[] = [{ what: "type", line: /^\s*(?:extend\s+)?(?:type|input|enum|interface|union|scalar)\s+(?<name>\w+)/, always: true }];
const HCL: readonly Pattern[] = [{ what: "resource", line: /^\s*(?:resource|data)\s+"(?<name>[\w-]+"\s+"[\w-]+)"|^(?:module|variable|output|provider)\s+"(?<other>[\w-]+)"/, always: true }];
const STYLES: readonly Pattern[] = [{ what: "rule", line: /^\s*(?<name>[.#&:@\w*[][^{};]{0,100}?)\s*\{\s*$/, always: true }];
const C: readonly Pattern[] = [
  { what: "type", line: /^(?:typedef\s+)?(?:struct|class|union|enum(?:\s+class)?)\s+(?<name>\w+)\s*[^;()]*\{?$/, always: true },
  { what: "function", line: /^(?!(?:return|else|typedef|using|if|for|while|switch)\b)(?:[A-Za-z_][\w:<>,]*[\s*&]+)+(?<name>[A-Za-z_~][\w:~]*)\s*\([^;]*$/, exportedName: /./ },
  { what: "macro", line: /^#\s*define\s+(?<name>\w+)/, always: true },
];
const SQL: readonly Pattern[] = [{ what: "table", line: /^\s*(?:create|alter|drop)\s+(?:unique\s+)?(?:table|index|view|function|type)\s+(?:if\s+(?:not\s+)?exists\s+)?["`[]?(?<name>\w+)/i, always: true }];
const MARKDOWN: readonly Pattern[] = [{ what: "section", line: /^#{1,6}\s+(?<name>\S.*?)\s*#*$/, always: true }];
const SECTIONS: readonly Pattern[] = [{ what: "section", line: /^\[{1,2}(?<name>[^\]]+)\]{1,2}\s*$/, always: true }, { what: "key", line: /^(?<name>[\w.-]+)\s*=/, always: true }];
const YAML: readonly Pattern[] = [{ what: "key", line: /^(?: {2})?(?<name>[A-Za-z_"'/][\w."'/-]*)\s*:(?:\s|$)/, always: true }];
const JSON_KEYS: readonly Pattern[] = [{ what: "key", line: /^(?: {2}|\t| {4}){1,2}"(?<name>[^"]{1,120})"\s*:/, always: true }];
const ASSIGNED: readonly Pattern[] = [{ what: "variable", line: /^(?:export\s+)?(?<name>[A-Za-z_][\w.]*)\s*[:?+]?=/, always: true }];

const BY_LANGUAGE: Readonly<Record<string, readonly Pattern[]>> = { javascript: ECMA, python: PYTHON, go: GO, rust: RUST, shell: SHELL, ruby: RUBY, java: BRACES, csharp: BRACES, swift: BRACES, php: BRACES, dart: BRACES, c: C, elixir: ELIXIR };
const BY_EXTENSION: readonly (readonly [RegExp, readonly Pattern[]])[] = [
  [/\.(?:md|mdx|markdown)$/i, MARKDOWN],
  [/\.(?:toml|ini|cfg)$/i, SECTIONS],
  [/\.ya?ml$/i, YAML],
  [/\.jsonc?$/i, JSON_KEYS],
  [/\.sql$/i, SQL],
  [/\.proto$/, PROTO],
  [/\.(?:graphqls?|gql)$/, GRAPHQL],
  [/\.(?:tf|hcl)$/, HCL],
  [/\.(?:css|scss|sass|less)$/, STYLES],
  [/\.(?:lua|pl|pm|r|jl|nim|clj|cljs)$/i, WORDED],
  [/(?:^|\/)\.env(?:\.|$)|\.properties$/i, ASSIGNED],
];

const LINES_MAX = 20_000;
const LINE_CHARACTERS_MAX = 2_000;
const DECLARATIONS_MAX = 2_000;
const SIGNATURE_LINES_MAX = 12;
const SIGNATURE_CHARACTERS_MAX = 400;

/** Null where no rule reads such a file. */
function patternsOf(path: string): readonly Pattern[] | null {
  const language = classify(path).language;
  return (language === null ? undefined : BY_LANGUAGE[language]) ?? BY_EXTENSION.find(([of]) => of.test(path))?.[1] ?? null;
}

export const readsNamesOf = (path: string): boolean => patternsOf(path) !== null;

const indentOf = (line: string): number => line.length - line.trimStart().length;
const CLOSES = /^\s*(?:[)\]}]|end\b|>)/;
/** A line that closes the parameters and opens the body. */
const GOES_ON = /^\s*[)\]}>].*(?:\{|:|=>|=|\($)\s*$/;

/** By indentation: the first line that stands no deeper ends it, and belongs to it where it closes something. */
function endOf(lines: readonly string[], start: number): number {
  const depth = indentOf(lines[start]!);
  let last = start;
  for (let at = start + 1; at < lines.length; at += 1) {
    const line = lines[at]!;
    if (line.trim() === "") continue;
    if (indentOf(line) > depth) {
      last = at;
      continue;
    }
    if (/^\s*\{\s*$/.test(line) || GOES_ON.test(line)) {
      last = at;
      continue;
    }
    return CLOSES.test(line) && /[{([]\s*$|=>\s*$|\bdo\b|^\s*(?:def|class|module)\b|,\s*$/.test(lines.slice(start, at).join("\n")) ? at : last;
  }
  return last;
}

function sectionEnd(lines: readonly string[], start: number): number {
  const level = /^#+/.exec(lines[start]!)?.[0].length ?? 7;
  for (let at = start + 1; at < lines.length; at += 1) {
    const next = /^(#{1,6})\s/.exec(lines[at]!)?.[1];
    if (next !== undefined && next.length <= level) return at - 1;
  }
  return lines.length - 1;
}

function signatureOf(lines: readonly string[], start: number, end: number): string {
  let text = "";
  for (let at = start; at <= end && at < start + SIGNATURE_LINES_MAX; at += 1) {
    text += ` ${lines[at]!.trim()}`;
    const opened = (text.match(/\(/g) ?? []).length;
    if (opened <= (text.match(/\)/g) ?? []).length && (opened > 0 || /[{:=]\s*$/.test(text))) break;
  }
  // What stands behind the last bracket of the head is the body.
  return text.replace(/\s+/g, " ").replace(/\s*(?:\{|=>).*$/, "").replace(/[:\s]+$/, "").trim().slice(0, SIGNATURE_CHARACTERS_MAX);
}

/** In order of their lines. Of a file over the limits, those of its first part. */
export function declarationsOf(path: string, text: string): Declaration[] {
  const patterns = patternsOf(path);
  if (patterns === null) return [];
  const lines = text.split("\n", LINES_MAX).map((line) => line.slice(0, LINE_CHARACTERS_MAX).replace(/\r$/, ""));
  const found: Declaration[] = [];
  /** Those that others may stand in, and that have not ended yet. */
  const holders: Declaration[] = [];
  let fenced = false;
  for (const [at, line] of lines.entries()) {
    if (patterns === MARKDOWN && /^\s*(?:```|~~~)/.test(line)) fenced = !fenced;
    if (fenced || line.length < 3 || found.length >= DECLARATIONS_MAX) continue;
    const holder = holderOf(holders, at + 1, indentOf(line));
    const hit = patterns.find((pattern) => (pattern.inner !== true || holder !== null) && pattern.line.test(line));
    const groups = hit?.line.exec(line)?.groups;
    const name = groups === undefined ? undefined : (groups["name"] ?? groups["lisp"] ?? groups["other"])?.replace(/"\s+"/, ".");
    if (hit === undefined || groups === undefined || name === undefined) continue;
    const end = hit.what === "section" && patterns === MARKDOWN ? sectionEnd(lines, at) : endOf(lines, at);
    const outer = groups["within"] ?? holder?.name ?? null;
    const what = hit.what === "function" && holder !== null ? "method" : hit.what;
    const own = hit.always === true || (groups["exported"] ?? "") !== "" || hit.exportedName?.test(name) === true;
    const one: Declaration = { name, what, within: outer, exported: own && (holder === null || holder.exported) && !/^\s*(?:private|protected)\b/.test(line), line: at + 1, end_line: end + 1, signature: signatureOf(lines, at, end) };
    found.push(one);
    if (HOLDS.test(what)) holders.push(one);
  }
  return found;
}

const HOLDS = /^(?:class|type|module)$/;

/** The class it stands in: nothing inside a function is anybody's name. Lines come in their order, so who has ended holds nothing any more. */
function holderOf(holders: Declaration[], line: number, indent: number): Declaration | null {
  if (indent === 0) return null;
  while ((holders.at(-1)?.end_line ?? line) < line) holders.pop();
  return holders.at(-1) ?? null;
}
