/** Where somebody is in the form, kept while other elements take the place of those that are there: the cursor, what is selected, and what is in sight. */
import type { PageDocument, PagePlace, PageTyped } from "../../page/dom.ts";

declare const document: PageDocument;
declare const window: { scrollBy(x: number, y: number): void };

const CONTROLS = "button, input, select, textarea, summary";
const controlsOf = (place: PagePlace): PageTyped[] => [...place.querySelectorAll(CONTROLS)] as PageTyped[];
const topOf = (control: PageTyped): number => control.getBoundingClientRect().top;
const nameOf = (control: PageTyped): string => `${control.tagName} ${control.getAttribute("aria-label") ?? control.textContent ?? ""}`;

/** The same one, by its id where another took its place, else one of the same name, else whatever stands where it stood: a focus is never lost. */
function again(place: PagePlace, { control, id, name, index }: { readonly control: PageTyped; readonly id: string; readonly name: string; readonly index: number }): PageTyped | null {
  if (place.contains(control)) return control;
  if (id !== "") {
    const same = document.getElementById(id) as PageTyped | null;
    if (same !== null) return same;
  }
  const all = controlsOf(place);
  return (id === "" ? all.find((one) => nameOf(one) === name) : undefined) ?? all[Math.min(index, all.length - 1)] ?? null;
}

/** Gives back what puts everything where it was; `wanted` is the id of a control that is to have the cursor instead. */
export function staying(place: PagePlace): (wanted: string | null) => void {
  const active = document.activeElement as PageTyped | null;
  const all = controlsOf(place);
  const index = active === null ? -1 : all.indexOf(active);
  const held = active === null || index < 0 ? null : { control: active, id: active.id, name: nameOf(active), index, from: active.selectionStart, to: active.selectionEnd, left: active.scrollLeft, top: active.scrollTop };
  // Without a cursor in the form it is the first control in sight that stays where it is.
  const seen = held === null ? all.find((one) => one.id !== "" && topOf(one) >= 0) : active;
  // Nothing of the form is above its first: asking where that is would lay out all that is new within one task.
  const mark = seen === undefined || seen === null || seen === all[0] ? null : { control: seen, id: seen.id, name: nameOf(seen), index: all.indexOf(seen), at: topOf(seen) };
  return (wanted) => {
    const asked = wanted === null ? null : document.getElementById(wanted);
    if (asked !== null) return asked.focus();
    const found = held === null ? null : again(place, held);
    found?.focus({ preventScroll: true });
    if (held !== null && found !== null && found.id === held.id && typeof held.from === "number" && typeof found.selectionStart === "number") {
      found.setSelectionRange(held.from, held.to ?? held.from);
      [found.scrollLeft, found.scrollTop] = [held.left, held.top];
    }
    const marked = mark === null ? null : again(place, mark);
    const by = mark === null || marked === null ? 0 : topOf(marked) - mark.at;
    if (by !== 0) window.scrollBy(0, by);
  };
}
