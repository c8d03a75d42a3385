/** The budget of one change: the host's and the base's, whichever is smaller. */
import type { ChangeBudget } from "../../proto/usage.ts";

const PARTS = ["wall_s", "cpu_s", "micro_usd"] as const;

/** What the base would allow beyond the host. */
export function looserBudget(host: ChangeBudget, base: ChangeBudget | undefined): string[] {
  return PARTS.flatMap((part) => {
    const [limit, wanted] = [host[part], base?.[part]];
    return limit !== undefined && wanted !== undefined && wanted > limit ? [`change_budget.${part}: ${wanted} is looser than the host's ${limit}`] : [];
  });
}

/** Nothing where neither limits anything, so that a gate's identity stays what it was. */
export function budgetOf(host: ChangeBudget, base: ChangeBudget | undefined): { readonly change_budget?: ChangeBudget } {
  const change_budget = { ...host, ...base };
  return Object.keys(change_budget).length === 0 ? {} : { change_budget };
}
