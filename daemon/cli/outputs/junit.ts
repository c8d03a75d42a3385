/** JUnit XML as the readers of CI systems know it: suites, cases, failure, error, skipped. Pure. */
import type { CardCheck } from "../../../proto/card.ts";
import type { CheckFinding } from "../../../proto/findings.ts";
import { stepText, whyText } from "../../verifier/words/card.ts";
import { placeOf, saidOf } from "./place.ts";
import { byWeight, weigh, type Report, type Weight } from "./report.ts";
import { escapeXml } from "./xml.ts";

/** Some readers keep every case in memory and show it as a row. */
const CASES_MAX = 1_000;

type Kind = "pass" | "failure" | "error" | "skipped";

interface Case {
  readonly suite: string;
  readonly name: string;
  readonly kind: Kind;
  /** What it says; for a pass, what it remarks on, or null. */
  readonly text: string | null;
  readonly type: string;
}

function ofFinding({ check, finding }: CheckFinding, weight: Weight): Case {
  const decides = weight === "refuse" || weight === "hold";
  const text = `${weight === "none" ? "pass" : weight}: ${saidOf(finding)}`;
  return { suite: check, name: `${finding.rule} ${placeOf(finding)}`, kind: decides ? "failure" : "pass", text, type: finding.rule };
}

/** A check without findings is one case; one that did not answer is an error even beside findings. */
function ofCheck({ check, result, because }: CardCheck, findings: number): Case[] {
  if (result === "unavailable") return [{ suite: check, name: check, kind: "error", text: because ?? "no reason was given", type: "unavailable" }];
  if (result === "not_applicable") return [{ suite: check, name: check, kind: "skipped", text: because ?? "not applicable", type: "not_applicable" }];
  return findings > 0 ? [] : [{ suite: check, name: check, kind: "pass", text: null, type: "check" }];
}

/** The verdict is a case of its own, so that a hold without a finding turns the report red too. */
function ofVerdict({ card }: Report): Case {
  const steps = card.next.map((step) => stepText(step)).join("; ");
  const admitted = card.verdict === "admit";
  return { suite: "verdict", name: `verdict ${card.verdict}`, kind: admitted ? "pass" : "failure", text: admitted ? null : `${whyText(card)}. Next: ${steps}`, type: card.verdict };
}

function caseLines({ suite, name, kind, text, type }: Case): string[] {
  const head = `<testcase classname="maestro.${escapeXml(suite)}" name="${escapeXml(name)}" time="0"`;
  if (kind === "pass") return text === null ? [`    ${head}/>`] : [`    ${head}>`, `      <system-out>${escapeXml(text)}</system-out>`, "    </testcase>"];
  const message = escapeXml(text ?? "");
  const inner = kind === "skipped" ? `<skipped message="${message}"/>` : `<${kind} message="${message}" type="${escapeXml(type)}">${message}</${kind}>`;
  return [`    ${head}>`, `      ${inner}`, "    </testcase>"];
}

const counts = (cases: readonly Case[]): string => {
  const count = (kind: Kind) => cases.filter((one) => one.kind === kind).length;
  return `tests="${cases.length}" failures="${count("failure")}" errors="${count("error")}" skipped="${count("skipped")}" time="0"`;
};

/** Timings are left out: a report of the same gate is the same text. */
export function renderJunit(report: Report): string {
  const { card, found } = report;
  const weight = weigh(card);
  const weighed = byWeight(found.findings, weight);
  const shown = weighed.slice(0, CASES_MAX);
  const cut = weighed.length - shown.length + found.cut;
  const truncated: Case[] = cut === 0 ? [] : [{ suite: "verdict", name: "findings left out", kind: "skipped", text: `${cut} more findings are not in this report; the heaviest are`, type: "cut" }];
  const ofChecks = card.checks.flatMap((check) => ofCheck(check, found.findings.filter((one) => one.check === check.check).length));
  const cases = [ofVerdict(report), ...truncated, ...ofChecks, ...shown.map((one) => ofFinding(one, weight(one)))];
  const suites = [...Map.groupBy(cases, ({ suite }) => suite)].flatMap(([suite, own]) => [`  <testsuite name="maestro.${escapeXml(suite)}" ${counts(own)}>`, ...own.flatMap(caseLines), "  </testsuite>"]);
  return ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuites name="maestro" ${counts(cases)}>`, ...suites, "</testsuites>", ""].join("\n");
}
