import { Type, type Static } from "@sinclair/typebox";
import { BREAKER_RESET_PREDICATE, BreakerReset } from "./breaker.ts";
import { DRAFT_PREDICATE } from "./predicates/draft-type.ts";
import { MARKET_PREDICATE } from "./predicates/market-type.ts";
import { PROVENANCE_PREDICATE } from "./build.ts";
import { Attempt, GateId, Identity, Mode } from "./change.ts";
import { Verdict } from "./decision.ts";
import { LEAF_SCHEMA } from "./manifest.ts";
import { EVALUATION_PREDICATE, SVR_PREDICATE, TEST_RESULT_PREDICATE, VSA_PREDICATE } from "./predicates/derived.ts";
import { RotationPredicate, ROTATION_PREDICATE } from "./predicates/rotation.ts";
import { PACKAGE_RELEASE_PREDICATE, SHIPMENT_PREDICATE } from "./predicates/shipping-types.ts";
import { NamedReleases, Release, RELEASE_PREDICATE } from "./release.ts";
import { Base64, Choice, Closed, Count, Fingerprint, RuleId, Sha256Hex, ShortText, Timestamp } from "./scalar.ts";

/** One namespace for every predicate of ours; a URN, so that no domain has to stay ours for evidence to stay readable. */
export const OBLIGATIONS_PREDICATE = "urn:maestro:predicate:obligations:v1";
export const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
export const DSSE_PAYLOAD_TYPE = "application/vnd.in-toto+json";
export const SIGSTORE_BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";

export const Subject = Closed({
  name: ShortText,
  digest: Type.Record(Type.String({ pattern: "^[a-zA-Z0-9]+$" }), Type.String({ pattern: "^[0-9a-f]+$" })),
});

/** Our predicate: the verdict, what it was about, and the root every obligation hangs under. */
export const ObligationsPredicate = Closed({
  verifier: Closed({ id: ShortText, version: ShortText }),
  gate_id: GateId,
  identity: Identity,
  attempt: Attempt,
  mode: Mode,
  verdict: Verdict,
  reasons: Type.Array(Closed({ rule: RuleId, effect: Choice(["refuse", "hold", "note"]), observed: Type.Boolean() }), { maxItems: 1000 }),
  releases: Type.Optional(NamedReleases),
  manifest: Closed({ root: Sha256Hex, size: Type.Integer({ minimum: 1 }), leaf_schema: Type.Literal(LEAF_SCHEMA) }),
});
export type ObligationsPredicate = Static<typeof ObligationsPredicate>;

/** in-toto Statement v1 with our predicate. */
export const Statement = Closed({
  _type: Type.Literal(STATEMENT_TYPE),
  subject: Type.Array(Subject, { minItems: 1, maxItems: 8 }),
  predicateType: Type.Literal(OBLIGATIONS_PREDICATE),
  predicate: ObligationsPredicate,
});
export type Statement = Static<typeof Statement>;

/** An operator's word that the wall clock is right again after it jumped ahead; log time follows it from then on. */
export const TIME_RESET_PREDICATE = "urn:maestro:predicate:time-reset:v1";
export const TimeResetStatement = Closed({
  _type: Type.Literal(STATEMENT_TYPE),
  subject: Type.Array(Subject, { minItems: 1, maxItems: 1, description: "the log and its root before this entry" }),
  predicateType: Type.Literal(TIME_RESET_PREDICATE),
  predicate: Closed({
    frozen_at: Timestamp,
    accepted: Timestamp,
    step_s: Count,
    operator_uid: Count,
    reason: Type.String({ minLength: 1, maxLength: 500 }),
  }),
});
export type TimeResetStatement = Static<typeof TimeResetStatement>;

/** Why a log ends and another begins: its state came back from a backup, was copied, woke up on another machine, or was rebuilt from damage. */
export const SuccessionCause = Choice(["restored", "clone", "machine", "repaired"]);
export type SuccessionCause = Static<typeof SuccessionCause>;

/** Entry 0 of a log that follows another one: no key ever signs two histories. */
export const SUCCESSION_PREDICATE = "urn:maestro:predicate:log-succession:v1";
export const SuccessionStatement = Closed({
  _type: Type.Literal(STATEMENT_TYPE),
  subject: Type.Array(Subject, { minItems: 1, maxItems: 1, description: "the log before, and its root" }),
  predicateType: Type.Literal(SUCCESSION_PREDICATE),
  predicate: Closed({
    cause: SuccessionCause,
    checkpoint: Type.String({ maxLength: 16_384, description: "the old log's newest head as it was signed" }),
    origin: ShortText,
    log_key: Fingerprint,
    at: Timestamp,
  }),
});
export type SuccessionStatement = Static<typeof SuccessionStatement>;

/** A person's release of what a gate held, with its proof; signed and logged before it takes effect. */
export const ReleaseStatement = Closed({
  _type: Type.Literal(STATEMENT_TYPE),
  subject: Type.Array(Subject, { minItems: 1, maxItems: 1, description: "the head it is bound to" }),
  predicateType: Type.Literal(RELEASE_PREDICATE),
  predicate: Release,
});
export type ReleaseStatement = Static<typeof ReleaseStatement>;

/** The log goes on under another key; the entry of this signature is the last one that the old key covers. */
export const RotationStatement = Closed({
  _type: Type.Literal(STATEMENT_TYPE),
  subject: Type.Array(Subject, { minItems: 1, maxItems: 1, description: "the log, and its root before this entry" }),
  predicateType: Type.Literal(ROTATION_PREDICATE),
  predicate: RotationPredicate,
});
export type RotationStatement = Static<typeof RotationStatement>;

/** A person closed a breaker before its time; signed and logged before it took effect. */
export const BreakerResetStatement = Closed({
  _type: Type.Literal(STATEMENT_TYPE),
  subject: Type.Array(Subject, { minItems: 1, maxItems: 1, description: "the log and its root before this entry" }),
  predicateType: Type.Literal(BREAKER_RESET_PREDICATE),
  predicate: BreakerReset,
});
export type BreakerResetStatement = Static<typeof BreakerResetStatement>;

/** What a key of role `gate` signs. */
export const GATE_PREDICATES: readonly string[] = [OBLIGATIONS_PREDICATE, TIME_RESET_PREDICATE, SUCCESSION_PREDICATE, RELEASE_PREDICATE, ROTATION_PREDICATE, PROVENANCE_PREDICATE, SVR_PREDICATE, VSA_PREDICATE, TEST_RESULT_PREDICATE, EVALUATION_PREDICATE, SHIPMENT_PREDICATE, PACKAGE_RELEASE_PREDICATE, BREAKER_RESET_PREDICATE, MARKET_PREDICATE, DRAFT_PREDICATE];

/** DSSE v1 with exactly one signature, as a Sigstore bundle demands. */
export const DsseEnvelope = Closed({
  payload: Base64,
  payloadType: Type.Literal(DSSE_PAYLOAD_TYPE),
  signatures: Type.Array(Closed({ sig: Base64, keyid: Fingerprint }), { minItems: 1, maxItems: 1 }),
});
export type DsseEnvelope = Static<typeof DsseEnvelope>;

/** Rekor v2 `hashedrekord` 0.0.2: what the log holds of one DSSE signature, in RFC 8785 form. The digest is over the pre-authentication encoding. */
export const HashedRekord = Closed({
  apiVersion: Type.Literal("0.0.2"),
  kind: Type.Literal("hashedrekord"),
  spec: Closed({
    hashedRekordV002: Closed({
      data: Closed({ algorithm: Type.Literal("SHA2_256"), digest: Base64 }),
      signature: Closed({
        content: Base64,
        verifier: Closed({ keyDetails: Type.Literal("PKIX_ECDSA_P256_SHA_256"), publicKey: Closed({ rawBytes: Base64 }) }),
      }),
    }),
  }),
});
export type HashedRekord = Static<typeof HashedRekord>;

const Int64 = Type.String({ pattern: "^(?:0|[1-9][0-9]{0,15})$" });

/** A Rekor v2 shaped transparency-log entry (protobuf JSON: int64 as strings). */
export const TlogEntry = Closed({
  logIndex: Int64,
  logId: Closed({ keyId: Base64 }),
  kindVersion: Closed({ kind: Type.Literal("hashedrekord"), version: Type.Literal("0.0.2") }),
  inclusionProof: Closed({
    logIndex: Int64,
    rootHash: Base64,
    treeSize: Int64,
    hashes: Type.Array(Base64, { maxItems: 63 }),
    checkpoint: Closed({ envelope: Type.String({ maxLength: 16_384 }) }),
  }),
  canonicalizedBody: Base64,
});
export type TlogEntry = Static<typeof TlogEntry>;

/** Sigstore bundle v0.3, managed key. */
export const SigstoreBundle = Closed({
  mediaType: Type.Literal(SIGSTORE_BUNDLE_TYPE),
  verificationMaterial: Closed({
    publicKey: Closed({ hint: Fingerprint }),
    tlogEntries: Type.Array(TlogEntry, { minItems: 1, maxItems: 1 }),
  }),
  dsseEnvelope: DsseEnvelope,
});
export type SigstoreBundle = Static<typeof SigstoreBundle>;
