/** A way through states, one step after the other: of a counterexample, or of recorded events up to the one at which a rule broke. Plain data; strings are made visible here. */
import { type CexFields, type Counterexample } from "../../../../proto/counterexample.ts";
import type { Fields, Type } from "../../../invariants/index.ts";
import { durationText } from "../../../invariants/syntax/durations.ts";
import type { Recorded } from "../../../invariants/replay/recorded.ts";
import { cexText } from "../../../verifier/counterexample.ts";
import { visible, visiblePath } from "../../../verifier/visible.ts";
import { STUDIO_LIMITS } from "../limits.ts";

/** Against the step before: `first` has none, `gone` was there and is not any more. */
export type Change = "first" | "same" | "changed" | "new" | "gone";

export interface WalkField {
  readonly name: string;
  readonly value: string;
  readonly change: Change;
  /** What it was, where it changed. */
  readonly before: string | null;
}

export interface WalkStep {
  readonly title: string;
  /** Where or when. */
  readonly place: string | null;
  readonly fields: readonly WalkField[];
}

export interface Walk {
  readonly title: string;
  readonly steps: readonly WalkStep[];
  /** What comes after the last step: it breaks, goes back, or stands still. */
  readonly end: string;
  /** Steps before these that are not shown. */
  readonly cut: number;
}

export const shownText = (text: string): string => visible(text.length > STUDIO_LIMITS.value_characters_max ? `${text.slice(0, STUDIO_LIMITS.value_characters_max).toWellFormed()}…` : text);

type Texts = ReadonlyMap<string, string>;

/** In the order of this state, what is gone last. Whole values are compared and shortened ones shown: two long ones may differ where nobody sees it. */
function fieldsOf(now: Texts, before: Texts | null): WalkField[] {
  const fields = [...now].map(([name, text]): WalkField => {
    const was = before?.get(name);
    const change: Change = before === null ? "first" : was === undefined ? "new" : was === text ? "same" : "changed";
    return { name: shownText(name), value: shownText(text), change, before: change === "changed" && was !== undefined ? shownText(was) : null };
  });
  const gone = [...(before ?? [])].filter(([name]) => !now.has(name)).map(([name, was]): WalkField => ({ name: shownText(name), value: "", change: "gone", before: shownText(was) }));
  return [...fields, ...gone];
}

interface Stop {
  readonly title: string;
  readonly place: string | null;
  readonly texts: Texts;
}

const stepsOf = (stops: readonly Stop[]): WalkStep[] => stops.map(({ title, place, texts }, i) => ({ title: shownText(title), place: place === null ? null : shownText(place), fields: fieldsOf(texts, stops[i - 1]?.texts ?? null) }));

const cexTexts = (fields: CexFields): Texts => new Map(Object.entries(fields).map(([name, value]) => [name, cexText(value)]));

export function walkOfCex({ invariant, engine, message, inputs, trace, loop_at, stutter, replay }: Counterexample): Walk {
  const doubt = replay.verdict === "reproduced" ? "" : " (when it was run again, this was not seen)";
  const title = shownText(`${invariant} breaks: ${message}${doubt}`);
  if (trace === null) return { title, steps: stepsOf([{ title: "what it was given", place: null, texts: cexTexts(inputs ?? {}) }]), end: `found by ${engine}`, cut: 0 };
  const stops = trace.map(({ action, location, state }) => ({ title: action, place: location === null ? null : `${visiblePath(location.path)}:${location.start_line}`, texts: cexTexts(state) }));
  const end = loop_at !== null ? `and back to step ${loop_at + 1}, for ever` : stutter ? "and nothing happens any more" : "here it breaks";
  return { title, steps: stepsOf(stops), end, cut: 0 };
}

const MICROS = 1_000_000n;

/** As a person writes it in an example: money in dollars, times with their unit; whatever is not of its type as JSON has it. */
function valueText(value: unknown, type: Type | undefined): string {
  const whole = typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value)) ? BigInt(value) : null;
  if (whole === null) return JSON.stringify(value) ?? "undefined";
  if (type?.name === "duration") return durationText(whole);
  if (type?.name !== "money") return String(whole);
  const size = whole < 0n ? -whole : whole;
  return `${whole < 0n ? "-" : ""}$${size / MICROS}.${String(size % MICROS).padStart(6, "0").replace(/0{1,4}$/, "")}`;
}

function eventTexts(recorded: Recorded, types: Types): Texts {
  const fields = types.get(recorded.event ?? "");
  return new Map(Object.entries(recorded.fields).map(([name, value]) => [name, valueText(value, fields?.get(name)?.type)]));
}

type Types = ReadonlyMap<string, Fields>;

export interface WalkedEvent {
  readonly recorded: Recorded;
  readonly at: string | null;
}

/** `events` in order, the last one that at which it became known. */
export function walkOfEvents(id: string, message: string, events: readonly WalkedEvent[], types: Types): Walk {
  const shown = events.slice(-STUDIO_LIMITS.walk_steps_max);
  const stops = shown.map(({ recorded, recorded: { event, line }, at }) => ({ title: event ?? "time passes", place: at === null ? `line ${line}` : `line ${line}, ${at}`, texts: eventTexts(recorded, types) }));
  // A field that this kind of event does not carry was not taken away.
  const steps = stepsOf(stops).map((step) => ({ ...step, fields: step.fields.filter(({ change }) => change !== "gone") }));
  return { title: shownText(`${id} breaks: ${message}`), steps, end: "here it breaks", cut: events.length - shown.length };
}
