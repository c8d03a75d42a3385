/** A counterexample as lines for a person. Each face hands in its own escaper: names, values and actions may come from the change. Pure. */
import { Value } from "@sinclair/typebox/value";
import type { Card } from "../../../proto/card.ts";
import { type CexValue, doubleOfBits } from "../../../proto/cex-value.ts";
import { type CexFields, type CexStep, Counterexample as Schema, readCounterexample } from "../../../proto/counterexample.ts";
import type { Counterexample } from "../../../proto/counterexample.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { pathText } from "../../../proto/scalar.ts";
import { escapeMarkdown } from "./escape/markdown.ts";
import { escapeTerminal } from "./escape/terminal.ts";
import { typed } from "./typed.ts";

const STEPS_SHOWN_MAX = 40;
const VALUE_CHARACTERS_MAX = 200;

const number = (value: number): string => (Object.is(value, -0) ? "-0" : String(value));

/** One value as people write it: sets in braces, tuples in parentheses, maps with arrows, doubles with all the digits they have. */
export function cexText(value: CexValue): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object") return String(value);
  const list = (items: unknown): string => (Array.isArray(items) ? items.map((item: CexValue) => cexText(item)).join(", ") : "");
  if (Array.isArray(value)) return `[${list(value)}]`;
  if ("#bigint" in value) return String(value["#bigint"]);
  if ("#double" in value) return number(doubleOfBits(String(value["#double"])));
  if ("#rational" in value && Array.isArray(value["#rational"])) return value["#rational"].join("/");
  if ("#bits" in value) return `0b${String(value["#bits"])}`;
  if ("#unserializable" in value) return String(value["#unserializable"]);
  if ("#tup" in value) return `(${list(value["#tup"])})`;
  if ("#set" in value) return `{${list(value["#set"])}}`;
  if ("#map" in value && Array.isArray(value["#map"])) return `[${value["#map"].map((pair) => (Array.isArray(pair) ? pair.map((one: CexValue) => cexText(one)).join(" -> ") : "")).join(", ")}]`;
  const fields: Readonly<Record<string, CexValue>> = value as CexFields;
  if ("#ctor" in value) return `${String(value["#ctor"])}(${list(fields["args"])})`;
  return `{${Object.entries(fields).map(([name, item]) => `${name}: ${cexText(item)}`).join(", ")}}`;
}

const cut = (text: string): string => (text.length > VALUE_CHARACTERS_MAX ? `${text.slice(0, VALUE_CHARACTERS_MAX).toWellFormed()}...` : text);
const fieldTexts = (fields: CexFields): string[] => Object.entries(fields).map(([name, value]) => `${name} = ${cut(cexText(value))}`);

/** What the action changed; everything at the first state. */
export function changedBy(step: CexStep, before: CexStep | undefined): CexFields {
  if (before === undefined) return step.state;
  return Object.fromEntries(Object.entries(step.state).filter(([name, value]) => JSON.stringify(before.state[name]) !== JSON.stringify(value)));
}

function stepTexts(trace: readonly CexStep[]): string[] {
  const from = Math.max(0, trace.length - STEPS_SHOWN_MAX);
  // The end is where it breaks, so a long trace loses its beginning, and says so.
  const left_out = from === 0 ? [] : [`${from} earlier steps are left out here`];
  return [...left_out, ...trace.slice(from).flatMap((step, i) => {
    const at = from + i;
    const where = step.location === null ? "" : ` at ${pathText(step.location.path)}:${step.location.start_line}`;
    const fields = fieldTexts(changedBy(step, at === from ? undefined : trace[at - 1]));
    return [`${at}. ${step.action}${where}${fields.length === 0 && at > from ? " (nothing changes)" : ""}`, ...fields.map((text) => `   ${text}`)];
  })];
}

/** Plain lines, raw: whoever shows them escapes each. A counterexample that did not reproduce has none: it is none. */
export function counterexampleLines({ invariant, engine, message, inputs, trace, loop_at, stutter, seed, path, replay }: Counterexample): readonly string[] {
  if (replay.verdict !== "reproduced") return [];
  const end = loop_at !== null ? [`and back to step ${loop_at}, for ever`] : stutter ? ["and nothing happens any more"] : [];
  const again = seed === null ? "" : ` (seed ${seed}${path === null ? "" : `, path ${path}`})`;
  return [`${invariant} breaks: ${message}`, ...(inputs === null ? stepTexts(trace ?? []) : fieldTexts(inputs)), ...end, `found by ${engine}${again}; see it with ${typed(replay.command)}`];
}

export const counterexampleText = (cex: Counterexample): string => counterexampleLines(cex).map((line) => escapeTerminal(line)).join("\n");

/** A list, each line in its own code span. */
export const counterexampleMarkdown = (cex: Counterexample): string => counterexampleLines(cex).map((line) => `- ${escapeMarkdown(line)}`).join("\n");

/** Null where it is none in its one spelling: a card is only as good as whoever made it. */
export function readCex(document: string): Counterexample | null {
  try {
    return readCounterexample(new TextEncoder().encode(document), (value): value is Counterexample => Value.Check(Schema, value));
  } catch (error) {
    if (!(error instanceof MaestroError)) throw error;
    return null;
  }
}

const shownOf = (cex: Counterexample | null): readonly string[] => (cex === null ? [] : counterexampleLines(cex));

/** Of every counterexample of a card, raw: whoever shows them escapes each. */
export function cardCexLines({ counterexamples }: Pick<Card, "counterexamples">): readonly string[] {
  if (counterexamples === undefined) return [];
  const { listed, more } = counterexamples;
  const shown = listed.flatMap(({ rule, sha256, document }) => {
    const lines = document === null ? [] : shownOf(readCex(document));
    const where = `document counterexample/${sha256.slice(0, 32)}.json of the bundle`;
    if (document === null) return [`${rule}: too long for a card; it is the ${where}`];
    return lines.length === 0 ? [`${rule}: what stands here is no counterexample that was seen to break; the ${where} has its bytes`] : lines;
  });
  return more === 0 ? shown : [...shown, `and ${more} more, in the bundle and in --json`];
}
