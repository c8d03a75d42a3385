/** Made-up episodes, the same for the same seed. */
import type { Episode } from "../../../../proto/episode.ts";
import type { Declared } from "../columns.ts";

export const ROUTER = "review";
/** 2026-11-22T23:00Z. */
export const HOUR_MS = Date.UTC(2026, 10, 22, 23);
export const DECLARED: Declared = {
  context: [{ name: "tokens", type: "number" }, { name: "urgent", type: "boolean" }, { name: "language", type: "choice", values: ["ts", "go"] }, { name: "title", type: "text" }],
  constraints: ["failed"],
};

const ARMS = ["local", "mid", "large"] as const;

/** Splitmix64's mixing, folded to 32 bits: enough for data that only has to differ. */
function bits(n: number): number {
  let x = Math.imul(n + 1, 0x9e3779b9) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b) >>> 0;
  return (x ^ (x >>> 13)) >>> 0;
}

export function episodeAt(n: number, at_ms: number = HOUR_MS + (n % 3_600_000)): Episode {
  const dice = bits(n);
  const executed = ARMS[dice % 3]!;
  const reward = (dice >>> 8) / 2 ** 24;
  return {
    v: 1,
    id: `ep-${at_ms.toString(36).padStart(9, "0")}-${n.toString(36)}`,
    router: ROUTER,
    at_ms,
    space: "tenant-a",
    split: dice & 4 ? "search" : "safety",
    context: { tokens: dice % 100_000, urgent: (dice & 8) !== 0, language: dice & 16 ? "ts" : "go", title: `change ${dice % 997} of a queue` },
    redacted: { person: 0, email: dice & 1, phone: 0, iban: 0, card: 0, token: 0 },
    eligible: ARMS.map((arm, at) => ({ arm, propensity: [0.8, 0.1, 0.1][at]! })),
    drawn: executed,
    executed,
    propensity: executed === "local" ? 0.8 : 0.1,
    forced: dice % 50 === 0 ? "without" : null,
    policy: "ab".repeat(32),
    seed: "0123456789abcdef".repeat(2),
    counter: n,
    epoch: Math.floor(at_ms / 10_000),
    prices: { usd_micro: 0.25, tokens: (dice % 1000) / 7000 },
    reserved: { usd_micro: dice % 5_000, tokens: dice % 90_000 },
    reason: `${executed}: cheapest of 3 that can review`,
    outcome: dice % 10 === 0 ? null : { reward: dice % 11 === 0 ? null : reward, definition: "merged", version: 2, constraints: { failed: dice & 32 ? 1 : 0 }, usage: { tokens: dice % 80_000 }, delay_ms: dice % 60_000, censored: dice % 11 === 0 },
  };
}
