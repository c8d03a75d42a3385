/** What stands where nothing could be shown: cards that the address names and nobody has, and a list in which none fits. */
import type { PageDocument, PageElement, PagePlace } from "../page/dom.ts";
import { elementOf, foreign, h } from "../page/element.ts";
import { button } from "./opened/pieces.ts";
import { shown } from "./model.ts";
import { FIELD_NAMES, unknownFields } from "./query.ts";

declare const document: PageDocument;

const NAME_CHARS_MAX = 120;
const FIELDS_NAMED_MAX = 3;

/** Where a card that is not here may be. */
const WHERE = {
  disk: "Open the file that has it: a browser hands a page no file twice, so after a reload files are given again.",
  live: "The list has the newest attempt of every gate that you may see and that the daemon still has the answer of; maestro card says more.",
} as const;

/** What stands in each of the two. */
const standing = new Map<string, string>();

/** The list comes anew every few seconds: what says the same stays, and a button that is made anew has the focus that the one before it had. */
function write(id: string, says: string, paragraphs: readonly PageElement[], action: PageElement): void {
  const into = elementOf(id) as PagePlace;
  into.hidden = paragraphs.length === 0;
  if (standing.get(id) === says) return;
  standing.set(id, says);
  const focused = into.contains(document.activeElement);
  into.replaceChildren(...(paragraphs.length === 0 ? [] : [...paragraphs, h("div", { class: "actions" }, action)]));
  if (focused && paragraphs.length > 0) action.focus();
}

/** Nothing where every card that was asked for is here. */
export function showAbsent(names: readonly string[], from: keyof typeof WHERE, forget: () => void): void {
  const text = names.map((name): (PageElement | string)[] => [foreign(shown(name, NAME_CHARS_MAX)), " "]).flat();
  const paragraphs = names.length === 0 ? [] : [h("p", {}, names.length === 1 ? "This card is not in the list: " : "These cards are not in the list: ", ...text), h("p", {}, WHERE[from])];
  write("absent", JSON.stringify([names, from]), paragraphs, button("Do not look for it", forget));
}

/** Instead of a table without a line. */
export function showNothing(nothing: boolean, left_out: string, query: string, clear: () => void): void {
  elementOf("list").hidden = nothing;
  const odd = nothing ? unknownFields(query) : [];
  const fields = FIELD_NAMES.map((name) => `${name}:`).join(", ");
  const hints = odd.slice(0, FIELDS_NAMED_MAX).map((name) => h("p", {}, "There is no field ", h("code", {}, foreign(shown(`${name}:`, NAME_CHARS_MAX))), ` to search in; there are ${fields}. Without one every text of a card is searched.`));
  const paragraphs = nothing ? [h("p", {}, `No card fits. ${left_out} left out by search and filters.`), ...hints] : [];
  write("nothing", JSON.stringify([nothing, left_out, odd]), paragraphs, button("Clear filters", clear));
}
