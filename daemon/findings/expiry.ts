/** When a waiver ends. Pure: the day is handed in, in UTC, from the time of the log. */

const DAY = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/;
const DAY_MS = 86_400_000;

/** Start of the day in ms since 1970, or null for what is no day of the calendar, such as 2026-02-30. */
function dayOf(text: string): number | null {
  const found = DAY.exec(text);
  if (found === null) return null;
  const start_ms = Date.UTC(Number(found[1]), Number(found[2]) - 1, Number(found[3]));
  return new Date(start_ms).toISOString().slice(0, 10) === text ? start_ms : null;
}

/** Why a waiver no longer counts at `now_ms`, or null while it does: its last day is part of it. No date, or a bad one, is a past one. */
export function expiredBecause(until: string | null, now_ms: number): string | null {
  if (until === null) return "it has no date: write `until` and its last day";
  const start_ms = dayOf(until);
  if (start_ms === null) return "its date is not a day, as in 2026-12-01";
  return now_ms < start_ms + DAY_MS ? null : `it ended with ${until}`;
}

/** Whole seconds from `now_ms` to the end of that day; 0 where it is over or no day. */
export function secondsLeft(until: string | null, now_ms: number): number {
  const start_ms = until === null ? null : dayOf(until);
  return start_ms === null ? 0 : Math.max(0, Math.floor((start_ms + DAY_MS - now_ms) / 1000));
}
