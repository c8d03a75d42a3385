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

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|([+-])(\d\d):(\d\d))$/;

/**
 * Seconds of a time that another tool wrote (RFC 3339 section 5.6; fractions are cut), or `null`. Not `Date.parse`: what that takes beyond the
 * format, and whether a 30 February is one, differs from browser to browser and with the machine's time zone.
 */
export function foreignSeconds(text: string): number | null {
  const [, year = "", month = "", day = "", hour = "", minute = "", second = "", sign, hours = "0", minutes = "0"] = RFC3339.exec(text) ?? [];
  const local_s = timestampSeconds(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (local_s === null || Number(hours) > 23 || Number(minutes) > 59) return null;
  return local_s - (sign === "-" ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60);
}
