/** What the daemon's log said of learned policies, as obligations, as documents of the bundle and as lines of the card. Whole numbers alone: what is signed holds no fraction. Pure. */
import { exactlyAt } from "../../proto/decimal.ts";
import { toHex, utf8 } from "../../proto/encoding.ts";
import type { EvaluatedConstraint, EvaluationReport } from "../../proto/evaluation.ts";
import { HiddenNumber } from "../../proto/hidden-number.ts";
import { type CardPolicy, constraintName, evaluationFaces, evaluationName, GAIN_BITS_DEFAULT, GAIN_SCALE, type GatedPolicy, gainName } from "../../proto/learned.ts";
import type { GateConfig } from "../../proto/config.ts";
import type { MeasuredObligation, Outcome } from "../../proto/outcome.ts";
import type { Card } from "../../proto/card.ts";
import { sha256 } from "@noble/hashes/sha2.js";
import type { CheckRun } from "../checking/answer.ts";

export interface Evaluated {
  readonly policy: GatedPolicy;
  readonly report: EvaluationReport;
  /** As the daemon wrote it, and its digest. */
  readonly text: string;
  readonly sha256: string;
  /** For a person. */
  readonly markdown?: string | undefined;
  readonly svg?: string | undefined;
}

/** Of policies that the base declares alone, and each router once, whatever a check process asked for. */
export function evaluatedIn(runs: readonly CheckRun[], { learned = [] }: Pick<GateConfig, "learned">): Evaluated[] {
  const found = new Map<string, Evaluated>();
  for (const { router, report: text, markdown, svg } of runs.flatMap(({ evaluations = [] }) => evaluations)) {
    const policy = learned.find((one) => one.router === router);
    if (policy === undefined || text === null || found.has(router)) continue;
    // The daemon's own document of this same version.
    found.set(router, { policy, report: JSON.parse(text) as EvaluationReport, text, sha256: toHex(sha256(utf8(text))), markdown, svg });
  }
  return [...found.values()];
}

type Rounding = (value: number) => number;

/** In units of 10^-9 of the reward, rounded to the side that promises less. */
const scaled = (value: number, round: Rounding): bigint => BigInt(round(value * 10 ** GAIN_SCALE));

type Answer = MeasuredObligation["result"];

/** A verdict that cannot tell vouches for no single number. */
function gainResult({ verdict, gain: { lower, upper, needed } }: EvaluationReport): Answer {
  if (verdict === "insufficient") return "unavailable";
  if (verdict === "promote") return "pass";
  return upper < needed ? "fail" : lower >= needed ? "pass" : "unavailable";
}

const SAID: Readonly<Record<EvaluatedConstraint["answer"], Answer>> = { kept: "pass", broken: "fail", unknown: "unavailable" };
const constraintResult = ({ verdict }: EvaluationReport, { answer }: EvaluatedConstraint): Answer => (verdict === "insufficient" ? "unavailable" : SAID[answer]);

const CANNOT_TELL = "the log cannot tell";
/** How many more it takes says how far from its bound the gain is. */
const because = ({ more }: EvaluationReport, hide: boolean): string => (more === null || hide ? CANNOT_TELL : `${CANNOT_TELL}: about ${more} more episodes with an outcome are needed`);

function gainObligation({ policy: { router, min, hide = false, hide_bits = GAIN_BITS_DEFAULT }, report, sha256: source_sha256 }: Evaluated): MeasuredObligation {
  const result = gainResult(report);
  const least = min === null ? null : exactlyAt(min, GAIN_SCALE);
  const shape = { name: gainName(router), kind: "numeric", required: true, result, observer: "daemon", value: null, unit: "reward", scale: GAIN_SCALE, min: least, max: null, because: null, source_sha256 } as const;
  if (result === "unavailable") return { ...shape, because: because(report, hide) };
  // What the last digit hides is below 10^-9; a pass is one by the report.
  const floor = scaled(result === "pass" ? report.gain.lower : report.gain.upper, Math.floor);
  const value = result === "pass" && least !== null && floor < BigInt(least) ? BigInt(least) : floor;
  return hide ? { ...shape, hidden: true, secret: new HiddenNumber(value, hide_bits) } : { ...shape, value: String(value) };
}

function constraintObligation({ policy: { router, hide = false }, report, sha256: source_sha256 }: Evaluated, constraint: EvaluatedConstraint): MeasuredObligation {
  const { name, lower, upper, max } = constraint;
  const result = constraintResult(report, constraint);
  const shape = { name: constraintName(router, name), required: true, result, observer: "daemon", unit: null, because: result === "unavailable" ? because(report, hide) : null, source_sha256 } as const;
  if (hide) return { ...shape, kind: "boolean", value: result === "unavailable" ? null : result === "pass" ? "1" : "0", scale: 0, min: null, max: null };
  const bound = scaled(max, Math.round);
  const seen = scaled(result === "pass" ? upper : lower, Math.ceil);
  const value = result === "pass" && seen > bound ? bound : seen;
  return { ...shape, kind: "numeric", value: result === "unavailable" ? null : String(value), scale: GAIN_SCALE, min: null, max: String(bound) };
}

/** One for the gain and one for each constraint. */
export const learnedObligations = (all: readonly Evaluated[]): MeasuredObligation[] => all.flatMap((one) => [gainObligation(one), ...one.report.constraints.map((constraint) => constraintObligation(one, constraint))]);

const isHidden = ({ policy: { hide = false } }: Evaluated): boolean => hide;

interface ReportDocument {
  readonly name: string;
  readonly content: Uint8Array;
}

/** With so many the other documents of a bundle still have room; a report alone always goes along. */
const PICTURED_MAX = 7;

function facesOf({ policy: { router }, markdown, svg }: Evaluated): ReportDocument[] {
  const names = evaluationFaces(router);
  return [...(markdown === undefined ? [] : [{ name: names.markdown, content: utf8(markdown) }]), ...(svg === undefined ? [] : [{ name: names.svg, content: utf8(svg) }])];
}

/** Reports that go along in the bundle. */
export function reportDocuments(all: readonly Evaluated[]): ReportDocument[] {
  const shown = all.filter((one) => !isHidden(one));
  return [...shown.map(({ policy: { router }, text }) => ({ name: evaluationName(router), content: utf8(text) })), ...shown.slice(0, PICTURED_MAX).flatMap(facesOf)];
}

/** Reports that stay here, whose leaves hold a MAC. */
export const keptReports = (all: readonly Evaluated[]): { readonly name: string; readonly sha256: string }[] => all.filter(isHidden).map(({ policy: { router }, sha256: digest }) => ({ name: evaluationName(router), sha256: digest }));

/** What changed and what the log said of it, for a person. */
export function cardPolicies(outcomes: readonly Outcome[], all: readonly Evaluated[]): Pick<Card, "learned"> {
  const lines = outcomes.flatMap(({ policies = [] }) => policies).flatMap((delta): CardPolicy[] => {
    const one = all.find(({ policy: { router, path }, report }) => router === delta.router && path === delta.path && report.candidate === delta.after);
    if (one === undefined) return [];
    const { report: { verdict, gain, more, tried }, sha256: report_sha256 } = one;
    const bounds = { lower: String(scaled(gain.lower, Math.floor)), needed: String(scaled(gain.needed, Math.round)), scale: GAIN_SCALE };
    return [{ ...delta, verdict, gain: isHidden(one) ? null : bounds, more: isHidden(one) ? null : more, tried, report_sha256 }];
  });
  return lines.length === 0 ? {} : { learned: lines };
}
