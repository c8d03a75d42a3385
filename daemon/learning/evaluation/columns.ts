/** From rows to columns of numbers: what the candidate would have done where something else decided. A million rows are about a hundred megabytes. */
import type { RouterEntry } from "../../../proto/routing.ts";
import type { RoutingPolicy } from "../../../proto/routing-policy.ts";
import { cellsOf, placeOf, placesOf, propensities } from "../routing/propensities.ts";
import type { LogRow } from "./row.ts";

/** Grows by doubling. */
export class Column {
  #cells = new Float64Array(1_024);
  #rows = 0;

  push(value: number): void {
    if (this.#rows === this.#cells.length) {
      const grown = new Float64Array(2 * this.#rows);
      grown.set(this.#cells);
      this.#cells = grown;
    }
    this.#cells[this.#rows++] = value;
  }

  get values(): Float64Array {
    return this.#cells.subarray(0, this.#rows);
  }
}

/** What a policy would do in one kind of place: many rows share one. */
export interface Pattern {
  readonly arms: readonly number[];
  readonly shares: readonly number[];
}

export interface Columns {
  readonly p_eval: Float64Array;
  readonly p_log: Float64Array;
  /** NaN where nobody knows it. */
  readonly reward: Float64Array;
  readonly reach: Float64Array;
  readonly unsupported: Float64Array;
  /** What the variance of the row's weight is, of its context alone. */
  readonly weight_variance: Float64Array;
  readonly cell: Float64Array;
  readonly arm: Float64Array;
  readonly pattern: Float64Array;
  /** NaN where the outcome did not report it, or is not known. */
  readonly constraints: readonly Float64Array[];
}

/** How often each arm ran, against how often its propensities say. */
export interface Calibration {
  ran: number;
  expected: number;
  variance: number;
  /** What the candidate would have drawn of it over the safety rows: after costs, prices and guards, unlike a cell's means. */
  wanted: number;
}

const COLUMNS = ["p_eval", "p_log", "reward", "reach", "unsupported", "weight_variance", "cell", "arm", "pattern"] as const;

function fresh(constraints: number) {
  const columns = Object.fromEntries(COLUMNS.map((name) => [name, new Column()])) as Record<(typeof COLUMNS)[number], Column>;
  return { columns, constraints: Array.from({ length: constraints }, () => new Column()) };
}

const finished = ({ columns, constraints }: ReturnType<typeof fresh>): Columns => ({
  ...(Object.fromEntries(COLUMNS.map((name) => [name, columns[name].values])) as Record<(typeof COLUMNS)[number], Float64Array>),
  constraints: constraints.map(({ values }) => values),
});

/** How far the propensities of one row may add up to something else than one. */
const SHARES_TOLERANCE = 1e-6;

/** A row that contradicts itself speaks for nothing, and against the whole log. */
function isDecision({ arms, shares, executed, reward }: LogRow, { min, max }: RouterEntry["reward"]): boolean {
  const ran = shares[executed] ?? 0;
  const sum = shares.reduce((all, share) => all + share, 0);
  return arms.length === shares.length && ran > 0 && shares.every((share) => share >= 0 && share <= 1) && Math.abs(sum - 1) <= SHARES_TOLERANCE && (reward === null || (reward >= min && reward <= max));
}

/** Rows whose reward is known. */
export function answered(columns: Columns): Columns {
  const known = columns.reward.map((reward) => (Number.isNaN(reward) ? 0 : 1));
  if (!known.includes(0)) return columns;
  const kept = (column: Float64Array): Float64Array => column.filter((_, row) => known[row] === 1);
  return { ...(Object.fromEntries(COLUMNS.map((name) => [name, kept(columns[name])])) as Record<(typeof COLUMNS)[number], Float64Array>), constraints: columns.constraints.map(kept) };
}

export function createColumns(router: RouterEntry, policy: RoutingPolicy) {
  const bounds = router.constraints ?? [];
  const [search, safety] = [fresh(bounds.length), fresh(bounds.length)];
  const asked = { router, policy: { ...policy, cells: cellsOf(policy) } };
  const sizes = policy.buckets.map((bucket) => placesOf([bucket]));
  const patterns: Pattern[] = [];
  const known = new Map<string, number>();
  const calibration: Calibration[] = router.arms.map(() => ({ ran: 0, expected: 0, variance: 0, wanted: 0 }));
  const missing = bounds.map(() => 0);
  let refused = 0;

  const patternOf = (arms: readonly number[], shares: readonly number[]): number => {
    const name = `${arms.join(" ")}|${shares.join(" ")}`;
    const found = known.get(name);
    if (found !== undefined) return found;
    known.set(name, patterns.length);
    patterns.push({ arms, shares });
    return patterns.length - 1;
  };

  return {
    add(row: LogRow): void {
      if (!isDecision(row, router.reward)) {
        refused++;
        return;
      }
      const { context, prices, arms, shares, executed, reward } = row;
      const eligible = arms.map((place) => router.arms[place]).filter((arm) => arm !== undefined);
      // Rounding may leave a sum of shares above one by its last bit.
      const wanted = propensities({ ...asked, context, eligible, prices }).map(({ propensity }) => Math.min(propensity, 1));
      let [reach, unsupported, squares] = [0, 0, 0];
      for (const [i, p] of wanted.entries()) {
        const share = shares[i] ?? 0;
        if (share > 0) {
          reach = Math.max(reach, p / share);
          squares += (p / share) * p;
        } else unsupported += p;
        const arm = calibration[arms[i] ?? -1];
        if (arm !== undefined && row.safety) arm.wanted += p;
        // Of those that are known: whether they came depends on what ran is seen here.
        if (arm !== undefined && reward !== null) {
          arm.expected += share;
          arm.variance += share * (1 - share);
          if (i === executed) arm.ran++;
        }
      }
      const { columns, constraints } = row.safety ? safety : search;
      columns.p_eval.push(wanted[executed] ?? 0);
      columns.p_log.push(shares[executed] ?? 0);
      columns.reward.push(reward ?? Number.NaN);
      columns.reach.push(reach);
      columns.unsupported.push(unsupported);
      columns.weight_variance.push(Math.max(0, squares - (1 - unsupported) * (1 - unsupported)));
      columns.cell.push(placeOf(policy, context).reduce((at, bucket, field) => at * (sizes[field] ?? 1) + bucket, 0));
      columns.arm.push(arms[executed] ?? -1);
      columns.pattern.push(patternOf(arms, wanted));
      for (const [nth, bound] of bounds.entries()) {
        const said = row.constraints[nth] ?? null;
        if (said === null && reward !== null && row.safety) missing[nth] = (missing[nth] ?? 0) + 1;
        constraints[nth]?.push(said === null ? Number.NaN : Math.min(Math.max(said, bound.min), bound.max_value));
      }
    },
    /** What was added so far; the columns are the ones that grow. */
    taken: () => ({ search: finished(search), safety: finished(safety), patterns, calibration, missing, refused, cells: sizes.reduce((product, size) => product * size, 1) }),
  };
}
