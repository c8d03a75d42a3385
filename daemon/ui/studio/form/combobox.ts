/**
 * A text field with a list of what may be written next (ARIA: editable combobox). Arrows move in the list, Enter takes the marked one, Esc
 * closes it, Control and the space bar or the down arrow open it; Tab leaves as ever.
 */
import type { PageDocument, PageElement, PageKey, PageScrolled, PageTyped } from "../../page/dom.ts";
import { foreign, h } from "../../page/element.ts";
import { chosen, type Completion, type Item } from "../expression/complete.ts";

declare const document: PageDocument;

export type Source = (text: string, cursor: number, asked: boolean) => Completion;

/** What it means, and an example; its types stand beside its name. */
function helpOf({ about: said, example }: Item): PageElement[] {
  return [...(said === "" ? [] : [foreign(said)]), ...(example === "" ? [] : [h("span", {}, said === "" ? "For example " : ". For example ", h("code", {}, example))])];
}

const SORTS: Readonly<Record<Item["sort"], string>> = { field: "field", event: "event", key: "key", value: "value", function: "function", operator: "operator", form: "form" };

class Combobox {
  private shown: Completion | null = null;
  private options: PageElement[] = [];
  private marked = -1;
  /** What was last asked for; `null` where somebody closed the list, left it or took something. */
  private wanted: { readonly asked: boolean } | null = null;
  readonly list: PageElement;
  readonly help: PageElement;

  constructor(private readonly input: PageTyped, private readonly source: Source, name: string) {
    // A box that scrolls is a stop of the Tab key by itself, and this one goes when the field is left.
    this.list = h("ul", { role: "listbox", tabindex: "-1", id: `${input.id}-list`, class: "choices", "aria-label": `${name}: what may be written` });
    this.help = h("p", { class: "hint help", id: `${input.id}-help` });
    this.list.hidden = true;
    this.help.hidden = true;
    for (const [key, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": `${input.id}-list`, "aria-haspopup": "listbox" })) input.setAttribute(key, value);
    // What an input method still puts together is no beginning of a word.
    input.addEventListener("input", ({ isComposing }) => (isComposing === true ? this.close() : this.look(false)));
    input.addEventListener("compositionend", () => this.look(false));
    input.addEventListener("keydown", (event) => this.key(event as PageKey));
    input.addEventListener("blur", () => this.close());
    // A click in the list must not take the cursor out of the field.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
  }

  private cursor(): number {
    return this.input.selectionStart ?? this.input.value.length;
  }

  /** What may be written at the cursor; `null` where nobody wants a list of it. */
  private found(asked: boolean): Completion | null {
    const { value } = this.input;
    const cursor = this.cursor();
    const found = this.source(value, cursor, asked);
    const wanted = asked || found.from < cursor || /[.${,[]$/.test(value.slice(0, cursor)) || found.items[0]?.sort === "value";
    return found.items.length === 0 || !wanted ? null : found;
  }

  private look(asked: boolean): void {
    const found = this.found(asked);
    if (found === null) this.fold();
    else this.open(found, found.from < this.cursor() || asked ? 0 : -1);
    this.wanted = { asked };
  }

  /** More is known than when the list was made, such as the fields of an event just named: it has that, too. What is marked stays marked, and nothing closes under somebody. */
  known(): void {
    if (this.wanted === null || document.activeElement !== this.input) return;
    const { asked } = this.wanted;
    const found = this.found(asked);
    const names = (items: readonly Item[]): string => JSON.stringify(items.map(({ name, types }) => [name, types]));
    if (found === null || (this.shown !== null && names(found.items) === names(this.shown.items))) return;
    const marked = this.shown?.items[this.marked]?.name;
    const same = marked === undefined ? -1 : found.items.findIndex(({ name }) => name === marked);
    this.open(found, same < 0 && (found.from < this.cursor() || asked) ? 0 : same);
  }

  private open(found: Completion, mark: number): void {
    this.shown = found;
    this.options = found.items.map((item, i) => {
      const option = h("li", { role: "option", id: `${this.input.id}-option-${i}`, "aria-selected": "false" }, h("span", { class: "name" }, foreign(item.name)), " ", h("span", { class: "types" }, item.types === "" ? SORTS[item.sort] : foreign(item.types)), ...(item.about === "" ? [] : [h("span", { class: "unseen" }, ", ", foreign(item.about))]));
      option.addEventListener("click", () => this.take(i));
      return option;
    });
    this.list.replaceChildren(...this.options);
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.mark(mark);
  }

  private mark(index: number): void {
    this.options[this.marked]?.setAttribute("aria-selected", "false");
    this.marked = index;
    const option = this.options[index];
    const item = this.shown?.items[index];
    if (option === undefined || item === undefined) {
      this.input.removeAttribute("aria-activedescendant");
      this.help.hidden = true;
      return;
    }
    option.setAttribute("aria-selected", "true");
    this.input.setAttribute("aria-activedescendant", `${this.input.id}-option-${index}`);
    (option as PageScrolled).scrollIntoView({ block: "nearest" });
    const help = helpOf(item);
    this.help.replaceChildren(...help);
    this.help.hidden = help.length === 0;
  }

  private close(): void {
    this.wanted = null;
    this.fold();
  }

  private fold(): void {
    if (this.shown === null) return;
    this.shown = null;
    this.options = [];
    this.mark(-1);
    this.list.replaceChildren();
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
  }

  private take(index: number): void {
    const item = this.shown?.items[index];
    if (this.shown === null || item === undefined) return;
    const { text, cursor } = chosen(this.input.value, this.shown, item);
    this.close();
    this.input.value = text;
    this.input.setSelectionRange(cursor, cursor);
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  private key(event: PageKey): void {
    if (event.isComposing) return;
    const open = this.shown !== null;
    const last = this.options.length - 1;
    const act = (work: () => void): void => {
      event.preventDefault();
      work();
    };
    if (event.key === " " && event.ctrlKey) act(() => this.look(true));
    else if (event.key === "ArrowDown") act(() => (open ? this.mark(this.marked >= last ? 0 : this.marked + 1) : this.look(true)));
    else if (event.key === "ArrowUp" && open) act(() => this.mark(this.marked <= 0 ? last : this.marked - 1));
    else if (event.key === "Enter" && open && this.marked >= 0) act(() => this.take(this.marked));
    else if (event.key === "Escape" && open) act(() => this.close());
  }
}

/** Around the field: the list below it, and at its foot what the marked one means. `whenKnown` tells that there may be more to choose from. */
export function withChoices(input: PageTyped, name: string, source: Source, whenKnown: (listener: () => void) => void): PageElement {
  const combobox = new Combobox(input, source, name);
  whenKnown(() => combobox.known());
  const { list, help } = combobox;
  return h("div", { class: "combo" }, input, h("div", { class: "popup" }, list, help));
}
