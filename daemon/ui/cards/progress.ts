/** A line that says how far a large file is, with a way to give up. It is no live region: nobody wants every megabyte read out. */
import type { PageBox, PageDocument, PageElement } from "../page/dom.ts";
import { foreign, h } from "../page/element.ts";
import { shown } from "./model.ts";
import { button } from "./opened/pieces.ts";

declare const document: PageDocument;

const MiB = 1024 * 1024;
/** Smaller files are read before anybody could press anything. */
export const SAID_FROM_BYTES = 4 * MiB;

const megabytes = (bytes: number): string => Math.ceil(bytes / MiB).toLocaleString("en");

export class Progress {
  private readonly text = h("span", {});
  private readonly bar = h("progress", { "aria-label": "How much of the file was read" });
  private readonly stop: PageElement;
  private giveUp = (): void => undefined;

  /** `after`: where the focus goes when the line goes. */
  constructor(private readonly into: PageElement, private readonly after: () => PageElement | null) {
    this.stop = button("Give up", () => this.giveUp());
    this.into.hidden = true;
  }

  onGivenUp(giveUp: () => void): void {
    this.giveUp = giveUp;
  }

  show(name: string, read_bytes: number, size_bytes: number): void {
    if (size_bytes < SAID_FROM_BYTES) return;
    if (this.into.hidden) this.into.replaceChildren(h("p", {}, this.text, this.bar, this.stop));
    this.into.hidden = false;
    const whole = read_bytes >= size_bytes;
    const of = name === "" ? [] : [" ", foreign(shown(name, 80))];
    this.text.replaceChildren(...(whole ? ["Taking", ...of, ` apart: ${megabytes(size_bytes)} MiB`] : ["Reading", ...of, `: ${megabytes(read_bytes)} of ${megabytes(size_bytes)} MiB`]));
    this.bar.setAttribute("max", String(size_bytes));
    // Without a value it says that it goes on, and not how far: taking apart has no middle.
    if (whole) this.bar.removeAttribute("value");
    else this.bar.setAttribute("value", String(read_bytes));
  }

  hide(): void {
    const focused = (this.into as PageBox).contains(document.activeElement);
    this.into.hidden = true;
    this.into.replaceChildren();
    if (focused) this.after()?.focus({ preventScroll: true });
  }
}
