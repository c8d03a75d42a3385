/** The search box: a combobox (WAI-ARIA 1.2) whose list offers fields, and values of a field that the cards have. */
import type { PageElement, PageKey, PageTyped } from "../page/dom.ts";
import { elementOf, foreign, h } from "../page/element.ts";
import { listen } from "../page/events.ts";
import { shown } from "./model.ts";
import type { Hint } from "./query.ts";

export interface SearchHooks {
  readonly changed: (query: string) => void;
  readonly hints: (query: string) => readonly Hint[];
}

export interface SearchBox {
  set(query: string): void;
  focus(): void;
}

export function createSearch({ changed, hints }: SearchHooks): SearchBox {
  const input = elementOf("query") as PageTyped;
  const list = elementOf("hints");
  let offered: readonly Hint[] = [];
  let at = -1;
  const point = (i: number): void => {
    at = i;
    for (const [place, option] of options.entries()) option.setAttribute("aria-selected", String(place === i));
    if (i < 0) input.removeAttribute("aria-activedescendant");
    else input.setAttribute("aria-activedescendant", `hint-${i}`);
  };
  let options: readonly PageElement[] = [];
  const offer = (more: readonly Hint[]): void => {
    offered = more;
    options = more.map(({ shown: text, about }, i) => h("li", { role: "option", id: `hint-${i}`, "data-hint": String(i), "aria-selected": "false" }, foreign(shown(text, 80)), " ", h("span", { class: "hint" }, about)));
    list.replaceChildren(...options);
    list.hidden = more.length === 0;
    input.setAttribute("aria-expanded", String(more.length > 0));
    point(-1);
  };
  const take = (hint: Hint | undefined): void => {
    if (hint === undefined) return;
    input.value = hint.query;
    changed(hint.query);
    offer(hint.query.endsWith(":") ? hints(hint.query) : []);
    input.focus();
  };
  input.addEventListener("input", () => {
    changed(input.value);
    offer(hints(input.value));
  });
  input.addEventListener("keydown", (event) => {
    const { key, isComposing } = event as PageKey;
    if (isComposing) return;
    if (key === "ArrowDown" && offered.length === 0) offer(hints(input.value));
    else if (key === "ArrowDown" && offered.length > 0) point((at + 1) % offered.length);
    else if (key === "ArrowUp" && offered.length > 0) point(at <= 0 ? offered.length - 1 : at - 1);
    else if (key === "Enter") take(offered[at]);
    else if (key === "Escape" && offered.length > 0) offer([]);
    else return;
    event.preventDefault();
  });
  input.addEventListener("blur", () => offer([]));
  // Before the blur that the press would cause, which closes the list.
  listen(list, "mousedown", "li", (event) => {
    event.preventDefault();
    take(offered[Number(event.on.dataset["hint"])]);
  });
  return {
    set(query) {
      if (input.value !== query) input.value = query;
    },
    focus: () => input.focus(),
  };
}
