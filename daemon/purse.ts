/** Who pays for routed work, and what it costs just now: the ledger's budgets, and the market where there is one. Loaded with the first request that needs it. */
import type { Prices, ResourceAmounts } from "../proto/resource.ts";
import { Type, type Static } from "@sinclair/typebox";
import { Closed, Count } from "../proto/scalar.ts";
import { ResourceAmounts as Amounts } from "../proto/resource.ts";
import { TenantId } from "../proto/tenant.ts";
import type { Market, Worth } from "./market/index.ts";
import type { Store } from "./store/db.ts";
import type { Amount, Principal, Tenants } from "./tenants/index.ts";

/** Of one who asks. */
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

export interface PursesDeps {
  readonly store: Pick<Store, "table" | "atomic">;
  readonly tenants: Pick<Tenants, "ledger">;
  /** Null where no market is configured. */
  readonly market: Market | null;
}

/** Whose line of the market a promise is on, and in which slot it counts; the ledger knows the accounts. */
const OwedRow = Closed({ tenant: Type.Union([TenantId, Type.Null()]), amounts: Amounts, epoch: Type.Optional(Count) });
type OwedRow = Static<typeof OwedRow>;

export interface Purses {
  of(principal: Pick<Principal, "tenant" | "accounts">): Purse;
  /** Replaces what was promised to an episode by what it used, once; null: all of it. Inside the transaction that closes it. */
  settle(episode: string, used: ResourceAmounts | null): void;
  /** What stands promised under that name in the ledger, as it is written down; nothing where nobody pays. */
  standing(name: string): ResourceAmounts;
}

const amountOf = ({ usd_micro = 0, tokens = 0, gpu_us = 0, cpu_us = 0 }: ResourceAmounts): Amount => ({ wall_us: 0, cpu_us, model_tokens: tokens, ...(usd_micro === 0 ? {} : { usd_micro }), ...(gpu_us === 0 ? {} : { gpu_us }) });

export function openPurses({ store, tenants: { ledger }, market }: PursesDeps): Purses {
  const owed = store.table<string, typeof OwedRow>("market.owed", OwedRow);
  return {
    of: ({ tenant, accounts }) => ({
      prices: () => market?.prices(tenant) ?? { epoch: 0, prices: {} },
      short: (amounts) => (accounts.length === 0 ? null : ledger.short(accounts, amountOf(amounts))) ?? market?.short(tenant, amounts) ?? null,
      least: (due) => market?.least(tenant, due) ?? 0,
      refused: (due) => void market?.reserve(tenant, {}, { served: 0, due }),
      reserve: (episode, amounts, until_ms, worth) =>
        store.atomic(() => {
          if (accounts.length > 0) ledger.hold(episode, accounts, amountOf(amounts), Math.ceil(until_ms / 1000));
          if (market === null) return;
          owed.put(episode, { tenant, amounts, epoch: market.reserve(tenant, amounts, worth) });
        }),
    }),
    standing(name) {
      const { usd_micro, model_tokens, gpu_us, cpu_us } = ledger.standing(name) ?? {};
      return { tokens: model_tokens ?? 0, cpu_us: cpu_us ?? 0, gpu_us: gpu_us ?? 0, usd_micro: usd_micro ?? 0 };
    },
    settle: (episode, used) =>
      store.atomic(() => {
        ledger.settleHeld(episode, used === null ? null : amountOf(used));
        const row: OwedRow | undefined = owed.get(episode);
        if (row === undefined) return;
        owed.remove(episode);
        if (used !== null) market?.settle(row.tenant, row.amounts, used, row.epoch ?? 0);
      }),
  };
}
