/** Examples of the form: one that holds, one that breaks; of one event, or of events in time. */
import { readYaml, typeText, type Fields, type Path, type Type } from "../../../invariants/index.ts";
import type { PageElement } from "../../page/dom.ts";
import { h } from "../../page/element.ts";
import { isHeld, type Held } from "../state.ts";
import { idOf } from "./binding.ts";
import { clearExampleFields, exampleFields } from "./example-fields.ts";
import { addButton, button, textField, valueOf, type Form } from "./fields.ts";
import { each, group } from "./sections.ts";

/** A text that is empty, where an empty field is one that is missing. */
const EMPTY = "''";

/** What somebody typed as a value of that type; what it is not stays a text, and the compiler says so. */
export function exampleValue(text: string, type: Type | undefined): unknown {
  if (text === "") return undefined;
  if (type?.name === "string" && (text === EMPTY || text === '""')) return "";
  if (type?.name === "bool") return text === "true" ? true : text === "false" ? false : text;
  if (type?.name === "int" || type?.name === "duration" || type?.name === "money") return /^-?[0-9]{1,15}$/.test(text) ? Number(text) : text;
  if (type?.name === "double") return /^-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?$/.test(text) ? Number(text) : text;
  if (type?.name !== "list") return text;
  const read = readYaml(text);
  return "problem" in read || !Array.isArray(read.value) ? text : read.value;
}

export const exampleText = (value: unknown): string => (value === undefined ? "" : value === "" ? EMPTY : typeof value === "string" ? value : JSON.stringify(value));

/** `run: 1, how: decided` as fields; `null` where it is none of that. */
export function fieldsOfLine(text: string): Held | null {
  if (text.trim() === "") return {};
  const read = readYaml(`{${text}}`);
  // A name without a value is one that is still being typed.
  return "problem" in read || !isHeld(read.value) || Object.values(read.value).includes(null) ? null : read.value;
}

export const lineOfFields = (fields: unknown): string => (isHeld(fields) ? Object.entries(fields).map(([name, value]) => `${name}: ${/^[\w$.-]+$/.test(exampleText(value)) && (typeof value !== "string" || !/^(?:true|false|null|[-0-9.]+)$/.test(value)) ? exampleText(value) : JSON.stringify(value)}`).join(", ") : "");

/** A list of them, however many the document has; it writes one alone without a list. */
export const examplesIn = (value: unknown): readonly unknown[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

function values(form: Form, path: Path, fields: Fields, title: string): PageElement {
  const { store } = form.studio;
  return exampleFields(form, path, fields, title, (name) => {
    const type = fields.get(name)?.type;
    const write = (text: string): void => {
      const value = exampleValue(text, type);
      const now = valueOf(form, path);
      // Before the action nothing at all is not the same as no fields.
      if (value === undefined && path.at(-1) === "old" && (!isHeld(now) || Object.keys(now).every((one) => one === name))) store.act({ do: "remove", path });
      else store.act({ do: "set", path: [...path, name], value });
    };
    return textField(form, { label: name, path: [...path, name], code: true, class: "short", placeholder: type === undefined ? "no such field" : typeText(type).slice(0, 40), show: exampleText, write });
  });
}

function step(form: Form, path: Path, at: number, what: string): PageElement {
  const here = [...path, at];
  const { store } = form.studio;
  return h(
    "div",
    { class: "step-row" },
    textField(form, { label: "At", path: [...here, "at"], code: true, class: "short", read: (text) => text }),
    textField(form, { label: "Event", path: [...here, "event"], code: true, class: "short", placeholder: "nothing more" }),
    textField(form, { label: "With", path: [...here, "with"], code: true, placeholder: "field: value, field: value", show: lineOfFields, write: (text) => {
      const fields = fieldsOfLine(text);
      if (fields !== null) store.act({ do: "set", path: [...here, "with"], value: Object.keys(fields).length === 0 ? undefined : fields });
    } }),
    button("Remove", () => store.act({ do: "remove", path: here }), `Remove moment ${at + 1} of ${what}`),
  );
}

function example(form: Form, path: Path, what: string, remove: () => void): PageElement {
  const { looked } = form.studio;
  const given = valueOf(form, path);
  const head = h("div", { class: "item-head" }, h("strong", {}, what), button("Remove", remove, `Remove: ${what}`));
  if (isHeld(given) && given["trace"] !== undefined) {
    const trace = Array.isArray(given["trace"]) ? given["trace"] : [];
    const add = addButton(form, [...path, "trace"], "Add a moment", () => ({ at: "10m" }), (at) => idOf([...path, "trace", at, "at"]));
    add.setAttribute("aria-label", `Add a moment to ${what}`);
    return h("div", { class: "item" }, head, ...each(trace, (_, i) => step(form, [...path, "trace"], i, what)), add);
  }
  const event = isHeld(given) && typeof given["event"] === "string" ? given["event"] : null;
  const fields = (event === null ? null : looked?.byEvent.get(event)) ?? looked?.fields ?? new Map();
  const post = valueOf(form, ["post"]) !== undefined || (isHeld(given) && given["old"] !== undefined);
  return h("div", { class: "item" }, head, ...(post ? [h("p", { class: "hint" }, "Before the action"), values(form, [...path, "old"], fields, `${what}, before`), h("p", { class: "hint" }, "After it")] : []), values(form, [...path, "with"], fields, what));
}

function kind(form: Form, name: "holds" | "breaks", title: string): PageElement[] {
  const { store } = form.studio;
  const path = ["examples", name];
  const given = valueOf(form, path);
  const all = examplesIn(given);
  // Values change without the form being built anew, so whoever presses a button means the ones that then stand there.
  const now = (): readonly unknown[] => examplesIn(valueOf(form, path));
  const put = (items: readonly unknown[]): void => store.act(items.length === 0 ? { do: "remove", path } : { do: "set", path, value: items.length === 1 ? items[0] : items });
  const timed = valueOf(form, ["temporal"]) !== undefined;
  const single = valueOf(form, ["assert"]) !== undefined || valueOf(form, ["pre"]) !== undefined || valueOf(form, ["post"]) !== undefined;
  const add = (text: string, value: unknown, id: string): PageElement => {
    const element = button(text, () => put([...now(), value]), `${text}: ${title}`);
    element.setAttribute("id", id);
    return element;
  };
  return [
    ...each(all, (_, i) => example(form, Array.isArray(given) ? [...path, i] : path, `${title} ${i + 1}`, () => (form.focusNext(`${idOf(path)}-add`), put(now().filter((_one, at) => at !== i))))),
    h("div", { class: "actions" }, ...(single || !timed ? [add("Add an event", { with: {} }, `${idOf(path)}-add`)] : []), ...(timed ? [add("Add events in time", { trace: [{ at: "0s", event: "" }, { at: "10m" }] }, single ? `${idOf(path)}-add-trace` : `${idOf(path)}-add`)] : [])),
  ];
}

export function examples(form: Form): PageElement {
  clearExampleFields(form);
  return group("Examples", h("p", { class: "hint" }, "Each is tried with every change. Money as $12.50, times as 5m; leave a field empty where it is missing; '' is a text that is empty."), ...kind(form, "holds", "Holds"), ...kind(form, "breaks", "Breaks"));
}
