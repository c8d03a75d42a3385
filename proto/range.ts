/** Numbers that stay hidden behind a commitment, and what is proved of them; docs/hidden-numbers.md. */
import { Type, type Static } from "@sinclair/typebox";
import { Base64, Choice, Closed, Decimal, Scale, Sha256Hex, ShortText } from "./scalar.ts";

/** Bits of a proved distance from a bound. */
export const RANGE_BITS = [8, 16, 32, 64] as const;
export type RangeBits = (typeof RANGE_BITS)[number];
export const RangeBitsSchema = Type.Unsafe<RangeBits>(Type.Union(RANGE_BITS.map((bits) => Type.Literal(bits)), { description: "how far from its bound a number can be shown to lie: less than 2^bits units of its scale" }));
/** Enough for every percentage, count and amount of money at its usual scale. */
export const RANGE_BITS_DEFAULT: RangeBits = 32;

/** A Pedersen commitment as a leaf and a proof write it: 32 bytes of ristretto255. */
export const Commitment = Type.String({ pattern: "^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$", description: "32 bytes, base64" });

/** What a leaf says of a number that it holds as a commitment. The hash binds it even where discrete logarithms are no longer hard. */
export const HiddenLeaf = Closed({ bits: RangeBitsSchema, opening_sha256: { ...Sha256Hex, description: "SHA-256 over value and blinding, 32 bytes each, little endian" } });

/** Commitments of one proof at most; a number with both bounds takes two. */
export const RANGE_PARTIES_MAX = 8;

/** One Bulletproofs proof over some leaves: it hangs on the manifest's root and stands outside of it. */
export const RangeProofEntry = Closed({
  leaves: Type.Array(Type.Integer({ minimum: 1, maximum: 99_999 }), { minItems: 1, maxItems: RANGE_PARTIES_MAX, description: "ascending" }),
  proof: { ...Base64, maxLength: 1280 },
});
export type RangeProofEntry = Static<typeof RangeProofEntry>;

export const RangeProofs = Type.Array(RangeProofEntry, { minItems: 1, maxItems: 64, description: "one for each few hidden numbers that are within their bounds" });
export type RangeProofs = Static<typeof RangeProofs>;

const Bound = Type.Union([Decimal, Type.Null()]);

/** What a verifier says of one hidden number. */
export const VerifiedRange = Closed({
  obligation: Type.String({ maxLength: 128 }),
  result: Choice(["proved", "outside", "not_proved"], { description: "outside: the gate says that it failed, which nobody proves" }),
  min: Bound,
  max: Bound,
  unit: Type.Union([Type.String({ maxLength: 32 }), Type.Null()]),
  scale: Scale,
  bounds: Choice(["configuration", "given", "signer"], { description: "where the bounds come from: the configuration that the identity names, the auditor's own file, or the signer's word alone" }),
  because: Type.Union([ShortText, Type.Null()]),
});
export type VerifiedRange = Static<typeof VerifiedRange>;

/** The number itself and what hides it, for one auditor. Whoever holds this file knows the number. */
export const OPENING_TYPE = "maestro.opening";
export const RangeOpening = Closed({
  type: Type.Literal(OPENING_TYPE),
  v: Type.Literal(1),
  gate_id: Type.String({ maxLength: 128 }),
  attempt: Type.Integer({ minimum: 1 }),
  obligation: Type.String({ maxLength: 128 }),
  value: Decimal,
  unit: Type.Union([Type.String({ maxLength: 32 }), Type.Null()]),
  scale: Scale,
  blinding: { ...Commitment, description: "a scalar, 32 bytes little endian, base64" },
});
export type RangeOpening = Static<typeof RangeOpening>;
