/**
 * Whether somebody is in the middle of something in the form. A control that another takes the place of loses what the browser alone has of
 * it: a character that an input method still puts together, an open list, a change it has not told of, a click between down and up.
 */
import type { PageDocument, PagePlace, PageTyped } from "../../page/dom.ts";
import { WHOLE_AS } from "./fields.ts";

declare const document: PageDocument;

const isTyped = (control: PageTyped): boolean => typeof control.selectionStart === "number";

/** The name that somebody has changed and not left yet: the text that counted last, and the control. */
export function halfTyped(): { readonly control: PageTyped; readonly whole: string } | null {
  const control = document.activeElement as PageTyped | null;
  const whole = control?.getAttribute(WHOLE_AS) ?? null;
  return control === null || whole === null || control.value === whole ? null : { control, whole };
}

export class InUse {
  /** The control that was typed into since the cursor came into it. */
  private typed: PageTyped | null = null;
  /** Between down and up of a pointer. */
  pressing = false;

  /** `freed` is called once whoever was in the middle of something is done. */
  constructor(private readonly place: PagePlace, freed: () => void) {
    const first = { capture: true };
    const mark = (): void => void (this.typed = document.activeElement as PageTyped | null);
    for (const type of ["compositionstart", "input"]) place.addEventListener(type, mark, first);
    // What counts once it is whole has just become so.
    place.addEventListener("change", () => void (this.typed = null), first);
    place.addEventListener("focusout", () => {
      this.typed = null;
      setTimeout(freed, 0);
    }, first);
    place.addEventListener("pointerdown", () => void (this.pressing = true), first);
    // A button that is replaced between down and up was never clicked: leaving a name for a button changes the form under the finger.
    for (const end of ["pointerup", "pointercancel", "dragend"]) {
      document.addEventListener(end, () => {
        if (this.pressing) setTimeout(() => ((this.pressing = false), freed()), 0);
      });
    }
  }

  get now(): boolean {
    if (this.pressing) return true;
    const control = document.activeElement as PageTyped | null;
    if (control === null || !this.place.contains(control)) return false;
    // A list of the browser's own cannot be asked whether it is open.
    return control.tagName === "SELECT" || control.getAttribute("aria-expanded") === "true" || halfTyped() !== null || (control === this.typed && isTyped(control));
  }
}
