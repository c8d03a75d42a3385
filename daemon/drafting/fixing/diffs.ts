/**
 * What formatters print as a difference, as a fix: where the lines it takes away stand in a file of the change, and what comes is the same program. What a command
 * prints may be the change's own words, so a difference that says anything new is none, whoever printed it.
 */
import { codeOf, countsIndent, isEcma, isInText, isSameCode, isWrittenElsewhere } from "./lines.ts";
import { fileNamed } from "./complaints.ts";
import type { Known } from "./hints.ts";
import { isPython, isShell } from "./mending.ts";
import type { Edit } from "./patch.ts";
import type { Mend } from "./rules.ts";

type Op = " " | "-" | "+";
interface Piece {
  readonly op: Op;
  readonly text: string;
}
interface Block {
  /** As the tool names it; null where what it printed is cut above. */
  readonly path: string | null;
  readonly pieces: Piece[];
  ends: boolean;
}

const LINES_READ_MAX = 2_000;
const PIECES_MAX = 400;
const BLOCKS_MAX = 60;
const RUNS_MAX = 50;
const MANY_LINED = /"""|'''|<<-?\s*["'\w]|\bR"\(/;
const COLOURS = /\x1b\[[0-9;]{0,20}[A-Za-z]/g;

/** Tools that show white space draw it. */
const drawn = (text: string): string => text.replaceAll("·", " ").replaceAll("→ ", "\t").replaceAll("→", "\t");

function pieceOf(line: string, gutter: boolean): Piece | null {
  const biome = /^\s{2,}\d*\s+\d*\s*│ ([-+ ]) ?(.*)$/.exec(line);
  if (biome !== null) return { op: biome[1] as Op, text: biome[1] === " " ? biome[2]! : drawn(biome[2]!) };
  const ruff = /^\s*\d+(?:\s+\d+)?\s*\|([-+ ])(.*)$/.exec(line) ?? (gutter ? /^\s{2,}([-+]) (.*)$/.exec(line) : null);
  if (ruff !== null) return { op: ruff[1] as Op, text: ruff[2]! };
  const plain = /^([-+ ])(.*)$/.exec(line);
  return plain === null ? (line === "" ? { op: " ", text: "" } : null) : { op: plain[1] as Op, text: plain[2]! };
}

const HEADERS: readonly RegExp[] = [/^\+\+\+ (?:b\/)?(?<path>[^\t]+?)(?::after)?(?:\t.*)?$/, /^--- (?:a\/)?(?<path>[^\t]+?)(?:\.orig|:before)?(?:\t.*)?$/, /^Diff in (?<path>.+?)(?::\d+:?| at line \d+:?)$/, /^diff (?:-\S+ )*(?:\S+ )?(?<path>\S+)$/];

/** Runs of lines that look like those of a difference; most are none, and fit nowhere. */
function blocksIn(output: string): Block[] {
  const blocks: Block[] = [];
  let [path, gutter]: [string | null, boolean] = [null, false];
  let open: Block | null = null;
  for (const raw of output.split("\n", LINES_READ_MAX)) {
    const line = raw.replace(COLOURS, "").replace(/\r$/, "").slice(0, 4_000);
    const header = HEADERS.map((of) => of.exec(line)?.groups?.["path"]).find((one) => one !== undefined);
    if (header !== undefined) [path, open] = [header, null];
    else if (/^\s*(?:@@|\|\s*$|[│|]\s*$)/.test(line)) [open, gutter] = [null, /\|/.test(line)];
    else if (line.startsWith("\\ No newline")) { if (open?.pieces.at(-1)?.op === "-") open.ends = true; }
    else {
      const piece = pieceOf(line, gutter);
      if (piece === null) [open, gutter] = [null, false];
      else {
        if (open === null) blocks.push((open = { path, pieces: [], ends: false }));
        if (open.pieces.length < PIECES_MAX) open.pieces.push(piece);
      }
    }
    if (blocks.length >= BLOCKS_MAX) break;
  }
  // The empty line behind a difference is none of it.
  for (const { pieces } of blocks) while (pieces.at(-1)?.op === " " && pieces.at(-1)?.text === "") pieces.pop();
  return blocks.filter(({ pieces }) => pieces.some(({ op }) => op !== " "));
}

/** Without what stands around the first and the last change where it fits no file: words of the tool may touch the block. */
function trimmed(pieces: readonly Piece[], context: number): readonly Piece[] {
  const first = pieces.findIndex(({ op }) => op !== " ");
  const last = pieces.findLastIndex(({ op }) => op !== " ");
  return pieces.slice(Math.max(0, first - context), last + 1 + context);
}

/** The one place of those lines, 0-based. */
function placeOf(old: readonly string[], lines: readonly string[]): number | null {
  if (old.every((text) => text.trim() === "")) return null;
  const [first] = old;
  const at = lines.flatMap((text, i) => (text === first && old.every((one, j) => lines[i + j] === one) ? [i] : []));
  return at.length === 1 ? at[0]! : null;
}

const COMMENT = /\/\/|#|--|\/\*|\*\//;
const full = (lines: readonly string[]): string[] => lines.filter((text) => text.trim() !== "");
const indentOf = (text: string): string => /^\s*/.exec(text)![0];
const balance = (text: string): number => (codeOf(text).match(/[([{]/g) ?? []).length - (codeOf(text).match(/[)\]}]/g) ?? []).length;

/** Lines that belong together, as brackets hold them. */
function logical(lines: readonly string[]): { readonly indent: string; readonly text: string }[] {
  const out: { indent: string; text: string }[] = [];
  let depth = 0;
  for (const text of full(lines)) {
    if (depth > 0) out.at(-1)!.text += ` ${text.trim()}`;
    else out.push({ indent: indentOf(text), text: text.trim() });
    depth = Math.max(0, depth + balance(text));
  }
  return out;
}

const LEAVES = /\b(?:return|throw|break|continue|yield|async|await|raise)$/;
const commas = (text: string): number => (text.match(/,(?=\s*[)\]}])/g) ?? []).length;

/** A last comma makes a tuple where nothing but it says that there is one: such brackets are not touched. */
function isNoTuple(text: string): boolean {
  const open: { readonly called: boolean; commas: number }[] = [];
  const code = codeOf(text);
  for (let at = 0; at < code.length; at += 1) {
    const each = code[at]!;
    if (/[([{]/.test(each)) open.push({ called: each !== "(" || /[\w)\]]/.test(code[at - 1] ?? " "), commas: 0 });
    else if (each === ",") {
      const last = open.at(-1);
      if (last !== undefined) last.commas += 1;
    } else if (/[)\]}]/.test(each)) {
      const last = open.pop();
      if (last !== undefined && !last.called && last.commas === 1 && /,\s*$/.test(code.slice(Math.max(0, at - 200), at))) return false;
    }
  }
  return true;
}

const signs = (lines: readonly string[]): string[] => lines.flatMap((text) => codeOf(text).match(/[-+*/%&|^<>=!?:.~#@]+/g) ?? []);
/** Signs stand as they stood: two of them with a space between are not one of two; a sign in front of a value may move off. */
function isSameSigns(old: readonly string[], come: readonly string[]): boolean {
  const [before, after] = [signs(old), signs(come)];
  let at = 0;
  for (const sign of before) {
    const [one, next] = [after[at], after[at + 1]];
    if (sign === one) at += 1;
    else if (one !== undefined && next !== undefined && sign === one + next && one !== next && sign !== "<-" && /^(?:[=<>+*/%:?-]|[=!<>]=|&&|\|\|)$/.test(one) && /^[-!~&]$/.test(next)) at += 2;
    else return false;
  }
  return at === after.length;
}

/** The same program, laid out otherwise. */
function isLayout(path: string, old: readonly string[], come: readonly string[]): boolean {
  const [before, after] = [full(old), full(come)];
  if (!isSameSigns(before, after)) return false;
  const paired = before.length === after.length;
  if (paired && before.every((text, i) => isSameCode(text, after[i]!) && (!countsIndent(path) || indentOf(text) === indentOf(after[i]!)) && (!isPython(path) || commas(text) === commas(after[i]!)))) return true;
  if (paired && before.every((text, i) => text === after[i])) return true;
  if ([...before, ...after].some((text) => COMMENT.test(text)) || after.some((text) => LEAVES.test(text.trimEnd()))) return false;
  const joined = (lines: readonly string[]): string => (isEcma(path) ? lines.join(" ").replace(/;\s*\}/g, "}") : lines.join(" "));
  if (!countsIndent(path)) return isSameCode(joined(before), joined(after));
  const [one, other] = [logical(before), logical(after)];
  return one.length === other.length && one.every(({ indent, text }, i) => indent === other[i]!.indent && isSameCode(text, other[i]!.text) && (commas(text) === commas(other[i]!.text) || (isNoTuple(text) && isNoTuple(other[i]!.text))));
}

/** What comes says nothing but what shellcheck asks for: quotes around what is put in, brackets for backticks, a way out where a folder is not there. */
export function isQuoting(old: readonly string[], come: readonly string[]): boolean {
  const plain = (text: string): string => text.replace(/`([^`]+)`/g, "$($1)").replace(/"(\$(?:[\w@*#?!]|\w+|\{\w+\}|\([^"()]*\)))"/g, "$1").replace(/^(\s*cd\s+\S+) \|\| (?:exit|return)(?: \d)?$/, "$1").replace(/\bread -r\b/g, "read");
  return old.length === come.length && old.every((text, i) => plain(text) === plain(come[i]!) && (come[i]!.match(/"/g) ?? []).length >= (text.match(/"/g) ?? []).length);
}

const IMPORT = /^\s*(?:import|from|use|using)\s+[\w{"'*@.\\:]/;
/** Imports in another order, or without those that nothing here names. */
function isImports(path: string, lines: readonly string[], at: number, old: readonly string[], come: readonly string[]): boolean {
  const [before, after] = [full(old), full(come)];
  if (before.length === 0 || before.some((text) => !IMPORT.test(text) || /[({\\]\s*$/.test(text)) || after.some((text) => !before.includes(text))) return false;
  // What is loaded for what loading does has no name.
  if (after.length === before.length) return isPython(path) || before.every((text) => !/^\s*import\s+["']/.test(text));
  return before.filter((text) => !after.includes(text)).every((text) => {
    const names = (/\bimport\s+(?:type\s+)?\{?([\w$,\s]+?)\}?(?:\s+from\b.*)?;?$/.exec(text)?.[1] ?? /(?:use|using|import)\s+[\w.\\:]*?(\w+);?$/.exec(text)?.[1] ?? "").split(",").map((name) => name.trim().split(/\s+as\s+/).at(-1)!);
    const line = at + 1 + old.indexOf(text);
    return !/(?:^|\/)__init__\.py$/.test(path) && names.every((name) => /^[\w$]+$/.test(name) && !isWrittenElsewhere({ path, lines, line, text }, name));
  });
}

/** Nothing but imports, all of them still there, in another order. */
function isSorted(path: string, part: readonly Piece[]): boolean {
  const of = (op: Op): string[] => part.filter((one) => one.op === op && one.text.trim() !== "").map(({ text }) => text).sort();
  const [gone, come] = [of("-"), of("+")];
  return gone.length > 0 && gone.join("\n") === come.join("\n") && gone.every((text) => IMPORT.test(text) && !/[({\\]\s*$/.test(text) && (isPython(path) || !/^\s*import\s+["']/.test(text)));
}

function mendOf(path: string, lines: readonly string[], { pieces, ends }: Block, known: Known): Mend | null {
  for (const context of [PIECES_MAX, 3, 1, 0]) {
    const part = trimmed(pieces, context);
    const start = placeOf(part.flatMap(({ op, text }) => (op === "+" ? [] : [text])), lines);
    if (start === null) continue;
    const edits: Edit[] = [];
    const sorted = isSorted(path, part);
    let at = start;
    for (let i = 0; i < part.length; ) {
      if (part[i]!.op === " ") { at += 1; i += 1; continue; }
      const [old, come]: [string[], string[]] = [[], []];
      for (; i < part.length && part[i]!.op !== " "; i += 1) (part[i]!.op === "-" ? old : come).push(part[i]!.text);
      const good = sorted || isLayout(path, old, come) || (isShell(path) && isQuoting(old, come)) || isImports(path, lines, at, old, come) || (old.length === 1 && known(at + 1, come));
      // Text of several lines says what it says, with each of its spaces.
      const inside = old.some((text) => MANY_LINED.test(text)) || (old.length > 1 && old.join("").includes("`")) || isInText({ path, lines, line: at + 1, text: lines[at] ?? "" });
      if (!good || edits.length >= RUNS_MAX || (inside && !isShell(path))) return null;
      if (old.join("\n") !== come.join("\n")) edits.push({ line: at + 1, gone: old.length, come });
      at += old.length;
    }
    if (edits.length > 0 || ends) return { what: "write it as the tool's own difference does", edits, ...(ends ? { ends: true as const } : {}) };
  }
  return null;
}

/** Each difference that a tool printed of that file. */
export function differencesOf(outputs: readonly string[], path: string, lines: readonly string[], among: readonly string[], known: Known): Mend[] {
  return outputs.flatMap(blocksIn).flatMap((block) => {
    const named = block.path === null ? null : block.path.trim().replace(/^\.\//, "");
    if (named !== null && fileNamed(named, among) !== path && (among.includes(named) || fileNamed(named, among) !== null)) return [];
    const mend = mendOf(path, lines, block, known);
    return mend === null ? [] : [mend];
  });
}
