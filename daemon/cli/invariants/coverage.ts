/** How much of what is critical in this daemon a rule guards. Computed of the rules that ship and of where the daemon asks them. */
import { EXIT } from "../../../proto/errors.ts";
import shipped from "../../../invariants/compiled.json";
import flows from "../../../invariants/flows.json";
import { coverageOf, type Flow } from "../../invariants/coverage.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { printJson } from "../document.ts";
import { note, print } from "../output.ts";

/** Of a thousand critical flows. */
const GOAL_PER_MILLE = 900;

const words = ({ cover }: Flow): string => ("open" in cover ? `no rule: ${cover.open}` : "derived" in cover ? `not critical: ${cover.derived}` : cover.join(", "));

/** Exit 1 below the goal, and where a row says what is not so. */
export function coverage(json: boolean): number {
  const all: readonly Flow[] = flows;
  const { critical, guarded, generic, open, wrong } = coverageOf(all, shipped.invariants);
  const per_mille = critical === 0 ? 0 : Math.floor((1_000 * guarded) / critical);
  const met = per_mille >= GOAL_PER_MILLE && wrong.length === 0;
  if (json) printJson({ ok: met, per_mille, goal_per_mille: GOAL_PER_MILLE, critical, guarded, generic, invariants: shipped.invariants.length, open: open.map((one) => ({ ...one })), wrong: [...wrong], flows: all.map(({ name, cover, events }) => ({ name, events: [...events], ...("open" in cover || "derived" in cover ? { because: words({ name, cover, events }) } : { invariants: [...cover] }) })) });
  else {
    for (const flow of all) print(`${escapeTerminal(flow.name)}  ${escapeTerminal(words(flow))}`);
    for (const one of wrong) print(`wrong: ${escapeTerminal(one)}`);
    note(`maestro: ${per_mille / 10} % of critical flows are guarded (${guarded} of ${critical}; goal ${GOAL_PER_MILLE / 10} %), by ${shipped.invariants.length} invariants; ${generic} of them by those alone that are asked of every request`);
  }
  return met ? EXIT.admit : EXIT.refuse;
}
