/** A market's certificate that a node signed: that it did, that it is in the log, and that what it says of itself holds. */
import { MarketStatement } from "../../proto/predicates/market.ts";
import { MARKET_PREDICATE } from "../../proto/predicates/market-type.ts";
import type { VerifyReason } from "../../proto/verification.ts";
import { openSigned, resultOf, type Signed, type SignedOptions } from "./signed.ts";
import { pass, stop, type Step } from "./step.ts";
import { timestampSeconds } from "./time.ts";
import type { Trust } from "./trust.ts";

export type MarketVerification = ({ readonly result: "verified" } & Signed<MarketStatement>) | { readonly result: "failed" | "unknown_signer"; readonly reason: VerifyReason };

/** Asked of a key: a market is no repository's, so the key has to be good for every one. */
export const EVERY_REPOSITORY = "*";

function useOf({ predicate: { trust_domain, mode, at, regret_usd_micro, promise_usd_micro } }: MarketStatement): Step<{ readonly trust_domain: string; readonly mode: typeof mode; readonly repo_id: string; readonly issued_at_s: number; readonly predicate_type: string }> {
  if (regret_usd_micro > promise_usd_micro) return stop("statement.malformed", `the regret of ${regret_usd_micro} millionths of a dollar is above the promise of ${promise_usd_micro}`);
  return pass({ trust_domain, mode, repo_id: EVERY_REPOSITORY, issued_at_s: timestampSeconds(at) ?? Number.NaN, predicate_type: MARKET_PREDICATE });
}

/** Never throws on any input. Whether the slots give these figures is for `maestro market audit`, which has them. */
export function verifyMarket(bytes: Uint8Array, trust: Trust, options: SignedOptions): MarketVerification {
  const opened = openSigned(bytes, MarketStatement, trust, options, useOf);
  return opened.ok ? { result: "verified", ...opened.value } : { result: resultOf(opened.reason), reason: opened.reason };
}
