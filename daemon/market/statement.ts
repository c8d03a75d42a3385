/** What is signed of a market: whole numbers, rounded so that what holds of them holds of the market. */
import { sha256 } from "@noble/hashes/sha2.js";
import { canonicalNumbers } from "../../proto/canonical.ts";
import { toHex } from "../../proto/encoding.ts";
import type { MarketReply, MarketSlot } from "../../proto/market.ts";
import type { MarketPredicate } from "../../proto/predicates/market.ts";
import { rounded } from "./note.ts";

export type Claimed = Omit<MarketPredicate, "trust_domain" | "mode" | "at">;

/** Digest of slots: each one's canonical text and a line feed. */
export function digestOfSlots(slots: Iterable<MarketSlot>): { readonly sha256: string; readonly count: number } {
  const hash = sha256.create();
  const text = new TextEncoder();
  let count = 0;
  for (const slot of slots) {
    hash.update(text.encode(`${canonicalNumbers(slot)}\n`));
    count++;
  }
  return { sha256: toHex(hash.digest()), count };
}

export function claimOf({ epoch, slot_s, method, window_slots, resources, certificate, kept }: MarketReply): Claimed {
  return {
    epoch, slot_s, method, window_slots,
    resources: resources.map(({ resource, capacity, price, price_max }) => ({ resource, capacity, price_usd_nano: Math.round(price * 1e9), price_max_usd_nano: Math.round(price_max * 1e9) })),
    ...rounded(certificate),
    slots: { from: kept.from, count: kept.slots },
  };
}
