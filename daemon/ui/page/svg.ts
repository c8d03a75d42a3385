/** Drawings of a page. As with `h`, every string goes in as an attribute or as text. */
import type { PageDocument, PageElement } from "./dom.ts";

declare const document: PageDocument;

const SVG = "http://www.w3.org/2000/svg";

/** Attributes only, never `style`: the page's policy allows no other style than its own. */
export function svg(tag: string, attributes: Readonly<Record<string, string | number>>, ...children: (PageElement | string)[]): PageElement {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}
