/** The charts of whatever the filter leaves: drawn while the panel is unfolded, a moment after the last change. */
import type { PageDetails } from "../../page/dom.ts";
import { h } from "../../page/element.ts";
import type { Bars, Charted } from "./bars.ts";
import { costPerChange } from "./costs.ts";
import { drawBars } from "./draw.ts";
import { timeToRelease } from "./release.ts";
import { refusalsPerRule } from "./rules.ts";
import { decisionsOverTime } from "./time.ts";

/** Nobody looks at a chart between two keys of a word. */
const REST_MS = 150;

export const chartsOf = (cards: readonly Charted[]): Bars[] => [decisionsOverTime, refusalsPerRule, costPerChange, timeToRelease].map((make) => make(cards));

export interface ChartsPanel {
  readonly element: PageDetails;
  /** The cards that are listed now. */
  show(cards: readonly Charted[]): void;
}

export function chartsPanel(): ChartsPanel {
  const into = h("div", { class: "charts" });
  const element = h("details", { id: "charts", class: "panel" }, h("summary", {}, "Charts of the cards listed"), into) as PageDetails;
  let wanted: readonly Charted[] | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const draw = (): void => {
    if (wanted === null || !element.open) return;
    const cards = wanted;
    wanted = null;
    into.replaceChildren(...(cards.length === 0 ? [h("p", { class: "hint" }, "No card is listed.")] : chartsOf(cards).map(drawBars)));
    element.dataset["drawn"] = String(cards.length);
  };
  element.addEventListener("toggle", draw);
  return {
    element,
    show(cards) {
      wanted = cards;
      clearTimeout(timer);
      timer = setTimeout(draw, REST_MS);
    },
  };
}
