// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
export type ShipRefusal = "range.unreadable" | "range.no_line" | "range.off_target" | "range.too_long" | "commits.uncovered" | "tree.collision" | "artifact.other_commit";

export type ShipReply = {
  readonly result: "released";
  readonly row: ShipmentRow;
  /** standard base64 with padding */
  readonly shipment: string;
  /** standard base64 with padding */
  readonly release: string;
  readonly provenance: string | null;
  /** what the release does not say */
  readonly notes: readonly string[];
} | {
  readonly result: "refused";
  readonly cause: ShipRefusal;
  readonly because: string;
  readonly commits: readonly UncoveredCommit[];
  readonly commits_cut: number;
};

export type ShipRequest = {
  readonly intake_id: string;
  readonly target_ref: string;
  /** full git object id */
  readonly target: string;
  /** the newest commit that is not in the release; null: everything from the first commit on */
  readonly from: string | null;
  /** full git object id */
  readonly to: string;
  readonly artifact: ShippedArtifact;
  /** package URL with a version */
  readonly purl?: string;
  /** evidence of other nodes; it counts where this node's trust file knows the signer */
  readonly bundles?: readonly string[];
};

export type ShipmentReply = {
  readonly row: ShipmentRow;
  /** standard base64 with padding */
  readonly shipment: string;
  /** standard base64 with padding */
  readonly release: string;
};

export type ShipmentRow = {
  readonly shipment_id: string;
  readonly repo_id: string;
  readonly target_ref: string;
  /** full git object id */
  readonly head: string;
  readonly owner_uid: number;
  /** name of a tenant: lower-case letters, digits and dashes */
  readonly owner_tenant?: string;
  readonly log_index: number;
  readonly artifact: ShippedArtifact;
  readonly shipment: string;
  readonly release: string;
};

export type ShippedArtifact = {
  /** the artifact's file name */
  readonly name: string;
  /** SHA-256, lower-case hex */
  readonly sha256: string;
  readonly bytes: number;
};

export type UncoveredCommit = {
  /** full git object id */
  readonly commit: string;
  readonly because: string;
};
