/** Whether something can have been a decision. Pure: what is wrong with it, or null. */
import { SHARES_TOLERANCE } from "../../../proto/episode.ts";
import type { Context, ContextField, FORCED, OutcomeRequest, RewardDefinition, RouterEntry, Share } from "../../../proto/routing.ts";
import { maskPersonal } from "../../checking/personal.ts";
import { credentialsIn } from "../../checking/redact.ts";

export interface Drawn {
  readonly eligible: readonly Share[];
  readonly executed: string;
  readonly forced: (typeof FORCED)[number] | null;
}

/** What is estimated divides by it: one report of a smaller one would leave no sum of weights to estimate by. */
const PROPENSITY_MIN = 1e-9;

const isShare = (value: number): boolean => Number.isFinite(value) && value >= 0 && value <= 1;

/** What is wrong with the eligible arms, or with the one that ran. */
export function drawnProblem({ eligible, executed, forced }: Drawn, arms: readonly string[]): string | null {
  for (const { arm, propensity } of eligible) {
    if (!arms.includes(arm)) return `eligible: the router has no arm ${arm}`;
    if (!isShare(propensity)) return `eligible: the propensity of ${arm} is ${propensity}, and has to be from 0 to 1`;
  }
  if (new Set(eligible.map(({ arm }) => arm)).size < eligible.length) return "eligible: an arm is named twice";
  const sum = eligible.reduce((all, { propensity }) => all + propensity, 0);
  if (!(Math.abs(sum - 1) <= SHARES_TOLERANCE)) return `eligible: the propensities add up to ${sum}, not to 1 within ${SHARES_TOLERANCE}`;
  if (!arms.includes(executed)) return `executed: the router has no arm ${executed}`;
  if (forced !== null) return null;
  const share = eligible.find(({ arm }) => arm === executed);
  if (share === undefined) return `executed: ${executed} is not among the eligible arms; say in forced why it ran`;
  if (share.propensity === 0) return `executed: ${executed} ran at a propensity of 0; an arm that cannot be drawn can only have been forced`;
  return share.propensity >= PROPENSITY_MIN ? null : `executed: ${executed} ran at a propensity of ${share.propensity}, and what is drawn has at least ${PROPENSITY_MIN}`;
}

function valueProblem({ name, type, values }: ContextField, value: Context[string]): string | null {
  const is = type === "choice" || type === "text" ? "string" : type;
  if (typeof value !== is) return `context.${name}: a ${type} is wanted`;
  if (typeof value === "number" && !Number.isFinite(value)) return `context.${name}: ${value} is no number`;
  if (typeof value === "string" && !value.isWellFormed()) return `context.${name}: half of a surrogate pair`;
  if (type !== "choice") return null;
  if (values?.includes(String(value)) !== true) return `context.${name}: not one of the values that the router declares`;
  return maskPersonal(String(value)) === value && credentialsIn(String(value)) === 0 ? null : `context.${name}: this value reads as somebody's address, number or key, and is not kept; give it another name in the host configuration`;
}

/** A field that nobody declared is refused, so that nothing is stored by accident; one that is absent is absent. */
export function contextProblem(fields: readonly ContextField[], context: Context): string | null {
  for (const [name, value] of Object.entries(context)) {
    const field = fields.find((each) => each.name === name);
    const problem = field === undefined ? `context.${name}: the router declares no such field` : valueProblem(field, value);
    if (problem !== null) return problem;
  }
  return null;
}

/** What is wrong with an outcome, by the definition that the decision was made under. */
export function outcomeProblem({ min, max, name }: RewardDefinition, router: Pick<RouterEntry, "constraints" | "arms"> | null, { reward, constraints, executed }: OutcomeRequest): string | null {
  if (reward !== null && !(Number.isFinite(reward) && reward >= min && reward <= max)) return `reward: ${reward} is not within ${min} and ${max} of ${name}`;
  for (const [key, value] of Object.entries(constraints ?? {})) {
    const entry = router?.constraints?.find((each) => each.name === key);
    if (entry === undefined) return `constraints.${key}: the router declares no such constraint`;
    if (!(Number.isFinite(value) && value >= entry.min && value <= entry.max_value)) return `constraints.${key}: ${value} is not within ${entry.min} and ${entry.max_value}`;
  }
  return executed === undefined || router?.arms.some(({ id }) => id === executed) === true ? null : `executed: the router has no arm ${executed}`;
}
