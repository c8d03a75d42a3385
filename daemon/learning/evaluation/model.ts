/** A table of rewards by cell and arm, drawn to the arm's own mean where little was seen: the model of estimators that have one. */
import type { Model } from "../../../kernels/ope/index.ts";
import type { Columns, Pattern } from "./columns.ts";

/** As if so many rows had said what the arm brings elsewhere. */
const SHRINK_ROWS = 10;
/** Each fold's rows are asked of a table that the other folds made. */
export const FOLDS = 5;

interface Shape {
  readonly cells: number;
  readonly arms: number;
}

type Table = (cell: number, arm: number) => number;

/** Of the rows that `counts` says. `middle` answers for an arm that was never seen. */
function tableOf({ cell, arm, reward }: Pick<Columns, "cell" | "arm" | "reward">, { cells, arms }: Shape, counts: (row: number) => boolean, middle: number): Table {
  const sums = new Float64Array(cells * arms);
  const seen = new Float64Array(cells * arms);
  const arm_sums = new Float64Array(arms);
  const arm_seen = new Float64Array(arms);
  for (let row = 0; row < reward.length; row++) {
    const [c, a, r] = [cell[row] ?? 0, arm[row] ?? 0, reward[row] ?? Number.NaN];
    if (!counts(row) || Number.isNaN(r)) continue;
    const at = c * arms + a;
    sums[at] = (sums[at] ?? 0) + r;
    seen[at] = (seen[at] ?? 0) + 1;
    arm_sums[a] = (arm_sums[a] ?? 0) + r;
    arm_seen[a] = (arm_seen[a] ?? 0) + 1;
  }
  return (c, a) => {
    const of_arm = (arm_seen[a] ?? 0) > 0 ? (arm_sums[a] ?? 0) / (arm_seen[a] ?? 1) : middle;
    const at = c * arms + a;
    return ((sums[at] ?? 0) + SHRINK_ROWS * of_arm) / ((seen[at] ?? 0) + SHRINK_ROWS);
  };
}

function asked({ cell, arm, pattern }: Columns, patterns: readonly Pattern[], tableFor: (row: number) => Table): Model {
  const q_logged = new Float64Array(cell.length);
  const q_pi = new Float64Array(cell.length);
  for (let row = 0; row < cell.length; row++) {
    const [table, at] = [tableFor(row), cell[row] ?? 0];
    const { arms, shares } = patterns[pattern[row] ?? -1] ?? { arms: [], shares: [] };
    q_logged[row] = table(at, arm[row] ?? 0);
    let value = 0;
    for (const [i, a] of arms.entries()) if ((shares[i] ?? 0) > 0) value += (shares[i] ?? 0) * table(at, a);
    q_pi[row] = value;
  }
  return { q_logged, q_pi };
}

/** Each row asked of a table that it was no part of. */
export function crossFitted(columns: Columns, patterns: readonly Pattern[], shape: Shape, middle: number): Model {
  const tables = Array.from({ length: FOLDS }, (_, fold) => tableOf(columns, shape, (row) => row % FOLDS !== fold, middle));
  const [first = () => middle] = tables;
  return asked(columns, patterns, (row) => tables[row % FOLDS] ?? first);
}

/** Rows asked of a table made of others alone: what the verdict may use, because it is fixed before its rows are looked at. */
export function fittedOn(others: Columns, columns: Columns, patterns: readonly Pattern[], shape: Shape, middle: number): Model {
  const table = tableOf(others, shape, () => true, middle);
  return asked(columns, patterns, () => table);
}
