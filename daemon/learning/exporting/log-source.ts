/** The log of episodes, as exporting reads it. */
import type { RouterEntry } from "../../../proto/routing.ts";
import { type EpisodeLog, learnable } from "../episodes/index.ts";
import type { EpisodeSource } from "./source.ts";

/** `router`: as it is configured now; null where it is not. */
export function logSource(log: () => EpisodeLog, router: (id: string) => RouterEntry | null): EpisodeSource {
  return {
    *pages({ router: of, from_ms, to_ms, sees }) {
      const query = { router: of, split: "all", sees, to_ms } as const;
      let page = log().page({ ...query, from_ms });
      for (;;) {
        yield page.episodes;
        if (page.next === null) return;
        page = log().page({ ...query, after: page.next });
      }
    },
    learnable: (episode) => learnable(episode),
    declared(id) {
      const { context = [], constraints = [] } = router(id) ?? {};
      return { context, constraints: constraints.map(({ name }) => name) };
    },
  };
}
