/** The one place that says which episodes an estimate, a fit, an export or a verdict may rest on. Pure. */
import type { Episode, EpisodeOutcome } from "../../../proto/episode.ts";
import type { RewardDefinition } from "../../../proto/routing.ts";

/** With a reward that is known and is of that definition, where one is named. */
const rewarded = (outcome: EpisodeOutcome | null, wanted: Pick<RewardDefinition, "name" | "version"> | undefined): boolean =>
  outcome !== null && !outcome.censored && outcome.reward !== null && Number.isFinite(outcome.reward) && (wanted === undefined || (outcome.definition === wanted.name && outcome.version === wanted.version));

/**
 * Drawn freely, executed as drawn at the propensity that was logged, and its reward is known. `wanted`: rewards of another
 * definition or version are never pooled with it.
 */
export function learnable(episode: Episode, wanted?: Pick<RewardDefinition, "name" | "version">): boolean {
  const { forced, drawn, executed, propensity, eligible, outcome } = episode;
  const logged = eligible.find(({ arm }) => arm === executed)?.propensity;
  return forced === null && drawn === executed && propensity > 0 && propensity <= 1 && logged === propensity && rewarded(outcome, wanted);
}

/**
 * Drawn freely, and what the drawn arm brings is not known: the outcome is open, never came or cannot be known, or another
 * arm ran instead of it. Whoever left these out would judge an arm by the times that it answered.
 */
export function unanswered({ forced, drawn, executed, eligible, outcome }: Episode, { name, version }: Pick<RewardDefinition, "name" | "version">): boolean {
  const free = drawn === executed ? forced === null : forced === "fallback";
  const ours = outcome === null || (outcome.definition === name && outcome.version === version);
  return free && ours && eligible.some(({ arm, propensity }) => arm === drawn && propensity > 0) && (drawn !== executed || outcome === null || outcome.reward === null);
}
