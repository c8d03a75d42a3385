import { expect, test } from "bun:test";
import { STATEMENT_TYPE } from "../../../proto/attestation.ts";
import { MARKET_PREDICATE } from "../../../proto/predicates/market-type.ts";
import { certificateText } from "./market.ts";

const VERIFIED: Parameters<typeof certificateText>[0] = {
  result: "verified", statement_sha256: "0".repeat(64), signer: "SHA256:key", self_made: false, witnesses: null, log: { origin: "log.example", index: 3, size: 4 },
  statement: {
    _type: STATEMENT_TYPE, predicateType: MARKET_PREDICATE, subject: [{ name: "market-slots", digest: { sha256: "a".repeat(64) } }],
    predicate: { trust_domain: "example", mode: "local", at: "2026-11-23T00:00:00Z", epoch: 7, slot_s: 10, method: "adagrad", window_slots: 360, slots: { from: 0, count: 7 }, resources: [], regret_usd_micro: 5, promise_usd_micro: 6 },
  },
};

test("a certificate under a key that the node made for itself says that nobody vouches for who runs it", () => {
  expect(certificateText(VERIFIED)).toContain("regret 5 <= promise 6 millionths of a dollar, of 7 slots from 0 on");
  const [operated, own] = [certificateText(VERIFIED), certificateText({ ...VERIFIED, self_made: true })].map((text) => text.includes("not proved: who runs this node"));
  expect([operated, own]).toEqual([false, true]);
});
