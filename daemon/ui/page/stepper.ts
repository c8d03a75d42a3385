/** Goes through the states of a walk, one at a time: by buttons, and by arrow keys, Home and End while the focus is in it. What changed is said in words. */
import type { Walk, WalkField } from "../studio/stepping/walk.ts";
import type { PageElement } from "./dom.ts";
import { foreign, h } from "./element.ts";

const SAYS: Readonly<Record<WalkField["change"], string>> = { first: "", same: "", changed: "● changed", new: "+ new", gone: "− gone" };

/** How far each key goes; the ends are cut off where it goes. */
const KEYS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

function fieldRow({ name, value, change, before }: WalkField): PageElement {
  const was = before === null ? SAYS[change] : `${SAYS[change]}, was ${before}`;
  return h("tr", { class: `field ${change}` }, h("th", { scope: "row" }, foreign(name)), h("td", { "data-label": "Value" }, foreign(value)), h("td", { "data-label": "Change" }, foreign(was)));
}

/** Opens at the last step: there it breaks. */
export function stepper(walk: Walk): PageElement {
  const last = walk.steps.length - 1;
  let at = last;
  const where = h("p", { class: "walk-where", role: "status" });
  const body = h("tbody", {});
  const table = h("table", { class: "list walk-fields" }, h("caption", { class: "unseen" }, "The state after this step"), h("thead", {}, h("tr", {}, ...["Name", "Value", "Change"].map((name) => h("th", { scope: "col" }, name)))), body);
  const draw = (): void => {
    const step = walk.steps[at];
    if (step === undefined) return;
    where.replaceChildren(`Step ${at + 1 + walk.cut} of ${last + 1 + walk.cut}: `, foreign(step.title), step.place === null ? "" : h("span", { class: "hint" }, " at ", foreign(step.place)), at === last ? h("strong", {}, ` – ${walk.end}`) : "");
    body.replaceChildren(...step.fields.map(fieldRow));
  };
  const go = (by: number): void => {
    at = Math.min(last, Math.max(0, at + by));
    draw();
  };
  const ways = [["First", -Infinity], ["Back", -1], ["Forward", 1], ["Last", Infinity]] as const;
  const buttons = ways.map(([name, by]) => {
    const button = h("button", { type: "button" }, name);
    button.addEventListener("click", () => go(by));
    return button;
  });
  const element = h("div", { class: "walk", role: "group", "aria-label": "Steps; arrow keys go back and forward" }, ...(last > 0 ? [h("div", { class: "actions" }, ...buttons)] : []), where, table);
  element.addEventListener("keydown", (event) => {
    const by = KEYS[event.key ?? ""];
    if (by === undefined || event.ctrlKey === true || event.altKey === true || event.metaKey === true) return;
    event.preventDefault();
    go(by);
  });
  draw();
  return element;
}
