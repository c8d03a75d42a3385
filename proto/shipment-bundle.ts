/**
 * A release of an artifact as one file for an auditor: what was signed of it, and the evidence of every change it names. A container as
 * `evidence-bundle.ts`: each part is signed, or hashed into something signed, and is judged for itself.
 */
import { Type, type Static } from "@sinclair/typebox";
import { HeldGate, HeldSignature, LeftOut, RELEASES_MAX } from "./evidence-bundle.ts";
import { GateId, Mode } from "./change.ts";
import { PackageReleaseStatement, ShipmentStatement, SHIPPED_STEPS_MAX } from "./predicates/shipping.ts";
import { Base64, Choice, Closed, Count, Fingerprint, GitOid, Sha256Hex, ShortText, Timestamp } from "./scalar.ts";
import { ShipmentId } from "./shipping.ts";
import { VerifyReason, WitnessVerification } from "./verification.ts";

export const SHIPMENT_BUNDLE_TYPE = "maestro.shipment-bundle";
export const SHIPMENT_BUNDLE_MEDIA_TYPE = "application/vnd.maestro.shipment-bundle.v1+json";

/** A change of the release, with what people released to get it admitted. */
export const HeldChange = Closed({ ...HeldGate.properties, releases: Type.Array(HeldSignature, { maxItems: RELEASES_MAX }) });
export type HeldChange = Static<typeof HeldChange>;

export const ShipmentBundle = Closed({
  type: Type.Literal(SHIPMENT_BUNDLE_TYPE),
  v: Type.Literal(1),
  readme: Type.String({ maxLength: 8192, description: "for whoever opens the file; signed by nobody" }),
  trust_sha256: { ...Sha256Hex, description: "of the trust file the node works under, to compare with" },
  shipment: HeldSignature,
  package_release: HeldSignature,
  gates: Type.Array(HeldChange, { maxItems: SHIPPED_STEPS_MAX, description: "one for each change that the release names, in its order" }),
  provenance: Type.Union([HeldSignature, Type.Null()], { description: "of the build that the release names" }),
  sbom: Type.Union([Base64, Type.Null()], { description: "the bill of materials that the release names" }),
  left_out: Type.Array(LeftOut, { maxItems: 64, description: "what the node did not have; signed by nobody" }),
});
export type ShipmentBundle = Static<typeof ShipmentBundle>;

const Logged = Closed({ origin: ShortText, index: Count, size: Count });
const Grew = Type.Union([Closed({ from: Count, to: Count }), Type.Null()], { description: "entries when it was signed, and under the checkpoint of the receipt; null where they are the same" });

/** One change of the release, whose evidence is here and says what the release says of it. */
export const ShippedChange = Closed({
  gate_id: GateId,
  attempt: Count,
  head: GitOid,
  mode: Mode,
  issued_at: Timestamp,
  log_index: Count,
  signer: Fingerprint,
  leaves: Count,
  hidden_leaves: Count,
  people: Type.Array(ShortText, { description: "what people released to get it admitted, as its statement names them" }),
});
export type ShippedChange = Static<typeof ShippedChange>;

export const ShippedVerification = Closed(
  {
    result: Choice(["verified", "failed", "unknown_signer"], { description: "verified: the release and the evidence of every change it names" }),
    reasons: Type.Array(VerifyReason, { description: "empty where verified" }),
    statement: Type.Union([ShipmentStatement, Type.Null()], { description: "what the release says: its own signature stands, also where the whole of it is not verified; null where it does not" }),
    signer: Type.Union([Closed({ fingerprint: Fingerprint, trust_domain: ShortText, self_made: Type.Boolean() }), Type.Null()]),
    log: Type.Union([Logged, Type.Null()]),
    log_grew: Grew,
    witnesses: Type.Union([WitnessVerification, Type.Null()]),
    package_release: Type.Union([PackageReleaseStatement, Type.Null()], { description: "in-toto's statement of the same release; null where it is not here" }),
    changes: Type.Array(ShippedChange),
    missing: Type.Array(Closed({ gate_id: GateId, attempt: Count, statement_sha256: Sha256Hex }), { description: "changes that the release names and whose evidence is not here" }),
    provenance: Type.Union([Closed({ build: ShortText, builder: ShortText, level: Count, log_index: Count }), Type.Null()]),
    sbom: Type.Union([Closed({ sha256: Sha256Hex, bytes: Count }), Type.Null()]),
    artifact_compared: Type.Boolean({ description: "whether a file was held against the release" }),
    node_trust_file: Type.Union([Type.Boolean(), Type.Null()], { description: "whether the trust file used is the one the node works under; null where nothing says" }),
    left_out: Type.Array(LeftOut),
  },
  { $id: "ShippedVerification" },
);
export type ShippedVerification = Static<typeof ShippedVerification>;

export const ShipmentBundleReply = Closed({ shipment_id: ShipmentId, content: Base64 }, { $id: "ShipmentBundleReply" });
export type ShipmentBundleReply = Static<typeof ShipmentBundleReply>;
