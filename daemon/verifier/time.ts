/** Seconds since 1970 of a `Timestamp`, or `null` where the calendar has no such moment (a 31 February). */
export function timestampSeconds(timestamp: string): number | null {
  const ms = Date.parse(timestamp);
  if (Number.isNaN(ms) || timestampOf(ms / 1000) !== timestamp) return null;
  return ms / 1000;
}

/** RFC 3339, UTC, whole seconds; fractions are cut. */
export function timestampOf(seconds: number): string {
  return `${new Date(Math.floor(seconds) * 1000).toISOString().slice(0, 19)}Z`;
}
