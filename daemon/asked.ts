/** What a market's slots were asked for, read back from the log of decisions: loaded by whoever audits the market. */
import { MaestroError } from "../proto/errors.ts";
import type { MarketAskedReply } from "../proto/market.ts";
import type { Learned } from "./learned.ts";
import { idOf, keyOf } from "./learning/episodes/id.ts";
import type { Routed } from "./routed.ts";

export interface AskedDeps {
  readonly learned: Pick<Learned, "episodes">;
  readonly routed: Pick<Routed, "options">;
}

/** `after`: an episode, or milliseconds since 1970. Throws `request.malformed`. */
export async function askedPage({ learned, routed }: AskedDeps, after: string): Promise<MarketAskedReply> {
  const key = after.startsWith("ep-") ? keyOf(after) : null;
  if (key === null && after.startsWith("ep-")) throw new MaestroError("request.malformed", `${after} is no id of an episode`);
  const [log, optionsOf] = await Promise.all([learned.episodes(), routed.options()]);
  const { episodes, next } = await log.pageInTurns({ router: null, split: "all", sees: null, ...(key === null ? { from_ms: Number(after) } : { after: key }) });
  const requests = episodes.flatMap((episode) => {
    const options = optionsOf(episode);
    return options === null ? [] : [{ epoch: episode.epoch, chosen: options.chosen, worth: [...options.worth], use: [...options.use] }];
  });
  return { requests, next: next === null ? null : idOf(next) };
}
