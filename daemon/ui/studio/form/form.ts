/** The document as a form. It is built anew where the document has other parts than before, and only filled in where their values changed. */
import type { PageDocument, PagePlace } from "../../page/dom.ts";
import { elementOf, foreign, h } from "../../page/element.ts";
import { isHeld, type Draft } from "../state.ts";
import type { Studio } from "../studio.ts";
import { Bindings } from "./binding.ts";
import { examples } from "./examples.ts";
import type { Form } from "./fields.ts";
import { halfTyped, InUse } from "./in-use.ts";
import { conditions, events, fields, identity, time } from "./sections.ts";
import { staying } from "./staying.ts";

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

export function mountForm(studio: Studio): void {
  const { store } = studio;
  const bindings = new Bindings();
  const [closed, place] = [elementOf("form-closed"), elementOf("form-fields") as PagePlace];
  let listeners: (() => void)[] = [];
  let key = "";
  let wanted: string | null = null;
  const form: Form = { studio, bindings, focusNext: (id) => void (wanted = id), whenLooked: (listener) => void listeners.push(listener), unfolded: new Set() };

  const build = (): void => {
    const back = staying(place);
    bindings.clear();
    listeners = [];
    place.replaceChildren(h("fieldset", { class: "all" }, h("legend", { class: "unseen" }, "Rule"), identity(form), events(form), fields(form), ...conditions(form), time(form), examples(form)));
    back(wanted);
    if (studio.looked !== null) bindings.mark(studio.looked.problems);
  };

  const close = ({ unread, refused }: Draft): void => {
    const said = unread !== null ? `The form waits, for the YAML cannot be read as it stands. Line ${unread.line}, column ${unread.column}: ${unread.message}; ${unread.fix}.` : refused === null ? "" : `Not changed: ${refused}.`;
    closed.hidden = said === "";
    closed.replaceChildren(foreign(said));
    place.setAttribute("data-closed", String(unread !== null));
    if (unread === null) return place.removeAttribute("inert");
    // What is inert has no focus: it goes to where the mistake can be mended.
    if (place.contains(document.activeElement)) elementOf("yaml").focus();
    place.setAttribute("inert", "");
  };

  /** `at_once` is for what somebody asked for in so many words: an undo, another document. */
  const follow = (at_once = false): void => {
    const half = halfTyped();
    const asked = wanted !== null && !use.pressing;
    // Left before its place is taken, or given up where what it is a part of went: a browser may tell of it or not, and of another document.
    if (half !== null && at_once) half.control.value = half.whole;
    else if (half !== null && asked) half.control.blur();
    const { draft } = store;
    close(draft);
    const next = keyOf(draft, studio);
    if (next === key) wanted = null;
    else if (at_once || asked || !use.now) {
      key = next;
      build();
      wanted = null;
    }
    bindings.sync(draft.value, at_once ? null : document.activeElement);
  };
  const use = new InUse(place, () => follow());

  store.watch((_, __, action) => follow(action === null || action.do === "open"));
  studio.onLooked(({ problems }) => {
    follow();
    for (const listener of listeners) listener();
    bindings.mark(problems);
  });
  follow();
}
