/** Fields of the form: a label, a control that changes the document, what explains it, and what is wrong with it. */
import type { Path } from "../../../invariants/index.ts";
import type { PageElement, PageTyped } from "../../page/dom.ts";
import { h } from "../../page/element.ts";
import type { Studio } from "../studio.ts";
import { type Bindings, idOf } from "./binding.ts";
import { withChoices, type Source } from "./combobox.ts";

/** On a control whose text counts only once somebody leaves it: the text that counted last. */
export const WHOLE_AS = "data-whole-as";

/** Where a form's fields are made. */
export interface Form {
  readonly studio: Studio;
  readonly bindings: Bindings;
  /** The field of that path is to have the cursor once the form shows it. */
  focusNext(id: string): void;
  /** Hears what was found out about the text, as long as the form stands as it is. */
  whenLooked(listener: () => void): void;
  /** What somebody unfolded: a form that is built anew leaves it open. */
  readonly unfolded: Set<string>;
}

const shown = (value: unknown): string => (value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value));

export interface TextOptions {
  readonly label: string;
  readonly path: Path;
  readonly hint?: string;
  /** What the text means to the document; without it an empty one takes the value away. */
  readonly read?: (text: string) => unknown;
  readonly show?: (value: unknown) => string;
  /** Where a text is more than the value at its path. */
  readonly write?: (text: string) => void;
  readonly placeholder?: string;
  readonly choices?: Source;
  readonly lines?: boolean;
  readonly code?: boolean;
  /** The label is for a screen reader alone: a heading says it already. */
  readonly quiet?: boolean;
  readonly class?: string;
}

const absentIfEmpty = (text: string): unknown => (text === "" ? undefined : text);

function around(form: Form, { label, path, hint, quiet, class: name }: Pick<TextOptions, "label" | "path" | "hint" | "quiet" | "class">, control: PageTyped, inner: PageElement, show: (value: unknown) => void): PageElement {
  const id = idOf(path);
  const hints = hint === undefined ? [] : [h("p", { class: "hint", id: `${id}-hint` }, hint)];
  const problem = form.bindings.bind({ path, control, show }, hint === undefined ? [] : [`${id}-hint`]);
  return h("div", { class: `field ${name ?? ""}`.trim() }, h("label", { for: id, ...(quiet === true ? { class: "unseen" } : {}) }, label), inner, ...hints, problem);
}

/** One line, or several with `lines`. A text of several lines stays one even where the field has one: a browser would join them. */
export function textField(form: Form, options: TextOptions): PageElement {
  const { label, path, read = absentIfEmpty, show = shown, choices, lines = false, code = false } = options;
  const now = show(valueOf(form, path));
  const many = lines || now.includes("\n");
  const attributes = { id: idOf(path), autocomplete: "off", autocapitalize: "off", spellcheck: code ? "false" : "true", ...(code ? { class: "code" } : {}), ...(options.placeholder === undefined ? {} : { placeholder: options.placeholder }) };
  const control = h(many ? "textarea" : "input", many ? { ...attributes, rows: "3" } : { ...attributes, type: "text" }) as PageTyped;
  control.value = now;
  const inner = choices === undefined || many ? control : withChoices(control, label, choices, (listener) => form.whenLooked(listener));
  const write = options.write ?? ((text: string) => form.studio.store.act({ do: "set", path, value: read(text) }));
  control.addEventListener("input", () => write(control.value.toWellFormed()));
  return around(form, options, control, inner, (value) => {
    const text = show(value);
    if (control.value !== text) control.value = text;
  });
}

export function valueOf(form: Form, path: Path): unknown {
  let at: unknown = form.studio.store.draft.value;
  for (const part of path) at = typeof at === "object" && at !== null ? Reflect.get(at, part) : undefined;
  return at;
}

export function selectField(form: Form, options: { readonly label: string; readonly path: Path; readonly hint?: string; readonly values: readonly (readonly [value: string, text: string])[] }): PageElement {
  const { path, values } = options;
  const now = shown(valueOf(form, path));
  // What somebody wrote that is none of the words is shown too, or the form would say something else than the text.
  const all = values.some(([value]) => value === now) ? values : [...values, [now, now] as const];
  const control = h("select", { id: idOf(path) }, ...all.map(([value, text]) => h("option", { value }, text))) as PageTyped;
  control.value = now;
  control.addEventListener("change", () => form.studio.store.act({ do: "set", path, value: absentIfEmpty(control.value) }));
  return around(form, options, control, control, (value) => void (control.value = shown(value)));
}

export function checkField(form: Form, { label, path, checked, changed }: { readonly label: string; readonly path: Path; readonly checked: (value: unknown) => boolean; readonly changed: (on: boolean) => void }): PageElement {
  const id = idOf([...path, "on"]);
  const control = h("input", { id, type: "checkbox" }) as PageTyped;
  control.checked = checked(valueOf(form, path));
  control.addEventListener("change", () => changed(control.checked));
  const problem = form.bindings.bind({ path: [...path, "on"], control, show: () => void (control.checked = checked(valueOf(form, path))) }, []);
  return h("div", { class: "field check" }, control, h("label", { for: id }, label), problem);
}

export function button(text: string, act: () => void, label?: string): PageElement {
  const element = h("button", { type: "button", ...(label === undefined ? {} : { "aria-label": label }) }, text);
  element.addEventListener("click", act);
  return element;
}

/** The buttons of an item of a list: up, down, away. */
export function itemButtons(form: Form, path: Path, at: number, count: number, what: string): PageElement {
  const { store } = form.studio;
  const move = (to: number): void => {
    form.focusNext(`${idOf([...path, to])}-${to < at ? "up" : "down"}`);
    store.act({ do: "move", path, from: at, to });
  };
  const one = (name: string, sign: string, label: string, act: () => void): PageElement => {
    const element = button(sign, act, label);
    element.setAttribute("id", `${idOf([...path, at])}-${name}`);
    return element;
  };
  const up = at > 0 ? [one("up", "\u2191", `Move ${what} up`, () => move(at - 1))] : [];
  const down = at < count - 1 ? [one("down", "\u2193", `Move ${what} down`, () => move(at + 1))] : [];
  const remove = one("remove", "Remove", `Remove ${what}`, () => {
    form.focusNext(`${idOf(path)}-add`);
    store.act({ do: "remove", path: [...path, at] });
  });
  return h("div", { class: "item-actions" }, ...up, ...down, remove);
}

/** Adds an item at the end of a list and puts the cursor into it. */
export function addButton(form: Form, path: Path, text: string, value: () => unknown, focus: (at: number) => string): PageElement {
  const element = button(text, () => {
    const list = valueOf(form, path);
    const at = Array.isArray(list) ? list.length : 0;
    form.focusNext(focus(at));
    form.studio.store.act({ do: "insert", path, at, value: value() });
  });
  element.setAttribute("id", `${idOf(path)}-add`);
  return element;
}
