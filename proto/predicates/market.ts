/** What a node puts its name to about its prices: both sides of their certificate, and the slots that they follow from. */
import { Type, type Static } from "@sinclair/typebox";
import { SigstoreBundle, STATEMENT_TYPE } from "../attestation.ts";
import { Mode } from "../change.ts";
import { Resource } from "../resource.ts";
import { Choice, Closed, Count, Sha256Hex, Timestamp } from "../scalar.ts";
import { MARKET_PREDICATE } from "./market-type.ts";

/** Nothing signed has a fraction: money in millionths of a dollar, the regret rounded up and the promise down; prices in billionths. */
export const MarketPredicate = Closed({
  trust_domain: Type.String({ maxLength: 253 }),
  mode: Mode,
  at: Timestamp,
  epoch: { ...Count, description: "number of the open slot" },
  slot_s: Count,
  method: Choice(["adagrad", "ogd"]),
  window_slots: Count,
  resources: Type.Array(Closed({ resource: Resource, capacity: Count, price_usd_nano: Count, price_max_usd_nano: Count }), { maxItems: 8 }),
  regret_usd_micro: Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }),
  promise_usd_micro: Count,
  slots: Closed({ from: Count, count: Count }, { description: "closed slots that are kept; the subject is the digest of their canonical lines, in order" }),
});
export type MarketPredicate = Static<typeof MarketPredicate>;

export const MarketStatement = Closed({
  _type: Type.Literal(STATEMENT_TYPE),
  subject: Type.Array(Closed({ name: Type.Literal("market-slots"), digest: Closed({ sha256: Sha256Hex }) }), { minItems: 1, maxItems: 1 }),
  predicateType: Type.Literal(MARKET_PREDICATE),
  predicate: MarketPredicate,
});
export type MarketStatement = Static<typeof MarketStatement>;

export const MarketCertifyReply = Closed({ log_index: Count, bundle: { ...SigstoreBundle, description: "`maestro verify` reads it" } });
export type MarketCertifyReply = Static<typeof MarketCertifyReply>;
