/** A card for a person, in the words that the terminal has for it. What nobody could answer stands before what is in order. */
import type { Card, CardCheck } from "../../../../proto/card.ts";
import type { Reason } from "../../../../proto/decision.ts";
import type { Obligation } from "../../../../proto/outcome.ts";
import { billTexts, costNowText } from "../../../verifier/words/bill.ts";
import { actorText, becauseText, branch, comparedTexts, obligationText, plural, reusedTexts, short, stepText, timingTexts, whyText } from "../../../verifier/words/card.ts";
import { failedTexts } from "../../../verifier/words/failed-tests.ts";
import { learnedLines } from "../../../verifier/words/learned.ts";
import { releaseText } from "../../../verifier/words/released.ts";
import type { PageElement } from "../../page/dom.ts";
import { h } from "../../page/element.ts";
import { usdText } from "../charts/costs.ts";
import type { PageCard } from "../model.ts";
import { command, effectBadge, facts, list, more, OPENED_LIMITS, part, said } from "./pieces.ts";
import type { Whole } from "./whole.ts";
import { visiblePath } from "../../../verifier/visible.ts";

const plain = (text: string): string => text;
const lines = (texts: readonly string[]): PageElement[] => texts.map((text) => h("p", {}, said(text)));

const PLACES_MAX = 12;

function places({ ranges }: Reason): PageElement[] {
  if (ranges.length === 0) return [h("p", { class: "hint" }, "About the change as a whole.")];
  // Several findings of one rule may be about the same lines.
  const texts = [...new Set(ranges.map(({ path, start_line, end_line }) => `${visiblePath(path)}:${start_line}${end_line > start_line ? `-${end_line}` : ""}`))];
  const items = texts.slice(0, PLACES_MAX).map((text) => h("li", {}, h("code", {}, said(text))));
  return [h("ul", { class: "places" }, ...items), ...(texts.length > PLACES_MAX ? [more(texts.length - PLACES_MAX)] : [])];
}

const ACCEPTED = { existing: "at the base already", waived: "accepted by a waiver", flaky: "a known flaky test that passed when run again" } as const;

function reasonOf(reason: Reason): PageElement {
  const { rule, check, effect, observed, excerpt, accepted } = reason;
  const head = h("p", { class: "reason-head" }, effectBadge(effect, observed), " ", h("code", { class: "rule" }, said(rule)), ...(check === null ? [] : [" ", h("span", { class: "hint" }, said(check))]));
  const code = excerpt === null ? [] : [h("pre", { class: "excerpt", tabindex: "0" }, ...excerpt.split("\n").slice(0, OPENED_LIMITS.rows_max).map((line) => h("span", { class: "line" }, said(line.replace(/\r$/, "").replaceAll("\t", "  "), OPENED_LIMITS.line_chars_max), "\n")))];
  return h("li", { class: `reason ${observed ? "observed" : effect}` }, head, h("p", { class: "because" }, said(becauseText(reason))), ...(accepted === undefined ? [] : [h("p", { class: "hint" }, `No more than a note: ${ACCEPTED[accepted]}.`)]), ...places(reason), ...code);
}

/** Decisive ones stand open, notes are folded: they lead to nothing. */
function reasonsPart({ reasons }: Card): PageElement {
  const stop = reasons.filter(({ effect, observed }) => !observed && effect !== "note");
  const rest = reasons.filter((reason) => !stop.includes(reason));
  const listed = (of: readonly Reason[]): PageElement[] => [h("ol", { class: "reasons-list" }, ...of.slice(0, OPENED_LIMITS.rows_max).map(reasonOf)), ...(of.length > OPENED_LIMITS.rows_max ? [more(of.length - OPENED_LIMITS.rows_max)] : [])];
  const none = stop.length === 0 ? [h("p", { class: "hint" }, "Nothing refuses or holds it.")] : listed(stop);
  return part("reasons", "Reasons", ...none, ...(rest.length === 0 ? [] : [h("details", {}, h("summary", {}, plural(rest.length, "note or observation", "notes and observations")), ...listed(rest))]));
}

function unavailable(checks: readonly CardCheck[]): PageElement[] {
  const silent = checks.filter(({ result }) => result === "unavailable");
  if (silent.length === 0) return [];
  const items = silent.map(({ check, required, because }) => h("li", {}, h("strong", {}, said(check)), required ? " (required)" : "", ": ", said(because ?? "no reason was given")));
  return [part("unavailable", `${plural(silent.length, "check")} gave no answer`, h("ul", { class: "unanswered" }, ...items))];
}

const RESULTS = { pass: "✓ passed", fail: "✗ with findings", not_applicable: "– not applicable", unavailable: "? no answer" } as const;
const MET = { ...RESULTS, pass: "✓ met", fail: "✗ not met" } as const;
const SEEN = { daemon: "the daemon", sandbox: "the sandbox", job: "the job's own word", external: "from elsewhere" } as const;

function checksPart(card: Card): PageElement {
  const order = ["unavailable", "fail", "pass", "not_applicable"];
  const rows = card.checks.toSorted((a, b) => order.indexOf(a.result) - order.indexOf(b.result)).map(({ check, result, required, because, findings, observer }) => [said(check), RESULTS[result], required ? "required" : "", findings === 0 ? "" : String(findings), observer === undefined ? "" : SEEN[observer], because === null ? "" : said(because)]);
  if (rows.length === 0) return part("checks", "Checks", h("p", { class: "hint" }, "This card names none."));
  return part("checks", "Checks", list(`${plural(card.checks.length, "check")} of this attempt`, ["Check", "Result", "Required", "Findings", "Whose word", "Because"], rows), ...lines([...failedTexts(card), ...reusedTexts(card)]));
}

function constraintsPart(obligations: readonly Obligation[] | undefined): PageElement[] {
  if (obligations === undefined || obligations.length === 0) return [];
  const order = ["unavailable", "fail", "pass", "not_applicable"];
  const rows = obligations.toSorted((a, b) => order.indexOf(a.result) - order.indexOf(b.result)).map((one) => [said(one.name), MET[one.result], one.required ? "required" : "", said(obligationText(one))]);
  return [part("constraints", "Constraints", list(plural(obligations.length, "constraint"), ["Name", "Result", "Required", "Measured, and what is asked"], rows))];
}

function gapsPart({ gaps }: Card): PageElement[] {
  if (gaps.length === 0) return [];
  return [part("gaps", "Not looked at", h("ul", {}, ...gaps.slice(0, OPENED_LIMITS.rows_max).map(({ what, because }) => h("li", {}, said(what), " (", said(because), ")"))), ...(gaps.length > OPENED_LIMITS.rows_max ? [more(gaps.length - OPENED_LIMITS.rows_max)] : []))];
}

function nextPart(card: Card, say: (sentence: string) => void): PageElement {
  const steps = card.next.map((step) => h("li", {}, h("p", {}, said(stepText(step))), ...(step.command === null ? [] : [command(step.command, say)])));
  return part("next", "Next", h("p", { class: "hint" }, said(whyText(card))), h("ol", { class: "steps-list" }, ...steps));
}

const money = (micro_usd: bigint | null): string => (micro_usd === null ? "not reported" : usdText(micro_usd));

function costPart(card: Card, { timings, cost, row }: Whole): PageElement {
  const texts = [costNowText(card, cost), ...(cost === null ? [] : billTexts(cost)), ...(timings === null ? [] : timingTexts(timings))];
  const took = timings === null ? [] : [h("details", {}, h("summary", {}, "Time of each check"), list("Time of each check", ["Check", "Seconds"], timings.by_check.toSorted((a, b) => b.us - a.us).map(({ check, us }) => [said(check), (us / 1e6).toFixed(3)])))];
  const whole = row.whole_micro_usd === null || row.whole_micro_usd === row.reported_micro_usd ? [] : [`together with what the daemon bought for it: ${money(row.whole_micro_usd)}`];
  return part("cost", "Cost and time", ...lines([...texts, ...whole]), ...took);
}

const releasesPart = ({ releases = [] }: Card): PageElement[] => (releases.length === 0 ? [] : [part("releases", "Releases by people", h("ul", {}, ...releases.map((one) => h("li", {}, said(releaseText(one, plain))))))]);

export function headFacts(row: PageCard, card: Card | null): PageElement {
  const { repository, target_ref, head, files, added_lines, removed_lines, policy, mode, at, gate_id, attempt } = row;
  return facts("What it is about", [
    ["Repository", said(repository)],
    ["Into", said(branch(target_ref))],
    ["Commit", h("span", {}, said(head), card?.base == null ? "" : ` on base ${short(card.base)}`)],
    ["Made by", said(card === null ? `${row.actor.class}${row.actor.agent === null ? "" : ` ${row.actor.agent}`}, author ${row.actor.name}` : actorText(card, plain))],
    ["Size", `${plural(files, "file")}, +${added_lines} -${removed_lines}`],
    ["Policy", said(`${policy}, mode ${mode}`)],
    ["Decided", at === null ? "not said in what was given" : at],
    ["Gate", said(gate_id === null ? "none: a replay leaves no evidence" : `${gate_id}, attempt ${attempt}`)],
    ["Cost", `${money(row.whole_micro_usd)}${row.total_us === null ? "" : `; decided in ${(row.total_us / 1e6).toFixed(2)} s`}`],
  ]);
}

/** What a row says, where there is no more. */
export function rowParts({ reasons, counts, checks }: PageCard): PageElement[] {
  const items = reasons.map(({ rule, effect, observed, because, path }) => h("li", { class: `reason ${observed ? "observed" : effect}` }, h("p", { class: "reason-head" }, effectBadge(effect, observed), " ", h("code", { class: "rule" }, said(rule))), h("p", { class: "because" }, said(because)), ...(path === null ? [] : [h("p", {}, h("code", {}, said(path)))])));
  const all = counts.refuse + counts.hold + counts.observed + counts.note;
  const silent = checks.unavailable.length === 0 ? [] : [part("unavailable", `${plural(checks.unavailable.length, "check")} gave no answer`, h("ul", { class: "unanswered" }, ...checks.unavailable.map(({ check, required }) => h("li", {}, said(check), required ? " (required)" : ""))))];
  return [...silent, part("reasons", "Reasons", items.length === 0 ? h("p", { class: "hint" }, "Nothing refuses or holds it.") : h("ol", { class: "reasons-list" }, ...items), ...(all > items.length ? [more(all - items.length)] : []))];
}

/** Before and after the counterexamples and findings, which stand between. */
export function cardParts(whole: Whole, card: Card, say: (sentence: string) => void): { readonly above: PageElement[]; readonly below: PageElement[] } {
  const learned = learnedLines(card);
  return {
    above: [...unavailable(card.checks), reasonsPart(card), ...constraintsPart(card.obligations)],
    below: [
      nextPart(card, say),
      checksPart(card),
      ...gapsPart(card),
      ...(learned.length === 0 ? [] : [part("learned", "Learned policies", ...lines(learned))]),
      costPart(card, whole),
      ...releasesPart(card),
      ...(card.warnings.length + comparedTexts(card).length === 0 ? [] : [part("notes", "Notes", ...lines([...comparedTexts(card), ...card.warnings]))]),
    ],
  };
}
