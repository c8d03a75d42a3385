/** The certificate of the market's prices, signed and logged. */
import { STATEMENT_TYPE, type SigstoreBundle } from "../../proto/attestation.ts";
import { canonicalBytes } from "../../proto/canonical.ts";
import type { Mode } from "../../proto/change.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { MarketPredicate, MarketStatement } from "../../proto/predicates/market.ts";
import { MARKET_PREDICATE } from "../../proto/predicates/market-type.ts";
import { verifyMarket } from "../verifier/market.ts";
import { timestampOf } from "../verifier/time.ts";
import { signStatement, sigstoreBundle } from "./attest/index.ts";
import type { Keys } from "./keys/index.ts";
import type { Log } from "./log/index.ts";

/** What the market says of itself; who says it, and when, is added here. */
export type MarketClaim = Omit<MarketPredicate, "trust_domain" | "mode" | "at">;

export interface LoggedMarket {
  readonly log_index: number;
  readonly bundle: SigstoreBundle;
}

/** `sha256` of the slots. Durable when it resolves. Throws `evidence.keys` where the trust file does not let this node say it, or it does not hold. */
export function logMarket(log: Pick<Log, "append">, time_s: number, keys: Keys, mode: Mode, claim: MarketClaim, sha256: string): Promise<LoggedMarket> {
  const { trust, gate } = keys;
  const statement: MarketStatement = { _type: STATEMENT_TYPE, subject: [{ name: "market-slots", digest: { sha256 } }], predicateType: MARKET_PREDICATE, predicate: { trust_domain: trust.trust_domain, mode, at: timestampOf(time_s), ...claim } };
  const signed = signStatement(statement, gate);
  return log.append([signed.entry], time_s, ([receipt]) => {
    if (receipt === undefined) throw new MaestroError("internal.bug", "log: no receipt for the entry");
    const bundle = sigstoreBundle(signed, receipt);
    // What our own verifier would refuse is not logged at all: the throw undoes the transaction.
    const verified = verifyMarket(canonicalBytes(bundle), trust, { now: new Date(time_s * 1000), witnesses: "later" });
    if (verified.result !== "verified") throw new MaestroError("evidence.keys", `the certificate would not verify: ${verified.reason.detail}; where the trust file does not let this node say it, sign the node's trust.json anew with maestro trust sign`);
    return { log_index: receipt.index, bundle };
  });
}
