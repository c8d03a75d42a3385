import { Type, type Static } from "@sinclair/typebox";
import { Mode } from "./change.ts";
import { Base64, Choice, Closed, Fingerprint, RepositoryId, ShortText, Timestamp } from "./scalar.ts";

export const KeyRole = Choice(["gate", "log", "policy", "override", "capability", "reporter", "witness"]);
export type KeyRole = Static<typeof KeyRole>;

export const KeyAlgorithm = Choice(["ecdsa-p256-sha256", "ed25519"]);
export type KeyAlgorithm = Static<typeof KeyAlgorithm>;

/** Name of a note's key (C2SP signed-note): no space, no plus sign; ours keep to what needs no escaping. */
export const KEY_NAME = "^[A-Za-z0-9][A-Za-z0-9._/:-]{0,199}$";

export const TrustedKey = Closed({
  fingerprint: Fingerprint,
  algorithm: KeyAlgorithm,
  public_key: Base64,
  role: KeyRole,
  predicate_types: Type.Array(ShortText, { description: "what a key of this role may sign; empty for a log" }),
  repository_ids: Type.Array(Type.Union([RepositoryId, Type.Literal("*")]), { minItems: 1 }),
  modes: Type.Array(Mode, { minItems: 1 }),
  log_origin: Type.Union([Type.String({ pattern: "^[a-z0-9][a-z0-9.-]{0,251}[a-z0-9]$" }), Type.Null()], { description: "set for role log: the bare host name its checkpoints carry" }),
  log_size_max: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: "set for a log key that another one followed: the largest tree it signed" })),
  name: Type.Optional(Type.String({ pattern: KEY_NAME, description: "set for role witness: the key name its cosignatures carry" })),
  from: Timestamp,
  to: Timestamp,
});
export type TrustedKey = Static<typeof TrustedKey>;

export const TrustBody = Closed({
  trust_domain: Type.String({ minLength: 1, maxLength: 253 }),
  self_made: Type.Boolean({ description: "true: the daemon wrote this file for itself; it proves integrity, not authority" }),
  keys: Type.Array(TrustedKey, { minItems: 1, maxItems: 256 }),
  witnesses: Type.Optional(Closed({ quorum: Type.Integer({ minimum: 1, maximum: 256, description: "how many of the witness keys must have cosigned a checkpoint; more than half of them" }) })),
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
