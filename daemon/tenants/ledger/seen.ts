/** What a recorded run says of the ledger: what was done, and the accounts as they are then. */
import { acted, type Seen } from "../../platform/actions/index.ts";
import type { Table } from "../../store/table.ts";
import type { Account } from "../principal.ts";
import type { AccountRow, Amount } from "./core.ts";

export const askedFor = (amount: Amount, accounts: readonly Account[]): Seen => ({ amount, accounts: accounts.map(({ key, budget, window_s }) => ({ key, budget: { ...budget }, window_s })) });

/** Says so to whoever listens; `keys` are the accounts that were touched. */
export function tell(accounts: Table<string, AccountRow>, now_s: () => number, action: string, about: Seen, keys: readonly string[]): void {
  const rows = [...new Set(keys)].map((key) => ({ key, row: accounts.get(key) ?? null }));
  acted?.("Ledger", accounts, action, { ...about, now_s: now_s(), rows });
}
