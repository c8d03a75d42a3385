/** What tools complain of, with places: findings that have one, and lines of output that name one. */
import type { CheckFinding } from "../../../proto/findings.ts";
import { pathText } from "../../../proto/scalar.ts";
import type { Complaint } from "./rules.ts";

export interface PlacedComplaint extends Complaint {
  readonly path: string;
}

const LINES_READ_MAX = 2_000;
const COMPLAINTS_MAX = 200;
const PATH = "(?<path>(?:\\.{0,2}/)?[A-Za-z0-9_@+.-]+(?:/[A-Za-z0-9_@+.-]+)*\\.[A-Za-z]{1,5})";

const FORMS: readonly RegExp[] = [
  // gcc, clang, sanitizers, go, ruff, flake8, shellcheck -f gcc, mypy
  new RegExp(`^\\s*${PATH}:(?<line>\\d{1,7})(?::\\d{1,7})?:?\\s+(?<message>\\S.*)$`),
  // tsc
  new RegExp(`^\\s*${PATH}\\((?<line>\\d{1,7})(?:,\\d{1,7})?\\):\\s+(?<message>\\S.*)$`),
  // tsc --pretty
  new RegExp(`^\\s*${PATH}:(?<line>\\d{1,7}):\\d{1,7}\\s+-\\s+(?<message>\\S.*)$`),
  // a frame of a sanitizer's stack
  new RegExp(`^\\s*#\\d+\\s+(?:0x[0-9a-f]+\\s+in\\s+)?\\S+\\s+${PATH}:(?<line>\\d{1,7})(?<message>)`),
  // where a sanitizer says it was, which stands at the end of what it prints
  new RegExp(`^(?=(?<message>SUMMARY: \\w+: [\\w-]+(?: [\\w-]+)?)\\s)SUMMARY: \\w+: [\\w-]+(?: [\\w-]+)? ${PATH}:(?<line>\\d{1,7})`),
  // a frame of JavaScript's
  new RegExp(`^\\s*at\\s+(?:.{1,200}\\()?(?:file://)?${PATH}:(?<line>\\d{1,7})(?::\\d{1,7})?\\)?(?<message>)$`),
];
/** A frame of Go's: what follows the place is an offset. */
const GO_FRAME = new RegExp(`^\\s+${PATH}:(?<line>\\d{1,7})(?:\\s+\\+0x[0-9a-f]+)?$`);
/** What goes wrong in the line of the place, in words of pytest that stand above it. */
const BARE_ERROR = /^(?:\w+\.)*\w*(?:Error|Exception)$/;
const RUST_PLACE = new RegExp(`^\\s*-->\\s+${PATH}:(?<line>\\d{1,7}):\\d{1,7}`);
const ESLINT_LINE = /^\s+(?<line>\d{1,7}):\d{1,7}\s+(?:error|warning)\s+(?<message>\S.*)$/;
const SHELLCHECK_HEAD = new RegExp(`^In\\s+${PATH}\\s+line\\s+(?<line>\\d{1,7}):`);
const ESLINT_FILE = new RegExp(`^${PATH}$`);
const PYTHON_FRAME = /^\s*File "(?<path>[^"]+)", line (?<line>\d{1,7})/;
const PYTHON_ERROR = /^(?:\w+\.)*\w*(?:Error|Exception|Warning)\b.*$/;

const below = (path: string): string => path.replace(/^(?:\.\/)+/, "").replace(/^\/(?:work|src|tree|repo|workspace)\//, "");

/** Places that one tool's output names, in its order. */
function complaintsIn(output: string, rule: string): PlacedComplaint[] {
  const found: PlacedComplaint[] = [];
  let [file, head, frame]: [string | null, string, { path: string; line: number } | null] = [null, "", null];
  const lines = output.split("\n", LINES_READ_MAX);
  const add = (path: string, line: string, message: string): void => {
    if (found.length < COMPLAINTS_MAX) found.push({ rule, path: below(path), line: Number(line), message: message === "" ? head : message, excerpt: output });
  };
  for (const [at, raw] of lines.entries()) {
    const line = raw.slice(0, 1_000);
    const go = GO_FRAME.exec(line)?.groups;
    if (go !== undefined) {
      add(go["path"]!, go["line"]!, "");
      continue;
    }
    const direct = FORMS.map((form) => form.exec(line)?.groups).find((groups) => groups !== undefined);
    if (direct !== undefined) {
      const said = direct["message"]!;
      add(direct["path"]!, direct["line"]!, BARE_ERROR.test(said) && head.startsWith(said) ? head : said);
      continue;
    }
    const rust = RUST_PLACE.exec(line)?.groups;
    if (rust !== undefined) add(rust["path"]!, rust["line"]!, [head, ...lines.slice(at + 1, at + 10)].join("\n"));
    const shell = SHELLCHECK_HEAD.exec(line)?.groups;
    if (shell !== undefined) add(shell["path"]!, shell["line"]!, lines.slice(at + 1, at + 4).join(" "));
    const eslint = ESLINT_LINE.exec(line)?.groups;
    if (eslint !== undefined && file !== null) add(file, eslint["line"]!, eslint["message"]!);
    const frame_at = PYTHON_FRAME.exec(line)?.groups;
    if (frame_at !== undefined) frame = { path: frame_at["path"]!, line: Number(frame_at["line"]) };
    if (frame !== null && PYTHON_ERROR.test(line)) {
      add(frame.path, String(frame.line), line);
      frame = null;
    }
    file = ESLINT_FILE.exec(line.trim())?.groups?.["path"] ?? file;
    if (/\b(?:error|warning|ERROR|WARNING|SUMMARY|panic)\b|\w(?:Error|Exception)\b/.test(line)) head = line.trim().replace(/^E\s{2,}/, "");
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
