/** The parts of the form, from the rule's name to its conditions in time. */
import type { Path } from "../../../invariants/index.ts";
import { typeText } from "../../../invariants/index.ts";
import type { PageDetails, PageElement } from "../../page/dom.ts";
import { foreign, h } from "../../page/element.ts";
import { complete, type Completion, type Item, type Kind, type Speaks } from "../expression/complete.ts";
import { STUDIO_LIMITS } from "../limits.ts";
import { isHeld, type Held } from "../state.ts";
import type { Studio } from "../studio.ts";
import { idOf } from "./binding.ts";
import type { Source } from "./combobox.ts";
import { addButton, button, checkField, itemButtons, selectField, textField, valueOf, WHOLE_AS, type Form } from "./fields.ts";

export const group = (title: string, ...children: readonly (PageElement | string)[]): PageElement => h("fieldset", {}, h("legend", {}, title), ...children);
const listAt = (form: Form, path: Path): readonly unknown[] => {
  const value = valueOf(form, path);
  return Array.isArray(value) ? value : [];
};
const heldAt = (form: Form, path: Path): Held => {
  const value = valueOf(form, path);
  return isHeld(value) ? value : {};
};

/** A field or two for each, and a word of those that are not drawn. */
export function each<T>(items: readonly T[], one: (item: T, at: number) => PageElement): PageElement[] {
  const left = items.length - STUDIO_LIMITS.form_items_max;
  return [...items.slice(0, STUDIO_LIMITS.form_items_max).map(one), ...(left > 0 ? [h("p", { class: "hint" }, `and ${left} more, which the YAML alone shows`)] : [])];
}

function speaksOf({ studio }: Form): Speaks {
  const { looked, known } = studio;
  const fields = looked?.fields ?? new Map();
  const byEvent = looked?.byEvent ?? new Map();
  const declared = studio.store.draft.value["fields"];
  const about = (field: string): string => {
    const own: unknown = isHeld(declared) ? declared[field] : undefined;
    if (isHeld(own) && typeof own["about"] === "string") return own["about"];
    for (const event of byEvent.keys()) {
      const said = known.about[event]?.fields[field]?.about;
      if (said !== undefined && said !== "") return said;
    }
    return "";
  };
  return { fields, byEvent, keys: looked?.keys ?? [], about };
}

const sourceOf = (form: Form, kind: Kind): Source => (text, cursor, asked) => complete(text, cursor, kind, speaksOf(form), asked);

/** The whole text is one word out of these. */
function oneOf(items: () => readonly Item[]): Source {
  return (text, cursor, asked): Completion => {
    const begun = text.slice(0, cursor).toLowerCase();
    const all = items();
    const found = asked && all.some(({ name }) => name === text) ? all : all.filter(({ name }) => name.toLowerCase().includes(begun)).sort((a, b) => Number(b.name.toLowerCase().startsWith(begun)) - Number(a.name.toLowerCase().startsWith(begun)));
    return { from: 0, to: text.length, items: found.length === 1 && found[0]?.name === text && !asked ? [] : found.slice(0, 60) };
  };
}

const item = (name: string, sort: Item["sort"], types: string, about: string, insert = name): Item => ({ name, insert, sort, types, about, example: "" });

export function identity(form: Form): PageElement {
  return group(
    "What the rule is called",
    h("div", { class: "pair" },
      textField(form, { label: "Id", path: ["id"], code: true, hint: "Such as INV.BUDGET.CAP: letters, digits, _ and -, in parts with a dot between." }),
      textField(form, { label: "Scope", path: ["scope"], code: true, hint: "What it is about, such as agent_call." }),
      selectField(form, { label: "Severity", path: ["severity"], values: [["", "not said: high"], ["critical", "critical"], ["high", "high"], ["medium", "medium"], ["low", "low"]] }),
      textField(form, { label: "Owner", path: ["owner"], placeholder: "who mends it" })),
    textField(form, { label: "Why it is there", path: ["rationale"], lines: true }),
  );
}

export function events(form: Form): PageElement {
  const { studio } = form;
  const source = oneOf(() => (studio.known.events?.names ?? []).map((name) => item(name, "event", "event", studio.known.about[name]?.about ?? "")));
  const when = listAt(form, ["when"]);
  return group(
    "When it is asked",
    h("p", { class: "hint" }, "Events of the daemon, or events of your own: then declare their fields below."),
    ...each(when, (_, i) => h("div", { class: "item" }, textField(form, { label: `Event ${i + 1}`, path: ["when", i, "event"], code: true, choices: source, read: (text) => text }), itemButtons(form, ["when"], i, when.length, `event ${i + 1}`))),
    addButton(form, ["when"], "Add an event", () => ({ event: "" }), (at) => idOf(["when", at, "event"])),
  );
}

const TYPES: readonly Item[] = [
  item("int", "value", "12, -3, 0x1F", "whole numbers of 64 bits"),
  item("money", "value", "12.50 beside money", "whole micro-dollars"),
  item("double", "value", "0.5, 1e9", "any number"),
  item("bool", "value", "true, false", ""),
  item("string", "value", "'text'", "at most 65,536 characters"),
  item("duration", "value", 'duration("1h30m")', "whole milliseconds"),
  item("enum[…]", "value", "'a'", "one of the words", "enum[‸]"),
  item("list<…>", "value", "[1, 2]", "at most 1,000 items", "list<‸>"),
];
const typeSource: Source = (text, cursor, asked) => {
  if (/^enum\[/.test(text)) return { from: 0, to: 0, items: [] };
  const from = /^(?:list<)*/.exec(text.slice(0, cursor))?.[0].length ?? 0;
  const begun = text.slice(from, cursor);
  const found = TYPES.filter(({ name }) => name.startsWith(begun) && (name !== begun || asked));
  return { from, to: from + (/^[a-z]*/.exec(text.slice(from))?.[0].length ?? 0), items: found };
};

/** A declaration says no more than it has to: a type alone is a text. */
function declaration(given: unknown, change: Held): unknown {
  const { type, tainted, about, ...rest } = { ...(isHeld(given) ? given : { type: given }), ...change };
  const more = { ...rest, ...(tainted === true ? { tainted } : {}), ...(about === undefined || about === "" ? {} : { about }) };
  return Object.keys(more).length === 0 ? type : { type, ...more };
}

function declaredField(form: Form, name: string, at: number): PageElement {
  const { store } = form.studio;
  const path = ["fields", name];
  const set = (change: Held): void => store.act({ do: "set", path, value: declaration(valueOf(form, path), change) });
  const typeIn = (value: unknown): string => (isHeld(value) ? String(value["type"] ?? "") : typeof value === "string" ? value : "");
  const called = h("input", { id: `${idOf(["fields"])}-name-${at}`, type: "text", class: "code", autocomplete: "off", spellcheck: "false", "aria-label": `Name of field ${at + 1}` });
  const input = called as typeof called & { value: string };
  input.value = name;
  // A name half typed would leave its rule without a field: it counts once it is whole.
  called.setAttribute(WHOLE_AS, name);
  input.addEventListener("change", () => {
    called.setAttribute(WHOLE_AS, input.value);
    store.act({ do: "rename", path: ["fields"], from: name, to: input.value.trim() });
  });
  const type = textField(form, { label: `Type of ${name}`, quiet: true, path, code: true, choices: typeSource, show: typeIn, read: (text) => declaration(valueOf(form, path), { type: text }) });
  const about = textField(form, { label: `What ${name} is`, quiet: true, path: [...path, "about"], placeholder: "what it is", write: (text) => set({ about: text }) });
  const tainted = checkField(form, { label: "from outside", path, checked: (value) => isHeld(value) && value["tainted"] === true, changed: (on) => set({ tainted: on }) });
  return h("div", { class: "item declared" }, input, type, about, tainted, button("Remove", () => (form.focusNext(`${idOf(["fields"])}-add`), store.act({ do: "remove", path })), `Remove the field ${name}`));
}

/** More of them would push what one writes out of sight. */
const FIELDS_UNFOLDED = 8;
const FIELDS_NAMED = 4;

function newName(taken: readonly string[]): string {
  for (let i = 1; ; i++) if (!taken.includes(`field${i}`)) return `field${i}`;
}

/** Whether it speaks of an event that the catalogue lacks: what one of the catalogue carries is declared there, and a field of one's own would be a mistake. */
export function ofItsOwn({ store, known }: Studio): boolean {
  const { when } = store.draft.value;
  return Array.isArray(when) && when.some((one) => !isHeld(one) || typeof one["event"] !== "string" || (known.events?.of(one["event"]) ?? null) === null);
}

export function fields(form: Form): PageElement {
  const { studio } = form;
  const declared = valueOf(form, ["fields"]);
  const names = Object.keys(heldAt(form, ["fields"]));
  const add = (): void => {
    const now = Object.keys(heldAt(form, ["fields"]));
    form.focusNext(`${idOf(["fields"])}-name-${now.length}`);
    studio.store.act({ do: "set", path: ["fields", newName(now)], value: "int" });
  };
  const adding = button(declared === undefined ? "Declare a field of its own" : "Add a field", add);
  adding.setAttribute("id", `${idOf(["fields"])}-add`);
  if (declared !== undefined) return group("Fields", h("p", { class: "hint" }, "Name, type, what it is. One that comes from outside is never shown in a message."), ...each(names, (name, i) => declaredField(form, name, i)), adding);
  const list = h("div", { class: "carried" });
  let drawn: string | null = null;
  const draw = (): void => {
    const speaks = speaksOf(form);
    const said = [...speaks.fields].map(([name, { type, tainted }]) => [name, typeText(type), `${speaks.about(name)}${tainted ? " (from outside)" : ""}`] as const);
    // What did not change stays, and with it whoever is in it.
    const now = JSON.stringify(said);
    if (now === drawn) return;
    drawn = now;
    const rows = said.map(([name, type, about]) => h("tr", {}, h("th", { scope: "row" }, foreign(name)), h("td", { "data-label": "type" }, foreign(type)), h("td", { class: "words", "data-label": "what it is" }, foreign(about))));
    if (rows.length === 0) return list.replaceChildren(h("p", { class: "hint" }, "The events named above carry no field that is known: name an event, or declare fields."));
    const table = h("table", { class: "list" }, h("caption", { class: "unseen" }, "Fields that the events carry"), h("thead", {}, h("tr", {}, ...["field", "type", "what it is"].map((one) => h("th", { scope: "col" }, one)))), h("tbody", {}, ...rows));
    if (rows.length <= FIELDS_UNFOLDED) return list.replaceChildren(table);
    const folded = h("details", {}, h("summary", {}, `${rows.length} fields`, h("span", { class: "hint" }, ` ${said.slice(0, FIELDS_NAMED).map(([name]) => name).join(", ")}, \u2026`)), table) as PageDetails;
    folded.open = form.unfolded.has("fields");
    folded.addEventListener("toggle", () => void (folded.open ? form.unfolded.add("fields") : form.unfolded.delete("fields")));
    list.replaceChildren(folded);
  };
  form.whenLooked(draw);
  draw();
  return group("Fields", list, ...(ofItsOwn(studio) || names.length > 0 ? [adding] : []));
}

function clause(form: Form, path: Path, at: number, count: number, kind: "expr" | "post"): PageElement {
  const here = [...path, at];
  return h(
    "div",
    { class: "item clause" },
    textField(form, { label: `Condition ${at + 1}`, path: [...here, "expr"], code: true, choices: sourceOf(form, kind), read: (text) => text }),
    textField(form, { label: `What is said of a violation`, path: [...here, "message"], choices: sourceOf(form, kind === "post" ? "post_message" : "message") }),
    itemButtons(form, path, at, count, `condition ${at + 1}`),
  );
}

const CLAUSES = {
  assert: ["What has to hold", "Of every such event, such as total_spend_usd <= budget_usd. {{field}} shows a field in the message."],
  pre: ["Before the action", "Of the event before."],
  post: ["After the action", "old(field) is what it was before."],
} as const;

export const conditions = (name: keyof typeof CLAUSES) => (form: Form): PageElement => {
  const [title, hint] = CLAUSES[name];
  const all = listAt(form, [name]);
  return group(title, h("p", { class: "hint" }, hint), ...each(all, (_, i) => clause(form, [name], i, all.length, name === "post" ? "post" : "expr")), addButton(form, [name], "Add a condition", () => ({ expr: "" }), (at) => idOf([name, at, "expr"])));
};

/** Forms with blanks, filled with the events that the document names. */
const BLANKS: readonly (readonly [text: string, formula: (first: string, second: string) => string])[] = [
  ["always \u2026", () => "always "],
  ["never \u2026 where \u2026", (first) => `never ${first} where `],
  ["\u2026 leads to \u2026 within", (first, second) => `${first} leads_to ${second} within 30s`],
  ["\u2026 until \u2026", (first, second) => `!(${second}) until ${first}`],
  ["eventually", (first) => `eventually within 5m ${first}`],
  ["only after \u2026", (first, second) => `always !${second} || once ${first} in 1h`],
  ["at most \u2026 in", (first) => `count(${first}) in 1h <= 20`],
];

export function time(form: Form): PageElement {
  const all = listAt(form, ["temporal"]);
  const named = (): readonly string[] => listAt(form, ["when"]).flatMap((one) => (isHeld(one) && typeof one["event"] === "string" && one["event"] !== "" ? [one["event"]] : []));
  const add = (formula: string): void => {
    form.focusNext(idOf(["temporal", all.length, "formula"]));
    form.studio.store.act({ do: "insert", path: ["temporal"], at: all.length, value: { formula } });
  };
  const per = oneOf(() => [...speaksOf(form).fields].map(([name, { type }]) => item(name, "field", typeText(type), "")));
  const blanks = BLANKS.map(([text, formula]) => button(text, () => {
    const [first = "EVENT", second = first] = named();
    add(formula(first, second));
  }));
  blanks[0]?.setAttribute("id", `${idOf(["temporal"])}-add`);
  const kept = all.length === 0 && valueOf(form, ["per"]) === undefined && valueOf(form, ["keys_max"]) === undefined ? [] : [
    textField(form, { label: "Kept apart by", path: ["per"], code: true, choices: per, hint: "A field, or up to four with commas between: each value of it is watched by itself.", show: (value) => (Array.isArray(value) ? value.join(", ") : typeof value === "string" ? value : ""), read: (text) => (text === "" ? undefined : text.includes(",") ? text.split(",").map((one) => one.trim()) : text) }),
    textField(form, { label: "How many at once", path: ["keys_max"], code: true, hint: "Such as 10000; what does not fit is reported as inconclusive.", read: (text) => (text === "" ? undefined : /^[0-9]{1,15}$/.test(text) ? Number(text) : text) }),
  ];
  return group(
    "In time",
    h("p", { class: "hint" }, "What is expected of events one after the other."),
    ...each(all, (_, i) =>
      h(
        "div",
        { class: "item clause" },
        textField(form, { label: `Formula ${i + 1}`, path: ["temporal", i, "formula"], code: true, choices: sourceOf(form, "formula"), read: (text) => text }),
        textField(form, { label: "What is said of a violation", path: ["temporal", i, "message"], choices: sourceOf(form, "message") }),
        checkField(form, { label: "for the model checker alone", path: ["temporal", i, "only"], checked: (value) => value === "model", changed: (on) => form.studio.store.act({ do: "set", path: ["temporal", i, "only"], value: on ? "model" : undefined }) }),
        itemButtons(form, ["temporal"], i, all.length, `formula ${i + 1}`),
      ),
    ),
    h("div", { class: "actions", role: "group", "aria-label": "Add a formula" }, ...blanks),
    ...kept,
  );
}
