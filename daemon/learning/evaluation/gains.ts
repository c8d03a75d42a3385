/**
 * What each row says of the candidate, with ends that follow from the bound on weights alone. Where a row cannot speak
 * (an arm that was never drawn there, a weight that could have been above the bound, an outcome that nobody knows) it counts as the worst it can mean:
 * as little reward as there is where a lower bound is asked for, as much where an upper one is.
 */
import type { Decisions, Model } from "../../../kernels/ope/index.ts";
import type { GainForm } from "../../../proto/evaluation.ts";
import type { Bounded } from "./bounds.ts";

/** One column for each thing that is known of a row. */
export interface Judged {
  readonly decisions: Decisions;
  /** Largest weight that this row could have had, whichever arm had been drawn: of its context alone. */
  readonly reach: Float64Array;
  /** Mass of the candidate on arms that could not have been drawn. */
  readonly unsupported: Float64Array;
  /** Fitted without these rows, and within the ends of the reward: cut off there it would have another mean. Null where there is none. */
  readonly model: Model | null;
}

export interface Ends {
  readonly least: number;
  readonly most: number;
}

/** How rows are written; chosen before the rows that count were looked at. */
export interface Writing {
  readonly form: GainForm;
  /** Largest weight that counts. */
  readonly weight_bound: number;
  /** Whether rows with unsupported mass count by the part that is supported; where the search split had none, such a row is the worst as a whole. */
  readonly partly: boolean;
}

export type Side = "lower" | "upper";

/** Ends may touch, where no weight can differ from 1; bets need some room between them. */
const ROOM = 1e-9;

const outOfReach = ({ reach, unsupported }: Judged, { weight_bound, partly }: Writing, row: number): boolean => !((reach[row] ?? Number.NaN) <= weight_bound) || (!partly && unsupported[row] !== 0);

/** Rows that count as the worst they can mean. */
export function worstRows(judged: Judged, writing: Writing): number {
  let rows = 0;
  for (let row = 0; row < judged.reach.length; row++) if (outOfReach(judged, writing, row)) rows++;
  return rows;
}

function endsOf(form: GainForm, side: Side, bound: number, loose: number, range: number): Ends {
  const up = Math.max(bound - 1, ROOM);
  if (form === "model") return { least: -(Math.max(bound, 1) + loose) * range, most: (Math.max(bound, 1) + loose) * range };
  const wide = Math.max(up + loose, 1) * range;
  if (form === "from-least") return { least: -range, most: side === "lower" ? up * range : wide };
  return { least: side === "lower" ? -wide : -up * range, most: range };
}

/** Candidate less what was logged, row by row: each row's mean is at most the true gain (`lower`), or at least it (`upper`). In units of reward. */
export function gains(judged: Judged, { least, most }: Ends, writing: Writing, side: Side): Bounded {
  const { form, weight_bound, partly } = writing;
  const { decisions: { p_eval, p_log, reward }, model, unsupported } = judged;
  if (form === "model" && model === null) throw new RangeError("no model of the reward to write the gain with");
  const range = most - least;
  const values = reward.map((said, i) => {
    const w = (p_eval[i] ?? Number.NaN) / (p_log[i] ?? Number.NaN);
    const out = outOfReach(judged, writing, i);
    // The gain is (w - 1) times the reward and what does not depend on it, so that decides which unknown reward is the worst.
    const r = Number.isNaN(said) ? (side === "lower" === (!out && w >= 1) ? least : most) : said;
    if (out) return (side === "lower" ? least : most) - r;
    const loose = (unsupported[i] ?? Number.NaN) * range;
    if (form === "from-least") return (w - 1) * (r - least) + (side === "upper" ? loose : 0);
    if (form === "from-most") return (w - 1) * (r - most) - (side === "lower" ? loose : 0);
    return (model?.q_pi[i] ?? Number.NaN) + w * (r - (model?.q_logged[i] ?? Number.NaN)) - r + (side === "upper" ? loose : -loose);
  });
  return { values, ...endsOf(form, side, weight_bound, partly ? 1 : 0, range) };
}

/** What an episode would bring of something, in its own units less `least`; the same rules. `values` lie in the ends, or are NaN. */
export function amounts(judged: Judged, values: Float64Array, { least, most }: Ends, writing: Omit<Writing, "form"> & { readonly form: "from-least" | "from-most" }, side: Side): Bounded {
  const { form, weight_bound, partly } = writing;
  const { decisions: { p_eval, p_log }, unsupported } = judged;
  const range = most - least;
  const rows = values.map((said, i) => {
    const c = Number.isNaN(said) ? (side === "lower" ? least : most) : said;
    if (outOfReach(judged, writing, i)) return side === "lower" ? 0 : range;
    const w = (p_eval[i] ?? Number.NaN) / (p_log[i] ?? Number.NaN);
    const loose = (unsupported[i] ?? Number.NaN) * range;
    if (form === "from-least") return w * (c - least) + (side === "upper" ? loose : 0);
    return range + w * (c - most) - (side === "lower" ? loose : 0);
  });
  const [bound, extra] = [Math.max(weight_bound, ROOM), partly ? 1 : 0];
  if (form === "from-least") return { values: rows, least: 0, most: (side === "upper" ? Math.max(bound + extra, 1) : bound) * range };
  return { values: rows, least: (1 - Math.max(side === "lower" ? bound + extra : bound, 1)) * range - ROOM * range, most: range };
}
