/** What one line of the list looks like. A verdict is a shape and a word beside its colour; what is not known is a word, never an empty cell. */
import { branch, plural, short } from "../../verifier/words/card.ts";
import type { PageElement, PagePlace } from "../page/dom.ts";
import { foreign, h } from "../page/element.ts";
import { costText } from "./charts/costs.ts";
import type { Group, Sums } from "./group.ts";
import { verdictBadge } from "./opened/pieces.ts";
import { shown, stops, type PageCard } from "./model.ts";
import type { SortKey } from "./order.ts";

export const COLUMNS: readonly { readonly name: string; readonly sort: SortKey | null }[] = [
  { name: "Compare", sort: null },
  { name: "Decision", sort: "decision" },
  { name: "Change", sort: null },
  { name: "Actor", sort: null },
  { name: "Why", sort: null },
  { name: "Lines", sort: "lines" },
  { name: "Cost", sort: "cost" },
  { name: "Took", sort: "time" },
  { name: "Decided", sort: "age" },
];

const number = new Intl.NumberFormat("en");
const grouped = (count: number): string => number.format(count);

const MINUTE_MS = 60_000;
const AGES: readonly (readonly [ms: number, unit: string])[] = [[365 * 24 * 60 * MINUTE_MS, "y"], [24 * 60 * MINUTE_MS, "d"], [60 * MINUTE_MS, "h"], [MINUTE_MS, "min"]];

function ageText(at_ms: number, now_ms: number): string {
  const past = now_ms - at_ms;
  if (past < -MINUTE_MS) return "in the future";
  const [ms, unit] = AGES.find(([size]) => past >= size) ?? [0, ""];
  return ms === 0 ? "just now" : `${Math.floor(past / ms)} ${unit} ago`;
}

function tookText(us: number): string {
  if (us < 1_000_000) return `${Math.max(1, Math.round(us / 1000))} ms`;
  return us < 100_000_000 ? `${(us / 1_000_000).toFixed(1)} s` : `${grouped(Math.round(us / 60_000_000))} min`;
}

const cell = (name: string, ...children: (PageElement | string)[]): PageElement => h("div", { role: "gridcell", class: name }, ...children);
const first = (text: PageElement | string): PageElement => h("span", { class: "one" }, text);
const second = (...text: (PageElement | string)[]): PageElement => h("span", { class: "two" }, ...text);
const unknown = (word: string): PageElement => h("span", { class: "one none" }, word);

/** The end of a repository's name says most; who looks at many of one daemon's knows its beginning. */
const placeOf = ({ repository, target_ref, head }: PageCard): PageElement[] => [foreign(`${shown(repository, 80)} ${shown(branch(target_ref), 60)}`), foreign(` ${short(head)}`)];

function whyOf({ reasons, counts, checks }: PageCard): PageElement[] {
  const stopping = counts.refuse + counts.hold;
  const decisive = reasons.find(stops) ?? reasons[0];
  if (decisive === undefined) return [unknown(checks.unavailable.length === 0 ? "nothing found" : `${plural(checks.unavailable.length, "check")} unavailable`)];
  const others = stopping > 1 ? ` and ${stopping - 1} more` : "";
  const word = stopping === 0 ? (decisive.observed ? "only observed: " : "noted: ") : "";
  return [h("span", { class: "one" }, word, h("code", {}, shown(decisive.rule, 96)), others), second(foreign(shown(decisive.because, 160)))];
}

const priceOf = ({ whole_micro_usd }: PageCard): PageElement => (whole_micro_usd === null ? unknown("not reported") : first(costText(whole_micro_usd)));

function whenOf({ at, at_ms }: PageCard, now_ms: number): PageElement[] {
  if (at === null || at_ms === null) return [unknown("not said")];
  return [h("time", { class: "one", datetime: at }, ageText(at_ms, now_ms)), second(at.slice(0, 16).replace("T", " "))];
}

/** A line that stays grows older: its age alone is told anew, so that nothing is taken from under somebody. */
export function tellAge(row: PagePlace, { at_ms }: PageCard, now_ms: number): void {
  if (at_ms === null) return;
  const text = ageText(at_ms, now_ms);
  for (const time of row.querySelectorAll("time")) if (time.textContent !== text) time.textContent = text;
}

export interface RowLook {
  readonly grouped: boolean;
  readonly open: boolean;
  readonly marked: boolean;
  readonly now_ms: number;
}

/** A line of one card. Nothing in it but the mark takes the focus: the line itself does. */
export function cardRow(card: PageCard, { grouped: inGroup, open, marked, now_ms }: RowLook): PageElement {
  const { verdict, title, actor, added_lines, removed_lines, files, total_us, released } = card;
  const mark = h("input", { type: "checkbox", tabindex: "-1", "aria-label": `Compare: ${shown(title, 80)}`, ...(marked ? { checked: "" } : {}) });
  const who = actor.agent ?? actor.name;
  return h(
    "div",
    { role: "row", class: open ? "row open" : "row", ...(inGroup ? { "aria-level": "2" } : {}), ...(open ? { "aria-current": "true" } : {}) },
    cell("mark", mark),
    cell("decision", verdictBadge(verdict), ...(released.length === 0 ? [] : [second("released")])),
    cell("change", first(title === "" ? "without a title" : foreign(shown(title, 200))), second(...placeOf(card))),
    cell("actor", first(actor.class), second(foreign(shown(who === "" ? "without a name" : who, 60)))),
    cell("why", ...whyOf(card)),
    cell("lines-cell", first(`+${grouped(added_lines)} \u2212${grouped(removed_lines)}`), second(plural(files, "file"))),
    cell("cost", priceOf(card)),
    cell("took", total_us === null ? unknown("not said") : first(tookText(total_us))),
    cell("decided", ...whenOf(card, now_ms)),
  );
}

export function sumsText({ cards, refuse, hold, admit, micro_usd, priced, lines }: Sums): string {
  const cost = micro_usd === null ? "no cost reported" : `${costText(micro_usd)}${priced < cards ? ` reported of ${grouped(priced)}` : ""}`;
  return `${plural(cards, "card").replace(/^[0-9]+/, grouped(cards))}: ${grouped(refuse)} refused, ${grouped(hold)} held, ${grouped(admit)} admitted; ${cost}; ${grouped(lines)} lines`;
}

export function groupRow({ key, sums }: Group, unfolded: boolean): PageElement {
  return h(
    "div",
    { role: "row", class: "row group", "aria-level": "1", "aria-expanded": String(unfolded) },
    h("div", { role: "rowheader", class: "group-name" }, h("span", { "aria-hidden": "true", class: "fold" }, unfolded ? "\u25be" : "\u25b8"), " ", foreign(shown(key, 120))),
    h("div", { role: "gridcell", class: "group-sums" }, sumsText(sums)),
  );
}
