/** Routing, put together: loaded at the start where routers are configured, because a policy that is broken is said before anybody asks; nowhere else. */
import type { Episode } from "../proto/episode.ts";
import type { RouteReply, RouteRequest, RouterEntry } from "../proto/routing.ts";
import type { Host } from "./config/host.ts";
import type { Learned } from "./learned.ts";
import type { Barred, Purse, RouteCounts, RouterStatus, Routing, RoutingDeps } from "./learning/routing/index.ts";
import type { Store } from "./store/db.ts";
import { payerName } from "./store/usage.ts";
import type { Principal } from "./tenants/index.ts";

export interface RoutedDeps extends Pick<RoutingDeps, "random" | "warn" | "refusing"> {
  readonly store: RoutingDeps["store"] & Pick<Store, "scanner">;
  readonly host: Pick<Host, "routers" | "models" | "modes">;
  readonly learned: Pick<Learned, "episodes">;
  /** What work of that principal is paid from; absent: nothing is priced, and nothing is reserved. */
  readonly purse?: (principal: Principal) => Purse | Promise<Purse>;
}

export interface Routed {
  /** `sees`: whose episodes may be replayed, null for everybody's. Throws as `Routing.route` and `Routing.replay`. */
  route(principal: Principal, sees: string | null, request: RouteRequest): Promise<RouteReply>;
  /** What a recorded decision chose from; null where no price decided. */
  options(): Promise<Routing["options"]>;
  /** From the next request on. */
  reload(routers: readonly RouterEntry[]): Promise<void>;
  /** Inside the transaction that closes an episode. */
  closed(episode: Episode): void;
  /** The router as it was when it decided that; null where it was not decided here. */
  decided(episode: Pick<Episode, "router" | "policy" | "seed">): RouterEntry | null;
  /** Deciders whose episodes are all gone go, too. */
  expire(before_ms: number): Promise<void>;
  /** `sees`: whose fallback is told, null for everybody's. */
  status(sees: string | null): RouterStatus[];
  counts(): RouteCounts;
}

const FREE: Purse = { prices: () => ({ epoch: 0, prices: {} }), short: () => null, least: () => 0, refused: () => undefined, reserve: () => undefined };

const NOT_THEIRS = "what else it has is a model that you may not ask";

/** A model is an arm of whoever may ask it, and of nobody where that would take a network that the node has not. */
async function barredOf({ models, modes }: RoutedDeps["host"], { tenant }: Principal): Promise<Barred> {
  // Where no model is configured nothing of models is loaded.
  if (models === null) return ({ model }) => (model === undefined ? null : NOT_THEIRS);
  const { offeredTo } = await import("./models/serving/index.ts");
  const mine = new Map(offeredTo(models, { tenant }).map(({ name, path }) => [name, path]));
  return ({ model }) => {
    if (model === undefined) return null;
    if (!mine.has(model)) return NOT_THEIRS;
    return modes.includes("sealed") && mine.get(model) === "remote" ? `${model} is another server's, and this node is sealed` : null;
  };
}

export async function openRouted({ host, learned, purse = () => FREE, store, random, warn, refusing }: RoutedDeps): Promise<Routed> {
  let routing: Routing | null = null;
  async function open(routers: readonly RouterEntry[]): Promise<Routing> {
    const { Routing: Opened } = await import("./learning/routing/index.ts");
    return (routing ??= new Opened({ store, random, warn, routers, ...(refusing === undefined ? {} : { refusing }) }));
  }
  if (host.routers.length > 0) await open(host.routers);
  return {
    async route(principal, sees, request) {
      const [opened, episodes, paid] = [routing ?? (await open(host.routers)), await learned.episodes(), await purse(principal)];
      if ("replay" in request) return opened.replay(episodes, request.replay, sees);
      return opened.route(episodes, payerName(principal), request, paid, await barredOf(host, principal));
    },
    async options() {
      const opened = routing ?? (await open(host.routers));
      return (episode) => opened.options(episode);
    },
    async reload(routers) {
      if (routing !== null || routers.length > 0) (await open(routers)).reload(routers);
    },
    closed: (episode) => routing?.closed(episode),
    decided: (episode) => routing?.decided(episode) ?? null,
    async expire(before_ms) {
      if (routing !== null || store.scanner.tables().includes("routing.used")) (await open(host.routers)).expire(before_ms);
    },
    status: (sees) => routing?.status(sees) ?? [],
    counts: () => routing?.counts ?? new Map(),
  };
}
