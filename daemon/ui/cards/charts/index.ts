/** The charts of whatever the filter leaves: drawn while the panel is unfolded, a moment after the last change. */
import type { PageDetails, PageDocument, PageElement, PagePlace } from "../../page/dom.ts";
import { h } from "../../page/element.ts";
import type { CreateCharts } from "../host.ts";
import type { Bars, Charted } from "./bars.ts";
import { costPerChange } from "./costs.ts";
import { drawBars } from "./draw.ts";
import { timeToRelease } from "./release.ts";
import { refusalsPerRule } from "./rules.ts";
import { decisionsOverTime } from "./time.ts";

declare const document: PageDocument;

/** Nobody looks at a chart between two keys of a word. */
const REST_MS = 150;

const chartsOf = (cards: readonly Charted[]): Bars[] => [decisionsOverTime(cards, Date.now()), refusalsPerRule(cards), costPerChange(cards), timeToRelease(cards)];

interface Drawn {
  readonly says: string;
  readonly section: PagePlace;
}

const tableIn = (section: PagePlace): PageDetails | undefined => [...section.querySelectorAll("details")][0] as PageDetails | undefined;
const controlsIn = (section: PagePlace): PageElement[] => [...section.querySelectorAll("summary, button")];

/** `next` in the place of `last`: its table as it was unfolded, and the focus on the control that does the same. */
function inPlaceOf(last: PagePlace, next: PagePlace): void {
  const active = document.activeElement;
  const focused = last.contains(active);
  const [before, table] = [tableIn(last), tableIn(next)];
  if (table !== undefined && before?.open === true) table.open = true;
  last.replaceWith(next);
  if (!focused) return;
  const name = (control: PageElement | null): string | null | undefined => control?.getAttribute("aria-label");
  const controls = controlsIn(next);
  (controls.find((control) => name(control) === name(active)) ?? controls[0])?.focus({ preventScroll: true });
}

export const createCharts: CreateCharts = (host, into) => {
  const drawn = h("div", { class: "charts" });
  let charts: readonly Drawn[] = [];
  const panel = h("details", { id: "charts", class: "panel" }, h("summary", {}, "Charts of the cards listed"), h("h2", { class: "unseen" }, "Charts"), drawn) as PageDetails;
  into.replaceChildren(panel);
  let wanted: readonly Charted[] | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const draw = (): void => {
    if (wanted === null || !panel.open) return;
    const cards = wanted;
    wanted = null;
    const next = cards.length === 0 ? [] : chartsOf(cards).map((chart) => ({ chart, says: JSON.stringify(chart) }));
    const before = charts;
    // The list comes anew every few seconds: a chart that says the same stays as somebody has it.
    charts = next.map(({ chart, says }, i) => (before[i]?.says === says ? before[i] : { says, section: drawBars(chart, host.search) as PagePlace }));
    if (charts.length === 0 || before.length !== charts.length) drawn.replaceChildren(...(charts.length === 0 ? [h("p", { class: "hint" }, "No card is listed.")] : charts.map(({ section }) => section)));
    else for (const [i, { section }] of charts.entries()) if (section !== before[i]?.section) inPlaceOf(before[i]?.section ?? section, section);
    panel.dataset["drawn"] = String(cards.length);
  };
  panel.addEventListener("toggle", draw);
  return {
    draw(cards) {
      wanted = cards;
      clearTimeout(timer);
      timer = setTimeout(draw, REST_MS);
    },
  };
};
