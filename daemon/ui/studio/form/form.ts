/** The document as a form. It is built anew where the document has other parts than before, and only filled in where their values changed. */
import type { PageDocument, PageTyped } from "../../page/dom.ts";
import { elementOf, foreign, h } from "../../page/element.ts";
import { isHeld, type Draft } from "../state.ts";
import type { Studio } from "../studio.ts";
import { Bindings } from "./binding.ts";
import { examples } from "./examples.ts";
import { WHOLE_AS, type Form } from "./fields.ts";
import { conditions, events, fields, identity, time } from "./sections.ts";

declare const document: PageDocument;

/** Which parts there are, without their values. */
function shapeOf(value: unknown, depth = 0): unknown {
  if (Array.isArray(value)) return depth > 8 ? 0 : value.map((item) => shapeOf(item, depth + 1));
  if (isHeld(value)) return depth > 8 ? 0 : Object.fromEntries(Object.entries(value).filter(([, one]) => typeof one === "object" && one !== null).map(([name, one]) => [name, shapeOf(one, depth + 1)]));
  return 0;
}

/** Events under `when` say which fields an example has. */
function keyOf({ value }: Draft, studio: Studio): string {
  const declared = isHeld(value["fields"]) ? Object.keys(value["fields"]) : [];
  const { examples: _, ...rest } = value;
  const shown = [...(studio.looked?.fields.keys() ?? [])];
  const severity = typeof value["severity"] === "string" ? value["severity"] : "";
  const tried = isHeld(value["examples"]) ? shapeOf(value["examples"]) : 0;
  return JSON.stringify([shapeOf({ ...rest, per: undefined }), declared, shown, ["critical", "high", "medium", "low", ""].includes(severity) ? 0 : severity, tried, value["per"] !== undefined || value["keys_max"] !== undefined]);
}

/** A browser tells of a change only where the control that is left is the one that was typed into: one that takes its place keeps the text and loses the change. */
function halfTyped(): boolean {
  const active = document.activeElement as PageTyped | null;
  const whole = active?.getAttribute(WHOLE_AS) ?? null;
  return whole !== null && active?.value !== whole;
}

export function mountForm(studio: Studio): void {
  const { store } = studio;
  const bindings = new Bindings();
  const [closed, place] = [elementOf("form-closed"), elementOf("form-fields")];
  let listeners: (() => void)[] = [];
  let key = "";
  let wanted: string | null = null;
  // A button that is replaced between down and up was never clicked: leaving a name for a button changes the form under the finger.
  let pressing = false;
  const form: Form = { studio, bindings, focusNext: (id) => void (wanted = id), whenLooked: (listener) => void listeners.push(listener) };

  const build = (): void => {
    const active = document.activeElement as PageTyped | null;
    const held = active === null || active.id === undefined || !/^f-/.test(active.id) ? null : { id: active.id, text: active.value, from: active.selectionStart, to: active.selectionEnd };
    bindings.clear();
    listeners = [];
    const set = h("fieldset", { class: "all" }, h("legend", { class: "unseen" }, "Rule"), identity(form), events(form), fields(form), ...conditions(form), time(form), examples(form));
    place.replaceChildren(set);
    const target = wanted ?? held?.id ?? null;
    const found = target === null ? null : (document.getElementById(target) as PageTyped | null);
    found?.focus();
    if (found !== null && wanted === null && held !== null && typeof held.from === "number" && found.setSelectionRange !== undefined) {
      // What somebody types is newer than what the document says of it.
      found.value = held.text;
      found.setSelectionRange(held.from, held.to ?? held.from);
    }
    wanted = null;
    if (studio.looked !== null) bindings.mark(studio.looked.problems);
  };

  const close = ({ unread, refused }: Draft): void => {
    const said = unread !== null ? `The form waits, for the YAML cannot be read as it stands. Line ${unread.line}, column ${unread.column}: ${unread.message}; ${unread.fix}.` : refused === null ? "" : `Not changed: ${refused}.`;
    closed.hidden = said === "";
    closed.replaceChildren(foreign(said));
    (place as PageTyped).setAttribute("data-closed", String(unread !== null));
    if (unread === null) place.removeAttribute("inert");
    else place.setAttribute("inert", "");
  };

  const follow = (): void => {
    const { draft } = store;
    close(draft);
    const next = keyOf(draft, studio);
    if (next !== key && !pressing && !halfTyped()) {
      key = next;
      build();
    } else bindings.sync(draft.value, document.activeElement);
  };

  place.addEventListener("pointerdown", () => void (pressing = true));
  for (const end of ["pointerup", "pointercancel", "dragend"]) {
    document.addEventListener(end, () => {
      if (pressing) setTimeout(() => ((pressing = false), follow()), 0);
    });
  }
  place.addEventListener("focusout", () => void setTimeout(follow, 0));
  store.watch((_, __, action) => {
    follow();
    // An undo may be about the very field that somebody stands in.
    if (action === null || action.do === "open") bindings.sync(store.draft.value, null);
  });
  studio.onLooked(({ problems }) => {
    follow();
    for (const listener of listeners) listener();
    bindings.mark(problems);
  });
  follow();
}
