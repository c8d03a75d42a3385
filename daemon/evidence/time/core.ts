/**
 * Which time an entry of the log bears. Wall time, but never before the newest
 * entry; and when the wall clock runs ahead of the time that really passed, log
 * time stands still: an entry from the future could never be taken back.
 */
import { Type, type Static } from "@sinclair/typebox";
import { Closed, Count } from "../../../proto/scalar.ts";

/** Steps of the wall clock since the anchor, added up, beyond which log time freezes. NTP corrects less; a wrong year is more. */
export const FORWARD_STEP_MS_MAX = 3_600_000;

/** Both clocks at one moment, in milliseconds. */
export interface Reading {
  readonly wall_ms: number;
  readonly boottime_ms: number;
}

const Milliseconds = Type.Number({ minimum: 0 });

/** Kept in the store, so that a restart neither forgets a freeze nor overlooks a step that was made meanwhile. */
export const TimeRecord = Closed({
  anchor: Closed({ boot_id: Type.Union([Type.String({ maxLength: 64 }), Type.Null()]), wall_ms: Milliseconds, boottime_ms: Milliseconds }),
  frozen: Type.Union([Type.Null(), Closed({ time_s: Count, step_ms: Milliseconds })]),
});
export type TimeRecord = Static<typeof TimeRecord>;

/** How far the wall clock has been set forward since the anchor; negative where it was set back. */
export const stepMs = (anchor: Reading, now: Reading): number => now.wall_ms - anchor.wall_ms - (now.boottime_ms - anchor.boottime_ms);

/**
 * The record to go on with when the daemon starts. Within one boot the old
 * anchor stays good; after another boot only the freeze is left of it.
 */
export function resumed(record: TimeRecord | undefined, boot_id: string | null, now: Reading): TimeRecord {
  if (record !== undefined && boot_id !== null && record.anchor.boot_id === boot_id) return record;
  return { anchor: { boot_id, ...now }, frozen: record?.frozen ?? null };
}

/** The record after a look at the clocks: the same object unless log time froze just now. `newest_s` is the newest entry's time. */
export function looked(record: TimeRecord, now: Reading, newest_s: number): TimeRecord {
  const step_ms = stepMs(record.anchor, now);
  if (record.frozen !== null || step_ms <= FORWARD_STEP_MS_MAX) return record;
  const honest_s = Math.floor((now.wall_ms - step_ms) / 1000);
  return { ...record, frozen: { time_s: Math.max(newest_s, honest_s), step_ms } };
}

/** Seconds since 1970 for the next entry, under a record that has just looked. */
export function nextSeconds({ frozen }: TimeRecord, now: Reading, newest_s: number): number {
  return Math.max(newest_s, frozen === null ? Math.floor(now.wall_ms / 1000) : frozen.time_s);
}
