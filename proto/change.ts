import { Type, type Static } from "@sinclair/typebox";
import { RecordId, recordId } from "./record.ts";
import { Choice, Closed, GitOid, ObjectFormat, RefName, RepositoryId, Sha256Hex, Timestamp } from "./scalar.ts";

export const Mode = Choice(["host", "fork", "local", "sealed"], {
  description: "under whose authority the base and the configuration were chosen",
});
export type Mode = Static<typeof Mode>;

/** What an admit is for. Change one field and it is another gate. */
export const Identity = Closed({
  repo_id: RepositoryId,
  target_ref: RefName,
  base: Type.Union([GitOid, Type.Null()], { description: "target tip the merge was made on; null for a root commit" }),
  head: GitOid,
  merge_tree: Type.Union([GitOid, Type.Null()], { description: "null where the merge conflicts" }),
  object_format: ObjectFormat,
  tree_sha256: Type.Union([Sha256Hex, Type.Null()], { description: "SHA-256 over the merged tree's paths and contents; null without one" }),
  policy: RecordId("policy"),
  config: RecordId("config"),
  checks: RecordId("checks"),
  trust_domain: Type.String({ pattern: "^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$" }),
});
export type Identity = Static<typeof Identity>;

export const GateId = RecordId("gate");
export const gateId = (identity: Identity): string => recordId("gate", 1, identity);

/** Which run of a gate, and how long its answer holds. */
export const Attempt = Closed({
  attempt: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  supersedes: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], { description: "the attempt this one replaces" }),
  issued_at: Timestamp,
  valid_until: Timestamp,
});
export type Attempt = Static<typeof Attempt>;
