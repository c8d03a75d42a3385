import { expect, test } from "bun:test";
import { canonicalText } from "../../proto/canonical.ts";
import { documentOf, rounded } from "./note.ts";

test("attack: a regret just below zero, or a price of less than half a billionth, leaves a zero with a sign, and no document is written of it", () => {
  const certificate = { regret: -3e-7, promise: 2e-6, holds: true };
  expect(canonicalText(rounded(certificate))).toBe('{"promise_usd_micro":2,"regret_usd_micro":0}');
  expect(new TextDecoder().decode(documentOf({ epoch: 1, prices: { usd_micro: -4e-10, tokens: 2e-9 }, certificate, slot: null }).content)).toContain('"prices":[{"resource":"usd_micro","usd_nano":0},{"resource":"tokens","usd_nano":2}]');
});
