/** What is asked and answered where people release what a gate held. Apart from `release.ts`, on which the card stands. */
import { Type, type Static } from "@sinclair/typebox";
import { Card } from "./card.ts";
import { PersonId } from "./people.ts";
import { ReleaseKind, ReleaseReason, ReleaseRequest } from "./release.ts";
import { Choice, Closed, RuleId, ShortText } from "./scalar.ts";

/** Asks for a request to agree to. The gate is named by the start of its id, head or bundle. */
export const ReleaseAsk = Closed({
  gate: ShortText,
  kind: ReleaseKind,
  reason: ReleaseReason,
  expires_s: Type.Optional(Type.Integer({ minimum: 1, maximum: 31_536_000 })),
  public_key: Type.Optional(Type.String({ maxLength: 2000, description: "the key that will sign; absent: the caller's user is the proof" })),
});
export type ReleaseAsk = Static<typeof ReleaseAsk>;
export const ReleaseOffer = Closed({
  request: ReleaseRequest,
  card: Card,
  stays: Type.Array(Closed({ rule: RuleId, because: ShortText }), { maxItems: 256, description: "what this release will not touch" }),
});
export type ReleaseOffer = Static<typeof ReleaseOffer>;

/** Agrees to it; the answer is the new attempt. */
export const ReleaseAnswer = Closed({
  nonce: ReleaseRequest.properties.nonce,
  signature: Type.Optional(Type.String({ maxLength: 8192 })),
});
export type ReleaseAnswer = Static<typeof ReleaseAnswer>;

/** A card of what would be decided: unsigned, unlogged, no verdict. */
export const SimulateRequest = Closed({
  gate: ShortText,
  approve: Type.Array(PersonId, { maxItems: 16 }),
  rules: Type.Record(RuleId, Choice(["off", "note", "hold", "refuse", "observe"]), { additionalProperties: false }),
});
export type SimulateRequest = Static<typeof SimulateRequest>;
export const SimulateReply = Closed({
  simulated: Type.Literal(true),
  card: Card,
  ignored: Type.Array(ShortText, { maxItems: 64, description: "approvals that would not count, and why" }),
});
export type SimulateReply = Static<typeof SimulateReply>;
