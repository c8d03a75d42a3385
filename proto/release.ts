/**
 * A person's release of what the gate held: approve, or override (break-glass).
 * The person agrees to a request that the daemon wrote; the node signs and logs
 * the request with its proof before it takes effect.
 */
import { Type, type Static } from "@sinclair/typebox";
import { GateId, Mode } from "./change.ts";
import { PersonId } from "./people.ts";
import { Choice, Closed, Count, Fingerprint, GitOid, RefName, RepositoryId, RuleId, Sha256Hex, Timestamp } from "./scalar.ts";

export const RELEASE_PREDICATE = "urn:maestro:predicate:release:v1";
/** Namespace of the person's SSH signature (`ssh-keygen -Y sign -n`): a signature for another use is none here. */
export const RELEASE_NAMESPACE = "maestro-release";

/** What one person can have looked at; beyond it the change has to be split. */
export const SEEN_FINGERPRINTS_MAX = 5_000;

export const ReleaseKind = Choice(["approve", "override"]);
export type ReleaseKind = Static<typeof ReleaseKind>;

/** One reason that the person saw. Where a reason hangs on no finding, its mark is a digest of what it says. */
export const SeenReason = Closed({
  rule: RuleId,
  effect: Choice(["hold", "refuse"]),
  fingerprints: Type.Array(Sha256Hex, { minItems: 1, maxItems: SEEN_FINGERPRINTS_MAX }),
});
export type SeenReason = Static<typeof SeenReason>;

/** What stands in place of a reason where a command is shown to be typed. Left as it is, it is nobody's reason, and is refused. */
export const REASON_PLACEHOLDER = "what you looked at";

/** Whether the words are a person's own. */
export const isOwnReason = (text: string): boolean => text.trim() !== "" && text.trim() !== REASON_PLACEHOLDER;

export const ReleaseReason = Type.String({ minLength: 1, maxLength: 500, pattern: "\\S", description: "why, in the person's words" });

/** What a person puts their name to. Its canonical bytes are what an SSH key signs; the nonce makes each of them good for one use. */
export const ReleaseRequest = Closed({
  type: Type.Literal("maestro.release-request"),
  v: Type.Literal(1),
  kind: ReleaseKind,
  trust_domain: Type.String({ maxLength: 253 }),
  mode: Mode,
  repo_id: RepositoryId,
  target_ref: RefName,
  head: GitOid,
  gate_id: GateId,
  attempt: Type.Integer({ minimum: 1 }),
  reasons: Type.Array(SeenReason, { maxItems: 256 }),
  person: PersonId,
  reason: ReleaseReason,
  expires: Type.Union([Timestamp, Type.Null()], { description: "null: as long as the head stays what it is" }),
  second_of: Type.Union([Sha256Hex, Type.Null()], { description: "the override that this one seconds" }),
  nonce: Type.String({ pattern: "^[a-z2-7]{26}$" }),
  answer_until: Timestamp,
});
export type ReleaseRequest = Static<typeof ReleaseRequest>;

export const Presence = Choice(["touch", "passphrase", "confirm"]);
/** How the daemon knows that it was the person: the kernel's word on the user, or a key that asks for the person. */
export const ReleaseProof = Type.Union([
  Closed({ by: Type.Literal("uid"), uid: Count }),
  Closed({
    by: Type.Literal("ssh-key"),
    fingerprint: Fingerprint,
    public_key: Type.String({ maxLength: 2000 }),
    presence: Presence,
    signature: Type.String({ maxLength: 8192, description: "armoured SSHSIG over the request's canonical bytes" }),
  }),
]);
export type ReleaseProof = Static<typeof ReleaseProof>;

export const Release = Closed({ request: ReleaseRequest, proof: ReleaseProof, at: Timestamp });
export type Release = Static<typeof Release>;

/** A release as an attempt's card and signed statement name it. */
export const NamedRelease = Closed({
  kind: ReleaseKind,
  person: PersonId,
  at: Timestamp,
  expires: Type.Union([Timestamp, Type.Null()]),
  proof: Choice(["uid", "ssh-key"]),
  reason: ReleaseReason,
  rules: Type.Array(RuleId, { maxItems: 256, description: "what the person saw" }),
  log_index: Count,
  statement_sha256: Sha256Hex,
  counts: Type.Boolean({ description: "false: it waits for a second person" }),
});
export type NamedRelease = Static<typeof NamedRelease>;
export const NamedReleases = Type.Array(NamedRelease, { maxItems: 64 });
