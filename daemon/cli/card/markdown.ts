/**
 * The Decision Card as Markdown for a job summary or a comment. Everything the
 * change wrote stands in code spans; lists and no tables, because a `|` splits
 * a table cell even inside code.
 */
import type { Card, CardCheck, CardProof, Timings } from "../../../proto/card.ts";
import type { Reason } from "../../../proto/decision.ts";
import type { ChangeCost } from "../../../proto/usage.ts";
import { billTexts, costNowText } from "../../verifier/words/bill.ts";
import { cardCexLines } from "./counterexample.ts";
import { learnedLines } from "../../verifier/words/learned.ts";
import { escapeMarkdown } from "./escape/markdown.ts";
import { actorText, becauseText, branch, comparedTexts, lineageText, obligationText, placeText, plural, reusedTexts, short, stepText, timingTexts, whyText } from "../../verifier/words/card.ts";
import { failedTexts } from "../../verifier/words/failed-tests.ts";
import { typed } from "../../verifier/words/typed.ts";
import { visiblePath } from "../../verifier/visible.ts";

const EXCERPT_LINES_MAX = 6;
const REASONS_SHOWN_MAX = 100;
const GAPS_SHOWN_MAX = 20;

const q = escapeMarkdown;

function excerpt(raw: string | null): string[] {
  if (raw === null) return [];
  const lines = raw.split(/\r?\n/);
  const shown = lines.slice(0, EXCERPT_LINES_MAX).map((line) => `  - ${q(line.replaceAll("\t", "  "))}`);
  return lines.length > EXCERPT_LINES_MAX ? [...shown, `  - ${plural(lines.length - EXCERPT_LINES_MAX, "more line")}`] : shown;
}

function reason(one: Reason): string[] {
  const word = one.observed && one.effect !== "note" ? `would ${one.effect}` : one.effect;
  // The place is quoted as a whole, so a path cannot end its own quotation.
  return [`- **${word}** ${q(one.rule)} at ${q(placeText(one.ranges, visiblePath))}`, `  - ${q(becauseText(one))}`, ...excerpt(one.excerpt)];
}

function reasons(card: Card): string[] {
  const left = card.reasons.length - REASONS_SHOWN_MAX;
  return [...card.reasons.slice(0, REASONS_SHOWN_MAX).flatMap(reason), ...(left > 0 ? [`- ${plural(left, "more reason")}`] : [])];
}

function checks(list: readonly CardCheck[]): string[] {
  const unavailable = list.filter(({ result }) => result === "unavailable").map((one) => `- **unavailable**${one.required ? " (required)" : ""} ${q(one.check)}: ${q(one.because ?? "no reason was given")}`);
  const named = (result: CardCheck["result"], word: string) => {
    const names = list.filter((one) => one.result === result).map(({ check }) => q(check));
    return names.length === 0 ? [] : [`- ${plural(names.length, "check")} ${word}: ${names.join(" ")}`];
  };
  return [...unavailable, ...named("fail", "with findings"), ...named("pass", "passed"), ...named("not_applicable", "not applicable")];
}

function gaps(card: Card): string[] {
  const left = card.gaps.length - GAPS_SHOWN_MAX;
  return [...card.gaps.slice(0, GAPS_SHOWN_MAX).map(({ what, because }) => `- not looked at: ${q(what)} (${q(because)})`), ...(left > 0 ? [`- ${plural(left, "more gap")}`] : [])];
}

function obligations({ obligations: list = [] }: Card): string[] {
  return list.map((one) => `- **${one.result}**${one.required ? " (required)" : ""} ${q(one.name)}: ${q(obligationText(one))}`);
}

function proofLines(card: Card, proof: CardProof | null | undefined): string[] {
  if (card.gate_id === null) return ["- proof: none, a replay leaves no evidence"];
  if (proof === null || proof === undefined) return [];
  const trust = proof.self_made_trust ? ", self-made trust: proves integrity, not authority" : "";
  return [`- proof: log ${proof.log_index} of ${q(proof.log_origin)}, bundle ${q(proof.bundle_sha256.slice(0, 16))}${trust}`, `- from: ${q(lineageText(card, proof))}`];
}

/** `cost`: what the ledger and the market say of it now, shown where something is scarce; a comment that everybody reads is given it without anybody's budget. */
export function renderMarkdown(card: Card, proof?: CardProof | null, timings?: Timings | null, cost?: ChangeCost): string {
  const base = card.base === null ? "no base" : `base ${q(short(card.base))}`;
  const section = (title: string, lines: readonly string[]) => (lines.length === 0 ? [] : ["", `**${title}**`, "", ...lines]);
  const steps = card.next.map((step) => `- ${q(stepText(step))}${step.command === null ? "" : `: ${q(typed(step.command))}`}`);
  const about = [
    `- ${actorText(card, q)}`,
    `- ${plural(card.files, "file")} +${card.added_lines} -${card.removed_lines}, ${base} of ${q(branch(card.target_ref))}, policy ${q(card.policy.name)}, mode ${card.mode}`,
    `- ${q(whyText(card))}`,
  ];
  const compared = comparedTexts(card).map((line) => `- ${q(line)}`);
  const scarce = cost?.market !== undefined || cost?.paid?.some(({ left }) => left !== undefined) === true;
  const bill = cost === undefined || !scarce ? [] : billTexts(cost).map((line) => `- ${q(line)}`);
  const timing = timings === null || timings === undefined ? "" : `; ${timingTexts(timings).join("; ")}`;
  return [
    `### ${card.verdict.toUpperCase()} ${q(card.repository)} ${q(short(card.head))} ${q(card.title)}`,
    "",
    ...about,
    ...checks(card.checks),
    ...section("Reasons", reasons(card)),
    ...section("Counterexample", cardCexLines(card).map((line) => `- ${q(line)}`)),
    ...section("Learned policies", learnedLines(card).map((line) => `- ${q(line)}`)),
    ...section("Obligations", obligations(card)),
    ...section("Not looked at", gaps(card)),
    ...section("Next", steps),
    ...section("Evidence", [`- cost: ${costNowText(card, cost)}${timing}`, ...bill, ...proofLines(card, proof), ...compared, ...failedTexts(card).map((line) => `- ${q(line)}`), ...reusedTexts(card).map((line) => `- ${q(line)}`), ...card.warnings.map((warning) => `- ${q(warning)}`)]),
    "",
  ].join("\n");
}
