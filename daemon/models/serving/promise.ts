/** The promise that stands behind each piece of work with a model: asked for before the first token, replaced by what was used. */
import { MaestroError } from "../../../proto/errors.ts";
import type { Prices, ResourceAmounts } from "../../../proto/resource.ts";
import type { ActionGuard } from "../../platform/action-guard.ts";
import { worthOf } from "./estimate.ts";

/** Who asks, as far as that decides what it may have and who pays. */
export interface Payer {
  readonly uid: number;
  /** Null: the daemon's own user or root, who pay nobody. */
  readonly tenant: string | null;
  readonly accounts: readonly unknown[];
}

/** What work of one payer is paid from. */
export interface ServingPurse {
  prices(): { readonly prices: Prices };
  /** Why so much would not be promised now, or null. */
  short(amounts: ResourceAmounts): string | null;
  /** What is worth `due` was asked for and cannot be paid for. */
  refused(due: number): void;
  /** What stands promised: durable on return, and charged in full where nobody settles it by then. Throws `tenant.budget`. */
  reserve(name: string, amounts: ResourceAmounts, until_ms: number, worth: { readonly served: number; readonly due: number }): ResourceAmounts;
  /** Replaces it by what was used, once. */
  settle(name: string, used: ResourceAmounts): void;
}

export interface Promised {
  /** Once; a second call changes nothing. */
  settle(used: ResourceAmounts): void;
}

export interface Promising {
  readonly payer: Payer;
  readonly purse: ServingPurse;
  /** Never used before. */
  readonly name: string;
  readonly model: string;
  readonly amounts: ResourceAmounts;
  readonly until_ms: number;
  /** Asked when the promise stands and nothing has begun. */
  readonly act?: ActionGuard | undefined;
  readonly warn: (what: string, error: unknown) => void;
}

/** Throws `tenant.budget` where the payer could not pay for so much now; promises nothing. */
export function requireAffordable(purse: ServingPurse, amounts: ResourceAmounts): void {
  const because = purse.short(amounts);
  if (because === null) return;
  purse.refused(worthOf(amounts, purse.prices().prices));
  throw new MaestroError("tenant.budget", because);
}

/** Charges what was used before anything could be promised. */
export function charge({ purse, name, amounts, until_ms, warn }: Omit<Promising, "payer" | "model" | "act">): void {
  const worth = worthOf(amounts, purse.prices().prices);
  try {
    purse.reserve(name, amounts, until_ms, { served: worth, due: worth });
    purse.settle(name, amounts);
  } catch (error) {
    if (!(error instanceof MaestroError)) throw error;
    warn("what counting a prompt took could not be charged", error);
  }
}

/** Promises the amounts, or throws `tenant.budget`; then asks whether the work may begin. */
export function promise({ payer, purse, name, model, amounts, until_ms, act, warn }: Promising): Promised {
  requireAffordable(purse, amounts);
  const worth = worthOf(amounts, purse.prices().prices);
  const stands = purse.reserve(name, amounts, until_ms, { served: worth, due: worth });
  let open = true;
  const settle = (used: ResourceAmounts): void => {
    if (!open) return;
    open = false;
    try {
      purse.settle(name, used);
    } catch (error) {
      if (!(error instanceof MaestroError)) throw error;
      warn("what a model's work used could not be written down, so its promise stands and is charged in full", error);
    }
  };
  try {
    act?.("generation_begins", { tenant: payer.tenant ?? "", model, payers: payer.accounts.length, wanted: amounts.tokens ?? 0, promised: stands.tokens ?? 0 });
  } catch (thrown) {
    settle({});
    throw thrown;
  }
  return { settle };
}
