/**
 * The list of cards. It draws the lines that can be seen and a few around them, and says to assistive technology how many there are and which
 * ones these are. One line takes the focus, and the arrow keys move it; a line that has the focus stays in the document however far it is
 * scrolled away, since a browser gives the focus of what is taken out to nobody.
 */
import type { PageBox, PageDocument, PageElement } from "../page/dom.ts";
import { listen, type Heard } from "../page/events.ts";
import { h } from "../page/element.ts";
import { svg } from "../page/svg.ts";
import type { Group } from "./group.ts";
import { CARDS_LIMITS } from "./limits.ts";
import type { PageCard } from "./model.ts";
import { cardRow, COLUMNS, groupRow, tellAge } from "./rows.ts";
import type { Direction, SortKey } from "./order.ts";

declare const document: PageDocument;
declare const window: { readonly innerHeight: number; addEventListener(type: string, listener: () => void): void };
declare const requestAnimationFrame: (draw: () => void) => number;

export type Entry = { readonly kind: "card"; readonly key: string; readonly card: PageCard } | { readonly kind: "group"; readonly key: string; readonly group: Group; readonly unfolded: boolean };

export interface ListHooks {
  readonly open: (card: PageCard) => void;
  readonly fold: (group: string) => void;
  readonly mark: (card: PageCard) => void;
  readonly sort: (key: SortKey) => void;
}

export interface Look {
  readonly grouped: boolean;
  readonly open: string | null;
  readonly marked: readonly string[];
  readonly now_ms: number;
  readonly sort: SortKey;
  readonly direction: Direction;
}

/** Lines beyond the edges, so that a quick scroll shows no gap. */
const AROUND = 8;
/** What a line is taken to be high before one was drawn. */
const GUESSED_PX = 52;

const gap = (): PageBox => svg("svg", { class: "gap", "aria-hidden": "true", focusable: "false", width: 1, height: 0 }) as PageBox;

export class CardList {
  private entries: readonly Entry[] = [];
  private look: Look = { grouped: false, open: null, marked: [], now_ms: 0, sort: "age", direction: "down" };
  private readonly rows = new Map<number, PageBox>();
  private readonly gaps = [gap(), gap(), gap(), gap()];
  private readonly body = h("div", { role: "rowgroup", class: "lines" }) as PageBox;
  private readonly head = h("div", { role: "rowgroup", class: "heads" });
  /** The order that the head says. */
  private headFor = "";
  private row_px = GUESSED_PX;
  /** Where the list stands and the most that can be seen of it. They are kept, since asking the browser makes it lay the page out at once. */
  private top_px = 0;
  private height_px = window.innerHeight;
  private measured = false;
  /** The line that has, or would have, the focus. */
  private at = 0;
  private printing = false;
  private waiting = false;

  constructor(private readonly grid: PageBox, private readonly hooks: ListHooks) {
    grid.replaceChildren(this.head, this.body);
    listen(grid, "click", ".row", (event) => this.clicked(event));
    listen(grid, "keydown", ".row", (event) => this.pressed(event));
    listen(grid, "click", ".heads button", ({ on }) => this.hooks.sort(on.dataset["sort"] as SortKey));
    grid.addEventListener("scroll", () => this.soon());
    window.addEventListener("resize", () => this.resized());
    window.addEventListener("beforeprint", () => this.print(true));
    window.addEventListener("afterprint", () => this.print(false));
  }

  /** Shows these lines. The focus stays with the line of the same key, else at the same place. */
  show(entries: readonly Entry[], look: Look): void {
    const held = this.hasFocus();
    const key = this.entries[this.at]?.key;
    const same = key === undefined || entries[this.at]?.key === key ? this.at : entries.findIndex((entry) => entry.key === key);
    const moved = this.entries[0]?.key !== entries[0]?.key && same < 0;
    this.keepRows(entries, look);
    this.entries = entries;
    this.look = look;
    this.at = Math.max(0, Math.min(same < 0 ? (held ? this.at : 0) : same, entries.length - 1));
    for (const [i, row] of this.rows) row.setAttribute("tabindex", i === this.at ? "0" : "-1");
    this.grid.setAttribute("role", look.grouped ? "treegrid" : "grid");
    this.grid.setAttribute("aria-rowcount", String(entries.length + 1));
    this.drawHead();
    if (moved && !held && this.top_px > 0) this.scrollTo(0);
    this.top_px = Math.min(this.top_px, entries.length * this.row_px);
    this.draw();
    this.measure();
    if (held) this.focus(this.at);
  }

  /** A line that stays the same line at the same place is not made again; between two keys of a word that is most of them. */
  private keepRows(entries: readonly Entry[], look: Look): void {
    const { grouped, open, marked } = this.look;
    const looks = (entry: Entry, by: Pick<Look, "open" | "marked">): string => (entry.kind === "group" ? String(entry.unfolded) : `${by.open === entry.card.key} ${by.marked.includes(entry.card.key)}`);
    for (const [i, row] of this.rows) {
      const [was, is] = [this.entries[i], entries[i]];
      const same = grouped === look.grouped && was?.kind === "card" && is?.kind === "card" && was.card === is.card && looks(was, { open, marked }) === looks(is, look);
      if (same) tellAge(row, is.card, look.now_ms);
      else {
        row.remove();
        this.rows.delete(i);
      }
    }
  }

  private scrollTo(top_px: number): void {
    this.grid.scrollTop = top_px;
    this.top_px = top_px;
  }

  focusOn(key: string): void {
    const found = this.entries.findIndex((entry) => entry.key === key);
    this.focus(found < 0 ? this.at : found);
  }

  private hasFocus(): boolean {
    return this.body.contains(document.activeElement);
  }

  /** A list that comes anew now and then leaves its head as it is: somebody may be at a button of it. */
  private drawHead(): void {
    const { sort, direction } = this.look;
    if (this.headFor === `${sort} ${direction}`) return;
    this.headFor = `${sort} ${direction}`;
    const held = document.activeElement?.dataset["sort"];
    const buttons = new Map<string, PageElement>();
    const heads = COLUMNS.map(({ name, sort: key }, i) => {
      const sorted = key !== null && key === sort;
      const arrow = sorted ? h("span", { "aria-hidden": "true" }, direction === "down" ? " \u2193" : " \u2191") : "";
      const button = key === null ? name : h("button", { type: "button", "data-sort": key }, name, arrow);
      if (key !== null && typeof button !== "string") buttons.set(key, button);
      return h("div", { role: "columnheader", class: `head c${i}`, ...(sorted ? { "aria-sort": direction === "down" ? "descending" : "ascending" } : {}) }, button);
    });
    this.head.replaceChildren(h("div", { role: "row", class: "headings", "aria-rowindex": "1" }, ...heads));
    // Pressed, it is another button of the same name, and whoever pressed it stays there.
    if (held !== undefined) buttons.get(held)?.focus({ preventScroll: true });
  }

  private soon(): void {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.top_px = this.grid.scrollTop;
      this.draw();
    });
  }

  /** A line's height hangs on the type size and on the width. */
  private measure(): void {
    if (this.measured) return;
    const height = [...this.rows.values()][0]?.offsetHeight ?? 0;
    if (height === 0) return;
    this.measured = true;
    // The line at the top stays there.
    const top = Math.round(this.top_px / this.row_px);
    if (height !== this.row_px) this.row_px = height;
    this.draw();
    if (top > 0) this.scrollTo(top * height);
  }

  resized(): void {
    this.height_px = window.innerHeight;
    this.measured = false;
    this.measure();
  }

  private print(on: boolean): void {
    this.printing = on;
    this.draw();
  }

  /** Places of the lines that are to be in the document, rising. */
  private wanted(): number[] {
    const count = this.entries.length;
    const from = this.printing ? 0 : Math.max(0, Math.floor(this.top_px / this.row_px) - AROUND);
    const to = this.printing ? Math.min(count, CARDS_LIMITS.printed_rows_max) : Math.min(count, Math.ceil((this.top_px + this.height_px) / this.row_px) + AROUND);
    const places = Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
    if (!this.hasFocus() || this.at >= count || (this.at >= from && this.at < to)) return places;
    return this.at < from ? [this.at, ...places] : [...places, this.at];
  }

  private rowAt(i: number): PageBox {
    const known = this.rows.get(i);
    if (known !== undefined) return known;
    const entry = this.entries[i];
    if (entry === undefined) throw new RangeError(`no line ${i}`);
    const { grouped, open, marked, now_ms } = this.look;
    const row = entry.kind === "group" ? groupRow(entry.group, entry.unfolded) : cardRow(entry.card, { grouped, open: open === entry.card.key, marked: marked.includes(entry.card.key), now_ms });
    row.setAttribute("aria-rowindex", String(i + 2));
    row.setAttribute("tabindex", i === this.at ? "0" : "-1");
    row.dataset["at"] = String(i);
    this.rows.set(i, row as PageBox);
    return row as PageBox;
  }

  /** Lines that stay are not touched, and never taken out and put back: that would take the focus from them. */
  private draw(): void {
    const places = this.wanted();
    for (const [i, row] of this.rows) {
      if (places.includes(i)) continue;
      row.remove();
      this.rows.delete(i);
    }
    const nodes: PageBox[] = [];
    let next = 0;
    let gaps = 0;
    const skip = (to: number): void => {
      const empty = this.gaps[gaps++];
      if (empty === undefined) throw new RangeError("more gaps than a list can have");
      empty.setAttribute("height", String((to - next) * this.row_px));
      nodes.push(empty);
    };
    for (const i of places) {
      if (i !== next) skip(i);
      nodes.push(this.rowAt(i));
      next = i + 1;
    }
    if (next < this.entries.length && !this.printing) skip(this.entries.length);
    for (const unused of this.gaps.slice(gaps)) unused.remove();
    this.place(nodes);
  }

  private place(nodes: readonly PageBox[]): void {
    let before = this.body.firstChild;
    for (const node of nodes) {
      if (node === before) before = before.nextSibling;
      else this.body.insertBefore(node, before);
    }
  }

  private focus(i: number): void {
    if (this.entries.length === 0) return;
    this.rows.get(this.at)?.setAttribute("tabindex", "-1");
    this.at = Math.max(0, Math.min(i, this.entries.length - 1));
    const top = this.at * this.row_px;
    const room = this.grid.clientHeight - this.body.offsetTop;
    if (top < this.grid.scrollTop) this.scrollTo(top);
    else if (top + this.row_px > this.grid.scrollTop + room) this.scrollTo(top + this.row_px - room);
    this.draw();
    const row = this.rowAt(this.at);
    if (!this.body.contains(row)) this.draw();
    row.setAttribute("tabindex", "0");
    row.focus({ preventScroll: true });
  }

  private clicked({ on, target }: Heard): void {
    const i = Number(on.dataset["at"]);
    const entry = this.entries[i];
    if (entry === undefined) return;
    if (target.getAttribute("type") === "checkbox" && entry.kind === "card") {
      this.at = i;
      return this.hooks.mark(entry.card);
    }
    this.focus(i);
    this.take(entry);
  }

  private take(entry: Entry): void {
    if (entry.kind === "card") this.hooks.open(entry.card);
    else this.hooks.fold(entry.key);
  }

  private pressed(event: Heard): void {
    const { key, target, ctrlKey, altKey, metaKey } = event;
    if (ctrlKey || altKey || metaKey || target.getAttribute("type") === "checkbox") return;
    const page = Math.max(1, Math.floor(this.grid.clientHeight / this.row_px) - 1);
    const moves: Readonly<Record<string, number>> = { ArrowDown: this.at + 1, ArrowUp: this.at - 1, PageDown: this.at + page, PageUp: this.at - page, Home: 0, End: this.entries.length - 1 };
    const entry = this.entries[this.at];
    const to = moves[key];
    if (to !== undefined) this.focus(to);
    else if (entry === undefined) return;
    else if (key === "Enter") this.take(entry);
    else if (key === " ") entry.kind === "card" ? this.hooks.mark(entry.card) : this.take(entry);
    else if (entry.kind === "group" && ((key === "ArrowRight" && !entry.unfolded) || (key === "ArrowLeft" && entry.unfolded))) this.take(entry);
    else return;
    event.preventDefault();
  }
}
