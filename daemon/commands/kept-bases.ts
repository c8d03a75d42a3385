/** What commands found on a base's own tree. A target stands still for many changes, so it is run once; in memory, bounded, and only where the command came to its end. */
import { canonicalText } from "../../proto/canonical.ts";
import type { Command, ToolMounts } from "../../proto/command.ts";
import type { Outcome } from "../../proto/outcome.ts";
import type { ObjectFormat } from "../../proto/scalar.ts";
import { BoundedMap } from "../platform/bounded-map.ts";

const ENTRIES_MAX = 128;
const CHARACTERS_MAX = 16 * 1024 * 1024;

/** Everything that the answer follows from; `repo_id` keeps one user's trees from another's. */
export interface BaseRun {
  readonly repo_id: string;
  readonly object_format: ObjectFormat;
  readonly tree: string;
  readonly name: string;
  readonly command: Command;
  readonly mounts: ToolMounts;
  readonly tier: string;
  /** Digest of its tool chain, where that is known: what another version of a tool found there is no base to compare with. */
  readonly tools: string | null;
}

export class KeptBases {
  private readonly entries = new BoundedMap<Outcome>({ entries_max: ENTRIES_MAX, characters_max: CHARACTERS_MAX });

  get(run: BaseRun): Outcome | null {
    return this.entries.get(canonicalText(run)) ?? null;
  }

  put(run: BaseRun, outcome: Outcome): void {
    if (tells(outcome)) this.entries.put(canonicalText(run), outcome);
  }
}

/** Whether all that the command finds on the base is known. */
export function tells({ result, findings_cut }: Outcome): boolean {
  return (result === "pass" || result === "fail") && findings_cut === 0;
}

/** Whether a comparison could make a difference: there are findings, all of them are listed, and a report says what they are. */
export function comparable({ findings, findings_cut }: Outcome, command: Command | undefined): boolean {
  return findings.length > 0 && findings_cut === 0 && (command?.output?.sarif !== undefined || command?.output?.junit !== undefined);
}
