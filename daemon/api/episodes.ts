/** Routes on which decisions made elsewhere are told, outcomes come in, and both are read again. */
import type { Limits } from "../../proto/config.ts";
import { EpisodeCursor, EpisodePage, EpisodesReply, EpisodesRequest, EVERY_ROUTER, OutcomeReply, RouterFilter, SplitFilter } from "../../proto/episode.ts";
import { MaestroError } from "../../proto/errors.ts";
import { EpisodeId, OutcomeRequest, type RouterEntry } from "../../proto/routing.ts";
import type { EpisodeLog } from "../learning/episodes/index.ts";
import { payerName } from "../store/usage.ts";
import type { Principal } from "../tenants/index.ts";
import { route, type Route } from "./route.ts";

export interface EpisodeRouteDeps {
  /** Loaded with the first request: see daemon/learned.ts. */
  readonly learned: { episodes(): Promise<EpisodeLog>; router(id: string): RouterEntry | null };
  readonly body_bytes_max: Limits["server"]["json_bytes_max"];
}

/** One's own, and everything for whoever runs the daemon. */
export const seenBy = (principal: Principal): string | null => (principal.tenant === null || principal.verbs.has("operate") ? null : payerName(principal));

export function episodeRoutes({ learned, body_bytes_max }: EpisodeRouteDeps): Route[] {
  return [
    route("reportEpisodes", {
      access: "gate",
      summary: "Decisions made elsewhere, each with the arms that were eligible and their propensities; all of them are kept, or none. Personal text is taken out before anything is stored",
      params: {},
      request: EpisodesRequest,
      reply: EpisodesReply,
      body_bytes_max,
      async handle({ principal, body }) {
        const { reportEpisodes } = await import("../learning/episodes/reports.ts");
        return reportEpisodes({ log: await learned.episodes(), router: (id) => learned.router(id) }, payerName(principal), body.episodes);
      },
    }),
    route("episodeOutcome", {
      access: "gate",
      summary: "What came of a decision, once; the very same again changes nothing",
      params: { id: EpisodeId },
      request: OutcomeRequest,
      reply: OutcomeReply,
      body_bytes_max,
      async handle({ principal, params, body }) {
        const { reportOutcome } = await import("../learning/episodes/reports.ts");
        return reportOutcome({ log: await learned.episodes() }, params.id, seenBy(principal), body);
      },
    }),
    route("episodes", {
      access: "read",
      request: null,
      body_bytes_max: 0,
      summary: "Episodes in the order of time: of a router or * for all, of one split or all, behind an episode or from a time in milliseconds on",
      params: { router: RouterFilter, split: SplitFilter, after: EpisodeCursor },
      reply: EpisodePage,
      async handle({ principal, params: { router, split, after }, signal }) {
        const [log, { idOf, keyOf }] = await Promise.all([learned.episodes(), import("../learning/episodes/id.ts")]);
        const key = after.startsWith("ep-") ? keyOf(after) : null;
        if (key === null && after.startsWith("ep-")) throw new MaestroError("request.malformed", `${after} is no id of an episode`);
        const { episodes, next } = await log.pageInTurns({ router: router === EVERY_ROUTER ? null : router, split: splitOf(split), sees: seenBy(principal), ...(key === null ? { from_ms: Number(after) } : { after: key }) }, signal);
        return { episodes: [...episodes], next: next === null ? null : idOf(next) };
      },
    }),
  ];
}

/** The schema has seen it. */
const splitOf = (text: string): SplitFilter => (text === "search" || text === "safety" ? text : "all");
