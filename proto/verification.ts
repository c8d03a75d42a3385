import { Type, type Static } from "@sinclair/typebox";
import { Statement } from "./attestation.ts";
import { Leaf } from "./manifest.ts";
import { RangeOpening, VerifiedRange } from "./range.ts";
import { Choice, Closed, Count, Fingerprint, Sha256Hex, ShortText, Timestamp } from "./scalar.ts";

/** Which rule of the verifier spoke. `signer.unknown` and `log.unknown` are no fault of the bundle; all others are. */
export const VerifyCode = Choice([
  "trust.malformed",
  "trust.signature",
  "bundle.malformed",
  "signature.keyid",
  "signature.invalid",
  "statement.malformed",
  "statement.identity",
  "statement.subject",
  "statement.time",
  "manifest.leaves",
  "manifest.root",
  "manifest.identity",
  "card.mismatch",
  "document.mismatch",
  "attestation.unknown",
  "attestation.mismatch",
  "range.proof",
  "range.bounds",
  "range.opening",
  "log.entry",
  "log.proof",
  "log.checkpoint",
  "log.key",
  "log.unknown",
  "log.witnesses",
  "signer.unknown",
  "signer.role",
  "signer.predicate",
  "signer.repository",
  "signer.mode",
  "signer.time",
  "signer.domain",
  "leaf.unknown",
  "artifact.digest",
  "release.proof",
  "release.mismatch",
  "release.incomplete",
]);
export type VerifyCode = Static<typeof VerifyCode>;

export const VerifyReason = Closed({ code: VerifyCode, detail: ShortText });
export type VerifyReason = Static<typeof VerifyReason>;

export const VerifiedLeaf = Closed({
  index: Count,
  size: Count,
  leaf: Leaf,
  leaf_hash: Sha256Hex,
  proof: Type.Array(Sha256Hex, { maxItems: 63, description: "RFC 6962 inclusion proof, leaf's sibling first" }),
});
export type VerifiedLeaf = Static<typeof VerifiedLeaf>;

/** Which witnesses the trust file names cosigned the checkpoint of the receipt. */
export const WitnessVerification = Closed({
  quorum: Type.Union([Count, Type.Null()], { description: "how many the trust file asks for; null where it asks for none" }),
  of: Count,
  names: Type.Array(ShortText, { description: "those that count" }),
  oldest: Type.Union([Timestamp, Type.Null()], { description: "when the first of them saw it" }),
  pending: Type.Boolean({ description: "the quorum was not there yet, and the caller asked for no more" }),
});
export type WitnessVerification = Static<typeof WitnessVerification>;

/** What the verifier says of a bundle. Every word of `statement` comes from signed bytes; it is null unless `verified`. */
export const Verification = Closed({
  result: Choice(["verified", "failed", "unknown_signer"]),
  reasons: Type.Array(VerifyReason, { description: "empty where verified" }),
  statement: Type.Union([Statement, Type.Null()]),
  signer: Type.Union([
    Closed({
      fingerprint: Fingerprint,
      trust_domain: Type.Union([ShortText, Type.Null()], { description: "null where the trust file does not know the key" }),
      self_made: Type.Boolean({ description: "the trust file was written by the daemon for itself" }),
    }),
    Type.Null(),
  ]),
  log: Type.Union([Closed({ origin: ShortText, index: Count, size: Count }), Type.Null()]),
  witnesses: Type.Optional(WitnessVerification),
  lapsed: Type.Boolean({ description: "verified, but `valid_until` has passed: the evidence stands, the admit does not" }),
  hidden_leaves: Count,
  attestations: Type.Array(
    Closed({
      predicate_type: ShortText,
      of: Type.Union([ShortText, Type.Null()], { description: "whose result, where there may be several of one type" }),
      says: ShortText,
      log_index: Count,
      statement_sha256: Sha256Hex,
    }),
    { description: "beside the obligations, each signed and logged and in agreement with them" },
  ),
  documents: Type.Array(Closed({ name: ShortText, media_type: ShortText, sha256: Sha256Hex, bytes: Count }), { description: "that travel in the bundle and are what their leaves say" }),
  ranges: Type.Optional(Type.Array(VerifiedRange, { description: "numbers that stay hidden; absent where there are none" })),
  opening: Type.Optional({ ...RangeOpening, description: "of one hidden number, where the caller has it" }),
  leaf: Type.Union([VerifiedLeaf, Type.Null()]),
});
export type Verification = Static<typeof Verification>;
