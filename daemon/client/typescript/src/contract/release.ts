// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { Mode } from "./change.ts";

export type NamedRelease = {
  readonly kind: ReleaseKind;
  /** name of a person: lower-case letters, digits, dots, dashes */
  readonly person: string;
  /** RFC 3339, UTC, whole seconds */
  readonly at: string;
  readonly expires: string | null;
  readonly proof: "uid" | "ssh-key";
  /** why, in the person's words */
  readonly reason: string;
  /** what the person saw */
  readonly rules: readonly string[];
  readonly log_index: number;
  /** SHA-256, lower-case hex */
  readonly statement_sha256: string;
  /** false: it waits for a second person */
  readonly counts: boolean;
};

export type ReleaseKind = "approve" | "override";

export type ReleaseRequest = {
  readonly type: "maestro.release-request";
  readonly v: 1;
  readonly kind: ReleaseKind;
  readonly trust_domain: string;
  /** under whose authority the base and the configuration were chosen */
  readonly mode: Mode;
  readonly repo_id: string;
  readonly target_ref: string;
  /** full git object id */
  readonly head: string;
  readonly gate_id: string;
  readonly attempt: number;
  readonly reasons: readonly SeenReason[];
  /** name of a person: lower-case letters, digits, dots, dashes */
  readonly person: string;
  /** why, in the person's words */
  readonly reason: string;
  /** null: as long as the head stays what it is */
  readonly expires: string | null;
  /** the override that this one seconds */
  readonly second_of: string | null;
  readonly nonce: string;
  /** RFC 3339, UTC, whole seconds */
  readonly answer_until: string;
};

export type SeenReason = {
  readonly rule: string;
  readonly effect: "hold" | "refuse";
  readonly fingerprints: readonly string[];
};
