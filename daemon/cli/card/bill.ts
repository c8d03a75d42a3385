/** What the change cost in all, from the ledger; beside the signed card. */
import type { ChangeCost } from "../../../proto/usage.ts";
import { plural } from "./wording.ts";

const US = 1e6;
const SHARES_SHOWN_MAX = 8;
const seconds = (us: number): string => (us / US).toFixed(us < 10 * US ? 2 : 0);

/** Calls that nobody knows of are unknown, not none. */
function coverageText({ runs_named, runs_reported, calls_made, calls_reported, tokens }: NonNullable<ChangeCost["reported"]>): string {
  const calls = `${calls_reported} of ${calls_made ?? "an unknown number of"} calls reported`;
  const runs = runs_named === 1 && runs_reported === 1 ? "" : `, ${runs_reported} of ${plural(runs_named, "run")}`;
  return `${calls}${runs}${tokens === null ? "" : `, ${tokens} tokens`}`;
}

type Part = Pick<ChangeCost, "runs" | "died" | "wall_us" | "cpu_us">;

function spentText({ runs, died, wall_us, cpu_us }: Part): string {
  const dead = died === 0 ? "" : `, ${died} of them charged in full as their daemon died`;
  return `${plural(runs, "run")}${dead}, ${seconds(wall_us)} s of gates, ${seconds(cpu_us)} s of processors`;
}

/** Who paid is said where that is not simply everything. */
function shareTexts({ runs, paid = [] }: ChangeCost): string[] {
  const parts = paid.filter((part) => part.runs < runs);
  const more = parts.length - SHARES_SHOWN_MAX;
  return [...parts.slice(0, SHARES_SHOWN_MAX).map((part) => `of it ${part.payer}: ${spentText(part)}`), ...(more > 0 ? [`and ${more} more, in --json`] : [])];
}

export function billTexts(cost: ChangeCost): string[] {
  return [...(cost.reported === null ? [] : [coverageText(cost.reported)]), `this change so far: ${spentText(cost)}`, ...shareTexts(cost)];
}
