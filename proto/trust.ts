import { Type, type Static } from "@sinclair/typebox";
import { Mode } from "./change.ts";
import { Base64, Choice, Closed, Fingerprint, RepositoryId, ShortText, Timestamp } from "./scalar.ts";

export const KeyRole = Choice(["gate", "log", "policy", "override", "capability", "reporter", "witness"]);
export type KeyRole = Static<typeof KeyRole>;

export const KeyAlgorithm = Choice(["ecdsa-p256-sha256", "ed25519"]);
export type KeyAlgorithm = Static<typeof KeyAlgorithm>;

export const TrustedKey = Closed({
  fingerprint: Fingerprint,
  algorithm: KeyAlgorithm,
  public_key: Base64,
  role: KeyRole,
  predicate_types: Type.Array(ShortText, { description: "what a key of this role may sign; empty for a log" }),
  repository_ids: Type.Array(Type.Union([RepositoryId, Type.Literal("*")]), { minItems: 1 }),
  modes: Type.Array(Mode, { minItems: 1 }),
  log_origin: Type.Union([Type.String({ pattern: "^[a-z0-9][a-z0-9.-]{0,251}[a-z0-9]$" }), Type.Null()], { description: "set for role log: the bare host name its checkpoints carry" }),
  from: Timestamp,
  to: Timestamp,
});
export type TrustedKey = Static<typeof TrustedKey>;

export const TrustBody = Closed({
  trust_domain: Type.String({ minLength: 1, maxLength: 253 }),
  self_made: Type.Boolean({ description: "true: the daemon wrote this file for itself; it proves integrity, not authority" }),
  keys: Type.Array(TrustedKey, { minItems: 1, maxItems: 256 }),
});
export type TrustBody = Static<typeof TrustBody>;

/** Comes to the verifier from outside the bundle. The root signs `maestro/v1/trust\0` ‖ canonical record bytes of the body. */
export const TrustFile = Closed({
  type: Type.Literal("maestro.trust"),
  v: Type.Literal(1),
  body: TrustBody,
  root: Closed({ algorithm: KeyAlgorithm, public_key: Base64, fingerprint: Fingerprint }),
  signature: Base64,
});
export type TrustFile = Static<typeof TrustFile>;
