/**
 * Everything an auditor needs of one gate, as one file. It is a container: each part in it is signed, or hashed into something signed, and is
 * judged for itself. Why one canonical JSON document and no archive is in docs/decisions.
 */
import { Type, type Static } from "@sinclair/typebox";
import { SigstoreBundle } from "./attestation.ts";
import { Bundle } from "./bundle.ts";
import { GateId } from "./change.ts";
import { Verdict } from "./decision.ts";
import { DOCUMENT_BYTES_MAX } from "./document.ts";
import { DRAFT_STATEMENTS_MAX, DraftPath, DraftTask } from "./drafting.ts";
import { Base64, Choice, Closed, Count, GitOid, Sha256Hex, ShortText } from "./scalar.ts";
import { Verification, VerifyReason } from "./verification.ts";

export const EVIDENCE_BUNDLE_TYPE = "maestro.evidence-bundle";
export const EVIDENCE_BUNDLE_MEDIA_TYPE = "application/vnd.maestro.evidence-bundle.v1+json";

/** One gate has few attempts and fewer releases; what is beyond this is named in `left_out`. */
export const EARLIER_MAX = 16;
export const RELEASES_MAX = 64;
export const PROVENANCE_MAX = 16;
export const DRAFTS_MAX = DRAFT_STATEMENTS_MAX;
export const FILES_MAX = 64;
export const FILE_BYTES_MAX = DOCUMENT_BYTES_MAX;

/** The receipts as they were when the gate was answered: put back, they give the very bytes of the bundle of then. */
export const AnsweredReceipts = Closed({
  log_id: Base64,
  checkpoint: Type.String({ maxLength: 16_384 }),
  hashes: Type.Array(Type.Array(Base64, { maxItems: 63 }), { minItems: 1, maxItems: 64, description: "inclusion proof of each attestation, in their order" }),
  consistency: Type.Array(Base64, { maxItems: 126, description: "RFC 6962 consistency proof from that checkpoint to the one the receipts stand under now" }),
});
export type AnsweredReceipts = Static<typeof AnsweredReceipts>;

const answered = Type.Optional({ ...AnsweredReceipts, description: "absent where the receipts are still those" });
export const HeldGate = Closed({ bundle: Bundle, answered });
export type HeldGate = Static<typeof HeldGate>;
export const HeldSignature = Closed({ bundle: SigstoreBundle, answered });
export type HeldSignature = Static<typeof HeldSignature>;

/** Bytes that something signed names; which one follows from the name. */
export const HeldFile = Closed({ name: Type.String({ pattern: "^[a-z][a-z0-9._-]*$", maxLength: 128 }), content: Base64 });
export type HeldFile = Static<typeof HeldFile>;

export const LeftOut = Closed({ what: ShortText, because: ShortText });
export type LeftOut = Static<typeof LeftOut>;

export const EvidenceBundle = Closed({
  type: Type.Literal(EVIDENCE_BUNDLE_TYPE),
  v: Type.Literal(1),
  readme: Type.String({ maxLength: 8192, description: "for whoever opens the file; signed by nobody" }),
  trust_sha256: { ...Sha256Hex, description: "of the trust file the node works under, to compare with; the file itself has to come from elsewhere" },
  gate: HeldGate,
  earlier: Type.Array(HeldGate, { maxItems: EARLIER_MAX, description: "earlier attempts of this gate, oldest first" }),
  releases: Type.Array(HeldSignature, { maxItems: RELEASES_MAX, description: "those that the gate's statement names" }),
  provenance: Type.Array(HeldSignature, { maxItems: PROVENANCE_MAX, description: "of builds of this head" }),
  drafts: Type.Optional(Type.Array(HeldSignature, { minItems: 1, maxItems: DRAFTS_MAX, description: "what was signed later about drafts of this attempt, oldest first; absent where nothing was, so that a verifier from before there were any reads the file" })),
  files: Type.Array(HeldFile, { maxItems: FILES_MAX, description: "sorted by name" }),
  left_out: Type.Array(LeftOut, { maxItems: 64, description: "what the node did not have; signed by nobody" }),
});
export type EvidenceBundle = Static<typeof EvidenceBundle>;

/** What holds a file's bytes: a leaf of the manifest, the gate's identity, or that it is over the very statement of the gate. */
export const FileHeldBy = Choice(["leaf", "configuration", "policy", "same-statement"]);
export type FileHeldBy = Static<typeof FileHeldBy>;

const Part = { result: Choice(["verified", "failed", "unknown_signer"]), log_index: Type.Union([Count, Type.Null()]) };

export const EvidenceVerification = Closed(
  {
    result: Choice(["verified", "failed", "unknown_signer"]),
    reasons: Type.Array(VerifyReason, { description: "empty where verified; the first part that is wrong is named" }),
    gate: Type.Union([Verification, Type.Null()], { description: "null where the file could not be read" }),
    log_grew: Type.Union([Closed({ from: Count, to: Count }), Type.Null()], { description: "entries when it was answered, and under the checkpoint of the receipts; null where they are the same" }),
    answered_sha256: Type.Union([Sha256Hex, Type.Null()], { description: "of the bundle as the gate gave it out" }),
    earlier: Type.Array(Closed({ ...Part, attempt: Count, verdict: Verdict })),
    releases: Type.Array(Closed({ ...Part, kind: ShortText, person: ShortText, statement_sha256: Sha256Hex })),
    provenance: Type.Array(Closed({ ...Part, build: ShortText, level: Count, subjects: Type.Array(ShortText) })),
    drafts: Type.Array(Closed({ ...Part, statement_sha256: Sha256Hex, wrote: Type.Array(Closed({ task: DraftTask, path: DraftPath })) })),
    files: Type.Array(Closed({ name: ShortText, sha256: Sha256Hex, bytes: Count, held_by: FileHeldBy })),
    node_trust_file: Type.Boolean({ description: "whether the trust file used is the one the node works under" }),
    left_out: Type.Array(LeftOut),
  },
  { $id: "EvidenceVerification" },
);
export type EvidenceVerification = Static<typeof EvidenceVerification>;

export const EvidenceBundleReply = Closed({ gate_id: GateId, attempt: Type.Integer({ minimum: 1 }), content: Base64, target: Type.Optional({ ...GitOid, description: "tip of the target that it was judged against; absent where it is no longer kept" }) }, { $id: "EvidenceBundleReply" });
export type EvidenceBundleReply = Static<typeof EvidenceBundleReply>;

/** Names of files whose bytes something other than a leaf holds. */
export const CONFIGURATION_FILE = "configuration.json";
export const POLICY_FILE = "policy.json";
export const KEYLESS_FILE = "keyless.sigstore.json";
/** Code and data of the compiled policy at this place of `policy.json`. */
export const policyCodeFile = (place: number): string => `policy-${place}.wasm`;
export const policyDataFile = (place: number): string => `policy-${place}.data.json`;
