/**
 * What is said of a violation. An event's values are a stranger's text: they
 * are shown within quotes, with every character that means something to a
 * terminal, to Markdown or to HTML written as a number, and not at all where
 * the field is declared as tainted.
 */
import { nearest } from "../../../proto/suggest.ts";
import { MESSAGE_CHARACTERS_MAX, VALUE_CHARACTERS_MAX } from "../limits.ts";
import { SourceError } from "../problem.ts";
import { durationText } from "../syntax/durations.ts";
import { MICROS } from "../types/literals.ts";
import type { Value } from "../types/node.ts";
import type { Field, Fields } from "../types/scope.ts";
import type { Type } from "../types/type.ts";
import { Failure } from "./failure.ts";
import type { Outcome } from "./predicate.ts";
import type { Around } from "./closures.ts";
import { readField, type Context } from "./values.ts";

type Piece = { readonly text: string } | { readonly name: string; readonly field: Field; readonly old: boolean };
export type Template = readonly Piece[];

const HOLE = /\{\{([^{}]*)\}\}/g;
const LIST_ITEMS_SHOWN_MAX = 10;

/** Throws `SourceError` for a hole that names no declared field. */
export function parseTemplate(text: string, fields: Fields, old: boolean, declare: string): Template {
  // Line separators are no control characters to Unicode.
  const control = /[\p{C}\p{Zl}\p{Zp}]/u.exec(text);
  if (control !== null) throw new SourceError([control.index, control.index + 1], "the message holds a control character", "write it in plain words, on one line");
  const pieces: Piece[] = [];
  let end = 0;
  for (const hole of text.matchAll(HOLE)) {
    const [all, inner = ""] = hole;
    const [, before, name = ""] = /^\s*(old\.)?([A-Za-z_][A-Za-z0-9_]*)\s*$/.exec(inner) ?? [];
    const field = fields.get(name);
    const span = [hole.index, hole.index + all.length] as const;
    noStray(text.slice(end, hole.index), end);
    if (field === undefined) throw unknownHole(inner, name, [...span], fields, declare);
    if (before !== undefined && !old) throw new SourceError([...span], "{{old.x}} stands under post alone", `write {{${name}}}`);
    pieces.push({ text: text.slice(end, hole.index) }, { name, field, old: before !== undefined });
    end = hole.index + all.length;
  }
  const rest = text.slice(end);
  noStray(rest, end);
  return [...pieces, { text: rest }];
}

function noStray(text: string, start: number): void {
  const stray = start + text.indexOf("{{");
  if (stray >= start) throw new SourceError([stray, stray + 2], "a {{ has no end", "close it with }}");
}

function unknownHole(inner: string, name: string, span: [number, number], fields: Fields, declare: string): SourceError {
  const near = nearest(name === "" ? inner.trim() : name, [...fields.keys()]);
  return new SourceError(span, `a message shows declared fields alone, and ${JSON.stringify(inner.slice(0, 40))} is none`, near === null ? `declare it ${declare}` : `write {{${near}}}`);
}

// Letters and digits of all scripts but those below, and signs that mean nothing anywhere; a colon would begin an address, a dot after www too.
const PLAIN = /[\p{L}\p{N} ./+,=_-]/u;

/** Letters that nobody sees, and those that are written from right to left (the ranges of UAX 9): they would change places with what stands beside them. */
const MISLEADING = /\p{DI}|[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** Markdown leaves those within a word alone. */
const EMPHASIS = /(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu;

const written = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

/** As data, in quotes. */
function escaped(text: string): string {
  const shown = [...text.slice(0, VALUE_CHARACTERS_MAX)].map((character) => (PLAIN.test(character) && !MISLEADING.test(character) ? character : written(character))).join("");
  const neutral = shown.replace(EMPHASIS, written("_")).replace(/www\./gi, (www) => `${www.slice(0, 3)}${written(".")}`);
  return `"${neutral}${text.length > VALUE_CHARACTERS_MAX ? "…" : ""}"`;
}

/** Micro-dollars as dollars: 12500000 as 12.50. */
function dollars(value: number | bigint): string {
  const micros = BigInt(value);
  const size = micros < 0n ? -micros : micros;
  const fraction = String(size % MICROS).padStart(6, "0").replace(/0{1,4}$/, "");
  return `${micros < 0n ? "-" : ""}${size / MICROS}.${fraction}`;
}

function shown(value: Value, type: Type): string {
  switch (type.name) {
    case "money":
      return dollars(value as number | bigint);
    case "duration":
      return durationText(BigInt(value as number));
    case "list": {
      const items = value as readonly Value[];
      const more = items.length > LIST_ITEMS_SHOWN_MAX ? `, and ${items.length - LIST_ITEMS_SHOWN_MAX} more` : "";
      return `(${items.slice(0, LIST_ITEMS_SHOWN_MAX).map((item) => shown(item, type.item)).join(", ")}${more})`;
    }
    default:
      return typeof value === "string" ? escaped(value) : String(value);
  }
}

/** The value; or, in brackets and as what broke the rule says it, why there is none. */
function hole({ name, field, old }: Extract<Piece, { readonly name: string }>, event: Context, around: Around): { readonly text: string } | { readonly none: string } {
  if (field.tainted) return { none: "(withheld)" };
  try {
    return { text: shown(readField(old ? (around.old ?? {}) : event, name, field.type), field.type) };
  } catch (error) {
    if (error instanceof Failure) return { none: `(${error.detail})` };
    throw error;
  }
}

function filled(template: Template, event: Context, around: Around): { readonly text: string; readonly said: ReadonlySet<string> } {
  const said = new Set<string>();
  let text = "";
  for (const piece of template) {
    const value = "text" in piece ? piece : hole(piece, event, around);
    if ("text" in value) {
      text += value.text;
      continue;
    }
    said.add(value.none);
    // A sign before an amount says nothing where there is none.
    text = `${"field" in piece && piece.field.type.name === "money" ? text.replace(/\$$/, "") : text}${value.none}`;
  }
  return { text, said };
}

const cut = (text: string): string => (text.length > MESSAGE_CHARACTERS_MAX ? `${text.slice(0, MESSAGE_CHARACTERS_MAX - 1)}…` : text);

type Broken = Pick<Extract<Outcome, { readonly ok: false }>, "because" | "detail">;

/** What is said of a violation, on one line, with what was missing or failed behind it where the message does not say that itself. */
export function violation(template: Template, { because, detail }: Broken, event: Context, around: Around = {}): string {
  const { text, said } = filled(template, event, around);
  const why = `(${detail})`;
  const whole = text.length <= MESSAGE_CHARACTERS_MAX && said.has(why);
  return because === "false" || whole ? cut(text) : `${cut(text)} ${why}`;
}
