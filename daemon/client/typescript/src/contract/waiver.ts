// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { PathBytes } from "./scalar.ts";

export type Waiver = {
  /** a comment beside the line, or an entry of maestro.yaml */
  readonly kind: "inline" | "config";
  readonly state: "accepted" | "expired" | "refused";
  /** a rule, or every rule below a name: command.lint.* */
  readonly rule: string;
  readonly reason: string;
  /** null where it is not known who brought the line */
  readonly owner: string | null;
  /** as it is written; null where no date stands there */
  readonly until: string | null;
  readonly path: PathBytes;
  /** null for an entry of maestro.yaml */
  readonly line: number | null;
  /** why it does not count; null where it does */
  readonly because: string | null;
};
