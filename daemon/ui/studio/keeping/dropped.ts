/** Tells by their content what files are that somebody dropped. */
import { INVARIANT_BYTES_MAX } from "../../../../proto/invariant.ts";

/** `catalogue`: an events.yaml, which stands beside the document. `bundle`: evidence, whose counterexamples are read. */
export type Kind = "invariant" | "catalogue" | "counterexample" | "bundle" | "events" | "unknown" | "too large";

/** As much of a file as tells what it is. */
export const HEAD_BYTES = 64 * 1024;

/** Ours have their fields in order, so a counterexample begins with its engine; its type stands at its end. */
const SIGNS: readonly (readonly [Kind, (head: string) => boolean])[] = [
  ["counterexample", (head) => /^\{\s*"engine"\s*:\s*"/.test(head) || (head.startsWith("{") && head.includes('"maestro.cex/v1"') && !/^\{\s*"(?:attestations|earlier)"/.test(head))],
  ["bundle", (head) => /^\{\s*"(?:attestations|earlier)"\s*:\s*\[/.test(head)],
  // One JSON document a line; the first may be cut off by where the head ends.
  ["events", (head) => /^\{.*(?:"event"|"at"|"gate_id")\s*:/.test(head.split("\n")[0] ?? "")],
  ["catalogue", (head) => /^events\s*:/m.test(head) && !/^when\s*:/m.test(head)],
  ["invariant", (head) => /^(?:["']?(?:id|scope|when|assert|temporal)["']?)\s*:/m.test(head) || /^\{\s*["']?id["']?\s*:/.test(head)],
];

export function kindOf(name: string, head: string, bytes: number): Kind {
  const found = SIGNS.find(([, fits]) => fits(head.trimStart()))?.[0] ?? (/\.ya?ml$/i.test(name) ? "invariant" : /\.ndjson$|\.jsonl$/i.test(name) ? "events" : "unknown");
  return (found === "invariant" || found === "catalogue") && bytes > INVARIANT_BYTES_MAX ? "too large" : found;
}
