/** What tools complain of, with places: findings that have one, and lines of output that name one. */
import type { CheckFinding } from "../../../proto/findings.ts";
import { pathText } from "../../../proto/scalar.ts";
import type { Complaint } from "./rules.ts";

export interface PlacedComplaint extends Complaint {
  readonly path: string;
}

const LINES_READ_MAX = 2_000;
const COMPLAINTS_MAX = 200;
const PATH = "(?<path>(?:\\.{0,2}/)?(?:[A-Za-z0-9_@+.-]+/)*(?:[A-Za-z0-9_@+.-]+\\.[A-Za-z]{1,8}|Dockerfile|Containerfile|[Mm]akefile|GNUmakefile|Gemfile|Rakefile|Jenkinsfile|[Jj]ustfile|BUILD|WORKSPACE))";
/** What some tools put in front of a place. */
const FRONT = "(?:(?:\\[(?:ERROR|WARN|WARNING|INFO)\\]|vet:|error:|warning:|ERROR|ERROR:|Error:|[ew]:|FAIL|file:)\\s+)?(?:file://)?";

const FORMS: readonly RegExp[] = [
  // gcc, clang, sanitizers, go, ruff, flake8, shellcheck -f gcc, mypy, rubocop, ktlint, hadolint, make
  new RegExp(`^\\s*${FRONT}${PATH}:(?<line>\\d{1,7})(?::(?<column>\\d{1,7}))?:?\\s+(?!\\|)(?<message>\\S.*)$`),
  // tsc, C#
  new RegExp(`^\\s*${FRONT}${PATH}\\((?<line>\\d{1,7})(?:,(?<column>\\d{1,7}))?\\):\\s+(?<message>\\S.*)$`),
  // tsc --pretty, pyright
  new RegExp(`^\\s*${PATH}:(?<line>\\d{1,7}):(?<column>\\d{1,7})\\s+-\\s+(?<message>\\S.*)$`),
  // Maven
  new RegExp(`^\\s*${FRONT}${PATH}:\\[(?<line>\\d{1,7}),(?<column>\\d{1,7})\\]\\s+(?<message>\\S.*)$`),
  // a frame of a sanitizer's stack
  new RegExp(`^\\s*#\\d+\\s+(?:0x[0-9a-f]+\\s+in\\s+)?\\S+\\s+${PATH}:(?<line>\\d{1,7})(?<message>)`),
  // where a sanitizer says it was, which stands at the end of what it prints
  new RegExp(`^(?=(?<message>SUMMARY: \\w+: [\\w-]+(?: [\\w-]+)?)\\s)SUMMARY: \\w+: [\\w-]+(?: [\\w-]+)? ${PATH}:(?<line>\\d{1,7})`),
  // a frame of JavaScript's, of Java's and of .NET's
  new RegExp(`^\\s*at\\s+(?:.{1,200}[( ])?(?:file://)?${PATH}:(?:line )?(?<line>\\d{1,7})(?::\\d{1,7})?\\)?(?<message>)$`),
  // php, perl, terraform
  new RegExp(`^(?<message>.{1,400}?)\\s(?:in|at|on)\\s+${PATH},?\\s+(?:on\\s+)?line\\s+(?<line>\\d{1,7})\\b`),
];
/** A frame of Go's: what follows the place is an offset. */
const GO_FRAME = new RegExp(`^\\s+${PATH}:(?<line>\\d{1,7})(?:\\s+\\+0x[0-9a-f]+)?$`);
/** What goes wrong in the line of the place, in words of pytest that stand above it. */
const BARE_ERROR = /^(?:\w+\.)*\w*(?:Error|Exception)$/;
/** A place alone, with what is wrong above and below it: rustc, oxlint, biome, deno, bandit. */
const BARE_PLACE = new RegExp(`^\\s*(?:-->|->|:::|,-\\[|\u256d\u2500+\\[|\u250c\u2500+|\u276f|Location:|at)\\s*(?:file://)?${PATH}:(?<line>\\d{1,7})(?::(?<column>\\d{1,7}))?\\]?\\s*$`);
/** A line of a list under the name of its file: eslint, yamllint, stylelint, phpcs, sqlfluff, phpstan. */
const LISTED: readonly RegExp[] = [
  /^\s+(?<line>\d{1,7}):(?<column>\d{1,7})\s+(?:error|warning|info|note|\u2716|\u00d7|\u26a0|\u2717|[xX!])\s+(?<message>\S.*)$/,
  /^\s*(?<line>\d{1,7})\s*\|\s*(?:ERROR|WARNING)\s*\|\s*(?<message>\S.*)$/,
  /^L:\s*(?<line>\d{1,7})\s*\|\s*P:\s*(?<column>\d{1,7})\s*\|\s*(?<message>\S.*)$/,
  /^\s\s(?<line>\d{1,7})\s{3,}(?<message>[A-Z].*)$/,
];
const SHELLCHECK_HEAD = new RegExp(`^In\\s+${PATH}\\s+line\\s+(?<line>\\d{1,7}):`);
const FILE_ALONE = new RegExp(`^(?:FILE:\\s+|==\\s+\\[|Line\\s+)?${PATH}(?:\\]\\s+FAIL)?$`);
const PYTHON_FRAME = /^\s*File "(?<path>[^"]+)", line (?<line>\d{1,7})/;
const PYTHON_ERROR = /^(?:\w+\.)*\w*(?:Error|Exception|Warning)\b.*$/;

const below = (path: string): string => path.replace(/^(?:\.\/)+/, "").replace(/^\/(?:work|src|tree|repo|workspace)\//, "");

/** Colours of a terminal. */
const COLOURS = /\x1b\[[0-9;]{0,20}[A-Za-z]/g;

interface Line {
  readonly at: number;
  readonly text: string;
  readonly lines: readonly string[];
  /** The last line that speaks of an error, and the last file that stood alone on one. */
  readonly head: string;
  readonly file: string | null;
}
type Found = Readonly<Record<"path" | "line" | "message", string>> & { readonly column?: string | undefined };

/** What one line says of a place; null where it names none. */
function placeOn({ at, text, lines, head, file }: Line): Found | null {
  const go = GO_FRAME.exec(text)?.groups;
  if (go !== undefined) return { path: go["path"]!, line: go["line"]!, message: head };
  const bare = BARE_PLACE.exec(text)?.groups;
  if (bare !== undefined) {
    const above = lines.slice(Math.max(0, at - 3), at).findLast((one) => one.trim() !== "")?.trim() ?? "";
    return { path: bare["path"]!, line: bare["line"]!, column: bare["column"], message: [...new Set([head, above]), ...lines.slice(at + 1, at + 10)].join("\n") };
  }
  const direct = FORMS.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined);
  if (direct !== undefined) {
    const said = direct["message"]!;
    return { path: direct["path"]!, line: direct["line"]!, column: direct["column"], message: said === "" || (BARE_ERROR.test(said) && head.startsWith(said)) ? head : said };
  }
  const shell = SHELLCHECK_HEAD.exec(text)?.groups;
  if (shell !== undefined) return { path: shell["path"]!, line: shell["line"]!, message: lines.slice(at + 1, at + 4).join(" ") };
  const one = file === null ? undefined : LISTED.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined);
  return one === undefined || file === null ? null : { path: file, line: one["line"]!, column: one["column"], message: one["message"]! };
}

/** Places that one tool's output names, in its order. */
function complaintsIn(output: string, rule: string): PlacedComplaint[] {
  const found: PlacedComplaint[] = [];
  let [file, head, frame]: [string | null, string, { path: string; line: number } | null] = [null, "", null];
  const lines = output.replace(COLOURS, "").split("\n", LINES_READ_MAX).map((line) => line.slice(0, 1_000));
  const add = ({ path, line, column, message }: Found): void => {
    if (found.length < COMPLAINTS_MAX) found.push({ rule, path: below(path), line: Number(line), message, excerpt: output, ...(column === undefined ? {} : { column: Number(column) }) });
  };
  // Frames stand above what the sanitizer says of them, whose beginning may be cut.
  head = lines.find((line) => line.startsWith("SUMMARY: ")) ?? "";
  for (const [at, text] of lines.entries()) {
    const place = placeOn({ at, text, lines, head, file });
    if (place !== null) add(place);
    const frame_at = PYTHON_FRAME.exec(text)?.groups;
    // What Python itself runs is not what is wrong.
    if (frame_at !== undefined && !/^<|\/(?:site-packages|lib\/python[\d.]+)\//.test(frame_at["path"]!)) frame = { path: frame_at["path"]!, line: Number(frame_at["line"]) };
    if (frame !== null && PYTHON_ERROR.test(text)) {
      add({ path: frame.path, line: String(frame.line), message: text });
      frame = null;
    }
    if (place !== null) continue;
    file = FILE_ALONE.exec(text.trim())?.groups?.["path"] ?? file;
    if (/\b(?:error|warning|ERROR|WARNING|SUMMARY|panic)\b|\w(?:Error|Exception)\b/.test(text)) head = text.trim().replace(/^E\s{2,}/, "");
  }
  return found;
}

/** The file of the change that a tool means: it ran in a folder of its own, and says so in front. */
export function fileNamed(path: string, among: readonly string[]): string | null {
  if (among.includes(path)) return path;
  const ends = among.filter((one) => path.startsWith("/") && path.endsWith(`/${one}`)).sort((a, b) => b.length - a.length);
  return ends[0] ?? null;
}

/** A finding without a place may name one in what its tool printed. */
export function complaintsOf(findings: readonly CheckFinding[]): PlacedComplaint[] {
  return findings.flatMap(({ finding }) => {
    const { rule, message, range, excerpt } = finding;
    const text = excerpt ?? "";
    const said = complaintsIn(`${message}\n${text}`, rule);
    if (range === null) return said;
    const at = { rule, message, excerpt: text, path: pathText(range.path), line: range.start_line };
    return [at, ...said.filter((other) => other.path !== at.path || other.line !== at.line)];
  }).slice(0, COMPLAINTS_MAX);
}
