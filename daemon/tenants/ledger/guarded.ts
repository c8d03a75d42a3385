/** What guards are told of a promise: of each thing the account has a budget of, how much of it is taken now. */
import type { ActionGuard } from "../../platform/action-guard.ts";
import type { Account } from "../principal.ts";
import { type AccountRow, DIMENSIONS } from "./core.ts";

/** Throws `invariant.violated`; inside the transaction, which then goes back. */
export function promised(act: ActionGuard, { key, budget }: Account, { spent, reserved }: AccountRow): void {
  for (const dimension of DIMENSIONS) {
    const limit = budget[dimension];
    if (limit !== undefined) act("ledger_promised", { account: key, dimension, taken: (spent[dimension] ?? 0) + (reserved[dimension] ?? 0), limit });
  }
}
