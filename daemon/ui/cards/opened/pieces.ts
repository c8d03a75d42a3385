/** Pieces that the parts of an opened card are drawn with. */
import { visible } from "../../../verifier/visible.ts";
import { typed } from "../../../verifier/words/typed.ts";
import type { PageElement } from "../../page/dom.ts";
import { foreign, h } from "../../page/element.ts";

declare const navigator: { readonly clipboard?: { writeText(text: string): Promise<void> } };

/** UTF-16 units of one text, one line of source, and rows of one list that are drawn. */
export const OPENED_LIMITS = { text_chars_max: 4_000, line_chars_max: 500, rows_max: 200 } as const;

/** A stranger's text: nothing unseen, nothing endless, and its own reading direction. */
export const said = (text: string, chars_max: number = OPENED_LIMITS.text_chars_max): PageElement => foreign(visible(text.length > chars_max ? `${text.slice(0, chars_max).toWellFormed()}…` : text));

export function part(id: string, title: string, ...children: (PageElement | string)[]): PageElement {
  return h("section", { class: "part", id: `part-${id}`, "aria-labelledby": `title-${id}` }, h("h3", { id: `title-${id}` }, title), ...children);
}

export function facts(caption: string, rows: readonly (readonly [label: string, value: PageElement | string])[]): PageElement {
  return h("table", { class: "facts" }, h("caption", { class: "unseen" }, caption), h("tbody", {}, ...rows.map(([label, value]) => h("tr", {}, h("th", { scope: "row" }, label), h("td", {}, value)))));
}

export function list(caption: string, columns: readonly string[], rows: readonly (readonly (PageElement | string)[])[]): PageElement {
  const head = h("tr", {}, ...columns.map((name) => h("th", { scope: "col" }, name)));
  const body = rows.slice(0, OPENED_LIMITS.rows_max).map((cells) => h("tr", {}, ...cells.map((cell, i) => h("td", { "data-label": columns[i] ?? "", class: cell === "" ? "none" : "" }, cell))));
  const table = h("table", { class: "list" }, h("caption", {}, caption), h("thead", {}, head), h("tbody", {}, ...body));
  return rows.length > OPENED_LIMITS.rows_max ? h("div", {}, table, more(rows.length - OPENED_LIMITS.rows_max)) : table;
}

export const more = (count: number): PageElement => h("p", { class: "more" }, `and ${count} more that are not drawn`);

export function button(text: string, act: () => void, attributes: Readonly<Record<string, string>> = {}): PageElement {
  const element = h("button", { type: "button", ...attributes }, text);
  element.addEventListener("click", act);
  return element;
}

/** Shape and word beside the colour. */
const EFFECTS = { refuse: ["✗", "refuses"], hold: ["!", "holds"], note: ["·", "notes"], observed: ["○", "only observes"] } as const;
export const effectBadge = (effect: "refuse" | "hold" | "note", observed: boolean): PageElement => {
  const of = observed ? "observed" : effect;
  return h("span", { class: `badge ${of}` }, h("span", { "aria-hidden": "true" }, EFFECTS[of][0]), ` ${EFFECTS[of][1]}`);
};

const VERDICTS = { admit: ["✓", "ADMITTED"], hold: ["!", "HELD"], refuse: ["✗", "REFUSED"] } as const;
export const verdictBadge = (verdict: "admit" | "hold" | "refuse"): PageElement => h("span", { class: `badge ${verdict}` }, h("span", { "aria-hidden": "true" }, VERDICTS[verdict][0]), ` ${VERDICTS[verdict][1]}`);

/** Programs whose commands one may copy from a card: it may come from a stranger, and what is copied is run. */
const OWN = /^(?:maestro |git fetch --unshallow$)/;

/** A command to type. It can be copied where it is one of Maestro's and holds nothing that a reader would not see. */
export function command(words: readonly string[], say: (sentence: string) => void): PageElement {
  const text = typed(words);
  const code = h("code", { class: "command", tabindex: "0", role: "group", "aria-label": "Command" }, visible(text));
  if (!OWN.test(text) || visible(text) !== text) return h("div", { class: "typed" }, code);
  const copied = async (): Promise<void> => {
    try {
      if (navigator.clipboard === undefined) throw new TypeError("no clipboard");
      await navigator.clipboard.writeText(text);
      say("The command was copied.");
    } catch (cause) {
      if (!(cause instanceof Error)) throw cause;
      say("This browser does not let the page copy. Select the command and copy it yourself.");
    }
  };
  return h("div", { class: "typed" }, code, button("Copy", () => void copied(), { "aria-label": `Copy ${text}` }));
}

