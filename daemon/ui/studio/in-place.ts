/** What somebody is at stays where they see it while something before it is drawn anew. */
import type { PageDocument, PageTyped } from "../page/dom.ts";

declare const document: PageDocument;
declare const window: { readonly innerHeight: number; scrollBy(x: number, y: number): void };

/** A browser keeps what is in sight in its place, but not from what grows in sight: then the control with the focus may end below the window, or behind what stands at its foot. */
export function inPlace(draw: () => void): void {
  const active = document.activeElement as PageTyped | null;
  const before = active?.getBoundingClientRect().top ?? -1;
  draw();
  if (active === null || document.activeElement !== active || before < 0 || before > window.innerHeight) return;
  const by = active.getBoundingClientRect().top - before;
  if (by !== 0) window.scrollBy(0, by);
}
