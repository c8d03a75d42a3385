/** When a recorded event happened. */
import { timestampSeconds } from "../../verifier/time.ts";
import { durationMs } from "../../invariants/syntax/durations.ts";

export interface RecordedTime {
  readonly ms: number;
  /** Since the beginning, such as `90s`; else a date. The two do not mix. */
  readonly relative: boolean;
}

const DATE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,3})?Z$/;

/** Milliseconds since 1970, RFC 3339 in UTC, or the time since the beginning as examples write it; `null` for anything else. */
export function recordedTime(at: unknown): RecordedTime | null {
  if (typeof at === "number") return Number.isSafeInteger(at) && at >= 0 ? { ms: at, relative: false } : null;
  if (typeof at !== "string") return null;
  const [, date, fraction = ""] = DATE.exec(at) ?? [];
  if (date !== undefined) {
    const seconds = timestampSeconds(`${date}Z`);
    return seconds === null ? null : { ms: seconds * 1_000 + Number(fraction.slice(1).padEnd(3, "0")), relative: false };
  }
  const ms = durationMs(at);
  return ms === null || ms < 0n || ms > BigInt(Number.MAX_SAFE_INTEGER) ? null : { ms: Number(ms), relative: true };
}
