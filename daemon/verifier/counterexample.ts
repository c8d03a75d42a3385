/** What a counterexample holds, read and put into words; each face escapes what it shows. Pure. */
import { Value } from "@sinclair/typebox/value";
import { type CexValue, doubleOfBits } from "../../proto/cex-value.ts";
import { type CexFields, type CexStep, Counterexample, readCounterexample } from "../../proto/counterexample.ts";
import { MaestroError } from "../../proto/errors.ts";

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

/** What the action changed; everything at the first state. */
export function changedBy(step: CexStep, before: CexStep | undefined): CexFields {
  if (before === undefined) return step.state;
  return Object.fromEntries(Object.entries(step.state).filter(([name, value]) => JSON.stringify(before.state[name]) !== JSON.stringify(value)));
}

/** Null where it is none in its one spelling: a card is only as good as whoever made it. */
export function readCex(document: string): Counterexample | null {
  try {
    return readCounterexample(new TextEncoder().encode(document), (value): value is Counterexample => Value.Check(Counterexample, value));
  } catch (error) {
    if (!(error instanceof MaestroError)) throw error;
    return null;
  }
}
