/** What is asked, answered and kept of `maestro release`. */
import { Type, type Static } from "@sinclair/typebox";
import { IntakeId } from "./api.ts";
import { OciDigest } from "./oci.ts";
import { ArtifactName, Purl } from "./predicates/shipping.ts";
import { Base64, Choice, Closed, Count, GitOid, RefName, RepositoryId, Sha256Hex, ShortText } from "./scalar.ts";
import { TenantId } from "./tenant.ts";

/** Evidence of other nodes that one request may bring along. */
export const BROUGHT_BUNDLES_MAX = 64;

export const ShippedArtifact = Closed({ name: ArtifactName, sha256: Sha256Hex, bytes: Count });
export type ShippedArtifact = Static<typeof ShippedArtifact>;

/** Names a range and a file. What is signed of the changes comes from the node's own records. */
export const ShipRequest = Closed({
  intake_id: IntakeId,
  target_ref: RefName,
  target: GitOid,
  from: Type.Union([GitOid, Type.Null()], { description: "the newest commit that is not in the release; null: everything from the first commit on" }),
  to: GitOid,
  artifact: ShippedArtifact,
  purl: Type.Optional(Purl),
  bundles: Type.Optional(Type.Array(Base64, { maxItems: BROUGHT_BUNDLES_MAX, description: "evidence of other nodes; it counts where this node's trust file knows the signer" })),
});
export type ShipRequest = Static<typeof ShipRequest>;

/** Why a release was refused, as reports count it. */
export const SHIP_REFUSALS = ["range.unreadable", "range.no_line", "range.off_target", "range.too_long", "commits.uncovered", "tree.collision", "artifact.other_commit"] as const;
export const ShipRefusal = Choice(SHIP_REFUSALS);
export type ShipRefusal = Static<typeof ShipRefusal>;

/** A commit that no admit covers. */
export const UncoveredCommit = Closed({ commit: GitOid, because: ShortText });
export type UncoveredCommit = Static<typeof UncoveredCommit>;

/** Names what is kept of a shipment: the start of the SHA-256 of its signed statement. */
export const ShipmentId = Type.String({ pattern: "^shipment-[0-9a-f]{32}$" });
export const shipmentId = (statement_sha256: string): string => `shipment-${statement_sha256.slice(0, 32)}`;

export const ShipmentRow = Closed({
  shipment_id: ShipmentId,
  repo_id: RepositoryId,
  target_ref: RefName,
  head: GitOid,
  owner_uid: Count,
  owner_tenant: Type.Optional(TenantId),
  log_index: Count,
  artifact: ShippedArtifact,
  shipment: OciDigest,
  release: OciDigest,
});
export type ShipmentRow = Static<typeof ShipmentRow>;

export const SHIPMENT_MEDIA_TYPE = "application/vnd.maestro.shipment.v1+json";
export const SHIPMENT_ROW_MEDIA_TYPE = "application/vnd.maestro.shipment-row.v1+json";

export const ShipReply = Type.Union([
  Closed({
    result: Type.Literal("released"),
    row: ShipmentRow,
    shipment: Base64,
    release: Base64,
    provenance: Type.Union([Base64, Type.Null()]),
    notes: Type.Array(ShortText, { maxItems: 16, description: "what the release does not say" }),
  }),
  Closed({
    result: Type.Literal("refused"),
    cause: ShipRefusal,
    because: ShortText,
    commits: Type.Array(UncoveredCommit, { maxItems: 1_000 }),
    commits_cut: Count,
  }),
]);
export type ShipReply = Static<typeof ShipReply>;

/** A shipment as it was kept. */
export const ShipmentReply = Closed({ row: ShipmentRow, shipment: Base64, release: Base64 });
export type ShipmentReply = Static<typeof ShipmentReply>;
