/** Draws bars, with the table of the same numbers to unfold. Places are shares of the width and heights are of the text, so that it fits every screen without being drawn again. */
import { plural } from "../../../verifier/words/card.ts";
import type { PageElement } from "../../page/dom.ts";
import { foreign, h } from "../../page/element.ts";
import { svg } from "../../page/svg.ts";
import { ticks, total, type Bars, type Fill } from "./bars.ts";

/** In `em` of the drawing's text. */
const TOP = 2.6;
const FLOOR = 12;
const COLUMNS_HEIGHT = 15;
const LABEL_DROP = 1.3;
const AXIS_NAME_DROP = 2.7;
const TICK_RISE = 0.35;
const LEAST_HEIGHT = 0.08;
const ROW = 2.6;
const LYING_HEIGHT = 0.9;

const LABELS_MAX = 5;
/** Of the width, in percent: one bar alone is no wall, and the longest lying bar leaves room for its number. */
const BAR_WIDTH_MAX = 18;
const BAR_SHARE = 0.8;
const LYING_WIDTH_MAX = 84;
const EDGE = 10;

const em = (value: number): string => `${Number(value.toFixed(3))}em`;
const numberText = (count: number): string => count.toLocaleString("en");
const percent = (value: number): string => `${Number(value.toFixed(3))}%`;

/** A pattern beside the colour, so that parts are told apart without it. */
const PATTERNS: Readonly<Record<Exclude<Fill, "plain" | "admit">, () => PageElement>> = {
  refuse: () => svg("path", { d: "M-1 1 L1 -1 M0 6 L6 0 M5 7 L7 5", class: "hatch" }),
  hold: () => svg("circle", { cx: 3, cy: 3, r: 1.2, class: "dots" }),
};

const patternId = (chart: string, fill: Fill): string => `pattern-${chart}-${fill}`;

function patternOf(chart: string, fill: Fill): PageElement[] {
  if (fill === "plain" || fill === "admit") return [];
  return [svg("pattern", { id: patternId(chart, fill), width: 6, height: 6, patternUnits: "userSpaceOnUse" }, svg("rect", { width: 6, height: 6, class: `fill-${fill}` }), PATTERNS[fill]())];
}

const definitions = ({ id, parts }: Bars): PageElement => svg("defs", {}, ...parts.flatMap(({ fill }) => patternOf(id, fill)));
const filled = (chart: string, fill: Fill): Readonly<Record<string, string>> => (fill === "plain" || fill === "admit" ? { class: `bar-part fill-${fill}` } : { class: "bar-part", fill: `url(#${patternId(chart, fill)})` });

const sayOf = ({ parts }: Bars, counts: readonly number[]): string => (parts.length === 1 ? numberText(counts[0] ?? 0) : parts.map(({ name }, i) => `${numberText(counts[i] ?? 0)} ${name}`).join(", "));

function column(chart: Bars, at: number, top: number): PageElement[] {
  const bar = chart.bars[at];
  if (bar === undefined) return [];
  const slot = 100 / chart.bars.length;
  const width = Math.min(BAR_WIDTH_MAX, slot * BAR_SHARE);
  const x = slot * (at + 0.5) - width / 2;
  const scale = (FLOOR - TOP) / top;
  let below = 0;
  return chart.parts.flatMap(({ fill }, i) => {
    const count = bar.counts[i] ?? 0;
    if (count === 0) return [];
    const height = Math.max(LEAST_HEIGHT, count * scale);
    const rect = svg("rect", { x: percent(x), width: percent(width), y: em(FLOOR - below - height), height: em(height), ...filled(chart.id, fill) }, svg("title", {}, `${bar.name}: ${sayOf(chart, bar.counts)}`));
    below += height;
    return [rect];
  });
}

/** A label near an edge begins or ends with its bar's own room, so that nothing of it is cut off. */
function labels({ bars }: Bars): PageElement[] {
  const every = Math.ceil(bars.length / LABELS_MAX);
  const slot = 100 / bars.length;
  return bars.flatMap(({ label }, i) => {
    if (i % every !== 0) return [];
    const middle = slot * (i + 0.5);
    const [x, anchor] = bars.length > 1 && middle < EDGE ? [slot * i, "start"] : bars.length > 1 && middle > 100 - EDGE ? [slot * (i + 1), "end"] : [middle, "middle"];
    return [svg("text", { x: percent(x), y: em(FLOOR + LABEL_DROP), "text-anchor": anchor }, label)];
  });
}

function marks({ marks: all, bars }: Bars): PageElement[] {
  return all.flatMap(({ label, bar }, i) => {
    const x = (100 / bars.length) * (bar + 0.5);
    const left = x <= 50;
    return [
      svg("line", { x1: percent(x), x2: percent(x), y1: em(i * 1.2 + 0.2), y2: em(FLOOR), class: "mark" }),
      svg("text", { x: percent(x), dx: left ? "0.3em" : "-0.3em", y: em(i * 1.2 + 1), "text-anchor": left ? "start" : "end", class: "mark-name" }, label),
    ];
  });
}

function columns(chart: Bars): PageElement {
  const steps = ticks(Math.max(...chart.bars.map(({ counts }) => total(counts))));
  const top = steps.at(-1) ?? 1;
  const y = (count: number): number => FLOOR - (count / top) * (FLOOR - TOP);
  const axis = svg("svg", { class: "axis", height: em(COLUMNS_HEIGHT) }, svg("text", { x: "100%", y: em(1), "text-anchor": "end" }, "Cards"), ...steps.map((count) => svg("text", { x: "100%", y: em(y(count) + TICK_RISE), "text-anchor": "end" }, numberText(count))));
  const lines = steps.map((count) => svg("line", { x1: 0, x2: "100%", y1: em(y(count)), y2: em(y(count)), class: count === 0 ? "floor" : "grid" }));
  const name = svg("text", { x: "50%", y: em(FLOOR + AXIS_NAME_DROP), "text-anchor": "middle" }, chart.of);
  return h("div", { class: "plot" }, axis, svg("svg", { class: "bars", height: em(COLUMNS_HEIGHT) }, definitions(chart), ...lines, ...chart.bars.flatMap((_, i) => column(chart, i, top)), ...labels(chart), name, ...marks(chart)));
}

function lying(chart: Bars): PageElement {
  const most = Math.max(...chart.bars.map(({ counts }) => total(counts)));
  const rows = chart.bars.flatMap(({ label, counts }, i) => {
    const count = total(counts);
    const width = (count / most) * LYING_WIDTH_MAX;
    const y = i * ROW;
    return [
      svg("text", { x: 0, y: em(y + 1) }, label),
      svg("rect", { x: 0, y: em(y + 1.35), width: percent(width), height: em(LYING_HEIGHT), ...filled(chart.id, chart.parts[0]?.fill ?? "plain") }, svg("title", {}, `${label}: ${numberText(count)}`)),
      svg("text", { x: percent(width), dx: "0.4em", y: em(y + 2.15) }, numberText(count)),
    ];
  });
  return h("div", { class: "plot" }, svg("svg", { class: "bars", height: em(chart.bars.length * ROW + 0.2) }, definitions(chart), ...rows));
}

function legend(chart: Bars): PageElement[] {
  if (chart.parts.length < 2) return [];
  const items = chart.parts.map(({ name, fill }) => h("li", {}, svg("svg", { class: "swatch", "aria-hidden": "true" }, svg("rect", { width: "100%", height: "100%", ...filled(chart.id, fill) })), ` ${name}`));
  return [h("ul", { class: "legend" }, ...items)];
}

type Narrow = (search: string) => void;

function nameOf(name: string, search: string | undefined, narrow: Narrow): PageElement {
  if (search === undefined) return foreign(name);
  const button = h("button", { type: "button", class: "plain", "aria-label": `List what ${name} refused` }, foreign(name));
  button.addEventListener("click", () => narrow(search));
  return button;
}

/** Columns of the table: the bars, every part, and all parts together where there are several. */
function tableOf(chart: Bars, narrow: Narrow): PageElement {
  const several = chart.parts.length > 1;
  const names = [chart.of, ...chart.parts.map(({ name }) => name), ...(several ? ["together"] : [])];
  const row = (name: string, counts: readonly number[], search?: string): PageElement => {
    const cells = [...counts, ...(several ? [total(counts)] : [])];
    return h("tr", {}, h("th", { scope: "row" }, nameOf(name, search, narrow)), ...cells.map((count, i) => h("td", { "data-label": names[i + 1] ?? "", class: "number" }, numberText(count))));
  };
  const sums = chart.parts.map((_, i) => total(chart.bars.map(({ counts }) => counts[i] ?? 0)));
  const head = h("tr", {}, ...names.map((name) => h("th", { scope: "col" }, name)));
  return h("table", { class: "list" }, h("caption", { class: "unseen" }, chart.title), h("thead", {}, head), h("tbody", {}, ...chart.bars.map(({ name, counts, search }) => row(name, counts, search)), row("Sum", sums)));
}

const summaryOf = (chart: Bars): string => {
  const sums = chart.parts.map((_, i) => total(chart.bars.map(({ counts }) => counts[i] ?? 0)));
  const highest = chart.bars.reduce((best, bar) => (total(bar.counts) > total(best.counts) ? bar : best), chart.bars[0] ?? { name: "", counts: [] });
  return `${chart.title}: ${sayOf(chart, sums)} in ${plural(chart.bars.length, "bar")}; most at ${highest.name} (${numberText(total(highest.counts))}). ${chart.marks.map(({ label }) => label).join(", ")} The table below has every number.`;
};

export function drawBars(chart: Bars, narrow: Narrow): PageElement {
  const title = h("h3", { id: `chart-${chart.id}` }, chart.title);
  const remarks = chart.remarks.map((text) => h("p", { class: "hint" }, text));
  const empty = chart.bars.length === 0;
  const body = empty ? [h("p", { class: "hint" }, "Nothing to draw.")] : [...legend(chart), h("div", { role: "img", "aria-label": summaryOf(chart) }, chart.lying ? lying(chart) : columns(chart))];
  const table = empty ? [] : [h("details", {}, h("summary", {}, "As a table"), tableOf(chart, narrow))];
  return h("section", { class: chart.lying ? "chart lying" : "chart", "aria-labelledby": `chart-${chart.id}` }, title, ...body, ...remarks, ...table);
}
