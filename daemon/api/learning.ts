import type { LearningReply as Reply } from "../../proto/learning.ts";
import { LearningReply } from "../../proto/learning.ts";
import type { EpisodeLog } from "../learning/episodes/index.ts";
import type { RouteCounts, RouterStatus } from "../learning/routing/index.ts";
import type { RouterEntry } from "../../proto/routing.ts";
import { seenBy } from "./episodes.ts";
import { route, type Route } from "./route.ts";

export interface LearningRouteDeps {
  readonly learned: { episodes(): Promise<Pick<EpisodeLog, "counts">>; router(id: string): RouterEntry | null };
  readonly routed: { status(sees: string | null): readonly RouterStatus[]; counts(): RouteCounts };
}

const NONE = { chosen: 0, explored: 0, forced: 0 } as const;

export function learningRoutes({ learned, routed }: LearningRouteDeps): Route[] {
  return [
    route("learning", {
      access: "read",
      summary: "Routers of this node: which learned policy decides, what keeps it from deciding, how they answered since the start; and how many episodes are kept",
      params: {},
      request: null,
      body_bytes_max: 0,
      reply: LearningReply,
      async handle({ principal }): Promise<Reply> {
        const counts = routed.counts();
        const routers = routed.status(seenBy(principal)).flatMap(({ id, policy, problem, fallback }) => {
          const entry = learned.router(id);
          return entry === null ? [] : [{ id, baseline: entry.baseline, policy, problem, fallback, answered: { ...NONE, ...counts.get(id) } }];
        });
        // How much others decided is theirs.
        return { routers, episodes: seenBy(principal) === null ? (await learned.episodes()).counts() : null };
      },
    }),
  ];
}
