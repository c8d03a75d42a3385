/** House rules that one file at a time can break. */
import { longFunctions } from "./functions.ts";
import { withoutStrings, type Source } from "./sources.ts";

export interface Rule {
  readonly name: string;
  /** What to do instead. */
  readonly instead: string;
  /** How often the file breaks the rule; `lines` are where, for the message. */
  readonly find: (file: Source) => readonly number[];
}

const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;

/** Lines on which `pattern` matches `text`. */
function linesOf(text: string, pattern: RegExp): number[] {
  return [...text.matchAll(new RegExp(pattern.source, `${pattern.flags.replace("g", "")}g`))].map((match) => text.slice(0, match.index).split("\n").length);
}

const inCode = (pattern: RegExp, applies: (path: string) => boolean = () => true): Rule["find"] => (file) =>
  applies(file.path) ? linesOf(withoutStrings(file.text), pattern) : [];

/** Files whose result must follow from their arguments alone. */
const PURE = /(?:^|\/)(?:core|decide)\.ts$|^(?:proto|daemon\/(?:verifier|invariants))\//;
const source = (path: string): boolean => !/\.(?:test|slow|canary|accept|corpora|nightly)\.ts$/.test(path);

export const RULES: readonly Rule[] = [
  { name: "long-file", instead: `split by what the parts hold; ${FILE_LINES_MAX} lines at most`, find: ({ text }) => (text.split("\n").length > FILE_LINES_MAX + 1 ? [1] : []) },
  {
    name: "long-function",
    instead: `${FUNCTION_LINES_MAX} lines at most: ifs up, fors down`,
    find: ({ path, text }) => (source(path) ? longFunctions(text, FUNCTION_LINES_MAX).map(({ line }) => line) : []),
  },
  { name: "any", instead: "unknown, and a check", find: inCode(/(?::\s*any\b(?!\s*[:(.])|(?:[<|&]\s*|\bas\s+|=>\s*|\bextends\s+)any\b(?!\s*[:(.=])|,\s*any\s*>)/) },
  { name: "double-cast", instead: "a type guard or a schema", find: inCode(/\bas\s+unknown\s+as\b/) },
  { name: "ts-ignore", instead: "make the types say it", find: ({ text }) => linesOf(text, /^[ \t]*\/[/*]\s*@ts-(?:ignore|nocheck|expect-error)/m) },
  { name: "empty-catch", instead: "catch where you can name the error, and say what you do about it", find: inCode(/\bcatch\s*(?:\([^)]*\))?\s*\{\s*\}/) },
  { name: "console", instead: "the log of platform, or process.stdout in the CLI", find: inCode(/\bconsole\s*\./, (path) => !/^(?:daemon\/cli|bench)\/|\/testing\//.test(path)) },
  {
    name: "environment",
    instead: "daemon/config/environment.ts reads it, everything else is handed its values",
    find: inCode(/\b(?:process|Bun)\s*\.\s*env\b/, (path) => source(path) && !/^(?:daemon\/(?:config|cli|bootstrap|house)|bench)\/|\/testing\//.test(path)),
  },
  { name: "impure", instead: "clock, randomness and processes are parameters of a pure file", find: inCode(/\b(?:Date\.now|new Date\(\s*\)|Math\.random|performance\.now|process\.|Bun\.(?!stringWidth))/, (path) => source(path) && PURE.test(path)) },
  { name: "leftover", instead: "do it, or open an issue", find: ({ text }) => linesOf(text, /\b(?:TODO|FIXME|XXX|HACK)\b/) },
  { name: "focused-test", instead: "run one test with -t", find: inCode(/\b(?:test|describe|it)\s*\.\s*(?:only|todo)\b/) },
];

const VAGUE = /(?:^|\/)(?:utils?|helpers?|common|misc|shared|manager|service)(?:\.|\/|$)/i;

/** A name that says where things go, not what they are. */
export const vagueName = (path: string): boolean => VAGUE.test(path);
