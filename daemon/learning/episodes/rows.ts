/** From a decision to its rows, and back to the episode that they are. */
import type { Episode, Split } from "../../../proto/episode.ts";
import { EPISODE_BYTES_MAX } from "../../../proto/episode.ts";
import { canonicalNumbers } from "../../../proto/canonical.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Context, RouterEntry, Share } from "../../../proto/routing.ts";
import { contextProblem, drawnProblem } from "./decision.ts";
import { idOf } from "./id.ts";
import { filterContext, filterText, type Pseudonym } from "./privacy/index.ts";
import { type EpisodeKey, type EpisodeRow, type EpisodeTables, fitsInline, type Large, type OutcomeRow, piecesOf, REASON_CHARACTERS_MAX } from "./table.ts";

/** What was decided, as whoever decided knows it. `forced`: then its propensity is 1, whatever the shares say. */
export interface Decision extends Pick<Episode, "space" | "context" | "drawn" | "executed" | "forced" | "policy" | "seed" | "counter" | "epoch" | "prices" | "reserved" | "reason"> {
  readonly router: RouterEntry;
  readonly eligible: readonly Share[];
  /** Absent: now. */
  readonly at_ms?: number;
  /** The asker's own name for it, and a digest of what was asked. */
  readonly named?: { readonly key: string; readonly asked: string };
}

export interface Making {
  readonly key: EpisodeKey;
  readonly split: Split;
  readonly pseudonym: Pseudonym;
  readonly named: string | null;
}

const refused = (problem: string): MaestroError => new MaestroError("learning.episode", problem);

/** Throws `learning.episode` for what cannot have been a decision of that router. */
export function checkDecision({ router, eligible, drawn, executed, forced, context }: Decision): void {
  const arms = router.arms.map(({ id }) => id);
  const problem = drawnProblem({ eligible, executed, forced }, arms) ?? (arms.includes(drawn) ? null : `drawn: the router has no arm ${drawn}`) ?? contextProblem(router.context, context);
  if (problem !== null) throw refused(problem);
  if (forced === null && drawn !== executed) throw refused(`executed: ${drawn} was drawn and ${executed} ran, and nothing says what forced it`);
}

/** The row, and the pieces that do not fit it. Nothing in them was not filtered. Throws `learning.episode` for what is too large. */
export function rowOf(decision: Decision, { key: [at_ms], split, pseudonym, named }: Making): { readonly row: EpisodeRow; readonly pieces: readonly string[] } {
  const { router, space, drawn, executed, eligible, forced, policy, seed, counter, epoch, prices, reserved } = decision;
  const { context, redacted } = filterContext(router.context, decision.context, pseudonym);
  const said = filterText(decision.reason, REASON_CHARACTERS_MAX);
  const large: Large = { context, eligible: eligible.map(({ arm, propensity }) => ({ arm, propensity })) };
  const text = canonicalNumbers(large);
  const bytes = Buffer.byteLength(text);
  if (bytes > EPISODE_BYTES_MAX) throw refused(`context and eligible arms are ${bytes} bytes, and an episode has room for ${EPISODE_BYTES_MAX} (episode_bytes_max)`);
  const inline = fitsInline(bytes);
  const pieces = inline ? [] : piecesOf(text);
  const propensity = forced === null ? (eligible.find(({ arm }) => arm === executed)?.propensity ?? 0) : 1;
  const counts = Object.fromEntries(Object.entries(redacted).map(([of, n]) => [of, n + said.redacted[of as keyof typeof redacted]])) as typeof redacted;
  const row: EpisodeRow = {
    router: router.id, space, split, large: inline ? large : null, parts: pieces.length, redacted: counts, drawn, executed, propensity, forced, policy, seed, counter, epoch,
    prices: { ...prices }, reserved: { ...reserved }, reason: said.text, definition: { ...router.reward }, until_ms: at_ms + router.outcome_s * 1000, named,
  };
  return { row, pieces };
}

function largeOf(tables: Pick<EpisodeTables, "parts">, [at_ms, n]: EpisodeKey, { large, parts }: EpisodeRow): { readonly context: Context; readonly eligible: Episode["eligible"] } {
  if (large !== null) return large;
  const pieces = Array.from({ length: parts }, (_, i) => tables.parts.get([at_ms, n, i])?.text);
  if (pieces.includes(undefined)) throw new MaestroError("store.corrupt", `a part of ${idOf([at_ms, n])} is gone`);
  // Each piece carries its hash, and the whole was written by `rowOf`.
  return JSON.parse(pieces.join("")) as Large;
}

/** Whoever reports that another arm ran says that nobody drew it. */
function ran({ executed, forced, propensity }: EpisodeRow, outcome: OutcomeRow | undefined): Pick<Episode, "executed" | "forced" | "propensity"> {
  const other = outcome?.executed ?? executed;
  return other === executed ? { executed, forced, propensity } : { executed: other, forced: forced ?? "fallback", propensity: 1 };
}

/** Throws `store.corrupt` where a part of it is gone. */
export function episodeOf(tables: Pick<EpisodeTables, "parts" | "outcomes">, key: EpisodeKey, row: EpisodeRow): Episode {
  const { router, space, split, redacted, drawn, policy, seed, counter, epoch, prices, reserved, reason } = row;
  const outcome = tables.outcomes.get(key);
  return { v: 1, id: idOf(key), router, at_ms: key[0], space, split, ...largeOf(tables, key, row), redacted, drawn, ...ran(row, outcome), policy, seed, counter, epoch, prices, reserved, reason, outcome: outcome?.outcome ?? null };
}
