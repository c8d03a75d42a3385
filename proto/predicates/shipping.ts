/** What a node signs of an artifact that is released: which changes are in it, and under which admits. docs/shipping.md says what it does not prove. */
import { Type, type Static } from "@sinclair/typebox";
import { STATEMENT_TYPE } from "../attestation.ts";
import { BuildId } from "../build.ts";
import { GateId, Mode } from "../change.ts";
import { Choice, Closed, Count, Fingerprint, GitOid, RefName, RepositoryId, Sha256Hex, ShortText, Timestamp } from "../scalar.ts";
import { PACKAGE_RELEASE_PREDICATE, SHIPMENT_PREDICATE } from "./shipping-types.ts";

/** More changes than that in one release are shipped in several. */
export const SHIPPED_STEPS_MAX = 1_000;

/** Package URL with a version, no qualifiers and no subpath, as the release predicate asks (in-toto/attestation, spec/predicates/release.md). */
export const Purl = Type.String({ pattern: "^pkg:[a-z][a-z0-9.+-]*/[A-Za-z0-9._~%/@:+-]{1,400}@[A-Za-z0-9._~%:+-]{1,200}$", description: "package URL with a version" });

/** File name of an artifact: nothing that a shell, a terminal or a path would take for something else. */
export const ArtifactName = Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9._+@~-]{0,199}$", description: "the artifact's file name" });

/** One admitted transition of the branch's content: the commits after `from` up to `to` are what this gate admitted, on the base it was judged on. */
export const ShippedStep = Closed({
  from: Type.Union([GitOid, Type.Null()]),
  to: GitOid,
  how: Choice(["merge", "squash", "rebase", "fast_forward"]),
  commits: Type.Integer({ minimum: 1, description: "commits of the first-parent line" }),
  head: GitOid,
  gate_id: GateId,
  attempt: Type.Integer({ minimum: 1 }),
  log_index: Count,
  statement_sha256: Sha256Hex,
  bundle_sha256: Sha256Hex,
  issued_at: Timestamp,
  valid_until: Timestamp,
  landed_by: Type.Union([Timestamp, Type.Null()], { description: "set where the admit has ended since: when a later gate of this range was judged on top of it, which was in time" }),
  releases: Type.Array(Choice(["approve", "override"]), { maxItems: 64, description: "what people released to get this admit" }),
  record: Choice(["node", "bundle"], { description: "node: this node's own record; bundle: another node's evidence, verified under this node's trust file" }),
  signer: Fingerprint,
});
export type ShippedStep = Static<typeof ShippedStep>;

export const ShipmentPredicate = Closed({
  verifier: Closed({ id: ShortText, version: ShortText }),
  mode: Mode,
  trust_domain: ShortText,
  repository: RepositoryId,
  target_ref: RefName,
  on_target: Choice(["tip", "behind", "claimed"], { description: "where the newest commit stands on the branch as the node saw it; claimed: the caller's word, in mode local" }),
  range: Closed({ from: Type.Union([GitOid, Type.Null()]), to: GitOid, tree: GitOid, tree_sha256: Sha256Hex, commits: Count }),
  purl: Purl,
  steps: Type.Array(ShippedStep, { minItems: 1, maxItems: SHIPPED_STEPS_MAX }),
  provenance: Type.Union([Closed({ build_id: BuildId, statement_sha256: Sha256Hex, log_index: Count }), Type.Null()], { description: "of a build this node ran over the newest commit and that left this artifact; null: nothing here says what the artifact was made of" }),
  sbom: Type.Union([Closed({ gate_id: GateId, attempt: Type.Integer({ minimum: 1 }), sha256: Sha256Hex }), Type.Null()]),
  at: Timestamp,
});
export type ShipmentPredicate = Static<typeof ShipmentPredicate>;

const ArtifactSubject = Closed({ name: ArtifactName, digest: Closed({ sha256: Sha256Hex }) });

export const ShipmentStatement = Closed({
  _type: Type.Literal(STATEMENT_TYPE),
  subject: Type.Array(ArtifactSubject, { minItems: 1, maxItems: 1 }),
  predicateType: Type.Literal(SHIPMENT_PREDICATE),
  predicate: ShipmentPredicate,
});
export type ShipmentStatement = Static<typeof ShipmentStatement>;

/** The release predicate of in-toto, for tools that know no other. */
export const PackageReleaseStatement = Closed({
  _type: Type.Literal(STATEMENT_TYPE),
  subject: Type.Array(ArtifactSubject, { minItems: 1, maxItems: 1 }),
  predicateType: Type.Literal(PACKAGE_RELEASE_PREDICATE),
  predicate: Closed({ purl: Purl }),
});
export type PackageReleaseStatement = Static<typeof PackageReleaseStatement>;

/** It says nothing that the shipment does not. */
export const packageReleaseOf = ({ subject, predicate: { purl } }: Pick<ShipmentStatement, "subject" | "predicate">): PackageReleaseStatement => ({ _type: STATEMENT_TYPE, subject, predicateType: PACKAGE_RELEASE_PREDICATE, predicate: { purl } });
