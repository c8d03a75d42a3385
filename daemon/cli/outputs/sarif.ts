/** SARIF 2.1.0 (OASIS standard with errata 01; section numbers are its own). Pure. */
import { canonicalText } from "../../../proto/canonical.ts";
import type { CheckFinding } from "../../../proto/findings.ts";
import { VERSION } from "../../../proto/version.ts";
import { escapeJson } from "../card/escape/json.ts";
import { weigh, type Report } from "./report.ts";
import { lineHash, resultOf } from "./sarif-result.ts";
import { sarifText } from "./sarif-text.ts";
import { descriptors } from "./sarif-rules.ts";

const SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/** GitHub shows 5,000 results of a run and takes files of 10 MB compressed; this is uncompressed, so that everybody takes it. */
interface SarifCaps {
  readonly results_max: number;
  readonly bytes_max: number;
}
const CAPS: SarifCaps = { results_max: 5_000, bytes_max: 8 * 1024 * 1024 };
/** Rules, notifications and the frame, before the first result. */
const NOTIFICATIONS_MAX = 300;

type Json = Readonly<Record<string, unknown>>;

interface Notification {
  readonly id: string;
  readonly level: "error" | "warning" | "note";
  readonly text: string;
}

/** What was not seen or not written down: an unavailable check is an error of the run, never the absence of a result. */
function notifications({ card, found }: Report, cut: number): Notification[] {
  const unavailable = card.checks
    .filter(({ result }) => result === "unavailable")
    .map(({ check, because, required }): Notification => ({ id: "check-unavailable", level: "error", text: `${check}${required ? ", which is required," : ""} did not answer: ${because ?? "no reason was given"}` }));
  const truncated: Notification[] = cut === 0 ? [] : [{ id: "results-cut", level: "warning", text: `${cut} of ${found.findings.length + found.cut} findings are not in this file; the most severe are` }];
  const gaps = card.gaps.map(({ what, because }): Notification => ({ id: "not-looked-at", level: "note", text: `not looked at: ${what} (${because})` }));
  return [...truncated, ...unavailable, ...gaps].slice(0, NOTIFICATIONS_MAX);
}

function invocation(report: Report, cut: number): Json {
  const complete = report.card.checks.every(({ result }) => result !== "unavailable");
  return {
    executionSuccessful: complete,
    toolExecutionNotifications: notifications(report, cut).map(({ id, level, text }) => ({ descriptor: { id }, level, message: { text: sarifText(text) } })),
  };
}

/** As many results as fit; they come most severe first, so what is left out is the least severe. */
function fitting(findings: readonly CheckFinding[], results: readonly Json[], caps: SarifCaps): number {
  let bytes = 0;
  let kept = 0;
  for (const result of results.slice(0, Math.min(findings.length, caps.results_max))) {
    bytes += Buffer.byteLength(escapeJson(canonicalText(result))) + 1;
    if (bytes > caps.bytes_max) break;
    kept++;
  }
  return kept;
}

/** The file's text. `properties.maestro` has what SARIF has no word for: verdict, gate and how many findings were left out. */
export function renderSarif(report: Report, caps: SarifCaps = CAPS): string {
  const { card, found } = report;
  const rules = descriptors(report);
  const weight = weigh(card);
  const seen = new Map<string, number>();
  const all = found.findings.map((one) => {
    const key = `${one.finding.rule} ${lineHash(one.finding)}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
    return resultOf(one, rules.index, weight(one), seen.get(key) ?? 1);
  });
  const kept = fitting(found.findings, all, caps);
  const cut = found.findings.length - kept + found.cut;
  const run = {
    tool: { driver: { name: "Maestro", version: VERSION, semanticVersion: VERSION, rules: rules.list } },
    // 3.17.3: without a last part it names a category of runs, which code hosts keep apart from other tools' results.
    automationDetails: { id: "maestro/" },
    columnKind: "utf16CodeUnits",
    originalUriBaseIds: { "%SRCROOT%": { description: { text: "root of the repository" } } },
    invocations: [invocation(report, cut)],
    results: all.slice(0, kept),
    properties: { maestro: { verdict: card.verdict, gate_id: card.gate_id, attempt: card.attempt, base: card.base, head: card.head, results_cut: cut } },
  };
  return `${escapeJson(canonicalText({ $schema: SCHEMA, version: "2.1.0", runs: [run] }))}\n`;
}
