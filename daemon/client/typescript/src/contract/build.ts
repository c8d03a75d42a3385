// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { StoredBlob } from "./oci.ts";

export type BuildRow = {
  readonly build_id: string;
  /** at most 24 lower-case letters, digits and dashes */
  readonly build: string;
  readonly repo_id: string;
  /** full git object id */
  readonly commit: string;
  readonly owner_uid: number;
  /** name of a tenant: lower-case letters, digits and dashes */
  readonly owner_tenant?: string;
  readonly log_index: number;
  readonly provenance: string;
  readonly log: StoredBlob;
  readonly files: readonly BuiltFile[];
};

export type BuiltFile = {
  /** a relative path without . or .. in it */
  readonly path: string;
  readonly bytes: number;
  /** SHA-256, lower-case hex */
  readonly sha256: string;
  readonly blob: string;
};
