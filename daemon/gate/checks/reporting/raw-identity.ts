/** What a finding of this process is compared by. Unmasked, so it is kept beside the findings and never in them: it dies with the process. */
import type { Finding } from "../../../../proto/outcome.ts";
import type { PathBytes } from "../../../../proto/scalar.ts";

export interface RawIdentity {
  /** Through renames: the path at the base. Null where the finding is about no file. */
  readonly path: PathBytes | null;
  /** Where it lies on the side it was looked for; what is moved under other rules is not the same finding there. */
  readonly place: string | null;
  readonly text: string;
  /** A line may go to another file; what a path or a whole file is, may not. */
  readonly movable: boolean;
}

const identities = new WeakMap<Finding, RawIdentity>();

export function rememberRaw(finding: Finding, identity: RawIdentity): void {
  identities.set(finding, identity);
}

/** Null for a finding that `findingList` did not make. */
export function rawIdentity(finding: Finding): RawIdentity | null {
  return identities.get(finding) ?? null;
}
