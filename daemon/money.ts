/** What routed work is paid from, put together: loaded at the start where there are routers or a market, and nowhere else. */
import type { Episode } from "../proto/episode.ts";
import type { ResourceAmounts } from "../proto/resource.ts";
import type { Host } from "./config/host.ts";
import type { Market } from "./market/index.ts";
import type { Clock } from "./platform/clock.ts";
import type { Purse, Purses } from "./purse.ts";
import type { Store } from "./store/db.ts";
import type { Principal, Tenants } from "./tenants/index.ts";

export interface MoneyDeps {
  readonly host: Pick<Host, "routers" | "market" | "limits">;
  readonly store: Pick<Store, "table" | "atomic">;
  readonly tenants: Pick<Tenants, "ledger">;
  readonly clock: Pick<Clock, "now_ms">;
}

export interface Money {
  purse(principal: Pick<Principal, "tenant" | "accounts">): Promise<Purse>;
  /** Inside the transaction that closes an episode: what it used takes the place of what was promised. */
  closed(episode: Episode): void;
  /** Replaces what a purse of this daemon promised under that name by what was used, once. */
  settle(name: string, used: ResourceAmounts): void;
  /** What stands promised under that name. */
  standing(name: string): ResourceAmounts;
  /** Null where none is configured. */
  readonly market: Market | null;
}

export async function openMoney({ host, store, tenants, clock }: MoneyDeps): Promise<Money> {
  let purses: Purses | null = null;
  const { market: setting } = host;
  const opened = setting === null ? null : new (await import("./market/index.ts")).Market({ store, setting, limits: host.limits.market, now_ms: () => clock.now_ms() });
  const open = async (): Promise<Purses> => {
    const { openPurses } = await import("./purse.ts");
    return (purses ??= openPurses({ store, tenants, market: opened }));
  };
  if (setting !== null || host.routers.length > 0) await open();
  return {
    purse: async (principal) => (purses ?? (await open())).of(principal),
    // What nobody could say is taken to be what was promised.
    closed: ({ id, outcome }) => purses?.settle(id, outcome === null || outcome.censored ? null : outcome.usage),
    settle: (name, used) => purses?.settle(name, used),
    standing: (name) => purses?.standing(name) ?? {},
    market: opened,
  };
}
