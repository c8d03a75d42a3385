/** The daemon's own decisions as episodes: what a gate answered, and whether each check was run. Numbers and classes of what is on record; no text of a change. */
import type { GateResult } from "../../../proto/api.ts";
import { EMPTY_SHA256, UNDRAWN_SEED } from "../../../proto/episode.ts";
import type { ContextField, RouterEntry } from "../../../proto/routing.ts";
import type { Decision } from "./rows.ts";

const number = (name: string): ContextField => ({ name, type: "number" });
const arm = (id: string) => ({ id, reversible: false, reward: 0 });

/** Who would override does so within days; after that a decision stands. */
const STANDS_S = 7 * 86_400;

const GATE: RouterEntry = {
  id: "gate",
  context: [...["files", "added_lines", "removed_lines", "attempt", "checks", "gaps"].map(number), { name: "actor", type: "choice", values: ["human", "agent", "bot", "unknown"] }],
  arms: ["admit", "hold", "refuse"].map(arm),
  baseline: "hold",
  reward: { name: "gate-stands", version: 1, min: 0, max: 1 },
  value_usd_micro: 0,
  outcome_s: STANDS_S,
};

const CHECK: RouterEntry = {
  id: "check",
  context: [{ name: "check", type: "text" }, { name: "required", type: "boolean" }, ...["files", "added_lines", "removed_lines"].map(number)],
  arms: ["run", "reused", "skipped"].map(arm),
  baseline: "run",
  reward: { name: "check-answered", version: 1, min: 0, max: 1 },
  value_usd_micro: 0,
  outcome_s: STANDS_S,
};

export const OWN_ROUTERS: ReadonlyMap<string, RouterEntry> = new Map([GATE, CHECK].map((router) => [router.id, router]));
/** Nobody overrode it as long as that was to be expected. */
export const SILENCE: ReadonlyMap<string, number> = new Map([["gate", 1]]);

export interface OwnDecision {
  readonly decision: Decision;
  /** Known at once; null where time has to pass. */
  readonly reward: number | null;
  readonly cpu_us: number;
}


function fixed(router: RouterEntry, space: string, ran: string, context: Decision["context"], cpu_us: number, reason: string): Decision {
  return { router, space, context, eligible: [{ arm: ran, propensity: 1 }], drawn: ran, executed: ran, forced: "fixed", policy: EMPTY_SHA256, seed: UNDRAWN_SEED, counter: 0, epoch: 0, prices: {}, reserved: cpu_us === 0 ? {} : { cpu_us }, reason };
}

/** Under which the episode of a gate's attempt is found again. */
export const gateName = (gate_id: string, attempt: number): { readonly key: string; readonly asked: string } => ({ key: `${gate_id}#${attempt}`, asked: EMPTY_SHA256 });

export function gateDecision(space: string, { gate_id, attempt, verdict, card, timings }: GateResult): OwnDecision {
  const { files, added_lines, removed_lines, checks, gaps, actor } = card;
  const cpu_us = timings.usage?.cpu_us ?? 0;
  const context = { files, added_lines, removed_lines, attempt, checks: checks.length, gaps: gaps.length, actor: actor.class };
  return { decision: { ...fixed(GATE, space, verdict, context, cpu_us, "decided by policy"), named: gateName(gate_id, attempt) }, reward: null, cpu_us };
}

export function checkDecisions(space: string, { card, timings }: GateResult): OwnDecision[] {
  const { files, added_lines, removed_lines } = card;
  const used = new Map(timings.by_check.map(({ check, usage }) => [check, usage?.cpu_us ?? 0]));
  return card.checks.map(({ check, result, required, reused }) => {
    const ran = reused !== undefined ? "reused" : result === "not_applicable" ? "skipped" : "run";
    const cpu_us = reused === undefined ? (used.get(check) ?? 0) : 0;
    return { decision: fixed(CHECK, space, ran, { check, required, files, added_lines, removed_lines }, cpu_us, "decided by plan and what is kept"), reward: result === "unavailable" ? 0 : 1, cpu_us };
  });
}
