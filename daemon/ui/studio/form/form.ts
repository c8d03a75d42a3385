/** The document as a form. A part of it is built anew where the document's own has other parts than before, and only filled in where their values changed. */
import { typeText, type Fields } from "../../../invariants/index.ts";
import type { PageDocument, PageElement, PagePlace } from "../../page/dom.ts";
import { elementOf, foreign, h } from "../../page/element.ts";
import { isHeld, type Draft } from "../state.ts";
import type { Studio } from "../studio.ts";
import { Bindings, mark } from "./binding.ts";
import { examples, examplesIn } from "./examples.ts";
import type { Form } from "./fields.ts";
import { halfTyped, InUse } from "./in-use.ts";
import { conditions, events, fields, identity, ofItsOwn, time } from "./sections.ts";
import { staying } from "./staying.ts";

declare const document: PageDocument;

const isLines = (value: unknown): boolean => typeof value === "string" && value.includes("\n");

/** Which parts there are, without their values; a text of several lines has a field of its own kind. */
function shapeOf(value: unknown, depth = 0): unknown {
  if (Array.isArray(value)) return depth > 8 ? 0 : value.map((item) => shapeOf(item, depth + 1));
  if (isHeld(value)) return depth > 8 ? 0 : Object.fromEntries(Object.entries(value).filter(([, one]) => (typeof one === "object" && one !== null) || isLines(one)).map(([name, one]) => [name, shapeOf(one, depth + 1)]));
  return isLines(value) ? 1 : 0;
}

const typesOf = (fields: Fields): unknown => [...fields].map(([name, { type }]) => [name, typeText(type)]);
/** Of each example that names an event: that, and what it carries. */
function eventsOf(tried: unknown, { looked }: Studio): unknown {
  const all = isHeld(tried) ? ["holds", "breaks"].flatMap((kind) => examplesIn(tried[kind])) : [];
  return all.map((one) => (isHeld(one) && typeof one["event"] === "string" ? [one["event"], typesOf(looked?.byEvent.get(one["event"]) ?? new Map())] : null));
}

interface Part {
  readonly make: (form: Form) => PageElement;
  /** What it is built by, but for values that its fields follow: where this is another it is built anew. */
  readonly of: (value: Draft["value"], studio: Studio) => unknown;
}

const SEVERITIES: readonly unknown[] = ["critical", "high", "medium", "low", "", undefined];

const PARTS: readonly Part[] = [
  { make: identity, of: ({ id, scope, severity, owner, rationale }) => [shapeOf([id, scope, owner, rationale]), SEVERITIES.includes(severity) ? 0 : severity] },
  { make: events, of: ({ when }) => shapeOf(when) },
  { make: fields, of: ({ fields: declared }, studio) => [declared === undefined, isHeld(declared) ? Object.keys(declared) : [], shapeOf(declared), ofItsOwn(studio)] },
  ...(["assert", "pre", "post"] as const).map((name) => ({ make: conditions(name), of: (value: Draft["value"]) => shapeOf(value[name]) })),
  { make: time, of: ({ temporal, per, keys_max }) => [shapeOf(temporal), per !== undefined || keys_max !== undefined] },
  {
    make: examples,
    of: ({ assert, pre, post, temporal, examples: tried }, studio) => [shapeOf(tried), eventsOf(tried, studio), [assert, pre, post, temporal].map((one) => one !== undefined), typesOf(studio.looked?.fields ?? new Map())],
  },
];

/** A text that cannot be read closes the form and says why. */
function close(closed: PageElement, place: PagePlace, { unread, refused }: Draft): void {
  const text = unread !== null ? `The form waits, for the YAML cannot be read as it stands. Line ${unread.line}, column ${unread.column}: ${unread.message}; ${unread.fix}.` : refused === null ? "" : `Not changed: ${refused}.`;
  closed.hidden = text === "";
  closed.replaceChildren(foreign(text));
  place.setAttribute("data-closed", String(unread !== null));
  if (unread === null) return place.removeAttribute("inert");
  // What is inert has no focus: it goes to where the mistake can be mended.
  if (place.contains(document.activeElement)) elementOf("yaml").focus();
  place.setAttribute("inert", "");
}

/** A part as it stands. */
interface Stood {
  readonly key: string;
  readonly element: PageElement;
  readonly bindings: Bindings;
  readonly listeners: readonly (() => void)[];
}

export function mountForm(studio: Studio): void {
  const { store } = studio;
  const [closed, place] = [elementOf("form-closed"), elementOf("form-fields") as PagePlace];
  let wanted: string | null = null;
  const unfolded = new Set<string>();

  const stand = ({ make }: Part, key: string): Stood => {
    const bindings = new Bindings();
    const listeners: (() => void)[] = [];
    const form: Form = { studio, bindings, focusNext: (id) => void (wanted = id), whenLooked: (listener) => void listeners.push(listener), unfolded };
    return { key, element: make(form), bindings, listeners };
  };
  const keysNow = (): string[] => PARTS.map(({ of }) => JSON.stringify(of(store.draft.value, studio)) ?? "");
  const all = h("fieldset", { class: "all" }, h("legend", { class: "unseen" }, "Rule"));
  place.replaceChildren(all);
  let stood: readonly Stood[] = [];
  const said = (): void => mark(stood.map(({ bindings }) => bindings), studio.looked?.problems ?? []);

  const build = (keys: readonly string[]): void => {
    const back = staying(place);
    stood = PARTS.map((part, i) => {
      const [before, key] = [stood[i], keys[i] ?? ""];
      if (before?.key === key) return before;
      const after = stand(part, key);
      if (before === undefined) all.append(after.element);
      else before.element.replaceWith(after.element);
      return after;
    });
    back(wanted);
    said();
  };

  /** `at_once` is for what somebody asked for in so many words: an undo, another document. */
  const follow = (at_once = false): void => {
    const half = halfTyped();
    const asked = wanted !== null && !use.pressing;
    // Left before its place is taken, or given up where what it is a part of went: a browser may tell of it or not, and of another document.
    if (half !== null && at_once) half.control.value = half.whole;
    else if (half !== null && asked) half.control.blur();
    const { draft } = store;
    close(closed, place, draft);
    const keys = keysNow();
    if (keys.every((key, i) => key === stood[i]?.key)) wanted = null;
    else if (at_once || asked || !use.now) {
      build(keys);
      wanted = null;
    }
    const active = at_once ? null : document.activeElement;
    for (const { bindings } of stood) bindings.sync(draft.value, active);
  };
  const use = new InUse(place, () => follow());

  store.watch((_, __, action) => follow(action === null || action.do === "open"));
  studio.onLooked(() => {
    follow();
    for (const { listeners } of stood) for (const listener of listeners) listener();
    said();
  });
  follow();
}
