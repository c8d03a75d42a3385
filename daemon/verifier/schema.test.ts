import { expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { canonicalBytes } from "../../proto/canonical.ts";
import { Closed } from "../../proto/scalar.ts";
import { BUNDLE_LIMITS } from "./limits.ts";
import { readDocument, readForeign } from "./schema.ts";

const LIMITS = { bytes_max: 10_000, depth_max: 8 };
const Card = Closed({ title: Type.String(), cost: Closed({ known: Type.Boolean() }) });
const Sealed = Closed({ card: Type.Union([Card, Type.Null()]) });
const because = (value: unknown): string | undefined => {
  const document = readDocument(Sealed, canonicalBytes(value), LIMITS);
  return "because" in document ? document.because : undefined;
};

test("a document of exactly this shape is read, in either form of a choice", () => {
  expect([because({ card: null }), because({ card: { title: "a", cost: { known: true } } })]).toEqual([undefined, undefined]);
});

test("attack: a newer writer's field inside a choice of forms: it is named, and not the choice", () => {
  expect(because({ card: { title: "a", cost: { known: true, micro_usd: "1" } } })).toBe("/card/cost/micro_usd: Unexpected property");
  expect(because({ card: { title: 1, cost: { known: true } } })).toBe("/card/title: Expected string");
  expect(because({ card: "a" })).toStartWith("/card: ");
  expect(because({ card: null, more: 1 })).toBe("/more: Unexpected property");
});

test("attack: other people's JSON of millions of empty lists is refused before one is made; ours too", () => {
  const bytes = new TextEncoder().encode(`{"card":[${"[],".repeat(3_000_000)}[]]}`);
  const limits = { bytes_max: 1 << 26, depth_max: 8 };
  expect(readForeign(Sealed, bytes, limits)).toEqual({ because: "more than 2000000 values, names and lists" });
  expect(readDocument(Sealed, bytes, { ...BUNDLE_LIMITS, values_max: 1000 })).toEqual({ because: "more than 1000 values, names and lists" });
  expect(BUNDLE_LIMITS.values_max).toBeGreaterThan(5_000_000);
});
