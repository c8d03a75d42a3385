/** What a command that ran to its end came to. Runs inside a check process: code, output and report are the change's. */
import { sha256 } from "@noble/hashes/sha2.js";
import { commandCheck } from "../../proto/command.ts";
import { fromBase64, fromUtf8Lossy, toHex, utf8 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Gap } from "../../proto/facts.ts";
import type { Outcome } from "../../proto/outcome.ts";
import type { CommandJob, KeptFile } from "../../proto/worker.ts";
import { published, shown } from "../checking/redact.ts";
import { readJunit, type TestProblem } from "./reports/junit.ts";
import { BrokenReport } from "./reports/reading.ts";
import { treePath } from "./place.ts";
import { readSarif } from "./sarif.ts";
import { EXIT_RULE, findingsOf, type ToolFinding, type ToolReport } from "./tool-finding.ts";

/** Of what a program printed: sanitizers, panics and compilers say first what is wrong, test runners and build tools last. */
const HEAD_LINES = 10;
const HEAD_CHARACTERS_MAX = 700;
const TAIL_LINES = 14;
const TAIL_CHARACTERS_MAX = 1_000;
/** Of a line that is longer than both together: place and complaint stand first, and a program without line breaks has its last words at the end. */
const LINE_FIRST_CHARACTERS = 250;
const LINE_LAST_CHARACTERS = 150;
/** Of the output when it is only told beside why a report could not be read. */
const SAID_CHARACTERS_MAX = 500;
const GAPS_MAX = 256;

/** Bytes kept for this gate, and still those that were kept. */
export async function keptBytes({ path, sha256: wanted }: KeptFile): Promise<Uint8Array> {
  const bytes = await Bun.file(path).bytes();
  if (toHex(sha256(bytes)) !== wanted) throw new MaestroError("worker.protocol", "a report is not the one that was kept");
  return bytes;
}

const shortLine = (line: string): string => (line.length > LINE_FIRST_CHARACTERS + LINE_LAST_CHARACTERS ? `${line.slice(0, LINE_FIRST_CHARACTERS)}…${line.slice(-LINE_LAST_CHARACTERS)}` : line);

/** How many lines, from the first on, are within both bounds. */
function fitting(lines: readonly string[], lines_max: number, characters_max: number): number {
  let characters = 0;
  const beyond = lines.slice(0, lines_max).findIndex((line) => (characters += line.length + 1) > characters_max);
  return beyond === -1 ? Math.min(lines.length, lines_max) : beyond;
}

/** What a program printed first and last, for a person: what makes a terminal do things is taken out by the faces, credentials here. */
function endsOf(base64: string): string {
  const text = fromUtf8Lossy(fromBase64(base64) ?? new Uint8Array(0)).replaceAll("\r\n", "\n").trimEnd();
  const lines = published(text).split("\n").map(shortLine);
  const rest = lines.slice(0, lines.length - fitting(lines.toReversed(), TAIL_LINES, TAIL_CHARACTERS_MAX));
  const first = rest.slice(0, fitting(rest, HEAD_LINES, HEAD_CHARACTERS_MAX));
  const left = rest.length - first.length;
  return [...first, ...(left === 0 ? [] : [`(${left} lines are not kept)`]), ...lines.slice(rest.length)].join("\n").toWellFormed();
}

/** Suite and file as the report writes them: a test that moves is another one. */
function testId(suite: string, name: string, file: string | null): string {
  return toHex(sha256(utf8(JSON.stringify([suite, name, file])))).slice(0, 32);
}

export function ofTest({ kind, suite, name, file, line, message, detail }: TestProblem, cwd: string): ToolFinding {
  const where = suite === "" || suite === file ? name : `${suite} ${name}`;
  const first = message.split("\n", 1)[0] ?? "";
  return { rule: kind === "error" ? "test-error" : "test-failed", level: "error", message: `${where}${first === "" ? "" : `: ${first}`}`, path: file === null ? null : treePath(file, cwd), line: line ?? 1, end_line: line ?? 1, excerpt: detail === "" ? null : detail, test: { id: testId(suite, name, file), name: where } };
}

function fromJunit(bytes: Uint8Array, cwd: string, passed: (id: string) => void): ToolReport {
  const { problems, failures, errors, skipped } = readJunit(bytes, (suite, name, file) => passed(testId(suite, name, file)));
  const listed = problems.map((problem) => ofTest(problem, cwd));
  // What is beyond the list must still weigh as much.
  const more = failures + errors - problems.length;
  const rest = Array.from({ length: Math.min(more, 1) }, (): ToolFinding => ({ rule: "test-failed", level: "error", message: `${more} more tests failed`, path: null, line: 1, end_line: 1, excerpt: null }));
  return { findings: [...listed, ...rest], gaps: skipped === 0 ? [] : [{ what: `${skipped} tests`, because: "skipped" }] };
}

function exitFinding(code: number, tail: string): ToolFinding {
  return { rule: EXIT_RULE, level: "error", message: `it ended with exit code ${code}`, path: null, line: 1, end_line: 1, excerpt: tail === "" ? null : tail };
}

async function reported(job: CommandJob, passed: (id: string) => void): Promise<ToolReport> {
  if (job.report === null) return { findings: [], gaps: [] };
  if ("absent" in job.report) throw new BrokenReport(job.report.absent);
  const bytes = await keptBytes(job.report);
  return job.output === "sarif" ? readSarif(bytes, job.cwd) : fromJunit(bytes, job.cwd, passed);
}

/**
 * `passed` hears of each test that did. A report that is missing or broken is no answer, whatever the exit code says. A program that failed has
 * failed even where its report shows nothing wrong: many tools fail on what they only report as a warning.
 */
export async function commandOutcome(job: CommandJob, passed: (id: string) => void = () => undefined): Promise<Outcome> {
  const { command, code } = job;
  const tail = endsOf(job.tail);
  const shape = { check: commandCheck(command), observer: "sandbox", findings: [], findings_cut: 0 } satisfies Partial<Outcome>;
  let report: ToolReport;
  try {
    report = await reported(job, passed);
  } catch (error) {
    if (!(error instanceof BrokenReport)) throw error;
    const said = tail === "" ? "" : `; it said: ${tail.slice(-SAID_CHARACTERS_MAX)}`;
    return { ...shape, result: "unavailable", because: shown(`its report: ${error.message}; it ended with exit code ${code}${said}`), gaps: [...job.gaps] };
  }
  const unexplained = code !== 0 && !report.findings.some(({ level }) => level === "error");
  const { findings, cut } = findingsOf(command, unexplained ? [exitFinding(code, tail), ...report.findings] : report.findings);
  const gaps: Gap[] = [...job.gaps, ...report.gaps].slice(0, GAPS_MAX).map(({ what, because }) => ({ what: shown(what), because: shown(because) }));
  return { ...shape, result: findings.length + cut > 0 ? "fail" : "pass", because: null, findings, findings_cut: cut, gaps };
}
