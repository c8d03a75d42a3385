/** The rule of a circuit breaker. Pure: seconds and results in, the next state out. */
import { Type, type Static } from "@sinclair/typebox";
import { Closed, Count, ShortText } from "../../../proto/scalar.ts";
import type { BreakerLimits } from "../../../proto/limits.ts";

const FAILURES_KEPT_MAX = 1_000;

/** As it is kept on disk. Half-open is no state of its own: it is open, and its time is over. */
export const BreakerRecord = Closed({
  /** Times of the failures within the window, oldest first; empty while it is open. */
  failures_s: Type.Array(Count, { maxItems: FAILURES_KEPT_MAX }),
  /** How often it has opened. Never less than before, so that a person's word on one opening is none on another. */
  trips: Count,
  /** Openings without a success in between; each one lasts twice as long as the one before. */
  streak: Count,
  open: Type.Union([Closed({ since_s: Count, until_s: Count, reason: ShortText }), Type.Null()]),
});
export type BreakerRecord = Static<typeof BreakerRecord>;

export const CLOSED: BreakerRecord = { failures_s: [], trips: 0, streak: 0, open: null };
const REASON_CHARACTERS_MAX = 500;

export type Policy = Pick<BreakerLimits, "failures_max" | "window_ms" | "open_ms" | "open_ms_max" | "probes">;

export type Phase = "closed" | "open" | "half-open";
export const phaseOf = ({ open }: BreakerRecord, now_s: number): Phase => (open === null ? "closed" : now_s < open.until_s ? "open" : "half-open");

/** Whether one more may begin while `probing` are under way. */
export function admits(record: BreakerRecord, now_s: number, probing: number, { probes }: Policy): boolean {
  const phase = phaseOf(record, now_s);
  return phase === "closed" || (phase === "half-open" && probing < probes);
}

function opened(record: BreakerRecord, now_s: number, reason: string, { open_ms, open_ms_max }: Policy): BreakerRecord {
  const lasts_s = Math.ceil(Math.min(open_ms * 2 ** Math.min(record.streak, 30), open_ms_max) / 1000);
  return { failures_s: [], trips: record.trips + 1, streak: record.streak + 1, open: { since_s: now_s, until_s: now_s + lasts_s, reason: reason.slice(0, REASON_CHARACTERS_MAX) } };
}

/** `began`: in which phase the work that failed was let in. What was let in before it opened says nothing new. */
export function failed(record: BreakerRecord, now_s: number, reason: string, began: Phase, policy: Policy): BreakerRecord {
  const phase = phaseOf(record, now_s);
  if (began === "half-open" && phase === "half-open") return opened(record, now_s, reason, policy);
  if (phase !== "closed") return record;
  const failures_s = [...record.failures_s.filter((at_s) => at_s > now_s - policy.window_ms / 1000), now_s];
  if (failures_s.length < Math.min(policy.failures_max, FAILURES_KEPT_MAX)) return { ...record, failures_s };
  return opened(record, now_s, reason, policy);
}

/** A success closes it only where it was let in to try. While it is closed, old failures stay until their time is over. */
export function succeeded(record: BreakerRecord, now_s: number, began: Phase): BreakerRecord {
  return began === "half-open" && phaseOf(record, now_s) === "half-open" ? closed(record) : record;
}

/** As if nothing had failed; how often it opened stays. */
export function closed(record: BreakerRecord): BreakerRecord {
  return { ...CLOSED, trips: record.trips };
}
