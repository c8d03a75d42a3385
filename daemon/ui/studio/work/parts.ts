/** Small elements that the parts of the page share. */
import type { PageElement } from "../../page/dom.ts";
import { foreign, h } from "../../page/element.ts";
import { visible } from "../../../verifier/visible.ts";

export function button(label: string, act: () => void, attributes: Readonly<Record<string, string>> = {}): PageElement {
  const element = h("button", { type: "button", ...attributes }, label);
  element.addEventListener("click", act);
  return element;
}

/** Off, but still there for whoever goes through the page by keyboard. */
export function setOff(element: PageElement, off: boolean): void {
  if (off) element.setAttribute("aria-disabled", "true");
  else element.removeAttribute("aria-disabled");
}

declare const location: { readonly port: string };

/** A browser keeps drafts by address, and another port is another address. */
export const samePort = (): string => (location.port === "" ? "" : ` Drafts of this browser are found again at the same port: maestro ui studio --port ${location.port}`);

/** Text of others: a name, a message. */
export const other = (text: string): PageElement => foreign(visible(text));

/** On the cards page, where a card of the daemon's own list is open. */
export const cardHref = (gate_id: string): string => `/cards#?card=${encodeURIComponent(`live:${gate_id}`)}`;

/** A button that asks once more before it acts. */
export function sureButton(label: string, sure: string, act: () => void): PageElement {
  const place = h("span", { class: "sure" });
  const first = button(label, () => {
    const no = button("No, keep it", calm);
    place.replaceChildren(button(sure, act, { class: "danger" }), no);
    no.focus();
  });
  const calm = (): void => {
    place.replaceChildren(first);
    first.focus();
  };
  place.append(first);
  return place;
}
