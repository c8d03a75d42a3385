/** Tabs over what the rule means to each engine (ARIA: tabs that follow the arrows). */
import type { PageKey } from "../../page/dom.ts";
import { elementOf, foreign, h } from "../../page/element.ts";
import type { Studio } from "../studio.ts";
import { TABS, type Preview, type Tab } from "./preview.ts";

const NAMES = Object.keys(TABS) as Tab[];
const idOf = (tab: Tab): string => `tab-${tab}`;

function draw({ text, notes }: Preview): void {
  elementOf("preview").replaceChildren(...notes.map((note) => h("p", { class: "hint" }, foreign(note))), ...(text === "" ? [] : [h("pre", {}, h("code", {}, text))]));
}

export function mountEngines({ setTab, onLooked }: Studio): void {
  const buttons = NAMES.map((tab) => h("button", { type: "button", role: "tab", id: idOf(tab), "aria-controls": "preview" }, TABS[tab]));
  const choose = (index: number, focus: boolean): void => {
    const tab = NAMES[index] ?? "guard";
    for (const [i, button] of buttons.entries()) {
      button.setAttribute("aria-selected", String(i === index));
      button.setAttribute("tabindex", i === index ? "0" : "-1");
    }
    elementOf("preview").setAttribute("aria-labelledby", idOf(tab));
    if (focus) buttons[index]?.focus();
    setTab(tab);
  };
  for (const [i, button] of buttons.entries()) {
    button.addEventListener("click", () => choose(i, false));
    button.addEventListener("keydown", (event) => {
      const { key } = event as PageKey;
      const to = key === "ArrowRight" ? (i + 1) % NAMES.length : key === "ArrowLeft" ? (i + NAMES.length - 1) % NAMES.length : key === "Home" ? 0 : key === "End" ? NAMES.length - 1 : null;
      if (to === null) return;
      event.preventDefault();
      choose(to, true);
    });
  }
  elementOf("tabs").replaceChildren(...buttons);
  onLooked(({ preview }) => draw(preview));
  choose(0, false);
}
