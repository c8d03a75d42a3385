/** The charts of whatever the filter leaves: drawn while the panel is unfolded, a moment after the last change. */
import type { PageDetails } from "../../page/dom.ts";
import { h } from "../../page/element.ts";
import type { CreateCharts } from "../host.ts";
import type { Bars, Charted } from "./bars.ts";
import { costPerChange } from "./costs.ts";
import { drawBars } from "./draw.ts";
import { timeToRelease } from "./release.ts";
import { refusalsPerRule } from "./rules.ts";
import { decisionsOverTime } from "./time.ts";

/** Nobody looks at a chart between two keys of a word. */
const REST_MS = 150;

const chartsOf = (cards: readonly Charted[]): Bars[] => [decisionsOverTime(cards, Date.now()), refusalsPerRule(cards), costPerChange(cards), timeToRelease(cards)];

export const createCharts: CreateCharts = (host, into) => {
  const drawn = h("div", { class: "charts" });
  const panel = h("details", { id: "charts", class: "panel" }, h("summary", {}, "Charts of the cards listed"), h("h2", { class: "unseen" }, "Charts"), drawn) as PageDetails;
  into.replaceChildren(panel);
  let wanted: readonly Charted[] | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const draw = (): void => {
    if (wanted === null || !panel.open) return;
    const cards = wanted;
    wanted = null;
    drawn.replaceChildren(...(cards.length === 0 ? [h("p", { class: "hint" }, "No card is listed.")] : chartsOf(cards).map((chart) => drawBars(chart, host.search))));
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
