/** From a parsed JSON document to the cards in it, or to a sentence that says why there are none. Whatever has another shape is refused by name, never guessed at. */
import type { Static, TSchema } from "@sinclair/typebox";
import { Value, type ValueError } from "@sinclair/typebox/value";
import { Statement } from "../../../proto/attestation.ts";
import { Bundle } from "../../../proto/bundle.ts";
import { Card, Timings } from "../../../proto/card.ts";
import { CardRow } from "../../../proto/cards.ts";
import { fromBase64, fromUtf8 } from "../../../proto/encoding.ts";
import { EvidenceBundle, EVIDENCE_BUNDLE_TYPE } from "../../../proto/evidence-bundle.ts";
import { nearest } from "../../../proto/suggest.ts";
import { ChangeCost } from "../../../proto/usage.ts";
import { cardOfRow, cardOfWhole, shown, type Beside, type Origin, type PageCard } from "./model.ts";

/** Where a document stands; its form is known when it was read. */
export type Place = Omit<Extract<Origin, { kind: "file" }>, "kind" | "form">;

export interface Found {
  readonly cards: readonly PageCard[];
  /** Why something in it is not shown; a sentence without its beginning, which is the place. */
  readonly problems: readonly string[];
  /** Fields that a newer Maestro wrote and this page does not show. */
  readonly unknown: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

const nothing = (problem: string): Found => ({ cards: [], problems: [problem], unknown: [] });
const isNegative = (micro_usd: bigint | null): boolean => micro_usd !== null && micro_usd < 0n;

/** Money back is no cost of a change: whoever wrote that meant something else. */
const one = (card: PageCard, unknown: readonly string[]): Found => (isNegative(card.whole_micro_usd) || isNegative(card.reported_micro_usd) ? nothing("says that it cost less than nothing, which no change does") : { cards: [card], problems: [], unknown });

/** Versions of a form are told apart by one number; a larger one than ours is somebody newer. */
const VERSION_READ = 1;

const FIELDS_NAMED_MAX = 5;

type Read<T> = { readonly value: T; readonly unknown: readonly string[] } | { readonly because: string };

/**
 * A document of this schema. One with fields more than ours is taken without them, and they are named: a newer Maestro may add a field, and
 * a list that goes dark because of it helps nobody. What is wrong otherwise is said with its place.
 */
function read<S extends TSchema>(schema: S, value: unknown, what: string): Read<Static<S>> {
  if (Value.Check(schema, value)) return { value, unknown: [] };
  const version = isObject(value) ? value["v"] : undefined;
  if (typeof version === "number" && version !== VERSION_READ) {
    return { because: `is ${what} of version ${version}, and this page reads version ${VERSION_READ}: ${version > VERSION_READ ? "open it with the page of the Maestro that wrote it" : "have it written again by a Maestro of today"}` };
  }
  const errors = [...first(Value.Errors(schema, value), 1 + 4 * FIELDS_NAMED_MAX)];
  const unknown = errors.filter(({ message }) => message === "Unexpected property").map(({ path }) => shown(path.split("/").at(-1) ?? ""));
  const cleaned: unknown = unknown.length === 0 ? value : Value.Clean(schema, structuredClone(value));
  if (unknown.length > 0 && Value.Check(schema, cleaned)) return { value: cleaned, unknown: [...new Set(unknown)].slice(0, FIELDS_NAMED_MAX) };
  const wrong = errors.find(({ message }) => message !== "Unexpected property") ?? errors[0];
  const meant = wrong?.message === MISSING ? meantBy(wrong.path.split("/").at(-1) ?? "", unknown) : null;
  return { because: `is not whole as ${what}: ${shown(wrong?.path || "/")}: ${wrong === undefined ? "unexpected shape" : wrongText(wrong)}${meant === null ? "" : `; it has ${meant}, which may have been meant`}` };
}

const letters = (word: string): string => [...word].sort().join("");

/** A near name, or one with two letters changed about. */
const meantBy = (name: string, others: readonly string[]): string | null => nearest(name, others) ?? others.find((other) => letters(other) === letters(name)) ?? null;

const MISSING = "Expected required property";

/** Of a value that may be one of several, which these are. */
function wrongText({ schema, message }: ValueError): string {
  const forms: unknown = schema["anyOf"];
  if (message === MISSING) return "is missing";
  if (!Array.isArray(forms)) return message;
  const values = forms.flatMap((form: unknown) => (isObject(form) && form["const"] !== undefined ? [JSON.stringify(form["const"])] : isObject(form) && form["type"] === "null" ? ["null"] : []));
  return values.length === forms.length ? `is none of ${values.join(", ")}` : "has none of the forms that it may have";
}

function* first<T>(values: Iterable<T>, count: number): Generator<T> {
  let left = count;
  for (const value of values) {
    if (left-- <= 0) return;
    yield value;
  }
}

/** When it was decided, as the signed statement says; what that is worth the verifier says, not the list. */
function decidedAt(bundle: Bundle): string | null {
  const payload = fromBase64(bundle.attestations[0]?.dsseEnvelope.payload ?? "");
  const text = payload === null ? null : fromUtf8(payload);
  if (text === null) return null;
  const statement = parsed(text);
  return Value.Check(Statement, statement) ? statement.predicate.attempt.issued_at : null;
}

/** `undefined` where it is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  }
}

const NOTHING_BESIDE: Beside = { at: null, total_us: null, cost: null };

function ofBundle(bundle: Bundle, origin: Origin, unknown: readonly string[]): Found {
  if (bundle.card === null) return nothing("is an evidence bundle whose card is hidden");
  return one(cardOfWhole(bundle.card, { ...NOTHING_BESIDE, at: decidedAt(bundle) }, origin), unknown);
}

function ofEvidence(value: unknown, origin: Origin): Found {
  const evidence = read(EvidenceBundle, value, "an evidence bundle");
  if ("because" in evidence) return nothing(evidence.because);
  const parts = [...evidence.value.earlier, evidence.value.gate].map(({ bundle }) => ofBundle(bundle, origin, []));
  return { cards: parts.flatMap(({ cards }) => cards), problems: parts.flatMap(({ problems }) => problems), unknown: evidence.unknown };
}

/** What `maestro card --json` and `gate --json` print around a card. */
function ofPrinted(value: Fields, origin: Origin): Found {
  const card = read(Card, value["card"], "a card");
  if ("because" in card) return nothing(card.because);
  const { timings, cost } = value;
  const beside: Beside = { at: null, total_us: Value.Check(Timings, timings) ? timings.total_us : null, cost: Value.Check(ChangeCost, cost) ? cost : null };
  return one(cardOfWhole(card.value, beside, origin), card.unknown);
}

const isRow = (value: Fields): boolean => "place" in value && "counts" in value;
const isCard = (value: Fields): boolean => "checks" in value && "reasons" in value && "next" in value;

/** The cards of one document. */
export function cardsOf(value: unknown, place: Place): Found {
  const origin = (form: "row" | "card" | "bundle"): Origin => ({ kind: "file", ...place, form });
  if (Array.isArray(value)) return ofMany(value, place);
  if (!isObject(value)) return nothing("is no card: a card is a JSON object");
  if (value["type"] === EVIDENCE_BUNDLE_TYPE) return ofEvidence(value, origin("bundle"));
  if (value["type"] === "maestro.bundle") {
    const bundle = read(Bundle, value, "an evidence bundle");
    return "because" in bundle ? nothing(bundle.because) : ofBundle(bundle.value, origin("bundle"), bundle.unknown);
  }
  if (isRow(value)) {
    const row = read(CardRow, value, "a row of cards");
    return "because" in row ? nothing(row.because) : one(cardOfRow(row.value, origin("row")), row.unknown);
  }
  if (isObject(value["card"])) return ofPrinted(value, origin("card"));
  if (isCard(value)) return ofPrinted({ card: value }, origin("card"));
  if (Array.isArray(value["rows"])) return ofMany(value["rows"], place);
  const named = [value["type"], value["schema"]].find((name) => typeof name === "string");
  return nothing(typeof named === "string" ? `is no card: it calls itself ${shown(named, 60)}` : "is no card, no row of one and no evidence bundle");
}

function ofMany(values: readonly unknown[], place: Place): Found {
  const parts = values.map((value, i) => {
    const found = Array.isArray(value) ? nothing("is a list in a list") : cardsOf(value, place);
    return { ...found, problems: found.problems.map((problem) => `entry ${i + 1} ${problem}`) };
  });
  return { cards: parts.flatMap(({ cards }) => cards), problems: parts.flatMap(({ problems }) => problems), unknown: [...new Set(parts.flatMap(({ unknown }) => unknown))] };
}
