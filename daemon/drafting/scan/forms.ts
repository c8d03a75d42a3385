/** Whether two sides say the same in another form: laid out otherwise, in another idiom, by another name, or in another place. */
import type { Seen } from "../material.ts";
import { withoutComment } from "./inside.ts";

const LINE_READ_MAX = 500;
const LINES_READ_MAX = 1_500;
const WORD = /^[A-Za-z_$][\w$]*$/;
const TOKENS = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`|[A-Za-z_$][\w$]*|\d[\w.]*|\S/g;

interface Sides {
  readonly gone: readonly string[];
  readonly come: readonly string[];
}
/** What goes and what comes, run by run, without comments. */
export function runsOf({ change }: Seen): Sides[] {
  const runs: { gone: string[]; come: string[] }[] = [];
  for (const hunk of change.hunks) {
    let run: { gone: string[]; come: string[] } | null = null;
    for (const { op, text } of hunk.lines) {
      if (op === " ") {
        run = null;
        continue;
      }
      if (run === null) runs.push((run = { gone: [], come: [] }));
      const bare = withoutComment(text.slice(0, LINE_READ_MAX));
      if (bare.trim() !== "") run[op === "-" ? "gone" : "come"].push(bare);
    }
  }
  return runs.slice(0, LINES_READ_MAX);
}
const sidesOf = (file: Seen): Sides => { const runs = runsOf(file); return { gone: runs.flatMap(({ gone }) => gone), come: runs.flatMap(({ come }) => come) }; };
const tokens = (lines: readonly string[]): string[] => lines.slice(0, LINES_READ_MAX).flatMap((line) => line.match(TOKENS) ?? []);

/** Quotes of one kind, no trailing commas, no semicolons at the end of a line, no brackets around one parameter. */
const laidOut = (lines: readonly string[]): string => lines.map((line) => line.trim().replace(/'([^'"\\]*)'/g, '"$1"')).join(" ").replace(/[\s;]+/g, "").replace(/,(?=[)\]}])/g, "").replace(/(?<![\w$])\((\w+)\)=>/g, "$1=>").replace(/,$/, "");
/** In Python an indentation is a meaning: lines outside of brackets keep theirs. */
function logical(text: string): string[] {
  const found: string[] = [];
  let [open, line] = [0, ""];
  for (const each of text.split("\n").slice(0, LINES_READ_MAX * 4)) {
    const bare = withoutComment(each.slice(0, LINE_READ_MAX));
    if (bare.trim() === "") continue;
    line += open > 0 ? bare.trim() : bare;
    open += (bare.match(/[([{]/g) ?? []).length - (bare.match(/[)\]}]/g) ?? []).length;
    if (open > 0 || bare.endsWith("\\")) continue;
    found.push(`${/^\s*/.exec(line)![0].replaceAll("\t", "    ").length} ${laidOut([line]).replace(/^\((.*)\)$/, "$1")}`);
    [open, line] = [0, ""];
  }
  return found;
}

const TEXT_READ_MAX = 200_000;
/** In Python a string that stands alone is a comment. */
const DOCSTRINGS = /^[ \t]*[rRbBuU]?(?:"""[\s\S]*?(?:"""|(?![\s\S]))|'''[\s\S]*?(?:'''|(?![\s\S])))/gm;
const SLASHES = /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g;
const HASHES = /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|(?<=^|\s)#(?!!)[^\n]*/gm;
function codeOf(path: string, text: string): string {
  const cut = text.slice(0, TEXT_READ_MAX);
  const kept = (all: string, literal: string | undefined): string => literal ?? (all.includes("\n") ? "\n" : "");
  if (/\.pyw?$/.test(path)) return cut.replace(DOCSTRINGS, "").replace(HASHES, kept);
  if (/\.(?:rb|sh|bash|pl|r|ex|exs|jl|nim|tf)$/i.test(path)) return cut.replace(HASHES, kept);
  if (/\.(?:[cm]?[jt]sx?|go|rs|java|kts?|cs|cc?|cpp|hpp?|swift|scala|dart|php|css|scss|less|proto)$/.test(path)) return cut.replace(SLASHES, kept);
  if (/\.(?:html?|xml|vue|svelte)$/.test(path)) return cut.replace(/<!--[\s\S]*?(?:-->|$)/g, "");
  return cut;
}
/** Without its comments the file is the one that it was. */
export function commentsOnly({ path, old, new: now }: Seen): boolean {
  if (old === null || now === null || old.length > TEXT_READ_MAX || now.length > TEXT_READ_MAX || old === now) return false;
  const bare = (text: string): string => codeOf(path, text).split("\n").map((line) => line.trimEnd()).filter((line) => line.trim() !== "").join("\n");
  return bare(old) === bare(now);
}

const IMPORT = /^\s*(?:import\b|from\s+\S+\s+import\b|use\s+[\w:\\]+|using\s+[\w.]+;?$|#\s*include\b|(?:const|var|let)\s+[\w{}\s,]+=\s*require\(|require(?:_relative)?\b|package\b)|^\s*(?:[\w.]+\s+)?"[\w./-]+"\s*$|^\s*[\w{}, ]+,?\s*$/;
const sorted = (lines: readonly string[]): string => lines.map((line) => line.trim().replace(/,$/, "")).filter((line) => !/^[{}()]*$/.test(line)).sort().join("\n");

/** White space, line breaks, quotes, trailing commas, the order of imports: what a formatter does. */
export function laidOutOnly(file: Seen): boolean {
  const { gone, come } = sidesOf(file);
  if (gone.length + come.length === 0 || file.change.status !== "modified") return false;
  if (/\.(?:pyw?|pyi)$/.test(file.path) && file.old !== null && file.new !== null) {
    const [was, is] = [logical(file.old), logical(file.new)];
    if (was.join("\n") === is.join("\n")) return true;
  } else if (!/\.ya?ml$/.test(file.path) && runsOf(file).every((run) => laidOut(run.gone) === laidOut(run.come))) return true;
  return gone.every((line) => IMPORT.test(line)) && come.every((line) => IMPORT.test(line)) && gone.length > 0 && sorted(gone) === sorted(come);
}

/** Older words of languages and libraries, and today's of the same meaning. Both are brought to one form. */
const IDIOMS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:var|let|const)\s+/g, "let "], [/\binterface\{\}/g, "any"], [/\bioutil\.(?:ReadAll|Discard|NopCloser)\b/g, "io."], [/\bioutil\.\w+/g, "os."], [/\bio\.(?:ReadAll|Discard|NopCloser)\b/g, "io."], [/\bos\.(?:ReadFile|WriteFile|ReadDir|MkdirTemp|CreateTemp)\b/g, "os."],
  [/\bclass (\w+)\(object\)/g, "class $1"], [/\bsuper\(\w+,\s*\w+\)/g, "super()"], [/\b(?:Optional)\[([\w., [\]]+)\]/g, "$1|None"], [/\b(List|Dict|Set|Tuple|Type)\[/g, "$1["], [/\bUnion\[([\w.]+),\s*([\w.]+)\]/g, "$1|$2"],
  [/\b(?:List|list)\[/g, "list["], [/\b(?:Dict|dict)\[/g, "dict["], [/\b(?:Tuple|tuple)\[/g, "tuple["], [/\b(?:Set|set)\[/g, "set["], [/\btyping\./g, ""],
  [/\bNULL\b|\bnullptr\b/g, "null"], [/<[\w, <>?]+>\(\)/g, "<>()"], [/\s*==\s*None\b|\s+is None\b/g, " none"], [/\s*!=\s*None\b|\s+is not None\b/g, " some"], [/\barray\(([^()]*)\)/g, "[$1]"], [/\.(?:len\(\)|size\(\)|length) == 0|\.is_empty\(\)|\.isEmpty\(\)/g, ".empty"],
  [/\bstring\.Format\(|String\.format\(/g, "format("], [/<'_>|'_ /g, ""], [/(?<=[(,=\s])&(?=\w)/g, ""], [/\.to_(?:string|owned)\(\)|\bString::from\(("[^"]*")\)|\.into\(\)/g, "$1"], [/\breturn\s+|;$/g, ""],
  [/\bfunction\s*\(([^()]*)\)\s*\{/g, "($1)=>{"], [/["'`]/g, '"'], [/\$\{|#\{|\{(?=\w)/g, "{"], [/\bunion\b|\btypedef\b/g, ""], [/\bmodule\.exports\s*=|\bexport default\b/g, "export "], [/\bObject\.assign\(\{\},\s*(\w+)\)/g, "{...$1}"],
  [/\bself\.assert(?:Equals|Equal)\(/g, "assert("], [/\bassertEquals\b/g, "assertEqual"], [/\bunittest\.mock\b/g, "mock"], [/\bTrue\b|\btrue\b/g, "true"], [/\belsif\b|\belse if\b/g, "elif"],
];
const inIdiom = (lines: readonly string[]): string => lines.map((line) => IDIOMS.reduce((text, [from, to]) => text.replace(from, to), line.replace(/%[sdvq]|\{\}/g, "{}"))).join(" ").replace(/[\s;,]+/g, "");

/** What a checker reads and a machine does not. */
const TYPED = /(?<=[\w)\]?])\s*:\s*[\w.[\]|<>"' ,]+?(?=\s*[=,);{]|$)|\s*->\s*[^:]+(?=:)/g;
const TYPED_FILE = /\.(?:pyi?|[cm]?tsx?)$/;
const TYPE_LINE = /^\s*(?:from\s+(?:typing|typing_extensions|__future__|collections\.abc)\s+import|import\s+(?:type\b|typing\b)|if TYPE_CHECKING)/;

/** The same in newer words, with other types, or laid out otherwise. */
export function sameInOtherWords(file: Seen): boolean {
  const runs = runsOf(file).map((run) => ({ gone: run.gone.filter((line) => !IMPORT.test(line) && !TYPE_LINE.test(line)), come: run.come.filter((line) => !IMPORT.test(line) && !TYPE_LINE.test(line)) })).filter(({ gone, come }) => gone.length + come.length > 0);
  const untyped = (lines: readonly string[]): string => inIdiom(TYPED_FILE.test(file.path) ? lines.map((line) => line.replace(TYPED, "")) : lines);
  return runs.length > 0 && runs.every(({ gone, come }) => gone.length > 0 && come.length > 0 && (laidOut(gone) === laidOut(come) || inIdiom(gone) === inIdiom(come) || untyped(gone) === untyped(come)));
}

/** What a file only uses, like a function of a library, is another thing under another name. */
function declares(text: string, name: string): boolean {
  const own = name.replace(/\$/g, "\\$");
  return new RegExp(`\\b(?:def|defp|func|fn|fun|function|class|struct|type|const|let|var|val|interface|enum|define|message|module|trait|mut|sub)\\s+\\*?${own}(?![\\w$])|(?<![\\w$.])\\$?${own}\\s*(?::=|=(?!=)|:\\s)|^\\s*(?:\\w+[\\s*&]+){1,4}${own}\\s*[(;,]|\\)\\s+${own}\\(`, "m").test(text);
}

/** One word in place of another, each time the same, and everything else as it was: a new name for what is there. Null where it is not so. */
export function renamedWords(files: readonly Seen[]): ReadonlyMap<string, string> | null {
  const renamed = new Map<string, string>();
  for (const file of files) {
    for (const { gone, come } of runsOf(file)) {
      const [was, is] = [tokens(gone), tokens(come)];
      if (was.length !== is.length) return null;
      for (const [at, from] of was.entries()) {
        const to = is[at]!;
        if (from === to) continue;
        if (!WORD.test(from) || !WORD.test(to) || (renamed.get(from) ?? to) !== to) return null;
        renamed.set(from, to);
      }
    }
  }
  const RENAMED_MAX = 6;
  if (renamed.size === 0 || renamed.size > RENAMED_MAX || new Set(renamed.values()).size !== renamed.size) return null;
  // A word that was there already is another thing, not another name.
  const [old_words, new_words] = [new Set(files.flatMap(({ old }) => (old ?? "").match(/[A-Za-z_$][\w$]*/g) ?? [])), new Set(files.flatMap((file) => (file.new ?? "").match(/[A-Za-z_$][\w$]*/g) ?? []))];
  const all = files.map(({ old }) => old ?? "").join("\n").slice(0, TEXT_READ_MAX);
  const fresh = [...renamed].every(([from, to]) => !old_words.has(to) && !new_words.has(from) && declares(all, from));
  return fresh && files.every(({ old, new: now }) => old !== null && now !== null) ? renamed : null;
}

/** Lines that say something and stand in both sides, of all that go: those moved. */
export function movedShare(files: readonly Seen[]): number {
  const says = (line: string): boolean => line.replace(/\W+/g, "").length >= 8 && !IMPORT.test(line);
  const bare = (line: string): string => line.trim().replace(/^(?:return|export|public|private|static|pub|self\.|this\.)\s*/, "").replace(/[;,]$/, "");
  const sides = files.map(sidesOf);
  const [gone, come] = [sides.flatMap((side) => side.gone), sides.flatMap((side) => side.come)].map((lines) => lines.filter(says).map(bare)) as [string[], string[]];
  const MOVED_MIN = 3;
  const there = new Set(come);
  const moved = gone.filter((line) => there.has(line)).length;
  return moved < MOVED_MIN || gone.length === 0 ? 0 : moved / gone.length;
}

const SIGNIFICANT = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`|(?<![\w.])\d[\w.]*|\b(?:if|else|elif|while|for|foreach|throw|raise|await|break|continue|yield|try|catch|except|finally|defer|and|or|not|in|is|null|nil|None|true|false|True|False|undefined)\b|[=!]==?|<=|>=|&&|\|\||\?\?|\?\.|(?<=\s)[-+*/%<>!?](?=\s)|!(?=\w)/g;
/** Where a bare word is a value: `echo a` and `echo b` decide differently, and no sign says so. */
const BARE_VALUES = /\.(?:sh|bash|zsh|ksh|fish)$/;
/** Values, conditions and ways through are the same ones; what differs is how they are written. */
export function sameDecisions(files: readonly Seen[]): boolean {
  if (files.some(({ path }) => BARE_VALUES.test(path))) return false;
  const sides = files.map(sidesOf);
  if (sides.every(({ gone }) => gone.length === 0) || sides.every(({ come }) => come.length === 0)) return false;
  const told = (lines: readonly string[]): string => lines.slice(0, LINES_READ_MAX).filter((line) => !IMPORT.test(line)).flatMap((line) => line.match(SIGNIFICANT) ?? []).sort().join(" ");
  return told(sides.flatMap(({ gone }) => gone)) === told(sides.flatMap(({ come }) => come));
}
