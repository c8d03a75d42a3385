/** The market as it stood beside one piece of work: on the bill of a change, and in its evidence. */
import { Type, type Static } from "@sinclair/typebox";
import { Prices, Resource } from "./resource.ts";
import { Closed, Count, Sha256Hex } from "./scalar.ts";

/** The newest closed slot: with it the prices can be told from any others (`GET /v1/market/slots/EPOCH`, `maestro market audit`). */
const SlotDigest = Type.Union([Closed({ epoch: Count, sha256: Sha256Hex }), Type.Null()], { description: "newest closed slot, and the SHA-256 of its canonical line; null before the first is over" });

export const MarketNow = Closed({
  epoch: { ...Count, description: "slot of the prices" },
  prices: Prices,
  certificate: Closed({ regret: Type.Number(), promise: Type.Number(), holds: Type.Boolean() }),
  slot: SlotDigest,
});
export type MarketNow = Static<typeof MarketNow>;

/** Its document in a gate's bundle. */
export const MARKET_DOCUMENT = "market.json";

/** That document: whole numbers, the regret rounded up and the promise down. */
export const MarketNote = Closed({
  v: Type.Literal(1),
  epoch: Count,
  prices: Type.Array(Closed({ resource: Resource, usd_nano: Type.Integer() }), { maxItems: 8 }),
  regret_usd_micro: Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }),
  promise_usd_micro: Count,
  slot: SlotDigest,
});
export type MarketNote = Static<typeof MarketNote>;
