/** Elements of a page. Every string goes in as text: there is no other way into the document. */
import type { PageDocument, PageElement } from "./dom.ts";

declare const document: PageDocument;

type Attributes = Readonly<Record<string, string>>;

/** A narrow page lays rows out as blocks, which takes their meaning from screen readers where it is not said once more. */
const ROLES: Readonly<Record<string, string>> = { table: "table", thead: "rowgroup", tbody: "rowgroup", tr: "row", td: "cell" };

export function h(tag: string, attributes: Attributes, ...children: (PageElement | string)[]): PageElement {
  const element = document.createElement(tag);
  const role = tag === "th" ? (attributes["scope"] === "col" ? "columnheader" : "rowheader") : ROLES[tag];
  if (role !== undefined) element.setAttribute("role", role);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Text of others keeps its own reading direction and lends it to nobody. */
export const foreign = (text: string): PageElement => h("bdi", {}, text);

/** An element that the page's own body has. */
export function elementOf(id: string): PageElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no ${id}`);
  return found;
}
