/** Decisions that were made elsewhere, as whoever made them tells of them. */
import { createHash } from "node:crypto";
import { EMPTY_SHA256, type EpisodeReport, type EpisodesReply, OWN_ROUTER_IDS, UNDRAWN_SEED } from "../../../proto/episode.ts";
import { canonicalNumbers } from "../../../proto/canonical.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { OutcomeRequest, RouterEntry } from "../../../proto/routing.ts";
import type { EpisodeLog, Sees } from "./index.ts";

export interface ReportingDeps {
  readonly log: EpisodeLog;
  readonly router: (id: string) => RouterEntry | null;
}

const digestOf = (value: unknown): string => createHash("sha256").update(canonicalNumbers(value)).digest("hex");

/** Throws `learning.episode`: what this daemon decides, it tells of itself. */
function refuseOwn(router: string): void {
  if (OWN_ROUTER_IDS.includes(router)) throw new MaestroError("learning.episode", `router: ${router} is this daemon's own; nobody else reports on it`);
}

function reportOne({ log, router: routerOf }: ReportingDeps, space: string, report: EpisodeReport): EpisodesReply["episodes"][number] {
  const { outcome, ...decided } = report;
  const { key, context, eligible, executed, forced = null, policy = EMPTY_SHA256, reason = "", at_ms } = decided;
  refuseOwn(report.router);
  const router = routerOf(report.router);
  if (router === null) throw new MaestroError("learning.episode", `router: there is none called ${report.router} in the host's configuration`);
  const { episode, changed } = log.record({
    router, space, context, eligible, drawn: executed, executed, forced, policy, seed: UNDRAWN_SEED, counter: 0, epoch: 0, prices: {}, reserved: {}, reason,
    ...(at_ms === undefined ? {} : { at_ms }), named: { key, asked: digestOf(decided) },
  });
  if (outcome !== undefined) log.outcome(episode.id, space, outcome);
  return { key, id: episode.id, changed };
}

/** All of them are kept, or none. Throws `learning.*` naming the first that is wrong, and `tenant.budget`. */
export function reportEpisodes(deps: ReportingDeps, space: string, reports: readonly EpisodeReport[]): EpisodesReply {
  return deps.log.recordAll(() => ({
    episodes: reports.map((report, i) => {
      try {
        return reportOne(deps, space, report);
      } catch (error) {
        if (error instanceof MaestroError && error.code.startsWith("learning.")) throw new MaestroError(error.code, `episodes[${i}]: ${error.detail}`, { cause: error });
        throw error;
      }
    }),
  }));
}

/** Throws `learning.*` and `request.not_found`. */
export function reportOutcome({ log }: Pick<ReportingDeps, "log">, id: string, sees: Sees, request: OutcomeRequest): { readonly id: string; readonly changed: boolean } {
  const episode = log.get(id, sees);
  if (episode !== null) refuseOwn(episode.router);
  return { id, ...log.outcome(id, sees, request) };
}
