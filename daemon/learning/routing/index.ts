/** Decisions that are made often: which arm answers a request, at what propensity, and why; each is an episode before it is answered. */
import type { BreakerAction } from "../../../proto/breaker.ts";
import { type Episode, UNDRAWN_SEED } from "../../../proto/episode.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Prices, ResourceAmounts } from "../../../proto/resource.ts";
import type { ArmEntry, RouteAsk, RouteReply, RouterEntry } from "../../../proto/routing.ts";
import type { Random } from "../../platform/random.ts";
import type { Store } from "../../store/db.ts";
import { contextProblem } from "../episodes/decision.ts";
import type { EpisodeLog, Sees } from "../episodes/index.ts";
import { Active } from "./active.ts";
import { capable, decide, guarded, type Narrowed, narrowed, type Taken } from "./decide.ts";
import { drawOf, Draws } from "./draw.ts";
import { type Kept, openKept } from "./kept.ts";
import { type Options, optionsOf } from "./options.ts";
import { digestOf } from "./policy.ts";
import { fallbackText, reasonOf, violationText } from "./reason.ts";
import { openWatches, violationFor, type Watches } from "./watched.ts";
import type { Violation } from "./monitor.ts";

/** In dollars, or in rewards where the operator says not what one is worth: what the chosen arm is expected to give, and what the best one would, whatever it costs. */
export interface Worth {
  readonly served: number;
  readonly due: number;
}

/** What work is paid from, of whoever asks. */
export interface Purse {
  prices(): { readonly epoch: number; readonly prices: Prices };
  /** Why so much would not be promised now, or null. */
  short(amounts: ResourceAmounts): string | null;
  /** Least worth of an answer to what is worth `due` at best, for a promised share to be kept. */
  least(due: number): number;
  /** What is worth `due` at best was asked for, and not one answer can be paid for. */
  refused(due: number): void;
  /** Inside the transaction that records the episode. Throws `tenant.budget`. */
  reserve(episode: string, amounts: ResourceAmounts, until_ms: number, worth: Worth): void;
}

export interface RoutingDeps {
  readonly store: Pick<Store, "table" | "atomic" | "freeing">;
  readonly routers: readonly RouterEntry[];
  readonly random: Random;
  readonly warn: (what: string, error: unknown) => void;
  /** Why that action is refused just now to whoever asks, or null; absent: nothing stands before any. */
  readonly refusing?: (action: BreakerAction, space: string) => string | null;
}

/** Why an arm is none of whoever asks just now, or null. */
export type Barred = (arm: Pick<ArmEntry, "model">) => string | null;

export interface RouterStatus {
  readonly id: string;
  /** Digest of the learned policy that decides; null where none does. */
  readonly policy: string | null;
  /** Why the file that is named does not decide. */
  readonly problem: string | null;
  /** Which constraint is violated, and for whom, so that the baseline alone answers. */
  readonly fallback: string | null;
}

/** How often each router answered, and how, since the start. */
export type RouteCounts = ReadonlyMap<string, Readonly<Record<"chosen" | "explored" | "forced", number>>>;

const missing = (what: string): MaestroError => new MaestroError("request.not_found", what);
const refused = (what: string): MaestroError => new MaestroError("learning.episode", what);

export class Routing {
  private readonly kept: Kept;
  private readonly watches: Watches;
  private readonly draws: Draws;
  private active = new Map<string, Active>();
  private readonly answered = new Map<string, Record<"chosen" | "explored" | "forced", number>>();

  constructor(private readonly deps: RoutingDeps) {
    this.kept = openKept(deps.store);
    this.watches = openWatches(deps.store);
    this.draws = new Draws(deps.random);
    this.reload(deps.routers);
  }

  /** Reads every policy's file again. One that is broken never answers: what does is what would without one. */
  reload(routers: readonly RouterEntry[]): void {
    this.active = new Map(routers.map((router) => [router.id, new Active(router, this.watches, (violation, whose) => this.deps.warn(`router ${router.id} has its baseline alone for ${whose}: ${violationText(violation)}`, null))]));
    for (const { problem, router } of this.active.values()) if (problem !== null) this.deps.warn(`router ${router.id} decides without its policy: ${problem}`, null);
  }

  private of(id: string): Active {
    const active = this.active.get(id);
    if (active === undefined) throw missing(`there is no router ${id} in the host's configuration`);
    return active;
  }

  /** `barred`: why an arm is none of whoever asks, or null. Durable when it returns. Throws `request.not_found`, `learning.episode` for a context that is none, `routing.no_arm`, `tenant.budget`, `breaker.open`. */
  route(episodes: Pick<EpisodeLog, "record" | "named">, space: string, ask: RouteAsk, purse: Purse, barred: Barred = () => null): RouteReply {
    const active = this.of(ask.router);
    const { router } = active;
    const wish = { context: ask.context, require: ask.require ?? [], without: ask.without ?? [] };
    const problem = contextProblem(router.context, ask.context) ?? wish.without.map((id) => (router.arms.some((arm) => arm.id === id) ? null : `without: the router has no arm ${id}`)).find((each) => each !== null);
    if (problem !== null && problem !== undefined) throw refused(problem);
    const named = ask.key === undefined ? undefined : { key: ask.key, asked: digestOf(wish) };
    const before = named === undefined ? null : episodes.named(space, router.id, named.key, named.asked);
    if (before !== null) return this.replyOf(before, before.policy === active.digest ? router : (this.kept.get(before.policy)?.router ?? router));
    const { epoch, prices } = purse.prices();
    const violation = violationFor(active.violations, space);
    // Nobody learns of an arm, nor of what it would be worth, that is not theirs.
    const kept_from = router.arms.map(barred);
    const own = { ...router, arms: router.arms.filter((_, i) => kept_from[i] === null) };
    const due = Math.max(0, ...capable(own, wish).map((arm) => worthOf(router, arm)));
    const found = narrowed(own, wish, { short: (usage) => purse.short(usage), refused: ({ action }) => (action === undefined ? null : (this.deps.refusing?.(action, space) ?? null)) }, violation !== null);
    const nothing = violation !== null && !found.eligible.some(({ id }) => id === router.baseline) ? noBaseline(router, found, violation, kept_from[router.arms.findIndex(({ id }) => id === router.baseline)] ?? null) : found.eligible.length === 0 ? noArm(router, wish.require, found, kept_from.find((each) => each !== null) ?? null) : null;
    if (nothing !== null) {
      if (nothing.code === "tenant.budget") purse.refused(due);
      throw nothing;
    }
    const left = guarded(found, (arm) => worthOf(router, arm), purse.least(due));
    const draw = this.draws.next(space);
    const decided = decide(active, { ...left, context: ask.context, prices }, drawOf(draw.seed, draw.counter));
    const reason = reasonOf(router, wish, left, decided, prices, violation);
    const episode = this.deps.store.atomic(() => {
      const { drawn, eligible, usage } = decided;
      const recorded = episodes.record({ router, space, context: ask.context, eligible, drawn, executed: drawn, forced: left.forced, policy: active.digest, ...draw, epoch, prices, reserved: usage, reason, ...(named === undefined ? {} : { named }) }).episode;
      this.kept.put(active.digest, active, recorded.at_ms);
      purse.reserve(recorded.id, usage, untilOf(recorded, router), { served: Math.max(0, ...router.arms.filter(({ id }) => id === drawn).map((arm) => worthOf(router, arm))), due });
      return recorded;
    });
    this.count(router.id, left.forced !== null ? "forced" : decided.ground === "drawn" ? "explored" : "chosen");
    return this.replyOf(episode, router);
  }

  private count(router: string, how: "chosen" | "explored" | "forced"): void {
    const counts = this.answered.get(router) ?? { chosen: 0, explored: 0, forced: 0 };
    counts[how] += 1;
    this.answered.set(router, counts);
  }

  /** Draws a recorded decision again from what is on record of it. Throws `request.not_found` where `sees` does not reach it, or nothing was drawn for it here. */
  replay(episodes: Pick<EpisodeLog, "get">, id: string, sees: Sees): RouteReply {
    const episode = episodes.get(id, sees);
    if (episode === null) throw missing(`there is no episode ${id}`);
    // A report may name any policy.
    const decider = episode.seed === UNDRAWN_SEED ? null : this.kept.get(episode.policy);
    if (decider === null) throw missing(`${id} was not decided by this daemon, or not by drawing`);
    const eligible = episode.eligible.map(({ arm }) => decider.router.arms.find((each) => each.id === arm)).filter((arm) => arm !== undefined);
    const again = decide(decider, { context: episode.context, eligible, forced: takenOf(episode), prices: episode.prices }, drawOf(episode.seed, episode.counter));
    const recorded = episode.eligible.find(({ arm }) => arm === episode.drawn)?.propensity;
    const same = {
      drawn: again.drawn === episode.drawn,
      eligible: again.eligible.length === episode.eligible.length && again.eligible.every(({ arm, propensity }, i) => arm === episode.eligible[i]?.arm && propensity === episode.eligible[i]?.propensity),
      propensity: again.propensity === recorded,
    };
    const differs = (["drawn", "eligible", "propensity"] as const).filter((what) => !same[what]);
    return { ...this.replyOf(episode, decider.router), arm: again.drawn, propensity: again.propensity, eligible: again.eligible, replay: { same: differs.length === 0, differs } };
  }

  /** `router`: as it was when that was decided. */
  /** What a recorded decision chose from; null where no price decided, or it was not made here. */
  options(episode: Episode): Options | null {
    const decider = episode.seed === UNDRAWN_SEED ? null : this.kept.get(episode.policy);
    return decider === null ? null : optionsOf(decider, episode);
  }

  private replyOf(episode: Episode, router: RouterEntry): RouteReply {
    const { id, drawn, eligible, reason, policy, epoch, prices, reserved } = episode;
    return {
      episode: id, arm: drawn, propensity: eligible.find(({ arm }) => arm === drawn)?.propensity ?? 1, eligible, forced: takenOf(episode), reason, policy, epoch, prices, reserved,
      until: new Date(untilOf(episode, router)).toISOString().replace(/\.[0-9]+Z$/, "Z"),
    };
  }

  /** Inside the transaction that closes the episode: what it says of constraints counts from the next request on. */
  closed(episode: Episode): void {
    this.active.get(episode.router)?.closed(episode);
  }

  /** The router as it was when it decided that; null where nothing is kept of it. A report may name any policy, and none decided it here. */
  decided({ router: id, policy, seed }: Pick<Episode, "router" | "policy" | "seed">): RouterEntry | null {
    if (seed === UNDRAWN_SEED) return null;
    const active = this.active.get(id);
    if (active?.digest === policy) return active.router;
    const before = this.kept.get(policy)?.router ?? null;
    return before?.id === id ? before : null;
  }

  /** Deciders of which no episode is kept any more go; how many. One that decides now stays. */
  expire(before_ms: number): number {
    const active = new Set(Array.from(this.active.values(), ({ digest }) => digest));
    const gone = this.kept.unused(before_ms).filter((digest) => !active.has(digest));
    if (gone.length > 0) this.deps.store.freeing(() => gone.forEach((digest) => (this.kept.forget(digest), this.watches.forget(digest))));
    return gone.length;
  }

  /** `sees`: whose fallback is told, null for everybody's. */
  status(sees: Sees): RouterStatus[] {
    return Array.from(this.active.values(), ({ router, policy, problem, violations }) => ({ id: router.id, policy: policy?.digest ?? null, problem, fallback: fallbackText(violations, sees) }));
  }

  get counts(): RouteCounts {
    return this.answered;
  }
}

const worthOf = ({ value_usd_micro }: RouterEntry, { reward }: ArmEntry): number => Math.max(0, reward) * (value_usd_micro === 0 ? 1 : value_usd_micro / 1e6);

const untilOf = ({ at_ms }: Pick<Episode, "at_ms">, { outcome_s }: RouterEntry): number => at_ms + outcome_s * 1000;

/** Whoever ran another arm said so afterwards; the decision itself was drawn. */
function takenOf({ forced }: Pick<Episode, "forced">): Taken | null {
  switch (forced) {
    case null:
    case "fallback":
      return null;
    case "only-arm":
    case "without":
    case "guard":
    case "budget":
    case "constraint":
      return forced;
    default:
      throw missing("the episode was not decided by drawing");
  }
}

/** Nothing but the baseline may answer, and it cannot: no other arm takes its place, least of all the one that is left for what it did. */
function noBaseline({ id, baseline }: RouterEntry, { left_out, short, refused: stopped }: Pick<Narrowed, "left_out" | "short" | "refused">, violation: Violation, barred: string | null): MaestroError {
  if (stopped !== null && left_out.includes(baseline)) return new MaestroError("breaker.open", stopped);
  if (short !== null && left_out.includes(baseline)) return new MaestroError("tenant.budget", short);
  return new MaestroError("routing.no_arm", `${id} has its baseline alone, because ${violationText(violation)}, and ${baseline} ${left_out.includes(baseline) ? "is left out by the request" : barred !== null ? `is none for you: ${barred}` : "cannot do what is required"}`);
}

function noArm({ id }: RouterEntry, require: readonly string[], { left_out, short, refused: stopped }: Pick<Narrowed, "left_out" | "short" | "refused">, barred: string | null): MaestroError {
  if (stopped !== null) return new MaestroError("breaker.open", stopped);
  if (short !== null) return new MaestroError("tenant.budget", short);
  const can = require.length === 0 ? "" : ` that can ${require.join(", ")}`;
  return new MaestroError("routing.no_arm", left_out.length === 0 ? `${id} has no arm${can}${barred === null ? "" : ` for you: ${barred}`}` : `${id} has no arm${can} but ${left_out.join(", ")}, which the request leaves out`);
}
