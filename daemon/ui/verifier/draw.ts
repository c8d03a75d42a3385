/** Draws an answer. */
import type { Answer, FileNote, State, Step, Table } from "./answer.ts";
import type { PageElement } from "../page/dom.ts";
import { foreign, h } from "../page/element.ts";

/** A word and a shape beside the colour. */
const STATES: Readonly<Record<State, readonly [shape: string, word: string]>> = {
  proved: ["\u2713", "proved"],
  failed: ["\u2717", "failed"],
  unknown: ["?", "nobody known"],
  not_proved: ["\u25cb", "not proved"],
  absent: ["\u2013", "not there"],
  not_judged: ["\u00b7", "not judged"],
};

const badge = (state: State): PageElement => h("span", { class: `badge ${state}` }, h("span", { "aria-hidden": "true" }, STATES[state][0]), ` ${STATES[state][1]}`);

function rowsOf(step: Step): PageElement[] {
  if (step.rows.length === 0) return [];
  const rows = step.rows.map(({ label, value }) => h("tr", {}, h("th", { scope: "row" }, label), h("td", {}, foreign(value))));
  return [h("table", { class: "facts" }, h("caption", { class: "unseen" }, `${step.title}: what was found`), h("tbody", {}, ...rows))];
}

/** A cell up to this long is never broken inside a word. */
const SHORT_CHARS_MAX = 16;

function tableOf({ caption, columns, rows, more }: Table): PageElement {
  const head = h("tr", {}, ...columns.map((name) => h("th", { scope: "col" }, name)));
  const body = rows.map((cells) => h("tr", {}, ...cells.map((cell, i) => h("td", { "data-label": columns[i] ?? "", class: cell.length > SHORT_CHARS_MAX ? "long" : "" }, foreign(cell)))));
  const table = h("table", { class: "list" }, h("caption", {}, caption), h("thead", {}, head), h("tbody", {}, ...body));
  return more === 0 ? table : h("div", {}, table, h("p", { class: "more" }, `and ${more} more that are not drawn`));
}

function stepOf(step: Step): PageElement {
  const title = `step-${step.id}`;
  // Of what nobody proved, the meaning is what it would have been.
  const [means, limit] = step.holds === true || step.state === "proved" ? ["Means", "Does not prove"] : ["Would mean", "Would not prove"];
  const words = step.state === "not_judged" ? [] : [h("dl", {}, h("dt", {}, means), h("dd", {}, step.means), h("dt", {}, limit), h("dd", {}, step.limit))];
  return h(
    "li",
    { class: `step ${step.state}`, id: `item-${step.id}` },
    h("section", { "aria-labelledby": title }, h("h3", { id: title }, step.title, " ", badge(step.state)), h("p", { class: "said" }, foreign(step.said)), ...rowsOf(step), ...step.tables.map(tableOf), ...words),
  );
}

const VERDICTS: Readonly<Record<Answer["verdict"], State>> = { verified: "proved", failed: "failed", unknown_signer: "unknown", not_judged: "unknown", waiting: "absent" };

export function drawVerdict(into: PageElement, { verdict, headline, reasons, remarks }: Pick<Answer, "verdict" | "headline" | "reasons" | "remarks">): void {
  into.className = `verdict ${VERDICTS[verdict]}`;
  const [first, ...rest] = headline.split("  ");
  const list = (name: string, texts: readonly string[]): PageElement[] => (texts.length === 0 ? [] : [h("ul", { class: name }, ...texts.map((text) => h("li", {}, foreign(text))))]);
  const shape = h("span", { "aria-hidden": "true", class: "shape" }, STATES[VERDICTS[verdict]][0]);
  const line = rest.length === 0 ? [h("p", { class: "word" }, first ?? "")] : [h("p", { class: "word" }, shape, ` ${first ?? ""}`), h("p", { class: "line" }, foreign(rest.join("  ")))];
  into.replaceChildren(...line, ...list("reasons", reasons), ...list("remarks", remarks));
}

export function drawSteps(into: PageElement, steps: readonly Step[]): void {
  into.replaceChildren(...steps.map(stepOf));
}

const sizeText = (bytes: number): string => (bytes < 1024 ? `${bytes} bytes` : bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`);

export function drawFiles(into: PageElement, files: readonly FileNote[], remove: (index: number) => void): void {
  const rows = files.map(({ name, bytes, kind }, i) => {
    const button = h("button", { type: "button", "aria-label": `Remove ${name}` }, "Remove");
    button.addEventListener("click", () => remove(i));
    return h("tr", {}, h("th", { scope: "row" }, foreign(name)), h("td", {}, kind), h("td", {}, sizeText(bytes)), h("td", {}, button));
  });
  const head = h("tr", {}, ...["File", "Taken for", "Size", "Action"].map((name) => h("th", { scope: "col" }, name)));
  into.replaceChildren(...(files.length === 0 ? [] : [h("table", { class: "files" }, h("caption", {}, "What was given"), h("thead", {}, head), h("tbody", {}, ...rows))]));
}
