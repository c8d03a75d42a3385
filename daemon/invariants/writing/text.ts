/** Values of an invariant's document as YAML, in the form that the shipped ones have: blocks for what is read from top to bottom, one line for an example. */
import type { Path } from "../document/path.ts";

const BLOCKS = ["when", "fields", "assert", "pre", "post", "temporal", "examples"];
const CLAUSES = ["when", "assert", "pre", "post", "temporal"];

type Held = Readonly<Record<string, unknown>>;
export const isMap = (value: unknown): value is Held => typeof value === "object" && value !== null && !Array.isArray(value);

/** The order in which a document is read; what is not named here stands behind. */
const ORDER: Readonly<Record<string, readonly string[]>> = {
  "": ["id", "scope", "severity", "owner", "rationale", "when", "fields", "per", "keys_max", "assert", "pre", "post", "temporal", "examples"],
  clause: ["expr", "formula", "message", "only"],
  examples: ["holds", "breaks"],
  example: ["at", "event", "old", "with", "trace"],
  field: ["type", "tainted", "about"],
};

/** Names of the map at that place, in their order. */
function orderAt(path: Path): readonly string[] {
  const [top] = path;
  if (top === undefined) return ORDER[""] ?? [];
  if (CLAUSES.includes(String(top))) return ORDER["clause"] ?? [];
  if (top === "examples") return path.length === 1 ? (ORDER["examples"] ?? []) : ["with", "old"].includes(String(path.at(-1))) ? [] : (ORDER["example"] ?? []);
  return top === "fields" && path.length === 2 ? (ORDER["field"] ?? []) : [];
}

/** Entries that have a value, in the order of the document. */
export function entriesAt(value: Held, path: Path): readonly (readonly [string, unknown])[] {
  const order = orderAt(path);
  const rank = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return Object.entries(value).filter(([, one]) => one !== undefined).map(([name, one], i) => ({ name, one, i })).sort((a, b) => rank(a.name) - rank(b.name) || a.i - b.i).map(({ name, one }) => [name, one] as const);
}

function isBlock(value: unknown, path: Path): boolean {
  const [top, second] = path;
  if (path.length === 0) return true;
  if (path.length === 1) return BLOCKS.includes(String(top));
  if (path.length === 2 && typeof second === "number") return CLAUSES.includes(String(top));
  if (top !== "examples") return false;
  return path.at(-1) === "trace" || (isMap(value) && value["trace"] !== undefined) || (path.length === 2 && Array.isArray(value));
}

/** Words that YAML reads as something else than text. */
const WORDS = /^(?:true|false|null|yes|no|on|off|y|n|~)$/i;
/** Text that reads the same with and without quotes, wherever it stands: fewer than YAML has, so that nobody has to know which. */
const PLAIN = /^[A-Za-z_(](?:[A-Za-z0-9_.()<>=+*/$;-]| (?! |#|$))*$/;
const PRINTABLE = /^[\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\uffef]*$/;

const TIME = /^[0-9]{1,15}(?:ms|s|m|h|d)$/;
export const needsNone = (value: string): boolean => TIME.test(value) || (PLAIN.test(value) && !WORDS.test(value));

export interface Quotes {
  /** Also where none are needed. */
  readonly always: boolean;
  readonly mark: "single" | "double";
}
const AS_NEEDED: Quotes = { always: false, mark: "single" };

function textOf(value: string, { always, mark }: Quotes): string {
  if (!always && needsNone(value)) return value;
  if (mark === "single" && PRINTABLE.test(value)) return `'${value.replaceAll("'", "''")}'`;
  return JSON.stringify(value).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** On one line, as it may stand anywhere. */
export function inline(value: unknown, path: Path, quotes = AS_NEEDED): string {
  if (typeof value === "string") return textOf(value, quotes);
  if (Array.isArray(value)) return `[${value.map((item: unknown, i) => inline(item, [...path, i])).join(", ")}]`;
  if (isMap(value)) return `{${entriesAt(value, path).map(([name, one]) => `${textOf(name, AS_NEEDED)}: ${inline(one, [...path, name])}`).join(", ")}}`;
  return JSON.stringify(value ?? null);
}

/** What stands behind `name:`, its space or line's end included. */
export function behindKey(value: unknown, path: Path, indent: string, quotes = AS_NEEDED): string {
  const inner = `${indent}  `;
  if (!isBlock(value, path)) return ` ${inline(value, path, quotes)}`;
  if (Array.isArray(value) && value.length > 0) return `\n${value.map((item: unknown, i) => `${inner}- ${behindDash(item, [...path, i], `${inner}  `)}`).join("\n")}`;
  if (isMap(value) && Object.keys(value).length > 0) return `\n${map(value, path, inner)}`;
  return ` ${inline(value, path, quotes)}`;
}

/** Lines of a map whose keys stand at `indent`. */
export const map = (value: Held, path: Path, indent: string): string => entriesAt(value, path).map(([name, one]) => `${indent}${textOf(name, AS_NEEDED)}:${behindKey(one, [...path, name], indent)}`).join("\n");

/** What stands behind the dash of a list; `indent` is where its own keys stand. */
export function behindDash(value: unknown, path: Path, indent: string): string {
  return isMap(value) && isBlock(value, path) && Object.keys(value).length > 0 ? map(value, path, indent).slice(indent.length) : inline(value, path);
}
