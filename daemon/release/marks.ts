/** What of a decision a person can release, and by which marks it is known again. Pure. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Reason } from "../../proto/decision.ts";
import { toHex, utf8 } from "../../proto/encoding.ts";
import type { ReleaseKind } from "../../proto/release.ts";

export const APPROVAL_RULE = "approval.required";

/** With these there is nothing that could be merged, so there is nothing to release. */
const NOTHING_TO_MERGE: ReadonlySet<string> = new Set(["gate.conflict", "gate.history-unknown", "gate.empty"]);

/** Each says that something could not be told; somebody who looks at the change cannot tell it either. */
const cannotTell = (rule: string): boolean => rule.startsWith("gate.") || rule === "obligation.unavailable";

export const decides = ({ observed, effect }: Pick<Reason, "observed" | "effect">): boolean => !observed && effect !== "note";

/** Why a release of this kind leaves the reason as it is, or `null` where it may lift it. */
export function whyNot({ rule, effect }: Pick<Reason, "rule" | "effect">, kind: ReleaseKind): string | null {
  if (NOTHING_TO_MERGE.has(rule)) return "there is nothing to merge yet";
  if (kind === "override") return null;
  if (effect === "refuse") return "an approval releases holds, not refusals: mend it, or let somebody override it";
  if (cannotTell(rule)) return "it says that something could not be told, which no approval makes known: remove the cause and gate again";
  if (rule === APPROVAL_RULE) return "it is met once enough of the people it names have approved this head";
  return null;
}

/** A reason without findings is known by what it says; a house rule by its check, since its words hold figures that change from run to run. */
export function marksOf({ rule, check, because, fingerprints }: Pick<Reason, "rule" | "check" | "because" | "fingerprints">): readonly string[] {
  if (fingerprints.length > 0) return [...new Set(fingerprints)];
  const said = cannotTell(rule) ? "" : because;
  return [toHex(sha256(utf8(`maestro/v1/reason\0${rule}\0${check ?? ""}\0${said}`)))];
}
