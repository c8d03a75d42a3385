import type { Finding } from "../../../proto/outcome.ts";
import { visiblePath } from "../../verifier/visible.ts";

/** `path:line` for a person. */
export function placeOf({ range }: Pick<Finding, "range">): string {
  return range === null ? "the change as a whole" : `${visiblePath(range.path)}:${range.start_line}`;
}

/** What was found and what to do about it, as one sentence or two; raw text of the change. */
export function saidOf({ message, fix, cex, counterexample }: Pick<Finding, "message" | "fix" | "cex" | "counterexample">): string {
  const shows = cex === undefined ? message : `${message} (counterexample: ${counterexample ?? "in the bundle"})`;
  return fix === null ? shows : `${shows}${/[.!?]$/.test(shows) ? "" : "."} ${fix.description}`;
}
