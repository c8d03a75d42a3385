/** What may be written next, at a place of an expression, a formula or a message: by the words before it, and by the types of the fields. */
import { typeText, type Fields, type Type } from "../../../invariants/index.ts";
import { FORMS, FUNCTIONS, METHODS, OLD, OPERATORS, type Word } from "./words.ts";

export type Kind = "expr" | "post" | "formula" | "message" | "post_message";

/** What the text may speak of. */
export interface Speaks {
  readonly fields: Fields;
  readonly byEvent: ReadonlyMap<string, Fields>;
  readonly keys: readonly string[];
  /** What is said about a field; empty where nothing is. */
  readonly about: (field: string) => string;
}

export interface Item {
  readonly name: string;
  /** `‸` is where the cursor then stands; else it stands behind. */
  readonly insert: string;
  readonly sort: "field" | "event" | "key" | "value" | "function" | "operator" | "form";
  readonly types: string;
  readonly about: string;
  readonly example: string;
}

export interface Completion {
  /** What the chosen one takes the place of. */
  readonly from: number;
  readonly to: number;
  readonly items: readonly Item[];
}

const ITEMS_MAX = 50;
const NONE: Completion = { from: 0, to: 0, items: [] };

interface Part {
  readonly kind: "name" | "text" | "number" | "mark";
  readonly text: string;
  readonly start: number;
}

const PARTS = /(\$?[A-Za-z_]\w*)|('(?:[^'\\]|\\.)*'?|"(?:[^"\\]|\\.)*"?)|(\d[\w.]*)|(==|!=|<=|>=|&&|\|\||[^\s\w])/g;

/** Where a text is not whole yet, the lexer says no more than that; this reads as far as it goes. */
const partsOf = (text: string): Part[] => [...text.matchAll(PARTS)].map((found) => ({ kind: found[1] !== undefined ? "name" : found[2] !== undefined ? "text" : found[3] !== undefined ? "number" : "mark", text: found[0], start: found.index }));

const isOpen = ({ kind, text }: Part): boolean => kind === "text" && (text.length === 1 || text.at(-1) !== text[0]);

const fieldItem = (speaks: Speaks, name: string, { type, tainted }: { readonly type: Type; readonly tainted: boolean }): Item => ({ name, insert: name, sort: "field", types: typeText(type), about: `${speaks.about(name)}${tainted ? `${speaks.about(name) === "" ? "" : "; "}from outside, never shown` : ""}`, example: "" });
const fieldItems = (speaks: Speaks, fields: Fields = speaks.fields): Item[] => [...fields].map(([name, field]) => fieldItem(speaks, name, field));
const wordItem = (word: Word, sort: Item["sort"]): Item => ({ ...word, sort });

/** Words of this type that may stand beside an operator. */
function values(type: Type | undefined): Item[] {
  const item = (name: string, types: string): Item => ({ name, insert: name, sort: "value", types, about: "", example: "" });
  if (type?.name === "enum") return type.members.map((member) => item(`'${member}'`, "one of the words"));
  if (type?.name === "bool") return ["true", "false"].map((name) => item(name, "bool"));
  if (type?.name === "duration") return [{ ...item('duration("5m")', "duration"), insert: 'duration("‸5m")' }];
  return type?.name === "list" ? values(type.item) : [];
}

function byPrefix(items: readonly Item[], written: string): Item[] {
  const prefix = written.toLowerCase();
  const rank = ({ name }: Item): number => (name.toLowerCase().startsWith(prefix) ? 0 : prefix.length > 1 && name.toLowerCase().includes(prefix) ? 1 : 2);
  return items.map((item, i) => ({ item, i, rank: rank(item) })).filter((one) => one.rank < 2).sort((a, b) => a.rank - b.rank || a.i - b.i).map(({ item }) => item).slice(0, ITEMS_MAX);
}

function inMessage(text: string, cursor: number, kind: Kind, speaks: Speaks): Completion {
  const open = text.lastIndexOf("{{", cursor - 1);
  const before = text.slice(open + 2, cursor);
  if (open < 0 || open + 2 > cursor || /[{}]/.test(before)) return NONE;
  const from = open + 2 + (/^\s*/.exec(before)?.[0].length ?? 0);
  const tail = /^[\w.]*\s*\}\}/.exec(text.slice(cursor))?.[0] ?? /^\w*/.exec(text.slice(cursor))?.[0] ?? "";
  const all = fieldItems(speaks).filter(({ about }) => !about.includes("never shown"));
  const past = kind === "post_message" ? all.map((item) => ({ ...item, name: `old.${item.name}`, about: "before the action" })) : [];
  return { from, to: cursor + tail.length, items: byPrefix([...all, ...past], text.slice(from, cursor)).map((item) => ({ ...item, insert: `${item.name}}}` })) };
}

/** The field whose values are compared at that place: `mode == ` and `mode in [` ask for words of mode. */
function comparedWith(parts: readonly Part[], fields: Fields): Type | undefined {
  let at = parts.length - 1;
  while (at >= 0 && (parts[at]?.text === "[" || parts[at]?.text === "," || parts[at]?.kind === "text" || parts[at]?.kind === "number")) at -= 1;
  const operator = parts[at]?.text ?? "";
  if (!["==", "!=", "<", "<=", ">", ">=", "in"].includes(operator) || (at < parts.length - 1 && operator !== "in")) return undefined;
  return typeAt(parts.slice(0, at), fields);
}

/** The type of the operand that ends there, where it is a field or `old(field)`. */
function typeAt(parts: readonly Part[], fields: Fields): Type | undefined {
  const last = parts.at(-1);
  if (last?.kind === "name" && parts.at(-2)?.text !== ".") return fields.get(last.text)?.type;
  const inner = last?.text === ")" && parts.at(-3)?.text === "(" && parts.at(-4)?.text === "old" ? parts.at(-2) : undefined;
  return inner === undefined ? undefined : fields.get(inner.text)?.type;
}

const OPERANDS_BEFORE = new Set(["in", "where", "always", "never", "eventually", "leads_to", "until", "once", "within", "return"]);
const endsOperand = (part: Part | undefined): boolean => part !== undefined && (part.kind === "mark" ? part.text === ")" || part.text === "]" : !OPERANDS_BEFORE.has(part.text));

function afterDot(parts: readonly Part[], fields: Fields): Item[] {
  const type = typeAt(parts, fields);
  const last = parts.at(-1);
  if (last?.kind === "number") return [];
  if (type?.name === "list") return METHODS.list.map((word) => wordItem(word, "function"));
  if (type?.name === "string" || type?.name === "enum" || last?.kind === "text") return METHODS.text.map((word) => wordItem(word, "function"));
  return type !== undefined ? [] : [...METHODS.text, ...METHODS.list.filter(({ name }) => name !== "size")].map((word) => wordItem(word, "function"));
}

/** Names that a macro of the same text has given to items. */
const locals = (parts: readonly Part[]): Item[] => {
  const found = parts.flatMap((part, i) => (METHODS.list.some(({ name }) => name === part.text) && parts[i + 1]?.text === "(" && parts[i + 2]?.kind === "name" && parts[i + 3]?.text === "," ? [parts[i + 2]?.text ?? ""] : []));
  return [...new Set(found)].map((name) => ({ name, insert: name, sort: "field", types: "item", about: "an item of the list", example: "" }));
};

/** The event whose fields count in a `where` that is open at the end. */
function eventAround(parts: readonly Part[], speaks: Speaks): Fields {
  const where = parts.findLastIndex(({ text }) => text === "where");
  const event = where < 0 ? undefined : speaks.byEvent.get(parts[where - 1]?.text ?? "");
  return event ?? speaks.fields;
}

function operands(kind: Kind, parts: readonly Part[], speaks: Speaks): Item[] {
  const formula = kind === "formula";
  const fields = formula ? eventAround(parts, speaks) : speaks.fields;
  const events = formula ? [...speaks.byEvent.keys()].map((name): Item => ({ name, insert: name, sort: "event", types: "event", about: "", example: "" })) : [];
  const forms = formula ? FORMS.filter(({ name }) => (parts.length === 0 ? ["always", "never", "eventually", "once", "count"] : ["once", "eventually", "count"]).includes(name)).map((word) => wordItem(word, "form")) : [];
  const past = kind === "post" ? [wordItem(OLD, "function")] : [];
  const asked = values(comparedWith(parts, fields));
  return [...asked, ...locals(parts), ...fieldItems(speaks, fields), ...events, ...past, ...forms, ...FUNCTIONS.filter(({ name }) => !asked.some((item) => item.name === name)).map((word) => wordItem(word, "function"))];
}

const ORDERED = ["int", "money", "double", "string", "duration"];

function operators(kind: Kind, parts: readonly Part[], speaks: Speaks): Item[] {
  const type = typeAt(parts, kind === "formula" ? eventAround(parts, speaks) : speaks.fields);
  const fits = ({ name }: Word): boolean => {
    if (type === undefined) return true;
    if (["<", "<=", ">", ">="].includes(name)) return ORDERED.includes(type.name);
    if (name === "&&" || name === "||" || name === "?") return type.name === "bool";
    if (name === "+") return type.name !== "bool";
    if (name === "-") return ["int", "money", "double", "duration"].includes(type.name);
    return name === "*" || name === "/" ? ["int", "money", "double"].includes(type.name) : name !== "%" || type.name === "int";
  };
  const forms = kind === "formula" ? FORMS.filter(({ name }) => ["leads_to", "until", "where", "within"].includes(name)).map((word) => wordItem(word, "form")) : [];
  return [...forms, ...OPERATORS.filter(fits).map((word) => wordItem(word, "operator"))];
}

/** `asked`: somebody wants to see what there is, and not only what begins as what stands there. */
export function complete(text: string, cursor: number, kind: Kind, speaks: Speaks, asked = false): Completion {
  if (kind === "message" || kind === "post_message") return inMessage(text, cursor, kind, speaks);
  const parts = partsOf(text.slice(0, cursor));
  const last = parts.at(-1);
  const touching = last !== undefined && last.start + last.text.length === cursor;
  const fields = kind === "formula" ? eventAround(parts, speaks) : speaks.fields;
  if (last !== undefined && isOpen(last)) {
    const quoted = values(comparedWith(parts.slice(0, -1), fields)).filter(({ name }) => name.startsWith("'"));
    const rest = text.slice(cursor).startsWith(last.text[0] ?? "") ? 1 : 0;
    return { from: last.start, to: cursor + rest, items: byPrefix(quoted, `'${last.text.slice(1)}`) };
  }
  if (last?.kind === "name" && touching) {
    const to = cursor + (/^\w*/.exec(text.slice(cursor))?.[0].length ?? 0);
    const before = parts.slice(0, -1);
    const items = last.text.startsWith("$") ? [] : before.at(-1)?.text === "." ? afterDot(before.slice(0, -1), fields) : endsOperand(before.at(-1)) ? operators(kind, before, speaks) : operands(kind, before, speaks);
    const keys = last.text.startsWith("$") && kind === "formula" ? speaks.keys.map((name): Item => ({ name: `$${name}`, insert: `$${name}`, sort: "key", types: "key", about: "the value that this instance is kept by", example: "" })) : [];
    const found = byPrefix([...items, ...keys], last.text);
    // What is there already in full helps nobody, unless somebody asks.
    return { from: last.start, to, items: found.length === 1 && found[0]?.insert === last.text && !asked ? [] : found };
  }
  if (last?.text === "$" && touching && kind !== "formula") return NONE;
  if (last?.text === "$" && touching) return { from: last.start, to: cursor, items: speaks.keys.map((name) => ({ name: `$${name}`, insert: `$${name}`, sort: "key", types: "key", about: "the value that this instance is kept by", example: "" })) };
  if (last?.text === "." && touching) return { from: cursor, to: cursor, items: afterDot(parts.slice(0, -1), fields) };
  if (last?.kind === "number" && touching) return { ...NONE, from: cursor, to: cursor };
  const items = endsOperand(last) ? operators(kind, parts, speaks) : operands(kind, parts, speaks);
  return { from: cursor, to: cursor, items: asked || last === undefined || !endsOperand(last) ? items.slice(0, ITEMS_MAX) : [] };
}

/** The text with an item put in, and where the cursor then stands. */
export function chosen(text: string, { from, to }: Completion, { insert, sort }: Item): { readonly text: string; readonly cursor: number } {
  const at = insert.indexOf("‸");
  const spaced = sort === "operator" || (sort === "form" && from > 0);
  const lead = spaced && from > 0 && !/\s$/.test(text.slice(0, from)) ? " " : "";
  const trail = spaced && at < 0 && !/^\s/.test(text.slice(to)) ? " " : "";
  const put = `${lead}${insert.replace("‸", "")}${trail}`;
  return { text: text.slice(0, from) + put + text.slice(to), cursor: from + (at < 0 ? put.length : lead.length + at) };
}
