/** Arithmetic of reports: whole units as decimal strings, so that nothing is rounded twice. Pure. */
import type { Kpi } from "../../proto/report-kpi.ts";

/** Digits behind the point of every share and rate. */
export const SHARE_SCALE = 3;

type Head = Pick<Kpi, "id" | "title" | "formula" | "goal" | "unit">;

export interface Parts {
  readonly n: number;
  readonly value: bigint;
  readonly scale?: number;
  readonly parts?: Readonly<Record<string, number | bigint>>;
}

export function measured(head: Head, { n, value, scale = 0, parts = {} }: Parts): Kpi {
  return { ...head, n, value: String(value), scale, unmeasured: null, parts: Object.entries(parts).map(([name, part]) => ({ name, value: String(part) })) };
}

/** `because` says what would have to be there. */
export function unmeasured(head: Head, because: string): Kpi {
  return { ...head, n: 0, value: null, scale: 0, unmeasured: because, parts: [] };
}

/** `part` of `whole` in units of 10^-scale, half up. Requires whole > 0 and part >= 0. */
export function ratio(part: bigint, whole: bigint, scale: number): bigint {
  return (2n * part * 10n ** BigInt(scale) + whole) / (2n * whole);
}

/** A share in percent, or `null` of nothing. */
export const percent = (part: number, whole: number): bigint | null => (whole === 0 ? null : ratio(BigInt(part) * 100n, BigInt(whole), SHARE_SCALE));

/** Nearest rank: the smallest value that at least `share` percent of the values do not exceed. Requires a value. */
export function nearestRank(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil((share * sorted.length) / 100) - 1)];
  if (value === undefined) throw new RangeError("nearestRank: no values");
  return value;
}
