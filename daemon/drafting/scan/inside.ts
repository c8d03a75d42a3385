/** What changes inside a file: values, calls, names that are new or gone, tests, and the lines themselves. Comments say nothing here, and prose in strings is left out. */
import type { Seen } from "../material.ts";
import { isAddressed, isHiding } from "./addressed.ts";

export interface ValueChange {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly line: number;
  /** New over old, where both are numbers above 0. */
  readonly ratio: number | null;
}

export interface LineChange {
  readonly line: number;
  readonly from: string | null;
  readonly to: string | null;
}

export interface Inside {
  readonly path: string;
  readonly values: readonly ValueChange[];
  /** Called in lines that go and in none that come. */
  readonly uncalled: readonly string[];
  readonly called: readonly string[];
  /** Written nowhere in the file any more, or for the first time. */
  readonly gone: readonly string[];
  readonly come: readonly string[];
  readonly tests_gone: readonly string[];
  readonly tests_come: readonly string[];
  readonly lines: readonly LineChange[];
  /** Lines in place of others, those too of which only a value differs. */
  readonly pairs: readonly LineChange[];
}

const LINE_CHARACTERS_MAX = 400;
const LINES_READ_MAX = 4_000;
const EACH_MAX = 40;
const SHOWN_CHARACTERS_MAX = 120;
const WORDS_IN_STRING_MAX = 5;

const COMMENT_LINE = /^\s*(?:\/\/|\/\*|\*(?:\s|\/|$)|#(?!!|\[|\s*(?:define|include|if|endif|pragma))|--\s|<!--|"""|''')/;
const TOKEN = /(?<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`)|(?<number>(?<![\w.])-?\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?(?:[a-z%]{1,3})?(?![\w]))|(?<word>[A-Za-z_$][\w$]*(?:-[A-Za-z][\w]*)*)|(?<other>\S)/gu;
const WORD = /(?<![\w$.-])[A-Za-z_$][\w$]{2,}(?![\w$])/g;
const CALL = /(?<![\w$])(?<name>(?:[A-Za-z_$][\w$]*\s*(?:\?\.|\.|::|->)\s*)?[A-Za-z_$][\w$]*)\s*(?:<[\w, ]{1,40}>)?!?\(/g;
const NO_CALLS = /^(?:if|for|while|switch|catch|return|function|typeof|await|new|elif|and|or|not|in|is|def|func|fn|class|print|super|sizeof|match|when|constructor|expect|describe|it|test)$/;
const TEST_NAME = /(?:\b[xf]?(?:it|test|specify|scenario|Deno\.test)(?:\.\w+)*\s*[( ]\s*(?<quote>["'`])(?<said>(?:\\.|(?!\k<quote>).)+)\k<quote>|^\s*(?:async\s+)?def\s+(?<python>test_?\w+)|^func\s+(?<go>Test\w+)|\bfn\s+(?<rust>\w*test\w*)\s*\(|@Test\b.*\b(?:void|fun)\s+(?<java>\w+)|\bfunction\s+(?<php>test\w+)|\bfun\s+`(?<kotlin>[^`]+)`|\bTEST(?:_[FP])?\(\s*\w+\s*,\s*(?<gtest>\w+)|^\s*(?:public\s+)?(?:async\s+)?(?:void|Task)\s+(?<void>\w+)\s*\(\s*\)|\bfunc\s+(?<swift>test\w+)\()/;
const KEYWORDS = new Set("const let var function return import export from default class extends public private static async await this self None True False null undefined true false new for while with else elif try except finally raise throw catch pass def end then fi done not and type interface readonly string number boolean void package func struct".split(" "));

/** Code without its comments; strings stay. */
export function withoutComment(line: string): string {
  if (COMMENT_LINE.test(line)) return "";
  return line.replace(/("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`)|(?:(?<=\s|^|[;{},)])\/\/(?!\/?[\w.]+\.\w).*$|\/\*.*?(?:\*\/|$)|(?<=\s)#\s.*$)/g, (_all, text: string | undefined) => text ?? "").trimEnd();
}

/** A string of many words is prose: it is not repeated. */
const withoutProse = (text: string): string => text.replace(/(["'`])((?:\\.|(?!\1).)*)\1/g, (all, quote: string, inner: string) => (inner.split(/[\s_-]+/).length > WORDS_IN_STRING_MAX && !/\$\{|%[sd]|\{\w*\}/.test(inner) ? `${quote}…${quote}` : all));

const repeatable = (line: string): boolean => !isAddressed(line) && !isHiding(line);

interface Token {
  readonly kind: "text" | "number" | "word" | "other";
  readonly text: string;
}

function tokensOf(line: string): Token[] {
  return [...line.matchAll(TOKEN)].map(({ groups = {}, 0: text }) => ({ kind: groups["text"] !== undefined ? "text" : groups["number"] !== undefined ? "number" : groups["word"] !== undefined ? "word" : "other", text }));
}

const UNITS: Readonly<Record<string, number>> = { KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824, KB: 1_000, MB: 1_000_000, GB: 1_000_000_000, k: 1_000, K: 1_024, M: 1_048_576, G: 1_073_741_824, ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, SECOND: 1, MINUTE: 60, HOUR: 3_600, DAY: 86_400 };

/** `64 * KiB`, `1_000`, `2 ** 20`, `30s`; null where it is no number. */
function amountOf(text: string): number | null {
  let product = 1;
  for (const part of text.replace(/^["']|["']$/g, "").replace(/(\d[\d_.]*)\s*\*\*\s*(\d+)/g, (_, base: string, power: string) => String(Number(base.replaceAll("_", "")) ** Number(power))).split("*")) {
    const read = /^\s*\(?\s*(?<digits>\d[\d_]*(?:\.\d+)?)?\s*(?<unit>[A-Za-z]+)?\s*\)?\s*$/.exec(part)?.groups;
    if (read === undefined || (read["digits"] === undefined && read["unit"] === undefined)) return null;
    const unit = read["unit"] === undefined ? 1 : UNITS[read["unit"].replace(/^([A-Z]+)S?(?:_MS|_S)?$/, "$1")] ?? UNITS[read["unit"]];
    if (unit === undefined) return null;
    product *= Number((read["digits"] ?? "1").replaceAll("_", "")) * unit;
  }
  return product > 0 && Number.isFinite(product) ? product : null;
}

function valueChange(name: string, from: string, to: string, line: number): ValueChange {
  const [old, now] = [amountOf(from), amountOf(to)];
  return { name, from: withoutProse(from), to: withoutProse(to), line, ratio: old === null || now === null ? null : now / old };
}

/** Whose value the token at `at` is: the key, the constant or the option before it. */
function ownerOf(tokens: readonly Token[], at: number): string | null {
  const before = tokens.slice(0, at);
  const named = before.findLastIndex(({ text }, i) => /^[:=]$/.test(text) && i > 0 && /^(?:word|text)$/.test(before[i - 1]!.kind));
  if (named > 0 && !before.slice(named + 1).some(({ text }) => /^[,;]$/.test(text))) return before[named - 1]!.text.replace(/^["'`]|["'`]$/g, "");
  return before.findLast(({ kind, text }) => kind === "word" && !KEYWORDS.has(text))?.text ?? null;
}

const ASSIGNED = /^(?<head>.*?(?<name>[A-Za-z_$][\w$.-]*)["'\]]?\s*(?::\s*[\w<>[\]|. ]+)?(?:=|:|=>|:=|\s)\s*)(?<value>[^=].*?)[,;]?\s*$/;

/** One line in place of another: which values differ. Empty where more than values does. */
function valuesOf(from: string, to: string, line: number): ValueChange[] {
  const [old, now] = [tokensOf(from), tokensOf(to)];
  const literal = ({ kind, text }: Token): boolean => kind === "number" || kind === "text" || /^(?:true|false|null|None|True|False|nil|undefined)$/.test(text);
  if (old.length === now.length) {
    const different = old.flatMap((token, i) => (token.text === now[i]!.text ? [] : [i]));
    if (different.length > 0 && different.length <= 3 && different.every((i) => literal(old[i]!) && literal(now[i]!))) {
      return different.flatMap((i) => { const name = ownerOf(now, i); return name === null ? [] : [valueChange(name, old[i]!.text, now[i]!.text, line)]; });
    }
  }
  const same = [...from].findIndex((each, i) => each !== to[i]);
  const [was, is] = [ASSIGNED.exec(from)?.groups, ASSIGNED.exec(to)?.groups];
  if (was === undefined || is === undefined || was["name"] !== is["name"] || was["head"] !== is["head"]) return productOf(from, to, line);
  const plain = (value: string): boolean => value.length <= 60 && !/[({;]|=>/.test(value);
  return same >= 0 && plain(was["value"]!) && plain(is["value"]!) ? [valueChange(is["name"]!, was["value"]!, is["value"]!, line)] : productOf(from, to, line);
}

/** `max(64 * KiB, …)` where only the product differs. */
function productOf(was: string, is: string, line: number): ValueChange[] {
  // What a value is for may be told otherwise beside it.
  const [from, to] = [withoutProse(was), withoutProse(is)];
  const PRODUCT = /(?<![\w.])\d[\d_]*(?:\s*\*{1,2}\s*(?:\d[\d_]*|[KMG]i?B|[A-Z]+(?:_MS|_S)?))*/g;
  const [old, now] = [[...from.matchAll(PRODUCT)], [...to.matchAll(PRODUCT)]];
  if (old.length !== now.length || from.replace(PRODUCT, "0") !== to.replace(PRODUCT, "0")) return [];
  return old.flatMap((one, i) => {
    const other = now[i]!;
    const name = one[0] === other[0] ? null : ownerOf(tokensOf(to.slice(0, other.index)).concat({ kind: "number", text: "0" }), tokensOf(to.slice(0, other.index)).length);
    return name === null ? [] : [valueChange(name, one[0], other[0], line)];
  });
}

interface Run {
  readonly old: readonly string[];
  readonly now: readonly string[];
  readonly line: number;
}

/** What goes and what comes in its place. */
function runsOf({ change }: Seen): Run[] {
  const runs: Run[] = [];
  for (const hunk of change.hunks) {
    let after = hunk.new_start;
    let run: { old: string[]; now: string[]; line: number } | null = null;
    for (const { op, text } of hunk.lines) {
      if (op === " ") {
        run = null;
        after += 1;
        continue;
      }
      if (run === null) runs.push((run = { old: [], now: [], line: after }));
      run[op === "-" ? "old" : "now"].push(withoutComment(text.slice(0, LINE_CHARACTERS_MAX)));
      if (op === "+") after += 1;
    }
  }
  return runs;
}

const NOTHING_SAID = /^[\s{}()[\];,<>]*$|^\s*(?:import\b.*\bfrom\b|from\s+\S+\s+import\b|import\s+["'\w(]|use\s+[\w:]+|#\s*include|else\b\W*$|try\b\W*$|end\s*$)/;

function likeness(a: string, b: string): number {
  const [left, right] = [new Set(a.match(/\w+/g) ?? []), new Set(b.match(/\w+/g) ?? [])];
  const both = [...left].filter((word) => right.has(word)).length;
  return both / Math.max(1, left.size, right.size);
}

/** Each new line beside the old one that it most resembles. */
function paired({ old, now, line }: Run): LineChange[] {
  const left = new Set(old.keys());
  const PAIRS_MAX = 60;
  const pairs = now.map((to, i): LineChange => {
    const near = i >= PAIRS_MAX ? [] : [...left].slice(0, PAIRS_MAX).map((at) => ({ at, like: likeness(old[at]!, to) })).sort((a, b) => b.like - a.like);
    const best = near[0];
    if (best === undefined || best.like < 0.3) return { line: line + i, from: null, to };
    left.delete(best.at);
    return { line: line + i, from: old[best.at]!, to };
  });
  return [...pairs, ...[...left].map((at): LineChange => ({ line, from: old[at]!, to: null }))];
}

const wordsIn = (lines: readonly string[]): string[] => {
  const count = new Map<string, number>();
  for (const line of lines) for (const [word] of line.replace(/(["'`])(?:\\.|(?!\1).)*\1/g, (all) => (/^["'`][\w.-]{2,40}["'`]$/.test(all) ? all.slice(1, -1) : " ")).matchAll(WORD)) if (!KEYWORDS.has(word)) count.set(word, (count.get(word) ?? 0) + 1);
  return [...count].sort((a, b) => b[1] - a[1]).map(([word]) => word);
};
const callsIn = (lines: readonly string[]): Set<string> => new Set(lines.flatMap((line) => [...line.replace(/(["'])(?:\\.|(?!\1).)*\1/g, '""').matchAll(CALL)].map(({ groups }) => groups!["name"]!.replace(/\s+/g, "").replace(/^(?:this|self)\./, ""))).filter((name) => !NO_CALLS.test(name)));
/** A method without a word before it is a test where the file is one. */
const testsIn = (lines: readonly string[], of_tests: boolean): string[] => lines.flatMap((line) => { const groups = TEST_NAME.exec(line)?.groups; const name = groups === undefined ? undefined : Object.entries(groups).find(([group, text]) => group !== "quote" && text !== undefined && (of_tests || group !== "void"))?.[1]; return name === undefined ? [] : [name]; });

const missing = (from: readonly string[], among: ReadonlySet<string>): string[] => from.filter((each) => !among.has(each)).slice(0, EACH_MAX);
const anywhere = (text: string | null, lines: readonly string[]): Set<string> => new Set((text === null ? lines : text.split("\n", LINES_READ_MAX).map(withoutComment)).flatMap((line) => line.slice(0, LINE_CHARACTERS_MAX).match(/[A-Za-z_$][\w$]*/g) ?? []));

const shown = (text: string | null): string | null => (text === null ? null : withoutProse(text.trim()).replace(/\s+/g, " ").slice(0, SHOWN_CHARACTERS_MAX));

/** Null of what is no text that says how something runs. */
export function insideOf(file: Seen): Inside | null {
  const { path, kind, change } = file;
  if (change.binary || kind.generated || kind.lock || file.added.length + file.removed.length > LINES_READ_MAX) return null;
  if (kind.docs && kind.language === null) return null;
  const runs = runsOf(file).map(({ old, now, line }): Run => ({ old: old.map((each) => (repeatable(each) ? each : "")), now: now.map((each) => (repeatable(each) ? each : "")), line }));
  const [old, now] = [runs.flatMap((run) => run.old), runs.flatMap((run) => run.now)];
  const pairs = runs.flatMap(paired).filter(({ from, to }) => (from ?? "").replace(/\s+/g, "") !== (to ?? "").replace(/\s+/g, ""));
  const values = pairs.flatMap(({ from, to, line }) => (from === null || to === null ? [] : valuesOf(from, to, line))).slice(0, EACH_MAX);
  const valued = new Set(values.map(({ line }) => line));
  const [before, after] = [callsIn(old), callsIn(now)];
  const [old_words, new_words] = [anywhere(file.old, old), anywhere(file.new, now)];
  const lines = pairs.filter(({ from, to, line }) => !valued.has(line) && [from, to].some((text) => text !== null && text !== "" && !NOTHING_SAID.test(text))).slice(0, EACH_MAX);
  const [was, is] = [testsIn(old, kind.test), testsIn(now, kind.test)];
  return {
    path, values,
    uncalled: missing([...before], after), called: missing([...after], before),
    gone: missing(wordsIn(old), new_words), come: missing(wordsIn(now), old_words),
    tests_gone: missing(was, new Set(is)), tests_come: missing(is, new Set(was)),
    lines: lines.map(({ line, from, to }) => ({ line, from: shown(from), to: shown(to) })),
    pairs: pairs.filter(({ from, to }) => from !== null && to !== null && from !== "" && to !== "").slice(0, EACH_MAX).map(({ line, from, to }) => ({ line, from: shown(from), to: shown(to) })),
  };
}
