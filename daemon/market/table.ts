/** What the market keeps: one row of prices, one of each tenant's open slot, a ring of closed slots, and what each window's prices went on from. */
import { Type, type Static } from "@sinclair/typebox";
import { MarketSlot, MarketWindow } from "../../proto/market.ts";
import { Closed, Count, Sha256Hex } from "../../proto/scalar.ts";
import type { Store } from "../store/db.ts";

const Amounts = Type.Array(Type.Integer(), { maxItems: 8 });

/** `window` is the slot in which the open window began; `slot` what the clock calls the open slot. */
const StateRow = Closed({ rules: Sha256Hex, epoch: Count, slot: Count, window: Count, at_cap: Count, counted: Count, regret: Type.Number(), promise: Type.Number(), state: MarketWindow.properties.state });
export type StateRow = Static<typeof StateRow>;

/**
 * A tenant's part of the open slot. `balance` below zero: settling gave back more than this slot reserved, and later slots
 * take that off. `taken` is what a ceiling is compared with: nothing that earlier slots reserved makes room under it.
 * `ahead` is how far it was served above its floor at most.
 */
export const OpenRow = Closed({ rules: Sha256Hex, balance: Amounts, taken: Type.Optional(Amounts), ahead: Type.Optional(Type.Number()), served: Type.Number(), due: Type.Number(), favour: Type.Number(), hungry_since_ms: Type.Union([Count, Type.Null()]), hungry_longest_ms: Count });
export type OpenRow = Static<typeof OpenRow>;

/** Of five minutes; short slots are kept several in one, because a value has its limit. */
export const SERVED_MAX = 30;
/** A tenant's shares in closed slots of five minutes, old to new, each under the last slot it is of. */
const ServedRow = Closed({ slots: Type.Array(Type.Tuple([Count, Type.Number(), Type.Number()]), { maxItems: SERVED_MAX }) });
export type ServedRow = Static<typeof ServedRow>;

export interface MarketTables {
  readonly state: { get(): StateRow | undefined; put(row: StateRow): void };
  readonly open: { get(tenant: string): OpenRow | undefined; put(tenant: string, row: OpenRow): void; names(): string[]; remove(tenant: string): void };
  readonly served: { get(tenant: string): ServedRow["slots"]; put(tenant: string, slots: ServedRow["slots"]): void };
  readonly slots: ReturnType<typeof slotTable>;
  readonly windows: ReturnType<typeof windowTable>;
}

const slotTable = (store: Pick<Store, "table">) => store.table<number, typeof MarketSlot>("market.slots", MarketSlot);
const windowTable = (store: Pick<Store, "table">) => store.table<number, typeof MarketWindow>("market.windows", MarketWindow);
const ONLY = "prices";

export function openMarketTables(store: Pick<Store, "table">): MarketTables {
  const state = store.table<string, typeof StateRow>("market.prices", StateRow);
  const open = store.table<string, typeof OpenRow>("market.open", OpenRow);
  const served = store.table<string, typeof ServedRow>("market.served", ServedRow);
  return {
    state: { get: () => state.get(ONLY), put: (row) => state.put(ONLY, row) },
    open: { get: (tenant) => open.get(tenant), put: (tenant, row) => open.put(tenant, row), names: () => Array.from(open.entries(), ({ key }) => key), remove: (tenant) => void open.remove(tenant) },
    served: { get: (tenant) => served.get(tenant)?.slots ?? [], put: (tenant, slots) => served.put(tenant, { slots }) },
    slots: slotTable(store),
    windows: windowTable(store),
  };
}
