/** Hours of UTC, as partitions are cut: leap seconds are none of this clock's, so each has as many milliseconds. */
export const HOUR_MS = 3_600_000;

export const hourStart = (at_ms: number): number => at_ms - (at_ms % HOUR_MS);

/** `2026-11-22T23`: sorts as time does, and no file system minds it. */
export const hourName = (at_ms: number): string => new Date(hourStart(at_ms)).toISOString().slice(0, 13);

/** Null for what is no name of an hour. */
export function hourOf(name: string): number | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d$/.test(name)) return null;
  const at_ms = Date.parse(`${name}:00:00Z`);
  return Number.isFinite(at_ms) && hourName(at_ms) === name ? at_ms : null;
}
