/** What the card says of findings that were there before, that somebody accepted, or that the change takes away. Pure. */
import type { Card, Compared } from "../../proto/card.ts";
import type { Outcome } from "../../proto/outcome.ts";
import { secondsLeft } from "../findings/expiry.ts";
import { acceptedAs } from "./accepted.ts";

type Said = Pick<Card, "baseline" | "compared">;

/** A change whose history is unknown was compared with nothing. */
export function comparisonOf(outcomes: readonly Outcome[], history: "known" | "unknown"): Said {
  const findings = outcomes.flatMap((outcome) => outcome.findings);
  const count = (accepted: "existing" | "waived") => findings.filter((finding) => acceptedAs(finding) === accepted).length;
  const [existing, waived] = [count("existing"), count("waived")];
  const fixed = new Map<string, number>();
  for (const { comparison } of outcomes) for (const one of comparison?.fixed ?? []) fixed.set(one.rule, (fixed.get(one.rule) ?? 0) + one.count);
  const not_compared = outcomes.flatMap(({ check, comparison }) => (comparison === undefined || comparison.not_compared === null ? [] : [{ check, because: comparison.not_compared }]));
  const compared: Compared = {
    new: findings.length - existing - waived,
    existing,
    waived,
    fixed: [...fixed].sort(([a], [b]) => (a < b ? -1 : 1)).map(([rule, total]) => ({ rule, count: total })),
    not_compared: not_compared.slice(0, 64),
  };
  const baseline = history === "unknown" ? "not_compared" : not_compared.length === 0 ? "compared" : "partly";
  const quiet = findings.length === 0 && compared.fixed.length === 0 && not_compared.length === 0;
  return { baseline, ...(quiet ? {} : { compared }) };
}

/** How long an answer may stand: not past the end of the first waiver that it rests on. */
export function validFor(valid_for_s: number, outcomes: readonly Outcome[], now_ms: number): number {
  const ends = outcomes.flatMap(({ findings }) => findings.flatMap(({ waiver }) => (waiver?.state === "accepted" ? [secondsLeft(waiver.until, now_ms)] : [])));
  return Math.max(1, Math.min(valid_for_s, ...ends));
}
