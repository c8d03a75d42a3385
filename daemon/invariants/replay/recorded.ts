/** One recorded event, as examples, `/v1/events` and a line of a recording write it. */
import { durationMs } from "../syntax/durations.ts";

export interface RecordedTime {
  readonly ms: number;
  /** Since the beginning, such as `90s`; else a date. The two do not mix. */
  readonly relative: boolean;
}

type Fields = Readonly<Record<string, unknown>>;
export interface Recorded {
  /** From 1. */
  readonly line: number;
  /** `null`: a moment at which nothing happened, as the last one of an example. */
  readonly event: string | null;
  /** `null`: it says no time. */
  readonly time: RecordedTime | null;
  readonly fields: Fields;
  /** What was before the action. */
  readonly old: Fields | undefined;
}

const DATE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,3}))?Z$/;

/** Milliseconds since 1970, RFC 3339 in UTC, or the time since the beginning as examples write it; `null` for anything else. */
export function recordedTime(at: unknown): RecordedTime | null {
  if (typeof at === "number") return Number.isSafeInteger(at) && at >= 0 ? { ms: at, relative: false } : null;
  if (typeof at !== "string") return null;
  const [, date, fraction = ""] = DATE.exec(at) ?? [];
  if (date !== undefined) {
    const exact = `${date}.${fraction.padEnd(3, "0")}Z`;
    const ms = Date.parse(exact);
    // A 31 February parses in some engines, as a day of March.
    return Number.isNaN(ms) || new Date(ms).toISOString() !== exact ? null : { ms, relative: false };
  }
  const ms = durationMs(at);
  return ms === null || ms < 0n || ms > BigInt(Number.MAX_SAFE_INTEGER) ? null : { ms: Number(ms), relative: true };
}

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** `wrong` follows the line's place in a sentence. */
export type Read = { readonly event: Recorded } | { readonly wrong: string };

/** `{"event": NAME, "at": TIME, "with": {...}, "old": {...}}`; `last` is the time of the one before. */
export function readRecorded(text: string, line: number, last: RecordedTime | null): Read {
  const value = parsed(text);
  return isFields(value) ? recordedOf(value, line, last) : { wrong: " is no JSON object" };
}

export function recordedOf(value: Fields, line: number, last: RecordedTime | null): Read {
  const { at, with: fields = {}, old } = value;
  const time = at === undefined ? null : recordedTime(at);
  if (at !== undefined && time === null) return { wrong: ': at is no time; write "2026-11-22T08:30:00Z", milliseconds since 1970, or the time since the beginning such as "90s"' };
  if (time !== null && last !== null && last.relative !== time.relative) return { wrong: ": a date and a time since the beginning do not mix; write one of the two throughout" };
  const event = value["event"] ?? (at === undefined || "with" in value ? undefined : null);
  if ((typeof event !== "string" && event !== null) || !isFields(fields) || (old !== undefined && !isFields(old))) return { wrong: ' is no event; write {"event": "model_call", "with": {...}}' };
  return { event: { line, event, time, fields, old } };
}
